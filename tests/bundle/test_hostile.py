"""Bundles that must not be accepted: each refused with its own problem, nothing written, and nothing of the payload
read before the signatures were accepted (S2.14, S2.15)."""

import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bundle.loading import Target, registry
from tests.bundle.making import DAY, NOW, Made, Watched, day, flip, make_bundle, write_policy
from wizard.bundle import signatures
from wizard.bundle.archive import tarhead
from wizard.bundle.archive.head import read_head
from wizard.bundle.archive.medium import FileMedium
from wizard.bundle.archive.opening import open_bundle
from wizard.bundle.archive.reading import verify_all
from wizard.bundle.archive.shape import BOM_NAME, payload_at
from wizard.bundle.archive.writer import head_bytes, rewrite_signatures
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.signatures import ROOM
from wizard.bundle.trust.policy import Policy, read_policy
from wizard.engine.problems import Problem


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    with registry(tmp_path / "registry") as found:
        yield found


def refuse(path: Path, policy: Policy, target: Target, now: float = NOW) -> Problem:
    """Open and load; it must be refused before a byte of the payload is read, with nothing written."""
    before = target.files()
    medium = Watched(path)
    with pytest.raises(Problem) as caught, open_bundle(medium, policy, lambda: now) as bundle:
        target.pusher(bundle).push()
    end = payload_at(len(head_of(path))) if path.stat().st_size > 512 else 0
    assert medium.furthest <= max(end, 512), "it was read beyond its head"
    assert target.files() == before == set()
    assert caught.value.exit_code in (2, 3)
    return caught.value


def head_of(path: Path) -> bytes:
    """The bill of materials as far as its header says where it ends; b"" where it says nothing."""
    with path.open("rb") as file:
        size = tarhead.size_of(file.read(512), BOM_NAME)
        return file.read(size) if size is not None and size < 1 << 24 else b""


# --- who signed, and when


def test_unsigned(tmp_path: Path, target: Target) -> None:
    made = make_bundle(tmp_path / "x", signed=False)
    assert refuse(made.path, made.policy, target).code == "bundle-unsigned"


def test_signed_by_an_unknown_key(made: Made, target: Target, tmp_path: Path) -> None:
    other = read_policy(write_policy(tmp_path, {"vendor": PrivateKey.make()}))
    assert refuse(made.path, other, target).code == "bundle-signer-unknown"


def test_signed_by_an_expired_key_or_one_that_is_not_valid_yet(
    made: Made, target: Target, tmp_path: Path
) -> None:
    """S2.20."""
    expired = read_policy(write_policy(tmp_path, {"vendor": made.key}, ends=day(-1)))
    assert refuse(made.path, expired, target).code == "bundle-key-expired"
    early = read_policy(write_policy(tmp_path, {"vendor": made.key}, begins=day(1)))
    assert refuse(made.path, early, target).code == "bundle-key-not-yet-valid"


def test_without_a_required_authority(made: Made, target: Target, tmp_path: Path) -> None:
    """S2.18: the vendor signed, the site must have as well; the other way round too."""
    site = PrivateKey.make()
    both = read_policy(write_policy(tmp_path, {"vendor": made.key, "site": site}, site="required: true"))
    assert refuse(made.path, both, target).code == "bundle-authority-missing"
    vendor = read_policy(write_policy(tmp_path, {"vendor": site, "site": made.key}))
    assert refuse(made.path, vendor, target).code == "bundle-authority-missing"


def test_a_clock_in_1970(made: Made, target: Target) -> None:
    problem = refuse(made.path, made.policy, target, now=12 * 3600.0)
    assert problem.code == "clock-implausible"
    assert "1970" in problem.title


def test_a_clock_before_the_policy(made: Made, target: Target) -> None:
    problem = refuse(made.path, made.policy, target, now=NOW - 100 * DAY)
    assert problem.code == "bundle-key-not-yet-valid" and "clock seems to be behind" in problem.detail


# --- the head


@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_one_byte_of_the_bill_changed(where: str, made: Made, target: Target) -> None:
    size = len(made.bom.body)
    flip(made.path, 512 + {"first": 0, "middle": size // 2, "last": size - 1}[where])
    assert refuse(made.path, made.policy, target).code == "bundle-signature-wrong"


def test_every_byte_of_the_bill_counts(made: Made, target: Target) -> None:
    for offset in range(0, len(made.bom.body), 97):
        flip(made.path, 512 + offset)
        with pytest.raises(Problem) as caught:
            open_bundle(made.path, made.policy)
        assert caught.value.code == "bundle-signature-wrong"
        flip(made.path, 512 + offset)
    open_bundle(made.path, made.policy).close()


def test_a_bill_of_ten_million_lines(tmp_path: Path, target: Target, master: Made) -> None:
    """Its header says how large it is: refused before it is read, in no time and no memory."""
    path = tmp_path / "huge.airgap"
    size = 10_000_000 * 80
    with path.open("wb") as file:
        file.write(tarhead.header(BOM_NAME, size))
        file.truncate(512 + size + 1024 + ROOM)  # sparse
    medium = Watched(path)
    with pytest.raises(Problem) as caught:
        open_bundle(medium, master.policy)
    assert caught.value.code == "bundle-bom-invalid" and "it was not read" in caught.value.detail
    assert medium.reads == [(0, 512)]
    assert target.files() == set()


def test_ten_million_lines_that_are_signed(tmp_path: Path, target: Target) -> None:
    """Signed by somebody trusted, and as large as the bound lets it be: not canonical, so refused."""
    key = PrivateKey.make()
    body = b'{"a":[' + b"1,\n" * 2_000_000 + b"1]}"
    path = tmp_path / "lines.airgap"
    path.write_bytes(head_bytes(path, body, (signatures.sign(key, body),)) + bytes(4096))
    policy = read_policy(write_policy(tmp_path, {"vendor": key}))
    assert refuse(path, policy, target).code == "bundle-bom-invalid"


def _rename(made: Made, offset: int, name: bytes) -> None:
    """Another name in the header at `offset`, its checksum mended: what a liar would write."""
    with made.path.open("r+b") as file:
        file.seek(offset)
        block = bytearray(file.read(512))
        block[0:100] = name.ljust(100, b"\0")
        _seal(block)
        file.seek(offset)
        file.write(block)


def _seal(block: bytearray) -> None:
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)


def test_another_first_entry(made: Made, target: Target) -> None:
    _rename(made, 0, b"airgap/../bom.json")
    assert refuse(made.path, made.policy, target).code == "bundle-not-one"


def test_another_second_entry(made: Made, target: Target) -> None:
    _rename(made, made.shape.signatures, b"airgap/evil")
    assert refuse(made.path, made.policy, target).code == "bundle-malformed"


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b'{"signatures":{}}', b'{"signatures":[1]}', b"[" * ROOM, b"\xff" * 9],
    ids=range(6),
)
def test_signatures_that_are_none(content: bytes, made: Made, target: Target) -> None:
    with made.path.open("r+b") as file:
        file.seek(made.shape.signatures + 512)
        file.write(content.ljust(ROOM, b" "))
    assert refuse(made.path, made.policy, target).code == "bundle-malformed"


def test_things_that_are_no_bundle(tmp_path: Path, master: Made, target: Target) -> None:
    empty, noise, plain = tmp_path / "empty", tmp_path / "noise", tmp_path / "plain.tar"
    empty.write_bytes(b"")
    noise.write_bytes(os.urandom(2000))
    with tarfile.open(plain, "w") as tar:
        tar.add(noise, "noise")
    for path in (empty, noise, plain):
        assert refuse(path, master.policy, target).code == "bundle-not-one"


def test_devices_and_pipes_are_not_read(tmp_path: Path, master: Made) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(Problem) as caught:
            open_bundle(path, master.policy)
        assert caught.value.code == "bundle-not-one"
    with pytest.raises(Problem) as caught:
        open_bundle(tmp_path / "none", master.policy)
    assert (caught.value.code, caught.value.exit_code) == ("bundle-not-found", 2)


# --- the payload: accepted signatures, but not what they are for


def spoiled(path: Path, policy: Policy, target: Target, code: str) -> Problem:
    """Refused when the structure is checked: before any content is read, with nothing written."""
    with pytest.raises(Problem) as caught, open_bundle(path, policy) as bundle:
        target.pusher(bundle).push()
    assert caught.value.code == code
    assert target.files() == set()
    return caught.value


def test_truncated_at_every_record_boundary(made: Made, target: Target) -> None:
    """Cut before, inside and after every entry; the size alone tells."""
    cuts = {
        0,
        1,
        511,
        512,
        made.shape.signatures,
        made.shape.payload,
        made.shape.size - 1,
        made.shape.size - 512,
    }
    for place in made.shape.places:
        cuts |= {place.header, place.start, place.start + 1, place.stop}
    whole = made.path.read_bytes()
    for cut in sorted(cuts, reverse=True):
        os.truncate(made.path, cut)
        medium = Watched(made.path)
        with pytest.raises(Problem) as caught:
            open_bundle(medium, made.policy)
        assert caught.value.code == ("bundle-truncated" if cut >= 512 else "bundle-not-one"), cut
        assert medium.furthest <= made.shape.payload
    assert target.files() == set()
    made.path.write_bytes(whole + b"\0")
    assert spoiled(made.path, made.policy, target, "bundle-truncated").evidence["got"] == len(whole) + 1


def test_truncation_names_the_entry(made: Made) -> None:
    place = made.shape.places[-3]
    os.truncate(made.path, place.start + 5)
    with pytest.raises(Problem) as caught:
        open_bundle(made.path, made.policy)
    assert place.entry.path in caught.value.detail


def test_entries_out_of_order(made: Made, target: Target) -> None:
    """Two entries of one size change places."""
    size = {}
    for place in made.shape.places:
        other = size.setdefault((place.entry.size, place.start - place.header), place)
        if other is not place:
            break
    else:
        pytest.fail("no two entries of one size")
    data = bytearray(made.path.read_bytes())
    a, b = slice(other.header, other.stop), slice(place.header, place.stop)
    data[a], data[b] = data[b], data[a]
    made.path.write_bytes(data)
    assert other.entry.path in spoiled(made.path, made.policy, target, "bundle-malformed").detail


HEADERS: dict[str, Callable[[bytearray], None]] = {
    "a name that leads out": lambda h: h.__setitem__(slice(0, 100), b"../../etc/cron.d/x".ljust(100, b"\0")),
    "an absolute name": lambda h: h.__setitem__(slice(0, 100), b"/etc/passwd".ljust(100, b"\0")),
    "a prefix": lambda h: h.__setitem__(slice(345, 351), b"../../"),
    "a symbolic link": lambda h: h.__setitem__(slice(156, 168), b"2/etc/shadow"),
    "a hard link": lambda h: h.__setitem__(slice(156, 168), b"1/etc/shadow"),
    "a character device": lambda h: h.__setitem__(slice(156, 157), b"3"),
    "a folder": lambda h: h.__setitem__(slice(156, 157), b"5"),
    "a FIFO": lambda h: h.__setitem__(slice(156, 157), b"6"),
    "a sparse file": lambda h: h.__setitem__(slice(156, 157), b"S"),
    "an extended header": lambda h: h.__setitem__(slice(156, 157), b"x"),
    "a global extended header": lambda h: h.__setitem__(slice(156, 157), b"g"),
    "a long name of GNU's": lambda h: h.__setitem__(slice(156, 157), b"L"),
    "a huge size": lambda h: h.__setitem__(slice(124, 136), b"77777777777\0"),
    "a size of base 256": lambda h: h.__setitem__(slice(124, 136), b"\x80" + b"\xff" * 11),
    "a negative size": lambda h: h.__setitem__(slice(124, 136), b"\xff" * 12),
    "set-uid": lambda h: h.__setitem__(slice(100, 108), b"0004755\0"),
    "another owner": lambda h: h.__setitem__(slice(108, 116), b"0001750\0"),
    "a time": lambda h: h.__setitem__(slice(136, 148), b"14000000000\0"),
    "GNU's magic": lambda h: h.__setitem__(slice(257, 265), b"ustar  \0"),
}


@pytest.mark.parametrize("name", list(HEADERS))
def test_headers_that_lie(name: str, made: Made, target: Target) -> None:
    """A header is compared, never interpreted: whatever else it says is refused before content is read."""
    place = made.shape.places[-2]
    with made.path.open("r+b") as file:
        file.seek(place.header)
        block = bytearray(file.read(512))
        HEADERS[name](block)
        _seal(block)
        file.seek(place.header)
        file.write(block)
    problem = spoiled(made.path, made.policy, target, "bundle-malformed")
    assert f"at byte {place.header}" in problem.detail


def test_something_hidden_in_the_padding_or_after_the_end(made: Made, target: Target) -> None:
    place = next(p for p in made.shape.places if p.entry.size % 512)
    for offset in (place.stop, made.shape.size - 700, made.shape.size - 1):
        flip(made.path, offset)
        spoiled(made.path, made.policy, target, "bundle-malformed")
        flip(made.path, offset)


def test_a_pax_bomb_between_the_entries(made: Made, target: Target) -> None:
    """Megabytes of extended headers put in: every entry after them is elsewhere, and the size is another."""
    data = made.path.read_bytes()
    place = made.shape.places[3]
    record = b"30 comment=" + b"x" * 18 + b"\n"
    bomb = tarhead.header("././@PaxHeader", 1 << 20)[:156] + b"x" + bytes(355) + record * (1 << 15)
    made.path.write_bytes(data[: place.header] + bomb + data[place.header :])
    spoiled(made.path, made.policy, target, "bundle-truncated")


# --- content


@pytest.mark.parametrize("where", ["start", "middle", "end"])
@pytest.mark.parametrize("purpose", ["layer", "weights", "config", "chart", "file"])
def test_one_byte_of_a_blob_changed(where: str, purpose: str, made: Made, target: Target) -> None:
    """Nothing of the blob is kept, no manifest or tag of the whole bundle is published."""
    place = next(p for p in made.shape.places if p.entry.purpose == purpose)
    size = place.entry.size
    flip(made.path, place.start + {"start": 0, "middle": size // 2, "end": size - 1}[where])
    with open_bundle(made.path, made.policy) as bundle:
        with pytest.raises(Problem) as caught:
            target.pusher(bundle).push()
        assert caught.value.code == "bundle-blob-damaged"
        assert caught.value.evidence["entry"] == place.entry.path
        with pytest.raises(Problem) as caught:
            verify_all(bundle)
        assert caught.value.code == "bundle-blob-damaged"
    assert target.manifests() == set()
    assert place.entry.digest.partition(":")[2] not in target.blobs()


def test_a_manifest_changed(made: Made, target: Target) -> None:
    place = next(p for p in made.shape.places if p.entry.purpose == "manifest")
    flip(made.path, place.start + 20)
    with open_bundle(made.path, made.policy) as bundle, pytest.raises(Problem) as caught:
        target.pusher(bundle).push()
    assert caught.value.code == "bundle-blob-damaged"
    assert target.manifests() == set()


def test_nothing_after_a_damaged_blob_is_used(made: Made, target: Target) -> None:
    """With one load at a time, the blobs that follow are not even read."""
    places = [p for p in made.shape.places if p.entry.purpose not in ("layout", "index", "manifest")]
    flip(made.path, places[2].start)
    medium = Watched(made.path)
    with open_bundle(medium, made.policy) as bundle:
        medium.reads.clear()
        with pytest.raises(Problem):
            target.pusher(bundle, jobs=1).push()
    assert medium.furthest <= places[3].start
    assert target.blobs() == {p.entry.digest.partition(":")[2] for p in places[:2]}


# --- whatever else


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_changed_byte_anywhere_is_found(master: Made, tmp_path: Path, data: st.DataObject) -> None:
    """Anywhere in the file but in the room for signatures, where it is found or does not matter."""
    path = tmp_path / "spoiled.airgap"
    shutil.copyfile(master.path, path)
    offset = data.draw(st.integers(0, master.shape.size - 1))
    flip(path, offset)
    try:
        with open_bundle(path, master.policy) as bundle:
            verify_all(bundle)
    except Problem as problem:
        assert problem.code.startswith("bundle-"), problem
        return
    finally:
        path.unlink()
    # the text around the signatures is not signed: a key's hint, white space
    assert master.shape.signatures + 512 <= offset < master.shape.payload


@given(
    head=st.binary(max_size=1500),
    cut=st.integers(0, 400_000),
    patch=st.binary(min_size=1, max_size=700),
    at=st.integers(0, 400_000),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_reader_refuses_and_never_crashes(
    master: Made, tmp_path: Path, head: bytes, cut: int, patch: bytes, at: int
) -> None:
    """Noise in front, cut anywhere, overwritten anywhere."""
    path = tmp_path / "noise.airgap"
    whole = master.path.read_bytes()
    for content in (head, head + whole[512:], whole[:cut], whole[:at] + patch + whole[at + len(patch) :]):
        path.write_bytes(content)
        try:
            with open_bundle(path, master.policy) as bundle:
                verify_all(bundle)
        except Problem as problem:
            assert problem.code.startswith("bundle-")


@given(content=st.binary(max_size=3000))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hostile_text_for_the_signatures(made: Made, content: bytes) -> None:
    with made.path.open("r+b") as file:
        file.seek(made.shape.signatures + 512)
        file.write(content.ljust(ROOM))
    with pytest.raises(Problem) as caught:
        open_bundle(made.path, made.policy)
    assert caught.value.code in (
        "bundle-malformed",
        "bundle-unsigned",
        "bundle-signer-unknown",
        "bundle-signature-wrong",
    )


def test_the_head_can_be_signed_again_after_all_that(made: Made) -> None:
    """A room for signatures that was torn by a crash is no loss: the bundle is signed again."""
    with made.path.open("r+b") as file:
        file.seek(made.shape.signatures + 512)
        file.write(bytes(ROOM))
    with pytest.raises(Problem):
        open_bundle(made.path, made.policy)
    body = head_of(made.path)
    rewrite_signatures(made.path, len(body), (signatures.sign(made.key, body, "vendor"),))
    medium = FileMedium(made.path)
    assert read_head(medium).bom == body
    medium.close()
    open_bundle(made.path, made.policy).close()
