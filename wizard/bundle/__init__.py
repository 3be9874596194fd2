"""The signed bundle: one uncompressed tar that is an OCI image layout, with its bill of materials and signatures first.

docs/decisions/0010-bundle.md has the format. Nothing of a bundle is used before its bill of materials is accepted.
"""
