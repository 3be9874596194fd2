"""A slow link on loopback, in a network namespace of its own (needs root): `tc netem` for delay, `tbf`-like rate."""

import os
import subprocess
import sys
from collections.abc import Sequence

_MARK = "AIRGAP_WIZARD_LINK"


def inside() -> str:
    """The link this process runs on: "" or what `enter` was asked for."""
    return os.environ.get(_MARK, "")


def enter(name: str, shape: Sequence[str], arguments: Sequence[str]) -> int:
    """Run this benchmark again in a namespace whose loopback has that shape; its exit code.

    SHAPE is what follows `tc qdisc add dev lo root`, like ("netem", "delay", "20ms") for a round trip of 40 ms.
    """
    up = "ip link set lo up && " + " ".join(["tc", "qdisc", "add", "dev", "lo", "root", *shape])
    command = [
        "unshare",
        "--net",
        "sh",
        "-c",
        f'{up} && exec "$@"',
        "sh",
        sys.executable,
        "-m",
        "tests.bench",
    ]
    return subprocess.run([*command, *arguments], env={**os.environ, _MARK: name}, check=False).returncode


SHAPES = {
    "40 ms round trip": ("netem", "delay", "20ms", "limit", "100000"),
    "200 Mbit/s": ("netem", "rate", "200mbit", "limit", "100000"),
}
