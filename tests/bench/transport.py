"""The transport against oras, crane, skopeo and regctl: the same bytes, whole commands, one run (`make bench`)."""

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.link import slow
from tests.bench.measure import Contestant, Discipline
from tests.real.images import Image, make_image, push_image, random_bytes, write_blob
from tests.real.registries import KINDS
from tests.real.registry import Registry
from tests.real.tools import find

#: For each kind the one that the images of a copy come from.
PARTNER = {"docker-registry": "olareg", "olareg": "docker-registry", "zot": "docker-registry"}
FLOOR = (sys.executable, "-S", str(Path(__file__).with_name("floor.py")))
OURS = (sys.executable, "-m", "wizard", "mirror", "--plain-http", "--quiet")
Command = Sequence[str | Path]


def tool(name: str) -> str:
    """The program, or an end with its name."""
    path = find(name)
    if path is None:
        raise SystemExit(f"missing real tool: {name} (build it with: tests/real/tools/build)")
    return str(path)


@dataclass
class Ground:
    """Where it happens: a folder with room, the size of the large blob, and the registries that run now.

    `storage`: where registries keep what they have, if not in the folder too (memory: then their disk is not measured).
    """

    folder: Path
    size: int
    storage: Path | None = None
    now: dict[str, Registry] = field(default_factory=dict)
    stacks: dict[str, contextlib.ExitStack] = field(default_factory=dict)

    def fresh(self, name: str) -> Path:
        """An empty folder."""
        return self._empty(self.folder / name)

    @staticmethod
    def _empty(path: Path) -> Path:
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def registry(self, role: str, kind: str, *, round_trip: float = 0.0, rate: float = 0.0) -> Registry:
        """A new, empty registry in this role, behind a link if wanted; the one before it goes, with its storage."""
        self.stacks.pop(role, contextlib.ExitStack()).close()
        stack = self.stacks[role] = contextlib.ExitStack()
        made = stack.enter_context(KINDS[kind](self._empty((self.storage or self.folder) / role)))
        if round_trip or rate:
            made = stack.enter_context(slow(made, round_trip=round_trip, rate=rate))
        self.now[role] = made
        return made

    def close(self) -> None:
        """End all registries."""
        for stack in self.stacks.values():
            stack.close()
        self.stacks.clear()


@contextlib.contextmanager
def ground(gib: float, folder: Path | None, storage: Path | None) -> Iterator[Ground]:
    """A ground for a blob of so many GiB, below a folder (None: a temporary one), and gone with its registries afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as home,
        tempfile.TemporaryDirectory(prefix="bench-", dir=storage or folder) as kept,
    ):
        made = Ground(Path(home), int(gib * 2**30), Path(kept))
        try:
            yield made
        finally:
            made.close()


def artefact(ground: Ground) -> tuple[Path, Path, str]:
    """SIZE random bytes as an artefact in a layout (tag 1), as a plain file (a hard link), and their digest."""
    layout = ground.folder / f"artefact-{ground.size}"
    file = ground.folder / f"weights-{ground.size}"
    if not (layout / "index.json").exists():
        shutil.rmtree(layout, ignore_errors=True)
        layer = write_blob(layout, random_bytes("weights", ground.size), "application/vnd.test.weights")
        layer["annotations"] = {"org.opencontainers.image.title": "weights"}
        config = write_blob(layout, iter([b"{}"]), "application/vnd.oci.image.config.v1+json")
        kind = "application/vnd.oci.image.manifest.v1+json"
        body = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]}
        entry = write_blob(layout, iter([json.dumps(body).encode()]), kind)
        entry["annotations"] = {"org.opencontainers.image.ref.name": "1"}
        (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        file.unlink(missing_ok=True)
        file.hardlink_to(layout / "blobs" / "sha256" / layer["digest"][7:])
        (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return layout, file, json.loads((layout / "index.json").read_bytes())["manifests"][0]["digest"]


def push(ground: Ground, kind: str) -> Discipline:
    """One large layer into an empty registry; our digest is verified while sending."""
    layout, file, root = artefact(ground)

    def there() -> str:
        return f"{ground.now['target'].host}/bench/model:1"

    def host() -> str:
        return f"reg={ground.now['target'].host},tls=disabled"

    commands: dict[str, Callable[[int], Sequence[Command]]] = {
        "airgap-wizard": lambda _: [[*OURS, f"layout:{layout}:1={there()}"]],
        "oras push": lambda _: [
            [tool("oras"), "push", "--plain-http", "--no-tty", "--disable-path-validation", there(), file]
        ],
        "regctl artifact put": lambda _: [
            [
                tool("regctl"),
                "--host",
                host(),
                "artifact",
                "put",
                "-f",
                file,
                "--artifact-type",
                "test/x",
                there(),
            ]
        ],
        "skopeo copy": lambda _: [
            [
                tool("skopeo"),
                "copy",
                "-q",
                "--dest-tls-verify=false",
                f"oci:{layout}:1",
                f"docker://{there()}",
            ]
        ],
    }
    contestants = [Contestant(n, c, lambda _: empty(ground, kind)) for n, c in commands.items()]

    def least(_: int) -> Sequence[Command]:
        digest = json.loads((layout / "blobs/sha256" / root[7:]).read_bytes())["layers"][0]["digest"]
        return [[*FLOOR, "push", ground.now["target"].host, "bench/model", file, digest]]

    contestants.append(Contestant("sendfile, unhashed", least, lambda _: empty(ground, kind), floor=True))
    title = f"push {ground.size / 2**30:.3g} GiB to {kind}"
    return Discipline(title, 0.75, contestants, against="oras push")


def cold(ground: Ground, kind: str) -> Discipline:
    """The same with a file that is not in memory, as on a stick just plugged in: reading it twice costs twice."""
    found = push(ground, kind)
    found.title += ", the file not in memory"
    _, file, _ = artefact(ground)
    for each in found.contestants:
        each.before = lambda _: _forget(ground, kind, file)
    return found


def _forget(ground: Ground, kind: str, file: Path) -> None:
    empty(ground, kind)
    with file.open("rb") as held:
        os.fsync(held.fileno())
        os.posix_fadvise(held.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def empty(ground: Ground, kind: str) -> None:
    """A new target."""
    ground.registry("target", kind)


def pull(ground: Ground, kind: str) -> Discipline:
    """One large layer to disk, verified and durable; the others are followed by `sync`."""
    layout, file, digest = artefact(ground)
    source = ground.registry("source", kind)
    from tests.bench.measure import environment, once

    once([*OURS, f"layout:{layout}:1={source.host}/bench/model:1"], environment(), ground.folder)
    ref = f"{source.host}/bench/model"
    out = ground.folder / "out"
    sync = ["sync", "-f", out]
    commands: dict[str, Callable[[int], Sequence[Command]]] = {
        "airgap-wizard": lambda _: [[*OURS, f"{ref}:1=layout:{out}:1"]],
        "oras pull, sync": lambda _: [
            [tool("oras"), "pull", "--plain-http", "--no-tty", "-o", out, f"{ref}:1"],
            sync,
        ],
        "skopeo copy, sync": lambda _: [
            [tool("skopeo"), "copy", "-q", "--src-tls-verify=false", f"docker://{ref}:1", f"oci:{out}:1"],
            sync,
        ],
        "crane pull, sync": lambda _: [
            [tool("crane"), "pull", "--insecure", "--format=oci", f"{ref}@{digest}", out],
            sync,
        ],
    }
    contestants = [Contestant(n, c, lambda _: _clear(out)) for n, c in commands.items()]
    blob = json.loads((layout / "blobs/sha256" / digest[7:]).read_bytes())["layers"][0]["digest"]
    floors: dict[str, Sequence[Command]] = {
        "received and thrown away": [[*FLOOR, "pull", source.host, "bench/model", blob, str(ground.size)]],
        "cp of the file, sync": [["cp", file, out], sync],
    }
    for name, argv in floors.items():
        contestants.append(
            Contestant(name, lambda _, argv=argv: argv, lambda _: _clear(out), floor=True)  # type: ignore[misc]
        )
    title = f"pull {ground.size / 2**30:.3g} GiB from {kind}, durable"
    return Discipline(title, 0.85, contestants, against="oras pull, sync")


def _clear(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()


MIXED = (24_000_000, 6_000_000, 900_000, 40_000, 800)


def images(ground: Ground, count: int, layers: Sequence[int], source: Registry) -> list[Image]:
    """COUNT images of two platforms in the source registry, as bench/N:1."""
    made = []
    for number in range(count):
        folder = ground.folder / "images" / f"{len(layers)}-{sum(layers)}-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        made.append(make_image(folder, layers=layers, seed=f"{number}", tag="1", compressed=False))
        push_image(made[-1], source, f"bench/{number}", "1")
    return made


def copy(ground: Ground, kind: str, *, again: bool) -> Discipline:
    """Three images of two platforms and five layers each, registry to registry; or a second time, all being there."""
    other = PARTNER[kind]
    source = ground.registry("source", other)
    count = len(images(ground, 3, MIXED, source))
    title = f"copy 3 images, {other} to {kind}" + (", nothing to do" if again else "")
    if again:
        ground.registry("target", kind)
        from tests.bench.measure import environment, once

        for command in copying(ground, count)["airgap-wizard"](0):
            once(command, environment(), ground.folder)
    before = (lambda _: None) if again else (lambda _: empty(ground, kind))
    contestants = [Contestant(n, c, before) for n, c in copying(ground, count).items()]
    if again:
        for flags in (["-c", "pass"], ["-S", "-c", "pass"]):
            bare = [[sys.executable, *flags]]
            name = f"python {' '.join(flags)}"
            contestants.append(Contestant(name, lambda _, bare=bare: bare, floor=True))  # type: ignore[misc]
    else:
        contestants += [
            Contestant(f"moved, {way}", _least_copy(ground, count, way), before, floor=True)
            for way in ("hashed", "unhashed")
        ]
    return Discipline(title, 1.0 if again else 0.9, contestants)


def _least_copy(ground: Ground, count: int, way: str) -> Callable[[int], Sequence[Command]]:
    """One process that does no more than has to be done, for all images."""

    def commands(_: int) -> Sequence[Command]:
        hosts = [ground.now[role].host for role in ("source", "target")]
        return [[*FLOOR, "copy", way, *hosts, *(f"bench/{n}" for n in range(count))]]

    return commands


def copying(ground: Ground, count: int) -> dict[str, Callable[[int], Sequence[Command]]]:
    """Each tool's way to copy COUNT images with all platforms: one command for ours, one an image for the others."""

    def pairs() -> list[tuple[str, str]]:
        here, there = ground.now["source"].host, ground.now["target"].host
        return [(f"{here}/bench/{n}:1", f"{there}/bench/{n}:1") for n in range(count)]

    def hosts() -> list[str]:
        return [
            part
            for role in ("source", "target")
            for part in ("--host", f"reg={ground.now[role].host},tls=disabled")
        ]

    plain = ["--from-plain-http", "--to-plain-http"]
    insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    return {
        "airgap-wizard": lambda _: [[*OURS, *(f"{a}={b}" for a, b in pairs())]],
        "crane copy": lambda _: [[tool("crane"), "copy", "--insecure", a, b] for a, b in pairs()],
        "skopeo copy --all": lambda _: [
            [
                tool("skopeo"),
                "copy",
                "-q",
                "--all",
                "--preserve-digests",
                *insecure,
                f"docker://{a}",
                f"docker://{b}",
            ]
            for a, b in pairs()
        ],
        "regctl image copy": lambda _: [
            [tool("regctl"), *hosts(), "image", "copy", a, b] for a, b in pairs()
        ],
        "oras cp -r": lambda _: [[tool("oras"), "cp", "-r", "--no-tty", *plain, a, b] for a, b in pairs()],
    }


def small(ground: Ground, kind: str, count: int) -> Discipline:
    """Many small images over a link with 40 ms round trip: round trips, not bytes, decide."""
    other = PARTNER[kind]
    source = ground.registry("source", other)
    images(ground, count, (3000, 500), source)
    contestants = [
        Contestant(n, c, lambda _: _behind(ground, kind)) for n, c in copying(ground, count).items()
    ]
    return Discipline(f"copy {count} small images, {other} to {kind} over 40 ms", 0.5, contestants)


def _behind(ground: Ground, kind: str) -> None:
    ground.registry("target", kind, round_trip=0.04)


def broad(ground: Ground, kind: str) -> Discipline:
    """The large layer over a link of 200 Mbit/s and 40 ms: the link decides, and nobody may waste it."""
    found = push(ground, kind)
    found.title += " over 200 Mbit/s, 40 ms"
    found.target = 1.0
    for each in found.contestants:
        each.before = lambda _: _narrow(ground, kind)
    return found


def _narrow(ground: Ground, kind: str) -> None:
    ground.registry("target", kind, round_trip=0.04, rate=25e6)


def disciplines(ground: Ground, count: int) -> Iterator[tuple[str, Callable[[], Discipline]]]:
    """Name and maker of each, in order."""
    for kind in KINDS:
        yield f"push-{kind}", lambda kind=kind: push(ground, kind)  # type: ignore[misc]
        yield f"cold-{kind}", lambda kind=kind: cold(ground, kind)  # type: ignore[misc]
        yield f"pull-{kind}", lambda kind=kind: pull(ground, kind)  # type: ignore[misc]
        yield f"copy-{kind}", lambda kind=kind: copy(ground, kind, again=False)  # type: ignore[misc]
        yield f"again-{kind}", lambda kind=kind: copy(ground, kind, again=True)  # type: ignore[misc]
        yield f"small-{kind}", lambda kind=kind: small(ground, kind, count)  # type: ignore[misc]
        yield f"link-{kind}", lambda kind=kind: broad(ground, kind)  # type: ignore[misc]
