"""Helm 3.16+ and 4 as a program: found, versioned, run without a shell, and its words turned into causes."""
