"""The probe's own image: one static program for each platform in an OCI layout, and nothing else in it.

The same programs give the same digest everywhere: no time, no builder, no compression (whose bytes differ between
libraries). Written by `make probe`:

    python -m wizard.cluster.probe_image FOLDER TAG linux/amd64=FILE linux/arm64=FILE
"""

import io
import json
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from wizard.cluster.objects.names import UID
from wizard.cluster.objects.pods import BINARY
from wizard.engine.problems import Problem
from wizard.oci import media
from wizard.oci.descriptor import Descriptor, Platform
from wizard.oci.digest import digest_of
from wizard.oci.files import make_folder, write_atomic
from wizard.oci.layout import Layout
from wizard.oci.manifest import Manifest

_LAYER = "application/vnd.oci.image.layer.v1.tar"
_USAGE = "usage: python -m wizard.cluster.probe_image FOLDER TAG OS/ARCH=FILE…\n"


def write_probe_image(folder: Path, tag: str, programs: Mapping[str, Path]) -> str:
    """Write the image into a layout (made where it is not there) under `tag`; the digest of its index.

    `programs` are the static binaries by platform ("linux/arm64"). Raises Problem `folder-not-writable`, `disk-full`,
    ValueError for no program at all, OSError for one that cannot be read.
    """
    if not programs:
        raise ValueError("an image needs a program for at least one platform")
    layout = Layout(folder, create=True)
    children = [_image(layout, Platform.parse(platform), path) for platform, path in sorted(programs.items())]
    index = {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": children}
    return layout.put_manifest(Manifest(_json(index), media.OCI_INDEX), tag).digest


def _image(layout: Layout, platform: Platform, program: Path) -> dict[str, object]:
    layer = _tar(program.read_bytes())
    config = {
        **platform.to_json(),
        "config": {"Entrypoint": [BINARY], "User": f"{UID}:{UID}", "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
    }
    body = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": _put(layout, media.OCI_CONFIG, _json(config)),
        "layers": [_put(layout, _LAYER, layer)],
    }
    found = layout.put_manifest(Manifest(_json(body), media.OCI_MANIFEST))
    return {**found.to_json(), "platform": platform.to_json()}


def _tar(program: bytes) -> bytes:
    """A folder for temporary files and the program; owned by root, without times."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tmp = tarfile.TarInfo("tmp")
        tmp.type, tmp.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(tmp)
        member = tarfile.TarInfo(BINARY.lstrip("/"))
        member.mode, member.size = 0o755, len(program)
        tar.addfile(member, io.BytesIO(program))
    return sink.getvalue()


def _put(layout: Layout, media_type: str, data: bytes) -> dict[str, object]:
    blob = Descriptor(media_type, digest_of(data), len(data))
    if not layout.has_blob(blob):
        path = layout.blob_path(blob.digest)
        make_folder(path.parent)
        write_atomic(path, data)
    return blob.to_json()


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def main(words: Sequence[str]) -> int:
    """Write the image; its reference and digest to stdout."""
    if len(words) < 3 or not all("=" in word for word in words[2:]):
        sys.stderr.write(_USAGE)
        return 2
    folder, tag, *pairs = words
    programs = {platform: Path(path) for platform, _, path in (pair.partition("=") for pair in pairs)}
    try:
        digest = write_probe_image(Path(folder), tag, programs)
    except (Problem, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"layout:{folder}:{tag} {digest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
