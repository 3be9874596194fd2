"""Plain files out of a store, and into one."""

import json
from pathlib import Path

import pytest

from tests.model.stores import FakeStore, tiny_gguf
from wizard.engine.events import Outcome
from wizard.engine.problems import Problem
from wizard.model import manifest as m
from wizard.model.export import export_model, load_files, planned_files
from wizard.model.modelfile import parse
from wizard.model.names import ModelName
from wizard.model.store import describe, verify_store

NAME = ModelName.parse("granite4.1:8b")


def test_the_weights_and_their_modelfile(store: FakeStore, tmp_path: Path) -> None:
    """S1.15: ./stage/granite4.1-8b.gguf, and a Modelfile that refers to it by that name."""
    model = describe(store.root, store.model())
    target = tmp_path / "stage" / "granite4.1-8b.gguf"
    done = export_model(model, target)
    assert done.files == (target, target.with_name("granite4.1-8b.Modelfile"))
    assert target.read_bytes() == tiny_gguf()
    assert parse(done.files[1].read_text())[0].value == "./granite4.1-8b.gguf"
    assert sorted(path.name for path in target.parent.iterdir()) == [
        "granite4.1-8b.Modelfile",
        "granite4.1-8b.gguf",
    ]
    assert export_model(model, target).outcome is Outcome.ALREADY


def test_adapters_go_beside_it(store: FakeStore, tmp_path: Path) -> None:
    model = describe(store.root, store.model(layers=[(m.ADAPTER, b"one"), (m.ADAPTER, b"two")]))
    export_model(model, tmp_path / "other.gguf")
    assert [(tmp_path / name).read_bytes() for name in ("other.adapter", "other.adapter2")] == [
        b"one",
        b"two",
    ]
    said = parse((tmp_path / "other.Modelfile").read_text())
    assert [one.value for one in said] == ["./other.gguf", "./other.adapter", "./other.adapter2"]
    assert set(planned_files(model, tmp_path / "other.gguf")) == set(tmp_path.glob("other*"))


def test_another_file_is_not_overwritten(store: FakeStore, tmp_path: Path) -> None:
    model = describe(store.root, store.model())
    (tmp_path / "x.gguf").write_bytes(b"somebody's")
    with pytest.raises(Problem, match="export-target-exists"):
        export_model(model, tmp_path / "x.gguf")
    assert (tmp_path / "x.gguf").read_bytes() == b"somebody's"
    assert export_model(model, tmp_path / "x.gguf", replace=True).outcome is Outcome.DONE
    assert (tmp_path / "x.gguf").read_bytes() == tiny_gguf()


def test_damage_is_noticed_while_it_is_copied(store: FakeStore, tmp_path: Path) -> None:
    model = describe(store.root, store.model())
    raw = model.gguf.read_bytes()
    model.gguf.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(Problem, match="model-blob-damaged"):
        export_model(model, tmp_path / "x.gguf")
    assert not (tmp_path / "x.gguf").exists()


def test_what_was_exported_can_be_loaded(store: FakeStore, tmp_path: Path) -> None:
    """The same layers come out, without a running server."""
    before = describe(
        store.root,
        store.model(
            layers=[
                (m.PROJECTOR, b"eyes"),
                (m.TEMPLATE, b"{{ .Prompt }}"),
                (m.ADAPTER, b"lora"),
                (m.LICENSE, b"L\n"),
            ]
        ),
    )
    export_model(before, tmp_path / "x.gguf")
    done = load_files(tmp_path / "x.gguf", tmp_path / "other", NAME)
    after = verify_store(tmp_path / "other", NAME)
    assert done.outcome is Outcome.DONE
    assert {layer.digest for layer in after.manifest.layers} == {
        layer.digest for layer in before.manifest.layers
    }
    assert load_files(tmp_path / "x.gguf", tmp_path / "other", NAME).outcome is Outcome.ALREADY


def test_a_bare_gguf_can_be_loaded_and_what_is_missing_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(tiny_gguf())
    done = load_files(tmp_path / "x.gguf", tmp_path / "other", NAME)
    assert "there is no x.Modelfile beside it" in done.notes
    assert json.loads(done.model.manifest.raw)["layers"][0]["mediaType"] == m.MODEL


@pytest.mark.parametrize(
    ("modelfile", "code"),
    [("NONSENSE\n", "modelfile-not-valid"), ("FROM ./x.gguf\nADAPTER ./gone\n", "model-file-not-readable")],
)
def test_faults_leave_no_model(tmp_path: Path, modelfile: str, code: str) -> None:
    (tmp_path / "x.gguf").write_bytes(tiny_gguf())
    (tmp_path / "x.Modelfile").write_text(modelfile)
    with pytest.raises(Problem, match=code):
        load_files(tmp_path / "x.gguf", tmp_path / "other", NAME)
    assert not (tmp_path / "other" / "manifests").exists()
