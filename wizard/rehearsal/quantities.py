"""Kubernetes quantities as numbers."""

_UNITS = {
    "": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50,
}  # fmt: skip


def amount(text: object) -> float:
    """ "500m" → 0.5, "20Gi" → 21474836480.0. Raises ValueError for what is no quantity."""
    written = str(text)
    digits = written.rstrip("KMGTPkimn")
    return float(digits) * _UNITS[written[len(digits) :]]


def size(text: object) -> int:
    """Bytes, rounded down."""
    return int(amount(text))
