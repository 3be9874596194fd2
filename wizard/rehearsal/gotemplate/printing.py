"""How Go prints values: numbers from YAML are float64 to a chart, and 1000000 comes out as 1e+06."""

from decimal import Decimal
from typing import Any


def show(value: Any) -> str:
    """As fmt's %v, with Helm's empty string for what is absent."""
    if value is None:
        return ""
    return plain(value)


def plain(value: Any) -> str:
    """As fmt's %v."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        inner = " ".join(f"{k}:{plain(value[k])}" for k in sorted(value))
        return f"map[{inner}]"
    if isinstance(value, list):
        return "[" + " ".join(plain(v) for v in value) + "]"
    return str(value)


def number(value: float) -> str:
    """strconv's 'g' with the shortest digits: with an exponent where that is below -4 or from 6 on."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    written = Decimal(repr(value)).normalize().as_tuple()
    exponent = len(written.digits) + int(written.exponent) - 1
    if value and not -4 <= exponent < 6:
        return _scientific(written.sign, written.digits, exponent)
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scientific(sign: int, digits: tuple[int, ...], exponent: int) -> str:
    head = str(digits[0]) + ("." + "".join(map(str, digits[1:])) if len(digits) > 1 else "")
    return f"{'-' if sign else ''}{head}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
