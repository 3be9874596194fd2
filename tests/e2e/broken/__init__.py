"""Installs that are broken on purpose on the real cluster, many at once, and what is named of each."""
