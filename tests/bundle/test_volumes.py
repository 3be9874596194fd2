"""Volumes: cut, carried in any order, read where they are, and the one that is wrong named (S3.8, S3.9)."""

import shutil
import threading
from pathlib import Path

import pytest

from tests.bundle.loading import Target
from tests.bundle.making import Made, flip, make_bundle
from wizard.bundle.archive.anywhere import located, open_anywhere, open_volumes
from wizard.bundle.archive.reading import verify_all
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.volumes.index import stem
from wizard.bundle.volumes.media import waiting
from wizard.bundle.volumes.sizes import FAT32, parse_size
from wizard.bundle.volumes.split import join, split
from wizard.engine.problems import Problem, Stopped

SIZE = 100_000


@pytest.fixture
def stick(made: Made, tmp_path: Path) -> Path:
    """All volumes in one folder; the .volumes file."""
    split(made.path, SIZE, tmp_path / "stick", made.key)
    return tmp_path / "stick" / "demo.volumes"


def volumes(stick: Path) -> list[Path]:
    return sorted(stick.parent.glob("*.v0*"))


def test_volumes_are_the_bundle_and_cat_is_enough(made: Made, stick: Path) -> None:
    """S3.8: no tool is needed to put them together."""
    found = volumes(stick)
    assert len(found) >= 4 and all(v.stat().st_size <= SIZE for v in found[1:])
    assert b"".join(v.read_bytes() for v in found) == made.path.read_bytes()
    assert all(len(name) < 60 and name.isascii() and not set(name) & set(':*?"<>|\\/+ ,;=[]') for name in
               (p.name for p in stick.parent.iterdir()))  # fmt: skip
    assert not list(stick.parent.glob(".*"))


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4 * 10**9), ("16 GiB", 16 * 1024**3), ("3900mb", 39 * 10**8), ("700MiB", 700 * 1024**2),
     ("fat32", FAT32), ("0.5GB", 5 * 10**8), ("65536", 65536), ("2T", 2 * 10**12)],
)  # fmt: skip
def test_sizes_as_people_write_them(text: str, size: int) -> None:
    """S3.9: `--chunk-size 16GB` and its like; below 4 GiB where FAT asks for it."""
    assert parse_size(text) == size
    assert FAT32 < 4 * 1024**3


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "1XB", "1e9", "10kB", "4GBs", "1_000MB", "٤GB"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_size(text)
    assert (caught.value.code, caught.value.exit_code) == ("size-invalid", 2)


def test_names_are_made_safe() -> None:
    assert stem("opencost-ai 0.1.0+airgap:3.airgap") == "opencost-ai_0.1.0_airgap_3"
    assert stem("...airgap") == "bundle" and len(stem("x" * 300)) == 80


def test_a_bundle_is_read_from_volumes_on_several_media(
    made: Made, stick: Path, tmp_path: Path, target: Target
) -> None:
    media = []
    for number, volume in enumerate(volumes(stick)):
        folder = tmp_path / f"usb{number}"
        folder.mkdir()
        shutil.move(volume, folder / volume.name)
        media.append(folder)
    with open_anywhere(stick, made.policy, media=media[::-1]) as bundle:
        assert verify_all(bundle) == made.bom.payload
        pushed = target.pusher(bundle).push()
    assert pushed.sent > 0 and len(pushed.items) == len(made.bom.items)


def test_in_any_order_one_medium_at_a_time(made: Made, stick: Path, tmp_path: Path, target: Target) -> None:
    """The head is on every medium; each visit loads what is there, and the missing one is asked for by name."""
    head, *rest = volumes(stick)
    seen: list[str] = []
    for volume in [*rest[::-1], *rest]:
        slot = tmp_path / "slot"
        shutil.rmtree(slot, ignore_errors=True)
        slot.mkdir()
        for path in (stick, head, volume):
            shutil.copy(path, slot)
        # what lies across two volumes needs both: the one before is still on this machine's disk
        for earlier in rest[: rest.index(volume)]:
            if volume.name in seen:
                shutil.copy(earlier, slot)
        seen.append(volume.name)
        with open_anywhere(slot / stick.name, made.policy) as bundle:
            try:
                target.pusher(bundle).push()
                break
            except Problem as problem:
                assert problem.code == "volume-missing"
                assert problem.evidence["missing"][0] not in [p.name for p in slot.iterdir()]
                assert "of " in problem.title and target.manifests() == set()
    else:
        pytest.fail("it was never whole")
    with open_anywhere(stick, made.policy) as bundle:
        assert target.pusher(bundle).push().sent == 0


def test_waiting_for_a_medium(made: Made, stick: Path, tmp_path: Path, target: Target) -> None:
    """`--wait`: the load goes on when the medium is inserted, in one pass."""
    missing = volumes(stick)[2]
    away = tmp_path / missing.name
    shutil.move(missing, away)
    said: list[str] = []
    inserted = threading.Event()

    def pause(seconds: float) -> None:
        if not inserted.is_set():
            shutil.move(away, missing)
            inserted.set()

    with open_anywhere(stick, made.policy, ask=waiting(said.append, pause)) as bundle:
        target.pusher(bundle, jobs=1).push()
    assert inserted.is_set() and len(said) == 1 and missing.name in said[0]


def test_waiting_can_be_stopped(made: Made, stick: Path) -> None:
    volumes(stick)[1].unlink()

    def pause(seconds: float) -> None:
        raise Stopped

    ask = waiting(lambda text: None, pause)
    with open_anywhere(stick, made.policy, ask=ask) as bundle, pytest.raises(Stopped):
        verify_all(bundle)


def test_a_damaged_volume_is_named(made: Made, stick: Path, target: Target) -> None:
    """One byte in the middle of one of them: that one is to be copied again, just that one."""
    victim = volumes(stick)[2]
    with open_anywhere(stick, made.policy) as bundle:
        index = bundle.medium.index  # type: ignore[attr-defined]
        volume = index.volumes[2]
        place = next(p for p in made.shape.places if p.start < volume.start + 5000 < p.stop)
    flip(victim, 5000)
    with open_anywhere(stick, made.policy) as bundle, pytest.raises(Problem) as caught:
        target.pusher(bundle).push()
    assert caught.value.code == "volume-damaged"
    assert victim.name in caught.value.title and f"copy {victim.name} again" in caught.value.remedies[0].text
    assert target.manifests() == set() and place.entry.digest.partition(":")[2] not in target.blobs()


def test_a_volume_cut_short(made: Made, stick: Path, target: Target) -> None:
    victim = volumes(stick)[1]
    victim.write_bytes(victim.read_bytes()[:-1])
    with pytest.raises(Problem) as caught:
        open_anywhere(stick, made.policy)
    assert caught.value.code == "volume-damaged" and f"{SIZE - 1} bytes" in caught.value.detail
    assert target.files() == set()


def test_two_volumes_swapped(made: Made, stick: Path, target: Target) -> None:
    one, other = volumes(stick)[1:3]
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)
    with pytest.raises(Problem) as caught, open_anywhere(stick, made.policy) as bundle:
        target.pusher(bundle).push()
    assert caught.value.code == "volume-damaged"
    assert "of the same bundle, under a wrong name" in caught.value.detail
    assert target.manifests() == set()


def test_a_volume_of_another_bundle(made: Made, stick: Path, tmp_path: Path, target: Target) -> None:
    other = make_bundle(tmp_path / "other", made.key, seed="two")
    split(other.path, SIZE, tmp_path / "others", made.key)
    shutil.copy(tmp_path / "others" / "demo.v001", volumes(stick)[1])
    with pytest.raises(Problem) as caught, open_anywhere(stick, made.policy) as bundle:
        target.pusher(bundle).push()
    assert caught.value.code == "volume-damaged" and "demo.v001" in caught.value.title
    assert target.manifests() == set()


def test_the_head_of_another_bundle(made: Made, stick: Path, tmp_path: Path) -> None:
    """Signed by the same vendor, of the same size: still not the one that the index is of."""
    other = make_bundle(tmp_path / "other", made.key, seed="two")
    split(other.path, SIZE, tmp_path / "others", made.key)
    head = volumes(stick)[0]
    shutil.copy(tmp_path / "others" / head.name, head)
    with pytest.raises(Problem) as caught:
        open_anywhere(stick, made.policy)
    assert caught.value.code == "volume-damaged" and head.name in caught.value.title


def test_an_index_that_nobody_trusted_signed(made: Made, stick: Path, tmp_path: Path) -> None:
    split(made.path, SIZE, stick.parent, PrivateKey.make())
    with pytest.raises(Problem) as caught:
        open_anywhere(stick, made.policy)
    assert caught.value.code == "bundle-signer-unknown"


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[" * 99, b'{"payloadType":"x","payload":"","signatures":[]}']
)
def test_an_index_that_is_none(content: bytes, made: Made, stick: Path) -> None:
    stick.write_bytes(content)
    with pytest.raises(Problem) as caught:
        open_anywhere(stick, made.policy)
    assert caught.value.code == "volumes-index-invalid"


@pytest.mark.parametrize(
    "name", ["../demo.v001", "/etc/passwd", "demo.v1", "demo.v001\n", "a" * 200 + ".v001"]
)
def test_names_in_a_signed_index_lead_nowhere(name: str, made: Made, stick: Path) -> None:
    """Even a trusted signer's index names files beside it alone."""
    from wizard.bundle import envelope
    from wizard.bundle.volumes.index import KIND

    value = envelope.from_bytes(stick.read_bytes(), KIND).value()
    value["volumes"][1]["name"] = name
    stick.write_bytes(envelope.seal(KIND, value, made.key).to_bytes())
    with pytest.raises(Problem) as caught:
        open_anywhere(stick, made.policy)
    assert caught.value.code == "volumes-index-invalid"


def test_a_link_is_no_volume(made: Made, stick: Path, tmp_path: Path) -> None:
    victim = volumes(stick)[1]
    shutil.move(victim, tmp_path / "elsewhere")
    victim.symlink_to(tmp_path / "elsewhere")
    with open_anywhere(stick, made.policy) as bundle, pytest.raises(Problem) as caught:
        verify_all(bundle)
    assert caught.value.code == "volume-missing"


def test_joined_again(made: Made, stick: Path, tmp_path: Path) -> None:
    out = tmp_path / "again.airgap"
    medium = open_volumes(stick, made.policy)
    assert join(medium, out) == made.shape.size
    medium.close()
    assert out.read_bytes() == made.path.read_bytes()
    flip(volumes(stick)[3], 0)
    medium = open_volumes(stick, made.policy)
    with pytest.raises(Problem) as caught:
        join(medium, tmp_path / "not.airgap")
    medium.close()
    assert caught.value.code == "volume-damaged"
    assert not (tmp_path / "not.airgap").exists() and not list(tmp_path.glob(".not*"))


def test_the_bundle_in_a_folder_is_found(made: Made, stick: Path) -> None:
    assert located(stick.parent) == stick
    shutil.copy(made.path, stick.parent)
    with pytest.raises(Problem) as caught:
        located(stick.parent)
    assert caught.value.code == "bundle-not-found" and "demo.airgap, demo.volumes" in caught.value.detail


def test_volumes_that_would_be_too_many_or_too_small(made: Made, tmp_path: Path) -> None:
    for size in (made.shape.head - 1, 100):
        with pytest.raises(Problem) as caught:
            split(made.path, size, tmp_path / "x", made.key)
        assert caught.value.code == "size-invalid"
