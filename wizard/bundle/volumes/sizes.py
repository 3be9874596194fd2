"""Sizes as people write them: 4GB, 3900MB, 700MiB, 16GiB, fat32."""

import re

from wizard.bundle import problems

FAT32 = 4 * 1024**3 - 1024**2
"""The most a file may have on FAT32 is 4 GiB less one byte; a whole number of MiB below it."""
LEAST = 64 * 1024
_UNITS = {"": 1, "B": 1}
for _n, _letter in enumerate("KMGT", 1):
    _UNITS |= {_letter: 1000**_n, f"{_letter}B": 1000**_n, f"{_letter}IB": 1024**_n}
_FORM = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([KMGT]?I?B?)\Z", re.IGNORECASE | re.ASCII)


def parse_size(text: str) -> int:
    """Bytes. Decimal units as on media (GB), binary ones with an i (GiB). Raises Problem `size-invalid` (exit 2)."""
    if text.strip().lower() in ("fat", "fat32"):
        return FAT32
    found = _FORM.match(text.strip())
    unit = _UNITS.get(found[2].upper()) if found else None
    if found is None or unit is None:
        raise problems.size_invalid(text, "expected a number and a unit")
    size = int(float(found[1]) * unit)
    if size < LEAST:
        raise problems.size_invalid(text, f"a volume has at least {LEAST} bytes")
    return size
