"""Numbers in headers, as strangers write them."""

_DIGITS = 18
"""Digits of the largest number that is taken for one: no size and no time has more."""


def number(text: str) -> int | None:
    """The number that a text is, in ASCII digits alone; None where it is none, or too large to mean anything."""
    text = text.strip(" \t")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None
