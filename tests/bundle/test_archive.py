"""The archive: the same bytes every time, plain tar for everybody, and signed again without moving a byte."""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from tests.bundle.making import Made, Watched, collect, make_bundle
from wizard.bundle import signatures
from wizard.bundle.archive import tarhead
from wizard.bundle.archive.head import read_head
from wizard.bundle.archive.medium import FileMedium
from wizard.bundle.archive.opening import open_bundle
from wizard.bundle.archive.reading import verify_all
from wizard.bundle.archive.store import BundleStore
from wizard.bundle.archive.writer import rewrite_signatures, write_bundle
from wizard.bundle.bom import Bom
from wizard.bundle.carried import carried
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.signatures import ROOM
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop
from wizard.oci.copy import copy
from wizard.oci.layout import Layout
from wizard.oci.progress import Progress


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    """S5.1: two days, two folders, two orders of time: one digest, signature included."""
    key = PrivateKey.make()
    one, other = make_bundle(tmp_path / "monday", key), make_bundle(tmp_path / "tuesday", key)
    assert one.path.read_bytes() == other.path.read_bytes()
    assert make_bundle(tmp_path / "else", key, seed="two").bom.digest != one.bom.digest


def test_everybody_reads_it_as_a_tar(master: Made, tmp_path: Path) -> None:
    """The bill first, then the signatures, then an image layout whose blobs are what their names say."""
    with tarfile.open(master.path) as tar:
        names = tar.getnames()
        assert names[:4] == ["airgap/bom.json", "airgap/signatures.json", "oci-layout", "index.json"]
        assert [e.path for e in master.bom.entries] == names[2:]
        assert all(m.isreg() and (m.mtime, m.uid, m.mode) == (0, 0, 0o644) for m in tar)
        tar.extractall(tmp_path, filter="data")
    for path in (tmp_path / "blobs" / "sha256").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    rows = json.loads((tmp_path / "index.json").read_bytes())["manifests"]
    assert rows[0]["annotations"]["org.opencontainers.image.ref.name"] == "gateway-1.0"
    assert Layout(tmp_path).resolve("bridge-1.0") is not None


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 8**11 - 1, 8**11, 20 * 10**9])
@pytest.mark.parametrize("name", ["index.json", "blobs/sha256/" + "a" * 64, "blobs/sha512/" + "b" * 128])
def test_headers_say_the_same_to_others(name: str, size: int) -> None:
    """Above 8 GiB, and for long names, by POSIX's extended header."""
    head = tarhead.header(name, size)
    assert len(head) % 512 == 0
    with tarfile.open(fileobj=io.BytesIO(head + tarhead.END), mode="r:") as tar:
        found = tar.next()
    assert found is not None and (found.name, found.size, found.isreg()) == (name, size, True)
    plain = len(name) <= 100 and size < 8**11
    assert tarhead.size_of(head, name) == (size if plain else None)


def test_headers_never_change() -> None:
    """Bundles of today are read by versions of tomorrow: these bytes are the format."""
    found = tarhead.header("airgap/bom.json", 4096) + tarhead.header("blobs/sha512/" + "c" * 128, 9 * 10**9)
    assert hashlib.sha256(found).hexdigest() == (
        "2af538d5bedd82757a8e5950438552793c74ac882785335be09f46f2a151bd8a"
    )


def test_an_open_bundle_is_a_store(master: Made, tmp_path: Path) -> None:
    with open_bundle(master.path, master.policy) as bundle:
        store = BundleStore(bundle)
        assert verify_all(bundle) == master.bom.payload
        for ref in ("ghcr.io/opencost/gateway:1.0", "opencost-ai/gateway:1.0", "gateway-1.0"):
            found = store.resolve(ref)
            assert found is not None and found.digest == master.images["gateway"].digest
        assert store.resolve("nobody/knows:1") is None
        assert store.resolve("1.0") is None, "a tag of two images names none"
        assert store.resolve(master.bom.entries[-1].digest) is None, "a layer is no manifest"
        with pytest.raises(Problem) as caught:
            store.manifest("ghcr.io/opencost/gatway:1.0")
        assert caught.value.code == "tag-not-found" and "gateway:1.0" in caught.value.remedies[0].text
        target = Layout(tmp_path / "out", create=True)
        done = copy(store, "ghcr.io/opencost/gateway:1.0", target, "1.0")
        assert done.digest == master.images["gateway"].digest
        with pytest.raises(TypeError):
            store.put_manifest(store.manifest("gateway-1.0"))


def test_signing_again_moves_nothing(made: Made) -> None:
    """S2.20: re-signed before delivery; only the room for signatures is written."""
    before = made.path.read_bytes()
    medium = FileMedium(made.path)
    head = read_head(medium)
    medium.close()
    new = signatures.sign(PrivateKey.make("ed25519"), head.bom, "site")
    rewrite_signatures(made.path, len(head.bom), signatures.added(head.signatures, new))
    after = made.path.read_bytes()
    start = made.shape.signatures + 512
    assert len(after) == len(before)
    assert after[:start] == before[:start] and after[start + ROOM :] == before[start + ROOM :]
    with open_bundle(made.path, made.policy) as bundle:
        assert len(bundle.head.signatures) == 2
    again = signatures.added(bundle.head.signatures, signatures.sign(made.key, head.bom, "vendor"))
    assert len(again) == 2, "the same key again replaces its signature"


def test_there_is_room_for_so_many_signatures(made: Made) -> None:
    huge = tuple(
        signatures.sign(PrivateKey.make(), b"x", "a", ["-----BEGIN CERTIFICATE-----" + "A" * 9000])
        for _ in range(8)
    )
    before = made.path.read_bytes()
    with pytest.raises(Problem) as caught:
        rewrite_signatures(made.path, len(made.bom.body), huge)
    assert caught.value.code == "signatures-full"
    assert made.path.read_bytes() == before


def test_opening_reads_the_head_and_headers_alone(master: Made) -> None:
    medium = Watched(master.path)
    with open_bundle(medium, master.policy):
        content = sum(stop - start for start, stop in medium.reads if start >= master.shape.payload)
        assert content <= len(master.bom.entries) * 1024 + 1024


def _small(folder: Path) -> tuple[Bom, dict[str, object], Path]:
    collector, _ = collect(folder)
    return collector.bom("opencost-ai", "1"), dict(collector.openers), folder / "out.airgap"


def test_a_source_that_changed_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    from wizard.model.source import BytesReader

    bom, openers, path = _small(tmp_path)
    wrong = bom.entries[-1]
    for content in (bytes(wrong.size), bytes(wrong.size - 1), bytes(wrong.size + 1)):
        openers[wrong.digest] = lambda offset, content=content: BytesReader(content[offset:])
        with pytest.raises(Problem) as caught:
            write_bundle(path, bom, openers, ())  # type: ignore[arg-type]
        assert caught.value.code in ("digest-mismatch", "blob-truncated")
        assert not list(tmp_path.glob("*out*"))


def test_a_stop_or_a_full_disk_leaves_the_old_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bom, openers, path = _small(tmp_path)
    path.write_bytes(b"the old one")
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped):
        write_bundle(path, bom, openers, (), Progress(stop=stop))  # type: ignore[arg-type]
    monkeypatch.setattr(os, "posix_fallocate", _full)
    with pytest.raises(Problem) as caught:
        write_bundle(path, bom, openers, ())  # type: ignore[arg-type]
    assert caught.value.code == "disk-full"
    assert path.read_bytes() == b"the old one"
    assert [p.name for p in tmp_path.glob(".*")] == []


def _full(fd: int, offset: int, length: int) -> None:
    raise OSError(28, "No space left on device")


def test_the_disk_is_asked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S1.7: what is needed is known from the bill of materials, and asked for before a byte is written."""
    from wizard.bundle.archive import writer

    bom, openers, path = _small(tmp_path)
    monkeypatch.setattr(writer, "free_space", lambda folder: 1000)
    with pytest.raises(Problem) as caught:
        write_bundle(path, bom, openers, ())  # type: ignore[arg-type]
    assert caught.value.code == "disk-full" and caught.value.evidence["free"] == 1000


def test_what_is_not_carried_is_said_with_what_is(master: Made) -> None:
    """S2.24: a bundle that lacks something is no reason to look elsewhere."""
    with open_bundle(master.path, master.policy) as bundle:
        assert carried(bundle, "model", "granite4.1:8b").total > 0
        for kind, name in (
            ("image", "ghcr.io/opencost/gateway:2.0"),
            ("model", "ghcr.io/opencost/gateway:1.0"),
        ):
            with pytest.raises(Problem) as caught:
                carried(bundle, kind, name)
            assert (caught.value.code, caught.value.exit_code) == ("bundle-lacks", 3)
        assert "it carries granite4.1:8b" in caught.value.detail
