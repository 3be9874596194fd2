"""Which process works at something: kept in the state, so that others see whether it still lives."""

import os
from typing import Any


def myself() -> dict[str, Any]:
    """This process, so that it can be told from a later one with the same pid."""
    return {"pid": os.getpid(), "born": _born(os.getpid())}


def living(worker: dict[str, Any] | None) -> bool:
    """Whether that very process is still there."""
    return bool(worker) and worker is not None and _born(int(worker["pid"])) == worker["born"]


def _born(pid: int) -> str:
    """When a process began, in the kernel's ticks; "" where there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
