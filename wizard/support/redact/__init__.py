"""Redaction of a bundle: known values, then patterns by name, by shape and by entropy; each use of a rule is counted."""
