"""Values that look drawn by lot: long, mixed, of high entropy, and neither digest, identifier nor name."""

import math
import re
from collections import Counter
from itertools import pairwise

_RUN = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
_PIECE = re.compile(r"[A-Za-z0-9+=]{20,}")
_HEX = re.compile(r"[0-9a-f]+\Z|[0-9A-F]+\Z")
_BEFORE = ("sha256:", "sha256-", "sha512:", "sha512-", "://", "sha256/", "sha256.")
_BITS = 3.3
_CHANGES = 0.4


def masked(text: str, mask: str) -> tuple[str, int]:
    """The text with such values masked, and how many there were."""
    count = 0

    def one(run: re.Match[str]) -> str:
        nonlocal count
        value = run.group()
        before = text[max(0, run.start() - 10) : run.start()]
        if _jumbled(value):
            count += 1
            return mask

        def piece(found: re.Match[str]) -> str:
            nonlocal count
            led = (before + value[: found.start()])[-10:]
            if not random_looking(found.group()) or led.endswith(_BEFORE):
                return found.group()
            count += 1
            return mask

        return _PIECE.sub(piece, value)

    return _RUN.sub(one, text), count


def random_looking(value: str) -> bool:
    """Whether a run of letters and digits can only have been drawn by lot."""
    bare = value.rstrip("=")
    if len(bare) < 20 or bare.isdigit() or bare.isalpha():
        return False
    if _HEX.match(bare):
        return len(bare) >= 32
    digits = sum(c.isdigit() for c in bare)
    mixed = any(c.isupper() for c in bare) and any(c.islower() for c in bare) and digits >= 1
    return (mixed or digits >= 5) and bits(bare) >= _BITS


def _jumbled(value: str) -> bool:
    """Base64 with its slashes and dashes: capitals, small letters and digits by turns, as no path or name has them."""
    bare = re.sub(r"[+/=_-]", "", value)
    if len(bare) < 20 or len(value) - len(bare) > max(2, len(value) // 8):
        return False
    kinds = [0 if c.isdigit() else 1 if c.isupper() else 2 for c in bare]
    changes = sum(a != b for a, b in pairwise(kinds)) / len(bare)
    return len(set(kinds)) == 3 and changes >= _CHANGES and bits(bare) >= _BITS


def bits(value: str) -> float:
    """Shannon entropy, bits a character."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values())
