"""`airgap-wizard model …` as a user types it."""

import json
from pathlib import Path

import pytest

from tests.model.stores import FakeStore, tiny_gguf
from wizard.cli.main import dispatch
from wizard.model import manifest as m
from wizard.model.artefact import plan_artefact
from wizard.model.names import ModelName
from wizard.model.store import describe


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    """A store that $OLLAMA_MODELS points at."""
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return FakeStore(tmp_path / "models")


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    code = dispatch([str(word) for word in argv])
    said = capsys.readouterr()
    return code, said.out, said.err


def digest_of(store: FakeStore, name: str = "granite4.1:8b") -> str:
    return plan_artefact(describe(store.root, ModelName.parse(name))).digest


def test_list(store: FakeStore, capsys: pytest.CaptureFixture[str]) -> None:
    """S1.49: with what each model wants of memory."""
    store.model()
    gone = describe(store.root, store.model("broken:1", gguf=tiny_gguf(9))).gguf
    gone.unlink()
    store.manifest("worse:1", b"{}")
    code, out, err = run(capsys, "model", "list")
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line for line in out.splitlines()}
    assert rows["granite4.1:8b"].endswith("whole")
    assert describe(store.root, ModelName.parse("granite4.1:8b")).id in rows["granite4.1:8b"]
    assert f"model-blob-missing: expected {gone}" in rows["broken:1"]
    assert "model-manifest-damaged" in rows["worse:1"]
    data = {row["name"]: row for row in json.loads(run(capsys, "model", "list", "--output", "json")[1])}
    assert data["granite4.1:8b"]["memoryFloorBytes"] == 7_000_000_000
    assert data["granite4.1:8b"]["licence"] == "Apache-2.0"
    assert (data["broken:1"]["state"], data["worse:1"]["bytes"]) == ("model-blob-missing", 0)


def test_push_and_pull_through_a_layout(
    store: FakeStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The doubly isolated path, and REF@DIGEST on stdout."""
    store.model()
    ref = f"layout:{tmp_path / 'stick'}:1"
    expected = f"{ref}@{digest_of(store)}\n"

    dry = json.loads(run(capsys, "model", "push", "granite4.1:8b", ref, "--dry-run", "--output", "json")[1])
    assert (dry["outcome"], dry["digest"]) == ("would push", digest_of(store))
    assert dry["bytesToSend"] == dry["bytes"]
    assert not (tmp_path / "stick").exists()

    code, out, err = run(capsys, "model", "push", "granite4.1:8b", ref)
    assert (code, out) == (0, expected)
    assert "blobs" in err
    again = json.loads(run(capsys, "model", "push", "granite4.1:8b", ref, "--output", "json")[1])
    assert (again["outcome"], again["bytesSent"]) == ("already", 0)

    other = FakeStore(tmp_path / "other")
    pull = ("model", "pull", ref, "--store", other.root)
    assert run(capsys, *pull, "--dry-run")[:2] == (0, expected)
    assert not other.root.exists()
    assert run(capsys, *pull)[:2] == (0, expected)
    assert other.files() == store.files()
    assert json.loads(run(capsys, *pull, "--dry-run", "--output", "json")[1])["outcome"] == "already"
    data = json.loads(run(capsys, *pull, "--output", "json", "--quiet")[1])
    assert (data["outcome"], data["bytesMoved"], data["model"]) == ("already", 0, "granite4.1:8b")


def test_push_to_a_digest_that_is_another(store: FakeStore, capsys: pytest.CaptureFixture[str]) -> None:
    store.model()
    code, _, err = run(capsys, "model", "push", "granite4.1:8b", "127.0.0.1:1/x@sha256:" + "0" * 64)
    assert code == 5
    assert "digest-mismatch" in err


def test_another_licence_is_confirmed(
    store: FakeStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """S1.48."""
    store.model("other:1")
    push = ("model", "push", "other:1", f"layout:{tmp_path / 'stick'}:1")
    code, out, err = run(capsys, *push)
    assert (code, out) == (2, "")
    assert "licence-not-confirmed" in err
    assert not (tmp_path / "stick").exists()
    assert run(capsys, *push, "--licence-confirmed")[0] == 0


def test_what_a_modelfile_cannot_hold_is_said(
    store: FakeStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.model(layers=[(m.SYSTEM, b'x """\ny')])
    err = run(capsys, "model", "push", "granite4.1:8b", f"layout:{tmp_path / 'stick'}:1")[2]
    assert "note: SYSTEM is left out" in err


def test_export_and_load(store: FakeStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """S1.15."""
    store.model()
    file = tmp_path / "stage" / "granite4.1-8b.gguf"
    code, out, _ = run(capsys, "model", "export", "granite4.1:8b", file, "--dry-run")
    assert (code, out.splitlines()) == (
        0,
        [f"would write {file}", f"would write {file.with_suffix('')}.Modelfile"],
    )
    assert not file.exists()
    code, out, _ = run(capsys, "model", "export", "granite4.1:8b", file)
    digest = describe(store.root, ModelName.parse("granite4.1:8b")).manifest.model.digest
    assert (code, out) == (0, f"{digest}  {file}\n")

    load = ("model", "load", file, "mine:1", "--store", tmp_path / "other")
    assert run(capsys, *load, "--dry-run")[:2] == (0, "would load llama 32 unknown as mine:1\n")
    assert not (tmp_path / "other").exists()
    code, out, _ = run(capsys, *load)
    assert (code, out) == (0, f"mine:1  {describe(tmp_path / 'other', ModelName.parse('mine:1')).id}\n")


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (("model", "export", "../x", "y.gguf"), 2, "model-name-not-valid"),
        (("model", "export", "absent:1", "y.gguf"), 5, "model-not-in-store"),
        (("model", "push", "granite4.1:8b", "not a reference"), 2, "reference-invalid"),
        (("model", "pull", "layout:/nowhere"), 2, "layout-invalid"),
        (("model", "load", "absent.gguf", "x:1"), 2, "model-file-not-readable"),
    ],
)
def test_problems_end_with_their_code(
    store: FakeStore, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], code: int, says: str
) -> None:
    store.model()
    found, out, err = run(capsys, *argv)
    assert (found, out) == (code, "")
    assert f"airgap-wizard explain {says}" in err


def test_a_store_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "model", "list", "--store", tmp_path)
    assert code == 2
    assert "model-store-not-found" in err
