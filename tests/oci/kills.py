"""A large transfer that is killed without warning again and again: how many bytes are sent twice?

    python -m tests.oci.kills [--size 2GB] [--kills 20] [--registry docker-registry|olareg|zot|airgap-wizard]

A push and a pull of one blob, through a proxy that counts; SIGKILL at random moments, the same command again. The
bound: one chunk (16 MiB) a kill, which is what the kernel's buffers on both sides may hold. Prints a table for
docs/performance.md; exit code 1 where a bound is broken or a byte is wrong. Pushes to docker-registry and zot break
it, and nobody can help it: distribution 2.8 refuses to go on with an upload whose last request broke off, and zot 2.1
deletes it.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.registry import embedded
from tests.oci.fault_proxy import FaultProxy, fault_proxy
from tests.real import registries
from tests.real.images import random_bytes, write_blob
from tests.real.registry import Registry
from wizard.oci.digest import new_hash

CHUNK = 16 * 1024 * 1024
ROOT = Path(__file__).parents[2]


def killed_after(count: int, direction: str, proxy: FaultProxy, pair: str, state: Path) -> bool:
    """Run `mirror` and kill it once so many bytes more have passed; True where it ended before that."""
    goal = proxy.passed[direction] + count
    env = {
        **os.environ,
        "AIRGAP_WIZARD_STATE": str(state),
        "DOCKER_CONFIG": str(state),
        "PYTHONPATH": str(ROOT),
    }
    argv = [sys.executable, "-m", "wizard", "mirror", "--plain-http", "--quiet", pair]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            if proxy.wait_for(direction, goal):
                process.send_signal(signal.SIGKILL)
                process.communicate()
                return False
        _, err = process.communicate()
        assert process.returncode == 0, err.decode()
        return True


@dataclass(frozen=True)
class Outcome:
    """What one transfer came to."""

    what: str
    size: int
    kills: int
    passed: int
    seconds: float

    @property
    def twice(self) -> int:
        """Bytes that passed more than once (heads of requests and answers among them)."""
        return self.passed - self.size

    @property
    def kept(self) -> bool:
        """Whether the bound was."""
        return self.twice <= self.kills * CHUNK

    def row(self) -> str:
        """Of the table."""
        each = self.twice / max(self.kills, 1) / 1e6
        return (
            f"| {self.what} | {self.size / 1e9:.2f} GB | {self.kills} | {self.twice / 1e6:.1f} MB | {each:.2f} MB | "
            f"{'yes' if self.kept else '**no**'} | {self.seconds:.0f} s |"
        )


def repeatedly(
    what: str, direction: str, proxy: FaultProxy, pair: str, state: Path, size: int, kills: int
) -> Outcome:
    """The transfer, killed so often, and then left alone until it is done."""
    moments, before, began, done = (
        random.Random(f"{what}{size}"),
        proxy.passed[direction],
        time.monotonic(),
        0,
    )
    while done < kills:
        left = max(size - (proxy.passed[direction] - before), size // 100)
        if killed_after(moments.randrange(2 * left // (kills - done + 1)), direction, proxy, pair, state):
            break
        done += 1
    else:
        assert killed_after(10 * size, direction, proxy, pair, state), "it was killed once too often"
    return Outcome(what, size, done, proxy.passed[direction] - before, time.monotonic() - began)


def artefact(folder: Path, size: int) -> str:
    """A layout with one random blob under the tag 1; the blob's digest."""
    layer = write_blob(folder, random_bytes("killed", size), "application/vnd.test.weights")
    config = write_blob(folder, iter([b"{}"]), "application/vnd.oci.image.config.v1+json")
    kind = "application/vnd.oci.image.manifest.v1+json"
    body = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]}
    entry = write_blob(folder, iter([json.dumps(body).encode()]), kind)
    entry["annotations"] = {"org.opencontainers.image.ref.name": "1"}
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return str(layer["digest"])


KINDS: dict[str, Callable[[Path], AbstractContextManager[Registry]]] = {
    **registries.KINDS,
    "airgap-wizard": embedded,
}


def both(kind: str, folder: Path, size: int, kills: int) -> list[Outcome]:
    """Push and pull against one registry; what came back is hashed."""
    digest = artefact(folder / "stick", size)
    (folder / "registry").mkdir()
    with KINDS[kind](folder / "registry") as registry, fault_proxy(registry.host) as proxy:
        there, out, state = f"{proxy.host}/killed/it:1", folder / "out", folder / "state"
        pushed = repeatedly(
            f"push to {kind}", "up", proxy, f"layout:{folder / 'stick'}:1={there}", state, size, kills
        )
        pulled = repeatedly(f"pull from {kind}", "down", proxy, f"{there}=layout:{out}:1", state, size, kills)
    found = new_hash("sha256")
    with (out / "blobs" / "sha256" / digest[7:]).open("rb") as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    assert f"sha256:{found.hexdigest()}" == digest, "what came back is not what was sent"
    return [pushed, pulled]


def size_of(text: str) -> int:
    """2GB, 48MB or a number of bytes."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("", 1)):
        if text.upper().endswith(unit):
            return int(float(text[: len(text) - len(unit)]) * factor)
    raise AssertionError("every text ends with nothing")


def main() -> int:
    """Print the table."""
    p = argparse.ArgumentParser(prog="python -m tests.oci.kills")
    p.add_argument("--size", type=size_of, default="2GB")
    p.add_argument("--kills", type=int, default=20)
    p.add_argument("--registry", choices=KINDS, default="docker-registry")
    p.add_argument("--folder", type=Path, help="where there is room for three times the size")
    args = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-", dir=args.folder) as folder:
        found = both(args.registry, Path(folder), args.size, args.kills)
    print("| transfer | size | killed | sent twice | each time | at most a chunk a kill | took |")
    print("|---|---|---|---|---|---|---|")
    for outcome in found:
        print(outcome.row())
    return 0 if all(outcome.kept for outcome in found) else 1


if __name__ == "__main__":
    sys.exit(main())
