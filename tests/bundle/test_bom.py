"""The bill of materials: one text for one value, and a reader that takes nothing on trust (S2.13)."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bundle.making import Made
from wizard.bundle import canonical
from wizard.bundle.bom import MOST_BYTES
from wizard.bundle.bom_json import Invalid, from_bytes, to_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
@settings(deadline=None)
def test_canonical_json_is_one_text_for_one_value(value: Any) -> None:
    try:
        data = canonical.encode(value)
    except canonical.NotCanonical:
        return  # a lone surrogate: no UTF-8 can say it
    assert canonical.decode(data) == value
    assert json.loads(data) == value
    assert canonical.encode(json.loads(json.dumps(value, indent=3))) == data


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"b":1,"a":2}', "not sorted"),
        (b'{"a": 1}', "white space"),
        (b'{"a":1,"a":1}', "twice"),
        (b'{"a":1.5}', "no whole number"),
        (b'{"a":1e5}', "no whole number"),
        (b'{"a":NaN}', "no whole number"),
        (b'{"a":9007199254740992}', "too large"),
        (b'{"a":' + b"9" * 5000 + b"}", "too large"),
        (b'{"a":-0}', "not sorted"),
        (b'{"\\u0061":1}', "escapes"),
        (b'{"a":"\xff"}', "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"", "no JSON"),
        (b'{"a":1}\n', "white space"),
    ],
)
def test_what_is_not_canonical_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(canonical.NotCanonical, match=why):
        canonical.decode(text)


def test_it_is_read_as_it_was_written(master: Made) -> None:
    again = from_bytes(master.bom.body)
    assert again == replace(master.bom)
    assert again.body == master.bom.body and again.digest == master.bom.digest
    assert {item.kind for item in again.items} == {"image", "model", "chart", "file"}
    assert all(entry.of for entry in again.entries[2:])


def test_every_blob_has_what_an_auditor_asks_for(master: Made) -> None:
    """S2.13: path, digest, size, media type, platform, purpose, licence."""
    rows = {row["path"]: row for row in to_json(master.bom)["entries"]}
    assert all({"path", "digest", "size", "mediaType", "purpose"} <= set(row) for row in rows.values())
    platforms = {row.get("platform") for row in rows.values()}
    assert {"linux/amd64", "linux/arm64"} <= platforms
    assert any(row.get("licence") == "Apache-2.0" and row["purpose"] == "layer" for row in rows.values())
    assert [row["purpose"] for row in rows.values()].count("weights") == 1


def _changed(master: Made, change: Any) -> bytes:
    data = json.loads(master.bom.body)
    change(data)
    return canonical.encode(data)


HOSTILE = {
    "another version": lambda d: d.update(apiVersion="airgap-wizard/bundle/v9"),
    "an unknown key": lambda d: d.update(run="rm -rf"),
    "an unknown key in an entry": lambda d: d["entries"][3].update(mode="4755"),
    "a path that leads out": lambda d: d["entries"][3].update(path="../../etc/passwd"),
    "an absolute path": lambda d: d["entries"][3].update(path="/etc/passwd"),
    "a path of another digest": lambda d: d["entries"][3].update(path=d["entries"][4]["path"]),
    "a digest that is none": lambda d: d["entries"][3].update(digest="sha256:abc"),
    "an algorithm that is none": lambda d: d["entries"][3].update(digest="md5:" + "0" * 32),
    "a negative size": lambda d: d["entries"][3].update(size=-1),
    "a size that is a truth": lambda d: d["entries"][3].update(size=True),
    "a purpose that is none": lambda d: d["entries"][3].update(purpose="execute"),
    "an entry twice": lambda d: d["entries"].append(d["entries"][3]),
    "entries that are none": lambda d: d.update(entries={}),
    "no entries": lambda d: d.update(entries=[]),
    "no index": lambda d: d["entries"].pop(1),
    "an item that does not exist": lambda d: d["entries"][3].update(of=[99]),
    "an item of no entry": lambda d: d["items"][0].update(digest="sha256:" + "0" * 64),
    "an item whose manifest has another size": lambda d: d["items"][0].update(size=1),
    "an item whose manifest is a layer": lambda d: d["items"][0].update(
        digest=d["entries"][-1]["digest"], size=d["entries"][-1]["size"]
    ),
    "a target that leads out": lambda d: d["items"][0].update(target="../other/repo:1"),
    "a target with a host": lambda d: d["items"][0].update(target="evil.example:5000/x:1"),
    "a target without a tag": lambda d: d["items"][0].update(target="opencost-ai/gateway"),
    "two items for one target": lambda d: d["items"][1].update(target=d["items"][0]["target"]),
    "a text that moves the cursor": lambda d: d["items"][0].update(source="x\x1b[2J"),
    "a text without end": lambda d: d["items"][0].update(source="x" * 5000),
    "a name that is empty": lambda d: d.update(name=""),
    "a hidden text": lambda d: d["chart"].update(note=["\u202eevil"]),
    "a base without a series": lambda d: d.update(base={"receipt": "sha256:" + "0" * 64, "series": []}, absent=[]),
    "a manifest left out": lambda d: d.update(
        base={"receipt": "sha256:" + "0" * 64, "series": [{"bom": "sha256:" + "0" * 64, "name": "a", "version": "1"}]},
        absent=[d["entries"].pop(3)],
    ),
    "nested too deep": lambda d: d.update(chart=_nested(50)),
    "an empty list that need not be there": lambda d: d["items"][0].update(platforms=[]),
    "an empty text that need not be there": lambda d: d["entries"][3].update(platform=""),
    "too many entries": lambda d: d.update(entries=d["entries"] * 1000),
}  # fmt: skip


def _nested(depth: int) -> dict[str, Any]:
    return {"x": _nested(depth - 1)} if depth else {}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_bill_is_refused(name: str, master: Made) -> None:
    with pytest.raises(Invalid) as caught:
        from_bytes(_changed(master, HOSTILE[name]))
    assert str(caught.value).isprintable()


def test_a_bill_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(Invalid, match="the most is"):
        from_bytes(b" " * (MOST_BYTES + 1))


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_noise_is_refused_and_never_crashes(noise: bytes) -> None:
    with pytest.raises(Invalid):
        from_bytes(noise)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_bill_with_one_value_changed_is_refused_or_whole(master: Made, data: st.DataObject) -> None:
    """Whatever stands in one place of it: either it is refused, or it is read as exactly what it says."""
    value = json.loads(master.bom.body)
    place: Any = value
    while isinstance(place, dict | list) and place:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        below = place[key]
        if not isinstance(below, dict | list) or not below or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = below
    try:
        body = canonical.encode(value)
        read = from_bytes(body)
    except (Invalid, canonical.NotCanonical):
        return
    assert read.body == body
