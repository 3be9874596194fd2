"""Gather: the world turned into frozen facts, or `Unknown(reason)`; never a verdict."""
