"""Keys and signatures that cosign reads and writes too: ECDSA P-256 and Ed25519, with or without X.509 certificates."""
