"""`airgap-wizard answers …` as a user types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.answers.test_load import TEN_FAULTS
from tests.answers.texts import MINIMAL
from wizard.answers.example import example
from wizard.answers.fields import table
from wizard.answers.model import BUILT, Journey
from wizard.cli.journey import PARTS
from wizard.cli.main import dispatch
from wizard.steps import JOURNEYS

ROOT = Path(__file__).resolve().parents[2]


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = dispatch(argv)
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize("journey", BUILT)
def test_each_example_passes_the_check(
    journey: Journey, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, example, err = run(capsys, "answers", "example", "--journey", journey)
    assert (code, err) == (0, "")
    file = tmp_path / "answers.yaml"
    file.write_text(example)
    assert run(capsys, "answers", "check", str(file)) == (0, f"{file}: good for the journey {journey}\n", "")
    for field in table().values():
        assert f"{field.key}:" in example
    needed = [f for f in table().values() if f.needed(journey)]
    assert example.count("(needed):") == len(needed) > 0


def test_what_is_offered_is_what_a_command_runs() -> None:
    assert set(BUILT) == {*JOURNEYS, *(name for name in PARTS if name in list(Journey))}
    on_disk = {path.stem for path in (ROOT / "assets/answers").glob("*.yaml")}
    assert on_disk == set(BUILT)


@pytest.mark.parametrize("journey", sorted(set(Journey) - set(BUILT)))
def test_a_journey_that_cannot_be_run_has_no_example_and_its_check_says_so(
    journey: Journey, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An example would promise what `run` then refuses."""
    with pytest.raises(SystemExit) as left:
        dispatch(("answers", "example", "--journey", journey.value))
    said = capsys.readouterr()
    assert (left.value.code, said.out) == (2, "") and "stage, install, verify" in said.err.replace("'", "")
    file = tmp_path / "answers.yaml"
    file.write_text(example(journey))
    good = f"{file}: good for the journey {journey}, which this version cannot run\n"
    assert run(capsys, "answers", "check", str(file)) == (0, good, "")


def test_ten_faults_go_to_stderr_with_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """answers-invalid: stdout stays empty; the planted literal is nowhere."""
    file = tmp_path / "answers.yaml"
    file.write_text(TEN_FAULTS)
    code, out, err = run(capsys, "answers", "check", str(file))
    assert (code, out) == (2, "")
    lines = err.splitlines()
    assert len(lines) == 12
    assert all(line.startswith(f"{file}:") for line in lines)
    assert lines[-1].startswith(f"{file}: 11 faults; ")
    assert "hunter2" not in err


def test_faults_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(TEN_FAULTS)
    code, out, _ = run(capsys, "answers", "check", str(file), "--output", "json")
    assert code == 2
    said = json.loads(out)
    assert said["ok"] is False
    assert {"place", "line", "column", "path", "message", "expected", "hint"} == set(said["faults"][0])
    assert "hunter2" not in out
    file.write_text(MINIMAL)
    code, out, _ = run(capsys, "answers", "check", str(file), "--output", "json")
    assert (code, json.loads(out)["ok"], json.loads(out)["journey"]) == (0, True, "install")


def test_check_takes_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(MINIMAL)
    code, out, _ = run(capsys, "answers", "check", str(file), "--set", "journey=verify")
    assert (code, out) == (0, f"{file}: good for the journey verify\n")
    code, _, err = run(capsys, "answers", "check", str(file), "--set", "registry.password=hunter2")
    assert code == 2
    assert "--set #1 registry.password: a literal secret is refused" in err
    assert "hunter2" not in err


def test_a_file_that_is_not_there_is_told_with_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    """answers-unreadable."""
    code, out, err = run(capsys, "answers", "check", "/nowhere/answers.yaml")
    assert (code, out) == (2, "")
    assert "/nowhere/answers.yaml" in err
    assert "airgap-wizard answers example" in err


def test_schema_is_the_one_in_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "answers", "schema")
    assert code == 0
    assert out == (ROOT / "assets/answers/schema.json").read_text(encoding="utf-8")


def test_explain_an_answer_a_section_and_all(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "answers", "explain", "registry.plainHttpUntil")
    assert code == 0
    assert out.splitlines() == [
        "registry.plainHttpUntil",
        "  Plain HTTP until: the last day (YYYY-MM-DD) on which plain HTTP to this host is accepted.",
        "  type:       text",
        "  default:    none",
        "  example:    2027-01-31",
        "  needed by:  no journey",
        "  source:     S5.13",
        '  in YAML:    registry: {plainHttpUntil: "2027-01-31"}',
        "  or:         --set registry.plainHttpUntil=2027-01-31",
    ]
    assert run(capsys, "answers", "explain", "media")[1].count("in YAML:") == 9
    code, out, _ = run(capsys, "answers", "explain", "--output", "json")
    assert [row["path"] for row in json.loads(out)] == list(table())


def test_an_unknown_answer_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """answer-unknown."""
    code, out, err = run(capsys, "answers", "explain", "registry.hots")
    assert (code, out) == (2, "")
    assert "answer-unknown" in err
    assert "did you mean registry.host?" in err


@pytest.mark.parametrize("argv", [["answers", "check", "answers.yaml"], ["answers", "example"], ["explain"]])
def test_nothing_heavy_is_imported_on_the_way(argv: list[str], tmp_path: Path) -> None:
    """The house rule: no terminal library, no Kubernetes, no cryptography to check a file."""
    (tmp_path / "answers.yaml").write_text(MINIMAL)
    script = (
        f"import sys; sys.argv = ['airgap-wizard', *{argv!r}]; sys.path.insert(0, {str(ROOT)!r})\n"
        "from wizard.__main__ import main\n"
        "code = main()\n"
        "heavy = {'textual', 'rich', 'kubernetes', 'oras', 'cryptography', 'cheroot', 'nacl', 'http', 'ssl'}\n"
        "sys.stderr.write(' '.join(sorted(heavy & set(sys.modules))))\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
