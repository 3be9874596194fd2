"""Large files go into the archive in the kernel: the same bytes as through a buffer, and nothing that was not hashed."""

import errno
import hashlib
import os
from contextlib import closing
from pathlib import Path

import pytest

from tests.bundle.making import make_bundle
from wizard.bundle.archive import copying, writer
from wizard.bundle.archive.copying import copied
from wizard.bundle.keys.private import PrivateKey
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop
from wizard.oci.files import FileBlob
from wizard.oci.flush import Flusher
from wizard.oci.progress import Progress

SIZE = 5_000_001
HEAD = b"what was written before"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def put(folder: Path, size: int = SIZE, progress: Progress | None = None) -> tuple[str, bytes]:
    """Copy 5 MB behind a head: the digest that was told, and what was to be copied."""
    content = os.urandom(1024) * (SIZE // 1024) + b"z" * (SIZE % 1024)
    (folder / "source").write_bytes(content)
    handle = os.open(folder / "target", os.O_RDWR | os.O_CREAT)
    try:
        os.write(handle, HEAD)
        with FileBlob(folder / "source") as source, closing(Flusher(handle, size)) as flusher:
            got = copied(handle, "sha256:" + "0" * 64, size, source, progress or Progress(), flusher)
        os.write(handle, b"after")
    finally:
        os.close(handle)
    return got, content


@pytest.mark.parametrize("refusal", [None, errno.EXDEV, errno.EOPNOTSUPP])
def test_what_arrives_is_what_was_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int | None
) -> None:
    """Also between file systems that the kernel cannot copy between."""
    if refusal is not None:

        def refuse(*_: int) -> int:
            raise OSError(refusal, os.strerror(refusal))

        monkeypatch.setattr(os, "copy_file_range", refuse)
    got, content = put(tmp_path)
    assert got == digest(content)
    assert (tmp_path / "target").read_bytes() == HEAD + content + b"after"


def test_a_byte_that_changes_on_its_way_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash is that of the target: a copy that lies is found out."""
    monkeypatch.setattr(copying, "_in_kernel", lambda s, t, n, at, to: os.pwrite(t, b"x" * n, to))
    got, content = put(tmp_path)
    assert got == digest(b"x" * SIZE) != digest(content)


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1])
def test_a_file_of_another_size_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(Problem) as caught:
        put(tmp_path, size)
    assert caught.value.code == "blob-truncated"


def test_a_disk_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "copy_file_range", fail)
    with pytest.raises(OSError, match="No space"):
        put(tmp_path)


def test_a_stop_is_noticed(tmp_path: Path) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped):
        put(tmp_path, progress=Progress(stop=stop))


def test_a_bundle_has_the_same_bytes_either_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S5.1: the way of the bytes is no part of the format."""
    key = PrivateKey.make()
    read = make_bundle(tmp_path / "read", key)
    ways = []
    monkeypatch.setattr(writer, "_LARGE", 0)
    monkeypatch.setattr(writer, "copied", lambda *a: ways.append(a) or copied(*a))
    copied_one = make_bundle(tmp_path / "copied", key)
    assert len(ways) > 5
    assert copied_one.path.read_bytes() == read.path.read_bytes()
