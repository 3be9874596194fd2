"""The bill of materials to and from JSON. Reading checks everything that anybody later relies on."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from wizard.bundle import canonical
from wizard.bundle.bom import (
    API,
    INDEX,
    KINDS,
    LAYOUT,
    MOST_BYTES,
    MOST_ENTRIES,
    PURPOSES,
    Base,
    Bom,
    Entry,
    Item,
    Step,
)
from wizard.oci.digest import is_digest
from wizard.oci.reference import is_repository, is_tag

T = TypeVar("T")
_MOST_TEXT = 1024
_MOST_ITEMS = 5_000
_MOST_SERIES = 1_000
_DEEPEST = 20


class Invalid(ValueError):
    """No valid bill of materials; the message says where and why."""


def to_json(bom: Bom) -> dict[str, Any]:
    """The JSON object; what is empty is left out."""
    found: dict[str, Any] = {
        "apiVersion": API,
        "name": bom.name,
        "version": bom.version,
        "madeBy": bom.made_by,
        "entries": [_entry(entry) for entry in bom.entries],
        "items": [_item(item) for item in bom.items],
        "chart": dict(bom.chart),
        "sweep": dict(bom.sweep),
    }
    if bom.base is not None:
        found["base"] = {
            "receipt": bom.base.receipt,
            "series": [{"bom": s.bom, "name": s.name, "version": s.version} for s in bom.base.series],
        }
        found["absent"] = [_entry(entry) for entry in bom.absent]
    return found


def _entry(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "path": entry.path,
        "digest": entry.digest,
        "size": entry.size,
        "mediaType": entry.media_type,
        "purpose": entry.purpose,
    }
    if entry.platform:
        found["platform"] = entry.platform
    if entry.licence:
        found["licence"] = entry.licence
    if entry.of:
        found["of"] = list(entry.of)
    return found


def _item(item: Item) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": item.kind,
        "source": item.source,
        "target": item.target,
        "ref": item.ref,
        "digest": item.digest,
        "mediaType": item.media_type,
        "size": item.size,
        "total": item.total,
    }
    if item.platforms:
        found["platforms"] = list(item.platforms)
    if item.licence:
        found["licence"] = item.licence
    if item.subject:
        found["subject"] = item.subject
    return found


def from_bytes(body: bytes) -> Bom:
    """A checked bill of materials. Raises Invalid."""
    if len(body) > MOST_BYTES:
        raise Invalid(f"it has {len(body)} bytes, the most is {MOST_BYTES}")
    try:
        data = canonical.decode(body)
    except canonical.NotCanonical as error:
        raise Invalid(str(error)) from None
    top = _Object(data, "")
    if (version := top.text("apiVersion")) != API:
        raise Invalid(f"apiVersion is {version!r}, this program reads {API!r}")
    entries = top.many("entries", _read_entry, MOST_ENTRIES)
    items = top.many("items", _read_item, _MOST_ITEMS)
    base = _read_base(top.object("base")) if "base" in top else None
    absent = top.many("absent", _read_entry, MOST_ENTRIES) if base else ()
    chart, sweep = _plain(top.object("chart")), _plain(top.object("sweep"))
    bom = Bom(
        top.text("name"), top.text("version"), entries, items, absent, base, chart, sweep, top.text("madeBy")
    )
    top.end()
    _check(bom)
    if bom.body != body:  # offsets and identity follow from these bytes: there is one way to say a thing
        raise Invalid("it says in more words than it must (an empty list or text)")
    return bom


def _check(bom: Bom) -> None:
    paths = [entry.path for entry in bom.entries]
    if paths[:2] != [LAYOUT, INDEX]:
        raise Invalid(f"its first entries are not {LAYOUT} and {INDEX}")
    if len(set(paths)) != len(paths):
        raise Invalid("an entry stands twice in it")
    for number, entry in enumerate((*bom.entries[2:], *bom.absent)):
        if entry.path != Entry.blob_path(entry.digest):
            raise Invalid(f"entry {number + 2} has the path {entry.path!r}, which is not that of its digest")
        if any(place >= len(bom.items) for place in entry.of):
            raise Invalid(f"{entry.path} is said to be of an item that does not exist")
    known = {entry.digest for entry in bom.entries}
    absent = {entry.digest for entry in bom.absent}
    if known & absent or len(absent) != len(bom.absent):
        raise Invalid("an entry is both there and absent, or absent twice")
    if any(entry.purpose == "manifest" for entry in bom.absent):
        raise Invalid("a delta leaves out a manifest; it may leave out blobs alone")
    for item in bom.items:
        found = bom.by_digest.get(item.digest)
        if found is None or (found.purpose, found.size) != ("manifest", item.size):
            raise Invalid(f"the manifest {item.digest} of {item.source} is no entry of it")
    targets = [item.target for item in bom.items]
    if len(set(targets)) != len(targets):
        raise Invalid("two items have the same target")


def _read_entry(found: "_Object") -> Entry:
    entry = Entry(
        found.text("path"),
        found.digest("digest"),
        found.number("size"),
        found.text("mediaType", empty=True),
        found.one_of("purpose", PURPOSES),
        found.text("platform", optional=True),
        found.text("licence", optional=True),
        found.numbers("of") if "of" in found else (),
    )
    found.end()
    return entry


def _read_item(found: "_Object") -> Item:
    item = Item(
        found.one_of("kind", KINDS),
        found.text("source"),
        found.text("target"),
        found.text("ref"),
        found.digest("digest"),
        found.text("mediaType"),
        found.number("size"),
        found.number("total"),
        found.texts("platforms") if "platforms" in found else (),
        found.text("licence", optional=True),
        found.digest("subject") if "subject" in found else "",
    )
    found.end()
    if not is_repository(item.repository) or not (is_tag(item.tag)):
        raise Invalid(f"{found.where}: target {item.target!r} is no REPOSITORY:TAG")
    return item


def _read_base(found: "_Object") -> Base:
    base = Base(found.digest("receipt"), found.many("series", _read_step, _MOST_SERIES))
    found.end()
    if not base.series:
        raise Invalid("base.series is empty")
    return base


def _read_step(found: "_Object") -> Step:
    step = Step(found.digest("bom"), found.text("name"), found.text("version"))
    found.end()
    return step


def _plain(found: "_Object") -> Mapping[str, Any]:
    """Free-form data for people: texts are checked, nothing is relied on."""

    def look(value: Any, where: str, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise Invalid(f"{found.where} is nested more than {_DEEPEST} deep")
        if isinstance(value, dict):
            for key, below in value.items():
                look(key, where, depth + 1)
                look(below, f"{where}.{key[:40]}", depth + 1)
        elif isinstance(value, list):
            for below in value:
                look(below, where, depth + 1)
        elif isinstance(value, str):
            _printable(value, where)

    look(found.data, found.where)
    return found.data


def _printable(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise Invalid(f"{where} is no text")
    if len(value) > _MOST_TEXT:
        raise Invalid(f"{where} has more than {_MOST_TEXT} characters")
    if not value.isprintable():  # nothing here may move a cursor or hide in a terminal
        raise Invalid(f"{where} has characters that do not print")
    return value


class _Object:
    """A JSON object that is taken apart key by key; what is left over is refused by `end`."""

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, dict):
            raise Invalid(f"{where or 'the whole'} is no object")
        self.data: dict[str, Any] = data
        self.where = where
        self._left = set(data)

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def _take(self, key: str) -> tuple[Any, str]:
        where = f"{self.where}.{key}".lstrip(".")
        if key not in self.data:
            raise Invalid(f"{where} is missing")
        self._left.discard(key)
        return self.data[key], where

    def end(self) -> None:
        if self._left:
            raise Invalid(f"{self.where or 'the whole'} has the unknown key {ascii(min(self._left))[:80]}")

    def text(self, key: str, *, optional: bool = False, empty: bool = False) -> str:
        if optional and key not in self.data:
            return ""
        value, where = self._take(key)
        found = _printable(value, where)
        if not found and not empty:
            raise Invalid(f"{where} is empty")
        return found

    def digest(self, key: str) -> str:
        value, where = self._take(key)
        if not isinstance(value, str) or not is_digest(value):
            raise Invalid(f"{where} is no sha256 or sha512 digest")
        return value

    def number(self, key: str) -> int:
        value, where = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise Invalid(f"{where} is no positive number")
        return value

    def numbers(self, key: str) -> tuple[int, ...]:
        value, where = self._take(key)
        if not isinstance(value, list) or not all(type(n) is int and n >= 0 for n in value):
            raise Invalid(f"{where} is no list of positive numbers")
        return tuple(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value, where = self._take(key)
        if not isinstance(value, list):
            raise Invalid(f"{where} is no list")
        return tuple(_printable(one, where) for one in value)

    def one_of(self, key: str, known: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in known:
            raise Invalid(f"{self.where}.{key} is {value!r}, none of {', '.join(known)}")
        return value

    def object(self, key: str) -> "_Object":
        return _Object(*self._take(key))

    def many(self, key: str, read: "Callable[[_Object], T]", most: int) -> "tuple[T, ...]":
        value, where = self._take(key)
        if not isinstance(value, list):
            raise Invalid(f"{where} is no list")
        if len(value) > most:
            raise Invalid(f"{where} has {len(value)} values, the most is {most}")
        return tuple(read(_Object(one, f"{where}[{place}]")) for place, one in enumerate(value))
