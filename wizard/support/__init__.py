"""Support bundles: what a site can hand to somebody far away, redacted before anything of it is written."""
