"""The artefact: S1's shape, everything in it, and one digest for one model."""

import json

import pytest

from tests.model.stores import FakeStore, tiny_gguf
from wizard.engine.events import Move, Moved, Outcome
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop
from wizard.model import manifest as m
from wizard.model.artefact import MODELFILE, ORIGINAL, plan_artefact
from wizard.model.names import ModelName
from wizard.model.push import already_pushed, push_artefact
from wizard.model.source import ModelSource
from wizard.model.store import describe
from wizard.oci.layout import Layout

NAME = ModelName.parse("granite4.1:8b")


def test_the_manifest_has_the_shape_of_the_seed(store: FakeStore) -> None:
    """S1.17, S1.18: then every other layer of the model, and Ollama's own manifest."""
    model = describe(store.root, store.model())
    data = json.loads(plan_artefact(model).manifest.body)
    assert data["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert data["config"] == {
        "mediaType": "application/vnd.ollama.image.config+json",
        "digest": model.manifest.config.digest,
        "size": model.manifest.config.size,
    }
    kinds = [layer["mediaType"] for layer in data["layers"]]
    assert kinds == [m.MODEL, MODELFILE, m.TEMPLATE, m.SYSTEM, m.PARAMS, m.LICENSE, ORIGINAL]
    titles = [layer.get("annotations", {}).get("org.opencontainers.image.title") for layer in data["layers"]]
    assert titles == ["granite4.1-8b.gguf", "granite4.1-8b.Modelfile", None, None, None, None, None]
    assert data["layers"][-1]["digest"] == model.manifest.digest
    assert data["annotations"] == {
        "org.opencontainers.image.title": "granite4.1:8b",
        "org.opencontainers.image.licenses": "Apache-2.0",
    }


def test_the_digest_is_that_of_the_model_and_of_nothing_else(store: FakeStore, tmp_path) -> None:
    """The artefact of S1's own script changes with every push."""
    first = plan_artefact(describe(store.root, store.model()))
    elsewhere = FakeStore(tmp_path / "elsewhere")
    second = plan_artefact(describe(elsewhere.root, elsewhere.model()))
    assert first.digest == second.digest
    assert not {"created", "time"} & set(" ".join(first.manifest.annotations).lower().split("."))
    assert plan_artefact(describe(store.root, store.model(gguf=tiny_gguf(1)))).digest != first.digest
    assert plan_artefact(describe(store.root, store.model("granite4.1:30b"))).digest != first.digest


def test_planning_reads_no_weights(store: FakeStore) -> None:
    """Right bytes are promised by the name, and checked while they are sent: a plan of 20 GB takes no time."""
    model = describe(store.root, store.model())
    model.gguf.write_bytes(b"\0" * model.gguf.stat().st_size)
    assert plan_artefact(model).blobs[1].digest == model.manifest.model.digest


def test_no_licence_is_claimed_that_is_not_known(store: FakeStore) -> None:
    """S1.48."""
    artefact = plan_artefact(describe(store.root, store.model("other:1")))
    assert artefact.manifest.annotations == {"org.opencontainers.image.title": "other:1"}


def test_files_of_a_modelfile_have_names_and_only_the_weights_end_in_gguf(store: FakeStore) -> None:
    layers = [(m.PROJECTOR, b"p"), (m.ADAPTER, b"a"), (m.ADAPTER, b"b")]
    artefact = plan_artefact(describe(store.root, store.model(layers=layers)))
    titles = [
        layer.annotations.get("org.opencontainers.image.title", "") for layer in artefact.manifest.layers
    ]
    assert titles == [
        "granite4.1-8b.gguf", "granite4.1-8b.Modelfile", "granite4.1-8b.projector", "granite4.1-8b.adapter",
        "granite4.1-8b.adapter2", "",
    ]  # fmt: skip
    modelfile = artefact.made[artefact.manifest.layers[1].digest].decode()
    assert all(f"./{title}" in modelfile for title in titles if title and not title.endswith("Modelfile"))


def test_a_push_and_a_second_one(store: FakeStore, tmp_path) -> None:
    """S1.45: an unchanged model is a no-op."""
    artefact = plan_artefact(describe(store.root, store.model()))
    target = Layout(tmp_path / "layout", create=True)
    assert already_pushed(artefact, target, "1") == ""
    seen: list[Moved] = []
    first = push_artefact(artefact, target, "1", seen.append)
    assert (first.outcome, first.digest, first.sent) == (Outcome.DONE, artefact.digest, artefact.size)
    assert {event.digest for event in seen if event.move is Move.COPIED} == {b.digest for b in artefact.blobs}
    assert already_pushed(artefact, target, "1") == already_pushed(artefact, target) == artefact.digest
    second = push_artefact(artefact, target, "1")
    assert (second.outcome, second.sent) == (Outcome.ALREADY, 0)


def test_a_model_that_changed_is_not_already_there(store: FakeStore, tmp_path) -> None:
    """S1.45: a changed model under the same tag is pushed; what did not change is not sent again."""
    target = Layout(tmp_path / "layout", create=True)
    push_artefact(plan_artefact(describe(store.root, store.model())), target, "1")
    changed = plan_artefact(describe(store.root, store.model(layers=[(m.SYSTEM, b"other")])))
    assert already_pushed(changed, target, "1") == ""
    assert push_artefact(changed, target, "1").sent < changed.size
    assert already_pushed(changed, target, "1") == changed.digest


def test_damaged_weights_are_noticed_while_they_are_sent(store: FakeStore, tmp_path) -> None:
    model = describe(store.root, store.model())
    artefact = plan_artefact(model)
    raw = model.gguf.read_bytes()
    model.gguf.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    target = Layout(tmp_path / "layout", create=True)
    with pytest.raises(Problem, match="model-blob-damaged") as caught:
        push_artefact(artefact, target, "1")
    assert str(model.gguf) in caught.value.detail
    assert target.tags() == []
    assert not target.has_blob(artefact.manifest.layers[0])


def test_what_is_no_gguf_is_not_sent(store: FakeStore, tmp_path) -> None:
    artefact = plan_artefact(describe(store.root, store.model(gguf=b"PK\x03\x04 this is a ZIP file")))
    with pytest.raises(Problem, match="model-not-gguf"):
        push_artefact(artefact, Layout(tmp_path / "layout", create=True), "1")
    assert not (tmp_path / "layout").exists()


def test_a_push_can_be_stopped(store: FakeStore, tmp_path) -> None:
    stop = Stop()
    stop.set()
    target = Layout(tmp_path / "layout", create=True)
    with pytest.raises(Stopped):
        push_artefact(plan_artefact(describe(store.root, store.model())), target, "1", stop=stop)
    assert target.tags() == []


def test_the_source_gives_nothing_else(store: FakeStore) -> None:
    source = ModelSource(plan_artefact(describe(store.root, store.model())))
    other = plan_artefact(describe(store.root, store.model("b:1", gguf=tiny_gguf(5)))).manifest.layers[0]
    with pytest.raises(Problem, match="blob-not-found"):
        source.open_blob(other)
    with pytest.raises(Problem, match="tag-not-found"):
        source.manifest("sha256:" + "0" * 64)
