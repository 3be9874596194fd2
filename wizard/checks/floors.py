"""How much memory a model needs to run (S1.49)."""

import re

GIB = 1024**3
_FLOORS = {"granite4.1:3b": 3, "granite4.1:8b": 7, "granite4.1:30b": 18}
_SIZE = re.compile(r"[:-](\d+(?:\.\d+)?)b\b")


def memory_floor(model: str, size: int = 0) -> int:
    """Bytes; 0 where nothing is known. `size` is the model's weight on disk.

    8b and 30b are S1.49's figures; the others follow the weight (a fifth more for context and runtime), and
    where even that is not known, the number of parameters in the name at S1.49's rate.
    """
    if model in _FLOORS:
        return _FLOORS[model] * GIB
    if size:
        return int(size * 1.2)
    named = _SIZE.search(model.lower())
    return int(float(named[1]) * 7 / 8 * GIB) if named else 0
