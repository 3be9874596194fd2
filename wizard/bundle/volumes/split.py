"""Cutting a bundle into volumes, and putting them together again. `cat` in the order of names does the same."""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from wizard.bundle import envelope, problems
from wizard.bundle.archive.head import read_head
from wizard.bundle.archive.medium import FileMedium
from wizard.bundle.archive.opening import shape_of
from wizard.bundle.archive.writer import room_for
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.volumes.index import KIND, MOST, SUFFIX, Index, Volume, stem
from wizard.bundle.volumes.media import VolumesMedium
from wizard.oci.digest import digest_of, hasher
from wizard.oci.files import make_folder, sync_folder, write_atomic, write_problem
from wizard.oci.flush import Flusher
from wizard.oci.progress import Progress


def split(
    path: Path,
    size: int,
    folder: Path,
    key: PrivateKey,
    progress: Progress | None = None,
    *,
    authority: str = "",
    certificates: Sequence[str] = (),
) -> Index:
    """Write STEM.v000 (the head, for every medium), STEM.v001 … of at most `size` bytes, and STEM.volumes, signed.

    The bundle is read once; its signatures are not judged here (whoever splits has made or accepted it). Raises
    Problem `size-invalid`, `disk-full`, `folder-not-writable`, and those of a bundle that is not whole.
    """
    progress = progress or Progress()
    medium = FileMedium(path)
    try:
        head = read_head(medium)
        shape = shape_of(str(path), head, medium.size)
        cuts = sorted({0, *range(shape.head, shape.size, size), shape.size})
        if shape.head > size:
            raise problems.size_invalid(str(size), f"the bundle's head alone has {shape.head} bytes")
        if len(cuts) - 1 > MOST:
            raise problems.size_invalid(
                str(size), f"that would be {len(cuts) - 1} volumes, the most is {MOST}"
            )
        make_folder(folder)
        room_for(folder / "x", shape.size)
        name = stem(path.name)
        volumes = []
        for number, (start, stop) in enumerate(itertools.pairwise(cuts)):
            digest = _copy(medium, start, stop, folder / f"{name}.v{number:03d}", progress)
            volumes.append(Volume(f"{name}.v{number:03d}", start, stop - start, digest))
    finally:
        medium.close()
    index = Index(digest_of(head.bom), shape.bom.title, tuple(volumes))
    sealed = envelope.seal(KIND, index.to_json(), key, authority, certificates)
    write_atomic(folder / f"{name}{SUFFIX}", sealed.to_bytes())
    return index


def join(medium: VolumesMedium, path: Path, progress: Progress | None = None) -> int:
    """Write the bundle that the volumes are, each verified. Returns its bytes.

    Raises Problem `volume-missing`, `volume-damaged`, `disk-full`.
    """
    progress = progress or Progress()
    room_for(path, medium.size)
    part = path.with_name(f".{path.name}.part")
    try:
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise write_problem(error, path, medium.size) from None
    try:
        for volume in medium.index.volumes:
            got = _pour(medium, volume.start, volume.stop, fd, progress)
            if got != volume.digest:
                medium.blame(volume.start, volume.stop)
                raise problems.volume_damaged(medium.find(volume), volume.name, volume.digest, got)
        os.fsync(fd)
        os.rename(part, path)
        sync_folder(path.parent)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise write_problem(error, path, medium.size) from None
        raise
    finally:
        os.close(fd)
    return medium.size


def _copy(medium: FileMedium, start: int, stop: int, path: Path, progress: Progress) -> str:
    part = path.with_name(f".{path.name}.part")
    try:
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            digest = _pour(medium, start, stop, fd, progress)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(part, path)
        sync_folder(path.parent)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise write_problem(error, path, stop - start) from None
        raise
    return digest


def _pour(medium: FileMedium | VolumesMedium, start: int, stop: int, fd: int, progress: Progress) -> str:
    running = hasher("sha256", stop - start)
    flusher = Flusher(fd, stop - start)
    try:
        at = start
        while at < stop:
            buffer = running.buffer()
            count = medium.read_into(at, buffer[: min(len(buffer), stop - at)])
            running.feed(buffer[:count])
            if not count:
                break
            view = buffer[:count]
            while view:
                view = view[os.write(fd, view) :]
            at += count
            flusher.wrote(count)
            progress.advance(count)
        return running.digest()
    finally:
        flusher.close()
        running.close()
