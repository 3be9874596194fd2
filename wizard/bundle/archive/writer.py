"""Writing a bundle: one pass, every byte hashed on its way, visible only when whole, the same bytes every time."""

import errno
import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

from wizard.bundle import problems
from wizard.bundle.archive import tarhead
from wizard.bundle.archive.copying import copied
from wizard.bundle.archive.shape import BOM_NAME, SIGNATURES_NAME, Place, Shape, signatures_at
from wizard.bundle.bom import MOST_BYTES, Bom
from wizard.bundle.signatures import ROOM, Signature, pack
from wizard.oci import problems as oci_problems
from wizard.oci.digest import hasher
from wizard.oci.files import FileBlob, free_space, sync_folder, write_problem
from wizard.oci.flush import Flusher
from wizard.oci.progress import Progress
from wizard.oci.store import BlobReader, Opener

_SPARE = 64 * 1024 * 1024  # bytes that stay free on the file system
_CHUNK = 256 * 1024  # bytes a read and a write: the sweet spot before the processor's caches end
_LARGE = 8 * 1024 * 1024  # bytes from which a thread that hashes what the kernel has copied pays


def room_for(path: Path, needed: int) -> None:
    """Raises Problem `disk-full` where a file of so many bytes has no room beside `path`."""
    free = free_space(path.parent)
    if needed + _SPARE > free:
        raise oci_problems.disk_full(path, needed, free)


def write_bundle(
    path: Path,
    bom: Bom,
    openers: Mapping[str, Opener],
    signatures: Iterable[Signature],
    progress: Progress | None = None,
) -> Shape:
    """Write the archive to `path`; `openers` are the content by digest. Replaces what is there, at the end.

    Raises Problem `disk-full`, `folder-not-writable`, `signatures-full`, `digest-mismatch`, `blob-truncated`, what
    the openers raise, and Stopped; then `path` is as it was.
    """
    progress = progress or Progress()
    if len(bom.body) > MOST_BYTES:
        raise problems.bom_invalid(str(path), f"it has {len(bom.body)} bytes, the most is {MOST_BYTES}")
    shape = Shape(bom)
    room_for(path, shape.size)
    head = head_bytes(path, bom.body, signatures)
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise write_problem(error, path, shape.size) from None
    try:
        _allocate(fd, shape.size)
        with closing(Flusher(fd, shape.size)) as flusher:
            _write(fd, memoryview(head))
            for place in shape.places:
                _entry(fd, place, openers[place.entry.digest], progress, flusher)
            _write(fd, memoryview(tarhead.END))
        os.fsync(fd)
        os.rename(part, path)
        sync_folder(path.parent)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise write_problem(error, path, shape.size) from None
        raise
    finally:
        os.close(fd)
    return shape


def head_bytes(path: Path, body: bytes, signatures: Iterable[Signature]) -> bytes:
    """The archive's head: bill of materials and signatures. Raises Problem `signatures-full`."""
    content = pack(signatures)
    if content is None:
        raise problems.signatures_full(str(path), ROOM)
    head = tarhead.header(BOM_NAME, len(body)) + body + bytes(tarhead.padding(len(body)))
    return head + tarhead.header(SIGNATURES_NAME, ROOM) + content


def rewrite_signatures(path: Path, bom_size: int, signatures: Iterable[Signature]) -> None:
    """Put other signatures into the room they have; the payload is not touched.

    One write of 64 KiB and fsync: a crash within it leaves a bundle without valid signatures, which nobody accepts
    and which can be signed again. Raises Problem `signatures-full`, `folder-not-writable`.
    """
    content = pack(signatures)
    if content is None:
        raise problems.signatures_full(str(path), ROOM)
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            at, view = signatures_at(bom_size) + tarhead.BLOCK, memoryview(content)
            while view:
                count = os.pwrite(fd, view, at)
                view, at = view[count:], at + count
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise write_problem(error, path) from None


def _allocate(fd: int, size: int) -> None:
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # FAT and some network file systems cannot
            raise


def _write(fd: int, view: memoryview) -> None:
    while view:
        view = view[os.write(fd, view) :]


def _entry(fd: int, place: Place, opener: Opener, progress: Progress, flusher: Flusher) -> None:
    entry = place.entry
    _write(fd, memoryview(tarhead.header(entry.path, entry.size)))
    with opener(0) as source:
        if isinstance(source, FileBlob) and entry.size >= _LARGE:
            got = copied(fd, entry.digest, entry.size, source, progress, flusher)
        else:
            got = _read(fd, entry.digest, entry.size, source, progress, flusher)
    if got != entry.digest:
        raise oci_problems.digest_mismatch(f"blob {entry.digest}", entry.digest, got)
    _write(fd, memoryview(bytes(tarhead.padding(entry.size))))


def _read(fd: int, digest: str, size: int, source: BlobReader, progress: Progress, flusher: Flusher) -> str:
    """The content through a buffer of ours. Returns its digest."""
    running = hasher(digest, size, _CHUNK)
    try:
        while True:
            buffer = running.buffer()
            count = source.readinto(buffer)
            running.feed(buffer[:count])
            if not count or running.count > size:
                break
            _write(fd, buffer[:count])
            flusher.wrote(count)
            progress.advance(count)
        if running.count != size:
            raise oci_problems.truncated(f"blob {digest}", size, running.count)
        return running.digest()
    finally:
        running.close()
