"""Accepted signatures over an archive that is built otherwise: refused before any content is read, with nothing written."""

import os
from collections.abc import Callable

import pytest

from tests.bundle.hostile import seal, spoiled
from tests.bundle.loading import Target
from tests.bundle.making import Made, Watched, flip
from wizard.bundle.archive import tarhead
from wizard.bundle.archive.opening import open_bundle
from wizard.engine.problems import Problem


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
        seal(block)
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
