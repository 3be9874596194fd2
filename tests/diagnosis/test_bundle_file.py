"""The file: written whole, read back the same, and read with care where it comes from somebody else."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from wizard.engine.problems import Problem
from wizard.support import read as reading
from wizard.support.format import Bundle, Collected, Got, Manifest, Redacted
from wizard.support.read import read
from wizard.support.write import write


def bundle(**files: bytes) -> Bundle:
    import hashlib

    named = {name.replace("__", "/"): data for name, data in files.items()}
    digests = {n: (len(d), "sha256:" + hashlib.sha256(d).hexdigest()) for n, d in named.items()}
    told = (Collected("a", Got.REFUSED, "not allowed", 0.25, ("x",)),)
    manifest = Manifest(
        "2026-01-02T03:04:05Z",
        "0.1.0",
        "w",
        "ns",
        "rel",
        "run-1",
        True,
        told,
        (Redacted("x", "jwt", 3),),
        digests,
    )
    return Bundle(manifest, named)


def tar(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            made.addfile(entry, io.BytesIO(data))
    return out.getvalue()


MANIFEST = json.dumps({"format": "airgap-wizard/support-bundle", "version": 1}).encode()


def test_written_and_read_back(tmp_path: Path) -> None:
    made = bundle(**{"run__summary.txt": b"all is well\n", "cluster___": b"{}"})
    path = tmp_path / "s.tar"
    size = write(made, path)
    assert path.stat().st_size == size and path.stat().st_mode & 0o777 == 0o600
    assert read(path) == made
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(Problem) as told:
        write(bundle(), tmp_path / "no" / "s.tar")
    assert told.value.code == "support-bundle-not-written"


@pytest.mark.parametrize("data", [b"", b"not a tar at all" * 100, b"\0" * 2000, tar(("hello.txt", b"x"))])
def test_what_is_no_bundle(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "s.tar"
    path.write_bytes(data)
    with pytest.raises(Problem) as told:
        read(path)
    assert (told.value.code, told.value.exit_code) == ("support-bundle-invalid", 2)


def test_a_compressed_one_is_not_unpacked(tmp_path: Path) -> None:
    """A bomb of a gigabyte of zeros is a megabyte of gzip: it is not even looked into."""
    import gzip

    path = tmp_path / "s.tar"
    path.write_bytes(gzip.compress(b"\0" * (64 << 20)))
    with pytest.raises(Problem) as told:
        read(path)
    assert told.value.code == "support-bundle-invalid"


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "run/../../x",
        "run/./x",
        "a\x1b[2Jb",
        "run/\n",
        "C:\\x",
        "-rf",
        "x" * 5000,
        "..",
        "run/..",
    ],
)
def test_names_that_lead_elsewhere_are_passed_over(tmp_path: Path, name: str) -> None:
    path = tmp_path / "s.tar"
    path.write_bytes(tar(("manifest.json", MANIFEST), (name, b"evil"), ("run/summary.txt", b"good")))
    found = read(path)
    assert found.files == {"run/summary.txt": b"good"}
    assert any("was not read" in note for note in found.notes)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_what_is_no_file_is_passed_over(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "s.tar"
    out = io.BytesIO(tar(("manifest.json", MANIFEST), ("run/summary.txt", b"good")))
    with tarfile.open(fileobj=out, mode="a") as made:
        entry = tarfile.TarInfo("run/link")
        entry.type, entry.linkname = kind, "/etc/passwd"
        made.addfile(entry)
    path.write_bytes(out.getvalue())
    found = read(path)
    assert found.files == {"run/summary.txt": b"good"}


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MEMBERS", 50)
    monkeypatch.setattr(reading, "ONE", 1000)
    monkeypatch.setattr(reading, "ALL", 3000)
    path = tmp_path / "s.tar"
    big = [("run/big", b"x" * 2000)]
    many = [(f"run/{n}", b"y" * 100) for n in range(100)]
    path.write_bytes(tar(("manifest.json", MANIFEST), *big, *many))
    found = read(path)
    notes = "\n".join(found.notes)
    assert (
        len(found.files) < 31
        and "2000 bytes" in notes
        and "more than 3000 bytes" in notes
        and "50 members" in notes
    )


def test_a_very_large_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "s.tar"
    with path.open("wb") as file:
        file.truncate(reading.LARGEST + 1)
    with pytest.raises(Problem):
        read(path)


def test_cut_off_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "s.tar"
    write(bundle(**{"a__one.txt": b"1" * 3000, "run__two.txt": b"2" * 30_000}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 25_000])
    found = read(path)
    assert found.files["a/one.txt"] == b"1" * 3000
    assert any("run/two.txt" in note or "middle" in note for note in found.notes)
    assert found.manifest.run == "run-1"


def test_changed_and_missing_files_are_named(tmp_path: Path) -> None:
    made = bundle(**{"run__a.txt": b"right", "run__b.txt": b"b"})
    path = tmp_path / "s.tar"
    write(Bundle(made.manifest, {"run/a.txt": b"wrong"}), path)
    notes = read(path).notes
    assert any("run/a.txt is not what" in note for note in notes)
    assert "run/b.txt is missing" in notes


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b'{"format":"x"}',
        b'{"format":"airgap-wizard/support-bundle","version":"1"}',
        b"[" * 50_000,
    ],
)
def test_a_manifest_that_is_none(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "s.tar"
    path.write_bytes(tar(("manifest.json", text), ("run/summary.txt", b"good")))
    found = read(path)
    assert found.manifest == Manifest()
    assert found.files and "manifest.json cannot be read" in found.notes[0]


def test_a_later_format_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    path = tmp_path / "s.tar"
    later = json.dumps(
        {"format": "airgap-wizard/support-bundle", "version": 7, "new": {}, "files": 3, "collected": [4]}
    )
    path.write_bytes(tar(("manifest.json", later.encode()), ("run/summary.txt", b"good")))
    found = read(path)
    assert found.manifest.version == 7 and "version 7" in found.notes[0]
