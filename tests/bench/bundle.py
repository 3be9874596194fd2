"""The bundle against its floor (a sha256 pass, a copy of the same bytes) and against tar, zstd and oras doing the same job.

python -m tests.bench.bundle [--size GiB] [--rounds N] [--folder DIR]
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.__main__ import header
from tests.bench.measure import Contestant, Discipline, run, table
from tests.bench.transport import Command, Ground, artefact, ground, tool
from tests.real.registries import KINDS

WIZARD = (sys.executable, "-m", "wizard")
HASH = "import hashlib,sys;f=open(sys.argv[1],'rb',0);h=hashlib.file_digest(f,'sha256');print(h.hexdigest())"


class Stage:
    """Keys, a policy, a bundle of one large layer, and the same layer as others pack it."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.layout, self.file, root = artefact(ground)
        manifest = json.loads((self.layout / "blobs" / "sha256" / root[7:]).read_bytes())
        self.digest = str(manifest["layers"][0]["digest"])
        self.home = ground.fresh("bundle")
        self.bundle = self.home / "b.airgap"
        self.trust = self.home / "trust.yaml"
        self.trust.write_text(
            "apiVersion: airgap-wizard/trust/v1\nauthorities:\n  vendor:\n    keys:\n"
            "      - {file: k.pub, notAfter: 2099-12-31}\n"
        )
        from wizard.bundle.keys.private import PrivateKey, write_pair

        write_pair(PrivateKey.make(), self.home / "k", None)

    def create(self) -> Command:
        """Our writer, as `bundle create` calls it once everything is collected."""
        return [sys.executable, "-m", "tests.bench.bundle_write", self.home, self.layout]

    def copy(self) -> Sequence[Command]:
        """The slower half of the floor."""
        return [["cp", "--sparse=never", self.file, self.home / "copy"], ["sync", self.home / "copy"]]

    def hash(self) -> Sequence[Command]:
        """The other half."""
        return [[sys.executable, "-c", HASH, self.file]]

    def clean(self, *names: str) -> None:
        """Remove what a round before left."""
        for name in names:
            path = self.home / name
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def disciplines(ground: Ground) -> list[Discipline]:
    """Create, verify, load."""
    stage = Stage(ground)
    packed = stage.home / "packed.tar.zst"
    pack = [
        [
            "bash",
            "-c",
            f"tar -C '{stage.layout}' -cf - . | zstd -q -3 -T2 -f -o '{packed}' && sync '{packed}'",
        ]
    ]
    create = Discipline(
        f"Create a bundle of {ground.size / 2**30:g} GiB",
        1.25,
        [
            Contestant("airgap-wizard", lambda _: [stage.create()], lambda _: stage.clean("b.airgap")),
            Contestant("sha256 pass", lambda _: stage.hash(), floor=True),
            Contestant("cp, sync", lambda _: stage.copy(), lambda _: stage.clean("copy"), floor=True),
            Contestant("tar, zstd", lambda _: pack, lambda _: stage.clean("packed.tar.zst")),
        ],
        "The aim is to the slower of the two floors.",
        to_floor=True,
    )
    verify = Discipline(
        "Verify all of it",
        1.25,
        [
            Contestant(
                "airgap-wizard",
                lambda _: [[*WIZARD, "bundle", "verify", stage.bundle, "--trust", stage.trust, "--quiet"]],
            ),
            Contestant("sha256 pass", lambda _: stage.hash(), floor=True),
        ],
        to_floor=True,
    )

    return [create, verify, *(loading(stage, packed, kind) for kind in KINDS)]


def loading(stage: Stage, packed: Path, kind: str) -> Discipline:
    """Verify and load, into an empty registry."""

    def fresh(_: int) -> None:
        stage.clean("open", "copy")
        stage.ground.registry("target", kind)

    def there() -> str:
        return stage.ground.now["target"].host

    return Discipline(
        f"Verify and load into an empty registry ({kind})",
        1.25,
        [
            Contestant(
                "airgap-wizard",
                lambda _: [
                    [*WIZARD, "bundle", "push", stage.bundle, "--trust", stage.trust, "--to", there(), "--plain-http",
                     "--quiet"]
                ],
                fresh,
            ),
            Contestant(
                "one PUT of the bytes, no hash of ours",
                lambda _: [[sys.executable, "-m", "tests.bench.put", there(), stage.file, stage.digest]],
                fresh,
                floor=True,
            ),
            Contestant("sha256 pass", lambda _: stage.hash(), floor=True),
            Contestant("cp, sync", lambda _: stage.copy(), lambda _: stage.clean("copy"), floor=True),
            Contestant(
                "zstd -d, tar, oras cp",
                lambda _: [
                    ["bash", "-c", f"mkdir '{stage.home}/open' && zstd -q -dc '{packed}' | tar -C '{stage.home}/open' -xf -"],
                    [tool("oras"), "cp", "--no-tty", "--from-oci-layout", f"{stage.home}/open:1", "--to-plain-http",
                     f"{there()}/bench/model:1"],
                ],
                fresh,
            ),
        ],
        "Ours verifies signatures first and reads everything back.",
        to_floor=True,
    )  # fmt: skip


def main() -> None:
    p = argparse.ArgumentParser(prog="python -m tests.bench.bundle", description=__doc__)
    p.add_argument("--size", type=float, default=2.0, help="GiB (default 2)")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--folder", type=Path, help="where there is room (default: a temporary folder)")
    p.add_argument("--storage", type=Path, help="where registries keep what they have (default: there too)")
    args = p.parse_args()
    with ground(args.size, args.folder, args.storage) as here:
        sys.stdout.write(header())
        for discipline in disciplines(here):
            sys.stdout.write(table(run(discipline, args.rounds, here.folder)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
