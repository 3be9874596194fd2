"""Ollama's store on disk: found, listed, read, checked."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.stores import LICENCE, FakeStore, tiny_gguf
from wizard.engine.events import Move, Moved
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop
from wizard.model import manifest as m
from wizard.model.layers import file_names, modelfile_of
from wizard.model.licence import require_licence
from wizard.model.manifest import parse_manifest
from wizard.model.modelfile import parse
from wizard.model.names import ModelName
from wizard.model.store import describe, find_store, model_names, verify_store

NAME = ModelName.parse("granite4.1:8b")


def test_the_store_is_found(tmp_path: Path) -> None:
    """S1.14: the one that is named, else $OLLAMA_MODELS, else ~/.ollama/models."""
    home, other, named = tmp_path / "home", tmp_path / "other", tmp_path / "named"
    for path in (home / ".ollama" / "models", other, named):
        (path / "manifests").mkdir(parents=True)
    assert find_store(named, {"HOME": str(home), "OLLAMA_MODELS": str(other)}) == named
    assert find_store(None, {"HOME": str(home), "OLLAMA_MODELS": f'"{other}"'}) == other
    assert find_store(None, {"HOME": str(home)}) == home / ".ollama" / "models"


def test_a_store_that_is_not_there_is_named_with_one_nearby(tmp_path: Path) -> None:
    (tmp_path / ".ollama" / "models" / "manifests").mkdir(parents=True)
    with pytest.raises(Problem, match="model-store-not-found") as caught:
        find_store(tmp_path)
    assert caught.value.exit_code == 2
    assert caught.value.remedies[0].command.endswith(f" --store {tmp_path / '.ollama' / 'models'}")


def test_models_are_listed_and_apple_doubles_are_not(store: FakeStore) -> None:
    """A macOS copy leaves `._8b` beside `8b`; Ollama stumbles over it, we do not."""
    store.model("granite4.1:8b")
    store.model("team/other:1")
    beside = store.root / "manifests" / NAME.path
    (beside.parent / "._8b").write_bytes(b"\x00\x05\x16\x07")
    (beside.parent / ".DS_Store").write_bytes(b"x")
    assert [str(name) for name in model_names(store.root)] == ["granite4.1:8b", "team/other:1"]
    assert describe(store.root, NAME).name == NAME


@pytest.mark.parametrize("pretty", [False, True])
def test_a_manifest_is_read_in_either_form(store: FakeStore, pretty: bool) -> None:
    store.model(pretty=pretty, origin="/tmp/where/it/came/from")
    model = describe(store.root, NAME)
    assert model.manifest.raw == (store.root / "manifests" / NAME.path).read_bytes()
    assert [layer.kind for layer in model.manifest.layers] == [
        "model",
        "template",
        "system",
        "params",
        "license",
    ]
    assert model.gguf.read_bytes() == tiny_gguf()
    assert len(model.id) == 12


def test_a_model_is_found_whatever_the_case(store: FakeStore) -> None:
    store.model("Granite4.1:8B")
    assert str(describe(store.root, NAME).name) == "Granite4.1:8B"


def test_a_model_that_is_not_there(store: FakeStore) -> None:
    store.model("tiny:1")
    with pytest.raises(Problem, match="model-not-in-store") as caught:
        describe(store.root, NAME)
    assert "tiny:1" in caught.value.detail
    assert caught.value.remedies[0].command == "ollama pull granite4.1:8b"


@pytest.mark.parametrize("kinds", [(), (m.MODEL, m.MODEL)])
def test_exactly_one_layer_of_weights(store: FakeStore, kinds: tuple[str, ...]) -> None:
    """S1.14."""
    layers = [store.blob(bytes([n]), kind) for n, kind in enumerate(kinds)]
    config = store.blob(b"{}", m.CONFIG_TYPE)
    raw = json.dumps({"schemaVersion": 2, "config": config, "layers": layers}).encode()
    with pytest.raises(Problem, match="model-not-one-gguf") as caught:
        parse_manifest(raw, "it")
    assert f"{len(kinds)} layers of weights" in caught.value.title


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["config", "layers", "digest", "size", "mediaType"]), x)))  # fmt: skip
def test_no_json_crashes_the_reader(data: object) -> None:
    with pytest.raises(Problem, match=r"model-manifest-damaged|model-not-one-gguf"):
        parse_manifest(json.dumps(data).encode(), "it")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\x05\x16\x07",
        b"[" * 100_000,
        b" " * (m.LIMIT + 1),
        b'{"config":{"mediaType":"x","digest":"sha256:../../etc/passwd","size":1},"layers":[]}',
        b'{"config":{"mediaType":"x","digest":"sha256:' + b"a" * 64 + b'","size":true},"layers":[]}',
        b'{"config":{"mediaType":"x","digest":"sha256:' + b"a" * 64 + b'","size":-1},"layers":[]}',
    ],
)
def test_a_damaged_manifest_is_refused(raw: bytes) -> None:
    with pytest.raises(Problem, match="model-manifest-damaged"):
        parse_manifest(raw, "it")


def test_a_whole_model_is_verified_blob_by_blob(store: FakeStore) -> None:
    store.model(gguf=tiny_gguf(padding=20 << 20))
    seen: list[Moved] = []
    verify_store(store.root, NAME, seen.append)
    assert sum(event.move is Move.VERIFIED for event in seen) == 6
    weights = [event.done for event in seen if event.item.startswith("model")]
    assert weights == sorted(weights)
    assert len(weights) >= 2


def test_a_missing_blob_is_named(store: FakeStore) -> None:
    store.model()
    gone = describe(store.root, NAME).gguf
    gone.unlink()
    with pytest.raises(Problem, match="model-blob-missing") as caught:
        verify_store(store.root, NAME)
    assert str(gone) in caught.value.detail
    assert "ollama pull granite4.1:8b" in caught.value.remedies[0].command


@pytest.mark.parametrize("damage", [lambda raw: raw[:-1], lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])])
def test_a_damaged_blob_is_named(store: FakeStore, damage) -> None:
    store.model()
    path = describe(store.root, NAME).gguf
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Problem, match="model-blob-damaged") as caught:
        verify_store(store.root, NAME)
    assert str(path) in caught.value.detail
    assert f"rm {path}" in caught.value.remedies[0].command


def test_verifying_can_be_stopped(store: FakeStore) -> None:
    store.model()
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped):
        verify_store(store.root, NAME, stop=stop)


def test_the_modelfile_says_what_the_layers_say(store: FakeStore) -> None:
    """S1.19: template, system, every parameter and the licence; nothing is invented."""
    store.model()
    rendered = modelfile_of(describe(store.root, NAME))
    assert rendered.losses == ()
    found = [(one.name, one.key, one.value) for one in parse(rendered.text)]
    assert found == [
        ("from", "", "./granite4.1-8b.gguf"),
        ("template", "", '{{ if .System }}{{ .System }}\n{{ end }}{{ .Prompt }} "quoted"'),
        ("system", "", "You answer questions about cost.\n"),
        ("parameter", "temperature", "0.7"),
        ("parameter", "num_ctx", "4096"),
        ("parameter", "stop", "<|end|>"),
        ("parameter", "stop", " a b"),
        ("license", "", "Apache License\nVersion 2.0\n"),
    ]


def test_adapters_projectors_messages_and_parsers_are_in_the_modelfile(store: FakeStore) -> None:
    messages = json.dumps(
        [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "what?"}]
    ).encode()
    layers = [
        (m.PROJECTOR, b"p"),
        (m.ADAPTER, b"a"),
        (m.ADAPTER, b"b"),
        (m.MESSAGES, messages),
        (m.LICENSE, b"1"),
        (m.LICENSE, b"2"),
    ]
    store.model(layers=layers, config={"renderer": "granite", "parser": "granite", "requires": "0.14.0"})
    model = describe(store.root, NAME)
    assert list(file_names(model).values()) == [
        "granite4.1-8b.gguf", "granite4.1-8b.projector", "granite4.1-8b.adapter", "granite4.1-8b.adapter2",
    ]  # fmt: skip
    assert modelfile_of(model).text.splitlines() == [
        "FROM ./granite4.1-8b.gguf", "FROM ./granite4.1-8b.projector", "ADAPTER ./granite4.1-8b.adapter",
        "ADAPTER ./granite4.1-8b.adapter2", "RENDERER granite", "PARSER granite", "REQUIRES 0.14.0",
        "MESSAGE user hi", "MESSAGE assistant what?", "LICENSE 1", "LICENSE 2",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [m.PARAMS, m.MESSAGES])
def test_a_layer_that_is_not_what_its_type_says(store: FakeStore, kind: str) -> None:
    store.model(layers=[(kind, b"[not json")])
    with pytest.raises(Problem, match="model-blob-damaged"):
        modelfile_of(describe(store.root, NAME))


@pytest.mark.parametrize("tag", ["3b", "8b", "30b"])
def test_granite_may_be_carried(tag: str) -> None:
    """S1.48."""
    assert require_licence(ModelName.parse(f"granite4.1:{tag}"), confirmed=False) == "Apache-2.0"


@pytest.mark.parametrize(
    "text", ["granite4.1:70b", "granite4.1", "someone/granite4.1:8b", "hf.co/library/granite4.1:8b"]
)
def test_any_other_licence_is_confirmed_by_the_operator(store: FakeStore, text: str) -> None:
    """S1.48: and the licence the model brings is quoted."""
    name = store.model(text)
    with pytest.raises(Problem, match="licence-not-confirmed") as caught:
        require_licence(name, confirmed=False, model=describe(store.root, name))
    assert caught.value.exit_code == 2
    assert LICENCE.splitlines()[0] in caught.value.detail
    assert require_licence(name, confirmed=True) == "confirmed"
