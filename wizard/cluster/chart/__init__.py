"""Helm charts: read from a folder, a .tgz or a registry; packed again with the same bytes every time."""
