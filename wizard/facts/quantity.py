"""Kubernetes quantities: bytes and CPUs out of `20Gi`, `500m`, `4`."""

from decimal import Decimal, InvalidOperation

_UNITS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate(["k", "M", "G", "T", "P", "E"], 1)},
    **{unit: Decimal(1024) ** power for power, unit in enumerate(["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"], 1)},
}


def number(text: object) -> Decimal:
    """The quantity as a number; 0 for anything that is none (an absent field)."""
    word = str(text if text is not None else "").strip()
    unit = word.lstrip("+-.0123456789")
    if unit in _UNITS and word != unit:
        with_unit = word[: len(word) - len(unit)] if unit else word
        try:
            return Decimal(with_unit) * _UNITS[unit]
        except InvalidOperation:
            return Decimal(0)
    try:
        return Decimal(word)  # 1e3 and such
    except InvalidOperation:
        return Decimal(0)


def whole(text: object) -> int:
    """The quantity in whole units (bytes)."""
    return int(number(text))


def human(count: int) -> str:
    """Bytes for people: 7.0 GiB."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
