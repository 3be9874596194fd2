"""Opening a storage folder: made if new, refused if it is something else or cannot be used."""

import json
import os
from pathlib import Path

from wizard.engine.problems import Problem, Remedy
from wizard.oci.server.durable import make_folder, write_file
from wizard.oci.server.folder import FolderStorage
from wizard.oci.server.limits import Limits

MARKER = "registry.json"
KIND = {"kind": "airgap-wizard-registry", "layout": 1}


def open_folder(
    root: Path, limits: Limits, *, read_only: bool = False, dry_run: bool = False
) -> FolderStorage:
    """A storage in `root`; a `dry_run` only looks. Raises Problem `registry-storage-foreign` and `registry-storage-unusable`."""
    try:
        _check(root, read_only)
        if not read_only and not dry_run:
            for name in ("tmp", "uploads", "blobs", "repositories"):
                make_folder(root / name)
            if not (root / MARKER).exists():
                write_file(root / MARKER, json.dumps(KIND).encode() + b"\n", root / "tmp")
            _probe(root / "tmp")
    except OSError as error:
        raise Problem(
            "registry-storage-unusable",
            f"the storage folder {root} cannot be used",
            detail=str(error),
            remedies=(
                Remedy("See who owns it and whether its filesystem is mounted read-only", f"ls -ld {root}"),
                Remedy("Use a filesystem with hard links (ext4, xfs, btrfs, NFS); FAT and SMB have none"),
            ),
        ) from error
    return FolderStorage(root, max_uploads=limits.uploads)


def _check(root: Path, read_only: bool) -> None:
    marker = root / MARKER
    if marker.exists():
        if not _ours(marker.read_bytes()):
            raise _foreign(root, f"its {MARKER} was not written by this version")
        os.listdir(root / "repositories")
        return
    if read_only:
        raise _foreign(root, f"there is no {MARKER}, and a read-only registry makes none")
    if root.exists():
        # A crash before the marker was written leaves our own folders; a fresh volume has lost+found.
        others = set(os.listdir(root)) - {"lost+found", "tmp", "uploads", "blobs", "repositories"}
        if others:
            raise _foreign(root, f"it has {', '.join(sorted(others)[:5])}")


def _ours(marker: bytes) -> bool:
    try:
        return bool(json.loads(marker) == KIND)
    except ValueError:
        return False


def _probe(folder: Path) -> None:
    """Write and hard-link a file: what every push needs. Raises OSError."""
    name = folder / f"probe-{os.urandom(8).hex()}"
    link = name.with_suffix(".link")
    try:
        name.write_bytes(b"")
        os.link(name, link)
    finally:
        for path in (name, link):
            path.unlink(missing_ok=True)


def _foreign(root: Path, reason: str) -> Problem:
    return Problem(
        "registry-storage-foreign",
        f"{root} is not a storage folder of this registry",
        detail=reason,
        remedies=(Remedy("Give an empty folder, a new one, or one that this registry made"),),
        exit_code=2,
    )
