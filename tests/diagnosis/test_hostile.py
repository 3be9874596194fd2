"""A bundle made to harm: strange types, a million events, control codes, depth. It is read, bounded, and told of."""

import io
import json
import random
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from tests.diagnosis.site import SPACE, bundle, case, names
from wizard.diagnosis.diagnose import diagnose
from wizard.diagnosis.text import lines
from wizard.diagnosis.timeline import lines as moments
from wizard.diagnosis.timeline import timeline
from wizard.support.format import Bundle
from wizard.support.read import read
from wizard.support.scene import scene_of

STRANGE: tuple[Any, ...] = (
    None,
    [],
    {},
    "",
    "x",
    0,
    -1,
    True,
    1e400,
    [[]],
    [None],
    {"a": None},
    "\x00\x1b[2J",
    "9" * 5000,
)


def mangled(value: Any, chance: random.Random) -> Any:
    """The same with parts of it replaced by what nobody expects there."""
    if chance.random() < 0.06:
        return chance.choice(STRANGE)
    if isinstance(value, dict):
        return {k: mangled(v, chance) for k, v in value.items()}
    if isinstance(value, list):
        return [mangled(v, chance) for v in value]
    return value


@pytest.mark.parametrize("seed", range(40))
def test_values_of_any_type_break_nothing(seed: int) -> None:
    chance = random.Random(seed)
    whole = bundle(case(chance.choice(names())))
    files = {}
    for name, content in whole.files.items():
        if name.endswith(".json"):
            content = json.dumps(mangled(json.loads(content), chance)).encode()
        elif name.endswith(".jsonl"):
            rows = [mangled(json.loads(row), chance) for row in content.splitlines()]
            content = b"\n".join(json.dumps(row).encode() for row in rows)
        files[name] = content
    scene = scene_of(Bundle(whole.manifest, files))
    lines(diagnose(scene))
    moments(timeline(scene))


@pytest.mark.parametrize("seed", range(10))
def test_bytes_at_random_break_nothing(seed: int) -> None:
    chance = random.Random(seed)
    whole = bundle(case(chance.choice(names())))
    files = {}
    for name, content in whole.files.items():
        raw = bytearray(content)
        for _ in range(chance.randrange(0, 6)):
            if raw:
                raw[chance.randrange(len(raw))] = chance.randrange(256)
        files[name] = bytes(raw)
    lines(diagnose(scene_of(Bundle(whole.manifest, files))))


def test_a_million_events_in_a_member_are_not_even_parsed(tmp_path: Path) -> None:
    event = b'{"kind":"Event","metadata":{"name":"e"},"message":"x"},'
    big = b'{"items":[' + event * 1_000_000 + b"{}]}"
    path = tmp_path / "s.tar"
    with tarfile.open(path, "w") as tar:
        for name, data in [
            ("manifest.json", json.dumps({"format": "airgap-wizard/support-bundle", "version": 1}).encode()),
            (f"cluster/{SPACE}/Event.json", big),
            (f"cluster/{SPACE}/Secret.json", json.dumps({"items": []}).encode()),
        ]:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    began = time.monotonic()
    found = read(path)
    diagnose(scene_of(found))
    assert time.monotonic() - began < 20
    assert any("Event.json" in note and "more than" in note for note in found.notes)


def test_many_events_that_do_fit_take_seconds() -> None:
    whole = bundle(case("pull-secret-missing"))
    items = json.loads(whole.files[f"cluster/{SPACE}/Event.json"])["items"]
    filler = {**items[0], "involvedObject": {"kind": "Pod", "name": "other"}}
    many = [{**filler, "metadata": {"name": f"x{n}", "namespace": SPACE}} for n in range(30_000)]
    files = {**whole.files, f"cluster/{SPACE}/Event.json": json.dumps({"items": [*many, *items]}).encode()}
    began = time.process_time()
    found = diagnose(scene_of(Bundle(whole.manifest, files)))
    assert found.causes[0].code == "pull-secret-missing"
    assert time.process_time() - began < 20


def test_no_control_code_of_a_bundle_reaches_the_terminal() -> None:
    given = case("quota")
    given["events"][0]["message"] += "\x1b]0;owned\x07\x1b[2J\r\n\u202e\u200b"
    whole = bundle(given)
    scene = scene_of(whole)
    printed = "\n".join([*lines(diagnose(scene)), *moments(timeline(scene))])
    assert "exceeded quota" in printed
    assert all(c.isprintable() or c == "\n" for c in printed)


def test_depth_is_no_way_in() -> None:
    whole = bundle(case("healthy"))
    deep = b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    files = {
        **whole.files,
        f"cluster/{SPACE}/Pod.json": deep,
        "helm/release.json": deep,
        "run/journal.jsonl": deep,
    }
    found = diagnose(scene_of(Bundle(whole.manifest, files)))
    assert any("Pod.json cannot be read" in note for note in found.notes)
