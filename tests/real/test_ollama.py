"""Ollama's fixture: a tiny model with every kind of layer, and real answers from it."""

from pathlib import Path

import pytest

from tests.real.ollama import LICENCE, SYSTEM, Ollama, create_tiny_model, ollama_server, read_manifest
from tests.real.tiny_gguf import write_tiny_gguf

pytestmark = pytest.mark.real


def test_the_tiny_model_answers(ollama: Ollama) -> None:
    assert "tiny:1.0" in ollama.models(), "other tests may have left models of theirs here"
    answer = ollama.chat("tiny:1.0")
    assert answer
    assert answer == ollama.chat("tiny:1.0"), "temperature 0 and a seed: the same answer twice"


def test_every_kind_of_layer_is_stored(ollama: Ollama) -> None:
    manifest = read_manifest(ollama.store, "tiny:1.0")
    kinds = {layer["mediaType"].rpartition(".")[2] for layer in manifest["layers"]}
    assert kinds == {"model", "template", "system", "license", "params"}
    shown = ollama.call("POST", "/api/show", {"model": "tiny:1.0"})
    assert (shown["system"], shown["license"]) == (SYSTEM, LICENCE)


def test_the_same_seed_gives_the_same_model(tmp_path: Path) -> None:
    first, second = (write_tiny_gguf(tmp_path / name).read_bytes() for name in ("a", "b"))
    assert first == second
    assert first[:4] == b"GGUF"


def test_a_server_of_ones_own(tmp_path: Path) -> None:
    with ollama_server(tmp_path) as server:
        assert server.models() == []
        create_tiny_model(server, tmp_path / "made", "other:2", seed=2)
        assert "other:2" in server.command("list")
