"""The generated documents say what the source says."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.answers.test_load import TEN_FAULTS
from tests.docs import coverage
from tests.docs.generate import ROOT, stale
from wizard.answers.example import example
from wizard.answers.load import loads
from wizard.answers.model import Journey
from wizard.answers.schema import schema


def test_no_generated_document_is_stale() -> None:
    assert [str(path.relative_to(ROOT)) for path in stale()] == [], "make docs writes them anew"


def test_numbers_are_read_as_people_write_them() -> None:
    said = "S1.29–S1.31 and S1.41-43; S2.4, 6: but not S9.1, XS1.1 or S1.x."
    assert list(coverage.cited(said)) == [
        "S1.29", "S1.30", "S1.31", "S1.41", "S1.42", "S1.43", "S2.4", "S2.6",
    ]  # fmt: skip
    assert list(coverage.cited("S3.1 (S3.2)")) == ["S3.1", "S3.2"]


def test_only_tests_are_proof(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(
        '"""S1.1."""\ndef test_b():\n    """S1.2."""\ndef helper():\n    """S1.3."""\n'
        'class TestC:\n    """S1.4."""\n    async def test_d(self):\n        """S1.2."""\n'
    )
    (tmp_path / "other.py").write_text('def test_b():\n    """S1.5."""\n')
    assert coverage.proofs(tmp_path) == {
        "S1.1": ["test_a.py"],
        "S1.2": ["test_a.py::test_b", "test_a.py::test_d"],
        "S1.4": ["test_a.py::TestC"],
    }
    text = coverage.text(tmp_path)
    assert "3 of " in text
    assert "| S1.2 | every image repository is internal" in text
    assert "`test_a.py::test_b`<br>`test_a.py::test_d`" in text
    assert text.count("| none yet |") + text.count("| not built |") == len(coverage.demands()) - 3


def test_every_line_of_the_checklists_is_there() -> None:
    counts = {n: sum(line.startswith(f"{n}.") for line in coverage.demands()) for n in coverage.LISTS}
    assert counts == {"S1": 51, "S2": 41, "S3": 31, "S4": 18, "S5": 32}


def test_every_citation_is_of_a_line_that_exists() -> None:
    cited = coverage.proofs(ROOT / "tests")
    assert sorted(set(cited) - set(coverage.demands())) == []


def test_what_is_not_built_is_said_and_nothing_else_is_called_so() -> None:
    """S1.51: out of scope are an Ollama registry at run time, adapters, and replication; whoever reads README gets there."""
    text = coverage.SCOPE.read_text(encoding="utf-8")
    for word in ("`ollama pull` at run time", "adapters (LoRA)", "replication between internal registries"):
        assert f"\n- No {word}" in text or f"\n- No fine-tuned {word}" in text
    assert "(docs/scope.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    proved = coverage.proofs(ROOT / "tests")
    assert sorted(coverage.left_out() & set(proved)) == [], "a test proves what scope.md says is not built"
    assert coverage.left_out() <= set(coverage.demands())


def test_the_schema_is_a_valid_schema_and_fresh() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    written = (ROOT / "assets/answers/schema.json").read_text(encoding="utf-8")
    assert json.loads(written) == schema()


@pytest.mark.parametrize("journey", list(Journey))
def test_the_schema_accepts_each_example_and_misses_what_is_missing(journey: Journey) -> None:
    judge = jsonschema.Draft202012Validator(schema())
    text = example(journey)
    document = yaml.safe_load(text)
    assert list(judge.iter_errors(document)) == []
    assert loads(text).journey is journey
    bare = {"apiVersion": "airgap-wizard/v1", "journey": journey.value}
    assert list(judge.iter_errors(bare)) != [], "every journey needs something"


def test_the_schema_refuses_what_it_can() -> None:
    judge = jsonschema.Draft202012Validator(schema())
    said = [error.message for error in judge.iter_errors(yaml.safe_load(TEN_FAULTS))]
    assert any("regsitry" in message for message in said)
    assert any("storage_class" in message for message in said)
    assert any("hunter2" in message for message in said)
