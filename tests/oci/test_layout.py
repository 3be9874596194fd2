"""The folder that is carried: read strictly, written whole, shared by several writers (S1.22)."""

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.oci.conftest import OCI_INDEX, OCI_MANIFEST, data, tree
from tests.oci.fake_registry import sha256
from wizard.engine.events import Move, Moved
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop
from wizard.oci.descriptor import Descriptor
from wizard.oci.download import download, partial_path
from wizard.oci.layout import FileBlob, Layout
from wizard.oci.manifest import Manifest
from wizard.oci.progress import Progress


class Bytes:
    """A BlobReader over bytes."""

    def __init__(self, content: bytes, offset: int = 0) -> None:
        self._content, self._at = content, offset

    def readinto(self, view: memoryview, /) -> int:
        piece = self._content[self._at : self._at + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None: ...

    def __enter__(self) -> "Bytes":
        return self

    def __exit__(self, *_: object) -> None: ...


def blob(content: bytes) -> Descriptor:
    return Descriptor("application/octet-stream", sha256(content), len(content))


def artefact(layout: Layout, content: bytes, ref: str, **more: object) -> Manifest:
    layout.put_blob(blob(content), lambda offset: Bytes(content, offset))
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": blob(content).to_json(),
        "layers": [],
        **more,
    }
    manifest = Manifest(json.dumps(body).encode(), OCI_MANIFEST)
    layout.put_manifest(manifest, ref)
    return manifest


def test_tags_digests_and_the_only_one(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l", create=True)
    assert layout.resolve("1.0") is None and layout.tags() == []
    first = artefact(layout, b"one", "1.0")
    assert Layout(tmp_path / "l").manifest("").digest == first.digest
    second = artefact(layout, b"two", "2.0")
    assert layout.tags() == ["1.0", "2.0"]
    for ref, expected in (("1.0", first), ("2.0", second), (first.digest, first)):
        found = layout.resolve(ref)
        assert found is not None and found.digest == expected.digest == layout.manifest(ref).digest
    with pytest.raises(Problem) as caught:
        layout.manifest("")
    assert caught.value.code == "tag-not-found" and "1.0" in caught.value.detail


def test_a_tag_moves_and_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    """Entries of other tools keep fields that we do not know."""
    layout = Layout(tmp_path, create=True)
    artefact(layout, b"one", "1.0")
    index = json.loads((tmp_path / "index.json").read_bytes())
    foreign = {"x-unknown": {"a": 1}, "digest": sha256(b"x"), "mediaType": OCI_INDEX, "size": 1}
    index["manifests"].append(foreign)
    (tmp_path / "index.json").write_text(json.dumps(index))
    second = artefact(layout, b"two", "1.0")
    entries = json.loads((tmp_path / "index.json").read_bytes())["manifests"]
    assert [e["digest"] for e in entries] == [foreign["digest"], second.digest]
    assert list(entries[0].items()) == list(foreign.items())


def test_names_that_other_tools_write(tmp_path: Path) -> None:
    """The whole reference as ref.name."""
    layout = Layout(tmp_path, create=True)
    artefact(layout, b"one", "1.0")
    text = (tmp_path / "index.json").read_text().replace('"1.0"', '"docker.io/a/b:1.0"')
    (tmp_path / "index.json").write_text(text)
    assert layout.resolve("1.0") is not None


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    """Threads here, processes by the same lock."""
    layouts = [Layout(tmp_path, create=True) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: artefact(layouts[n % 4], str(n).encode(), f"t{n}"), range(24)))
    assert len(Layout(tmp_path).tags()) == 24


def test_children_are_not_entries_and_referrers_are_found(tmp_path: Path) -> None:
    layout = Layout(tmp_path, create=True)
    image = artefact(layout, b"image", "")
    assert layout.entries() == []
    subject = image.descriptor.to_json()
    note = artefact(layout, b"note", "x", subject=subject, artifactType="test/note", annotations={"k": "v"})
    layout.put_manifest(note, note.digest)
    (found,) = layout.referrers(image.digest)
    assert (found.digest, found.artifact_type, found.annotations) == (note.digest, "test/note", {"k": "v"})
    assert layout.referrers(image.digest, "other") == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("oci-layout", "{}"),
        ("oci-layout", '{"imageLayoutVersion":"9"}'),
        ("oci-layout", None),
        ("index.json", "[1]"),
    ],
)
def test_a_folder_that_is_none(name: str, content: str | None, tmp_path: Path) -> None:
    artefact(Layout(tmp_path, create=True), b"x", "1")
    (tmp_path / name).unlink()
    if content:
        (tmp_path / name).write_text(content)
    with pytest.raises(Problem) as caught:
        Layout(tmp_path).tags()
    assert caught.value.code == "layout-invalid" and name in caught.value.detail
    assert caught.value.exit_code == 2


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Another fault than a folder without its mark: mostly a stick that is not mounted."""
    with pytest.raises(Problem) as caught:
        Layout(tmp_path / "stick").tags()
    assert caught.value.code == "layout-invalid" and caught.value.detail == "there is no such folder"


def test_a_manifest_that_was_changed_on_the_stick(tmp_path: Path) -> None:
    layout = Layout(tmp_path, create=True)
    made = artefact(layout, b"x", "1")
    path = layout.blob_path(made.digest)
    path.write_bytes(path.read_bytes().replace(b"2", b"3", 1))
    with pytest.raises(Problem) as caught:
        layout.manifest("1")
    assert caught.value.code == "digest-mismatch"
    path.unlink()
    with pytest.raises(Problem) as caught:
        layout.manifest("1")
    assert caught.value.code == "blob-not-found"


def test_a_blob_of_the_wrong_size_is_written_again(tmp_path: Path) -> None:
    """A stick that was pulled out."""
    layout = Layout(tmp_path, create=True)
    content = data(5000)
    layout.put_blob(blob(content), lambda offset: Bytes(content, offset))
    layout.blob_path(blob(content).digest).write_bytes(b"half")
    assert not layout.has_blob(blob(content))
    assert layout.put_blob(blob(content), lambda offset: Bytes(content, offset)) is Move.COPIED
    assert layout.put_blob(blob(content), lambda offset: Bytes(content, offset)) is Move.PRESENT


# --- writing, and what stops it


def test_a_disk_without_room_is_told_before_a_byte_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1.7: with both numbers."""
    monkeypatch.setattr("wizard.oci.download.free_space", lambda _: 1_000_000)
    content = Descriptor("x", sha256(b"x"), 5_000_000_000)
    with pytest.raises(Problem) as caught:
        download(tmp_path / "out", content, lambda offset: pytest.fail("opened"))
    assert caught.value.code == "disk-full" and caught.value.evidence["needed"] == 5_000_000_000
    assert caught.value.detail == "5000.0 MB are needed, 1.0 MB are free"
    assert caught.value.remedies[0].command == f"df -h {tmp_path}", "df knows no file that is not there"


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk-full"), (errno.EROFS, "folder-not-writable")]
)
def test_a_disk_that_fills_meanwhile(
    number: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing half-written is visible, and the run goes on there afterwards."""
    content = data(1_000_000)
    real, written = os.write, []

    def write(handle: int, piece: bytes) -> int:
        if sum(written) > 400_000:
            raise OSError(number, os.strerror(number))
        written.append(real(handle, piece))
        return written[-1]

    monkeypatch.setattr("os.write", write)
    with pytest.raises(Problem) as caught:
        download(tmp_path / "out", blob(content), lambda offset: Bytes(content, offset))
    assert caught.value.code == code
    assert not (tmp_path / "out").exists()
    monkeypatch.undo()
    offsets: list[int] = []
    download(
        tmp_path / "out", blob(content), lambda offset: (offsets.append(offset), Bytes(content, offset))[1]
    )
    assert (tmp_path / "out").read_bytes() == content and offsets[0] > 400_000


def test_a_folder_that_cannot_be_made() -> None:
    """Not even by root."""
    with pytest.raises(Problem) as caught:
        download(Path("/proc/airgap-wizard/out"), blob(b"x"), lambda offset: Bytes(b"x", offset))
    assert caught.value.code == "folder-not-writable"


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("")
    with pytest.raises(Problem) as caught:
        artefact(Layout(tmp_path, create=True), b"x", "1")
    assert caught.value.code == "folder-not-writable"


def test_a_link_in_the_place_of_the_partial_file_is_not_followed(tmp_path: Path) -> None:
    """Somebody else's file is not written through it."""
    (tmp_path / "victim").write_text("mine")
    partial_path(tmp_path / "out").symlink_to(tmp_path / "victim")
    with pytest.raises(Problem):
        download(tmp_path / "out", blob(b"x"), lambda offset: Bytes(b"x", offset))
    assert (tmp_path / "victim").read_text() == "mine"


def test_a_stop_is_noticed_within_a_chunk_and_costs_nothing(tmp_path: Path, moves: list[Moved]) -> None:
    content = data(2_000_000)
    stop = Stop()

    def report(moved: Moved) -> None:
        moves.append(moved)
        if moved.done:
            stop.set()

    progress = Progress(report, "x", stop=stop)
    with pytest.raises(Stopped):
        download(tmp_path / "out", blob(content), lambda offset: Bytes(content, offset), progress)
    kept = partial_path(tmp_path / "out").stat().st_size
    assert 0 < kept < len(content)
    offsets: list[int] = []
    download(
        tmp_path / "out", blob(content), lambda offset: (offsets.append(offset), Bytes(content, offset))[1]
    )
    assert offsets == [kept]


def test_sha512(tmp_path: Path) -> None:
    """The other registered algorithm."""
    import hashlib

    content = data(1000)
    named = Descriptor("x", "sha512:" + hashlib.sha512(content).hexdigest(), 1000)
    layout = Layout(tmp_path, create=True)
    assert layout.put_blob(named, lambda offset: Bytes(content, offset)) is Move.COPIED
    with layout.open_blob(named, 990) as reader:
        view = memoryview(bytearray(100))
        assert bytes(view[: reader.readinto(view)]) == content[990:]


def test_an_empty_blob(tmp_path: Path) -> None:
    layout = Layout(tmp_path, create=True)
    assert layout.put_blob(blob(b""), lambda offset: Bytes(b"", offset)) is Move.COPIED
    assert tree(tmp_path) == {f"blobs/sha256/{sha256(b'')[7:]}": b""}


def test_progress_is_thin_and_never_runs_backwards(moves: list[Moved]) -> None:
    """At most ten a second; a retry starts again, the bar does not."""
    progress = Progress(moves.append, "x", total=1000)
    for _ in range(500):
        progress.advance(1)
    assert len(moves) <= 3
    progress.retry()
    progress.at(10)
    progress.advance(5)
    progress.end(Move.COPIED)
    assert [m.done for m in moves] == sorted(m.done for m in moves)
    assert moves[-1].done == moves[-1].total == 1000 and moves[-1].tries == 1


def test_files_are_read_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"0123456789")
    with FileBlob(tmp_path / "f", 4) as reader:
        view = memoryview(bytearray(100))
        assert bytes(view[: reader.readinto(view)]) == b"456789"
    reader.close()
