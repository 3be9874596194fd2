"""The archive: written in one pass, read and served where it lies, every header checked and every blob hashed."""
