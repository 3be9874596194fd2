"""The transport against oras, crane, skopeo and regctl: the same bytes, whole commands, one run (`make bench`)."""

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import Contestant, Discipline
from tests.real.images import random_bytes, write_blob
from tests.real.registries import docker_registry, olareg
from tests.real.registry import Registry
from tests.real.tools import find

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"docker-registry": docker_registry, "olareg": olareg}
OURS = (sys.executable, "-m", "wizard", "mirror", "--plain-http", "--quiet")


@dataclass
class Field:
    """Where it happens: a folder with room, and the registries."""

    folder: Path
    size: int
    rounds: int

    def fresh(self, name: str) -> Path:
        """An empty folder."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path


def tool(name: str) -> str:
    """The program, or an end with its name."""
    path = find(name)
    if path is None:
        raise SystemExit(f"missing real tool: {name} (build it with: tests/real/tools/build)")
    return str(path)


@contextlib.contextmanager
def running(field: Field, kind: str) -> Iterator[Registry]:
    """An empty registry of that kind; its storage goes with it."""
    folder = field.fresh(kind)
    with KINDS[kind](folder) as registry:
        yield registry
    shutil.rmtree(folder)


def push(field: Field) -> Iterator[Callable[[], Discipline]]:
    """One large layer into an empty registry; the digest is verified while sending."""
    for kind in KINDS:
        yield lambda kind=kind: _push(field, kind)  # type: ignore[misc]


def _artefact(field: Field) -> tuple[Path, Path]:
    """SIZE random bytes as a file and as an artefact in a layout with the tag 1 (hard links: one copy on disk)."""
    import json

    layout = field.fresh("artefact")
    layer = write_blob(layout, random_bytes("weights", field.size), "application/vnd.test.weights")
    config = write_blob(layout, iter([b"{}"]), "application/vnd.oci.empty.v1+json")
    body = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.test",
        "config": config,
        "layers": [layer],
    }
    manifest = write_blob(layout, iter([json.dumps(body).encode()]), body["mediaType"])  # type: ignore[arg-type]
    entry = {**manifest, "annotations": {"org.opencontainers.image.ref.name": "1"}}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    file = field.folder / "weights"
    file.unlink(missing_ok=True)
    file.hardlink_to(layout / "blobs" / "sha256" / layer["digest"][7:])
    return layout, file


def _push(field: Field, kind: str) -> Discipline:
    layout, file = _artefact(field)
    stack = contextlib.ExitStack()
    now: dict[str, Registry] = {}

    def empty(_: int) -> None:
        stack.close()
        now["registry"] = stack.enter_context(running(field, kind))

    def there() -> str:
        return f"{now['registry'].host}/bench/model:1"

    contestants = [
        Contestant("airgap-wizard mirror", lambda _: [[*OURS, f"layout:{layout}:1={there()}"]], empty),
        Contestant(
            "oras push",
            lambda _: [[tool("oras"), "push", "--plain-http", "--no-tty", there(), file.name]],
            empty,
        ),
        Contestant(
            "regctl artifact put",
            lambda _: [
                [
                    tool("regctl"),
                    "--host",
                    f"reg={now['registry'].host},tls=disabled",
                    "artifact",
                    "put",
                    "-f",
                    file,
                    "--artifact-type",
                    "application/vnd.test",
                    there(),
                ]
            ],
            empty,
        ),
        Contestant(
            "skopeo copy",
            lambda _: [
                [
                    tool("skopeo"),
                    "copy",
                    "--quiet",
                    "--dest-tls-verify=false",
                    f"oci:{layout}:1",
                    f"docker://{there()}",
                ]
            ],
            empty,
        ),
    ]
    return Discipline(f"push {field.size / 2**30:.2g} GiB to {kind}", 0.75, contestants)
