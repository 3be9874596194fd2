"""`explain`: a page for every code that the source can utter, no page for none, and every code provoked by a test."""

import json
from pathlib import Path

import pytest

from tests.docs.codes import Codes, codes
from wizard import explain
from wizard.__main__ import main
from wizard.engine.problems import Problem

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def uttered() -> Codes:
    return codes(ROOT / "wizard")


def test_every_code_can_be_read_off_the_source(uttered: Codes) -> None:
    assert uttered.dark == []
    assert "answers-invalid" in uttered.problems
    assert "cni-enforces-policy" in uttered.checks


def test_the_reader_of_codes_follows_helpers_and_conditions(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "def make(title, code='x'):\n    return Problem(code, title)\n"
        "def _hidden(code):\n    return make('t', code=code)\n"
        "make('t', 'one-a')\n_hidden('two-a')\nProblem('three-a' if x else 'four-a', 't')\n"
        "Problem(dark(), 't')\nProblem(fault.code, 't')\n"
        "def table(x):\n    code = x.code\n    known = {'eight-a': 1, 'nine-a': 2}\n    other = {'plain': 1, 'not-a': 2}\n"
        "    return Problem(code, known[code])\n"
        "class Seven(Check):\n    id = 'seven-a'\n"
    )
    (tmp_path / "b.py").write_text("a.make('t', 'five-b')\n_hidden('no-code')\nFinding('six-b', 1)\n")
    found = codes(tmp_path)
    assert sorted(found.problems) == ["eight-a", "five-b", "four-a", "nine-a", "one-a", "three-a", "two-a"]
    assert sorted(found.checks) == ["seven-a", "six-b"]
    assert [place.rpartition("/")[2] for place in found.dark] == ["a.py:8"]


def test_every_code_has_its_page_and_every_page_its_code(uttered: Codes) -> None:
    for kind, wanted in (("problem", uttered.problems), ("check", uttered.checks)):
        there = {page.code for page in explain.pages() if page.kind == kind}
        missing = [f"{code} ({places[0]})" for code, places in wanted.items() if code not in there]
        assert not missing, "without a page in assets/explain: " + ", ".join(missing)
        assert there - set(wanted) == set(), "pages that no code leads to"
    # a cause may bear the code of the problem or check that it comes to
    without = [code for code in uttered.causes if code not in explain.codes()]
    assert not without, "causes without a page: " + ", ".join(without)
    causes = {page.code for page in explain.pages() if page.kind == "cause"}
    assert causes - set(uttered.causes) == set(), "pages that no cause leads to"


def test_every_page_is_named_after_its_code_and_leads_to_pages_that_exist() -> None:
    for code in explain.codes():
        page = explain.page(code)
        assert page.code == code
        assert code not in page.related
        assert [other for other in page.related if other not in explain.codes()] == [], code
        assert len(page.summary) > 20, code


def test_every_problem_is_mentioned_by_a_test(uttered: Codes) -> None:
    """Every problem code has a test that provokes it: at least its name stands in one."""
    tests = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("*.py"))
    cases = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests/diagnosis/cases").glob("*.yaml"))
    every = uttered.problems | uttered.causes
    alone = [f"{code} ({places[0]})" for code, places in every.items() if code not in tests + cases]
    assert not alone, "named by no test: " + ", ".join(alone)


def test_explain_prints_a_page_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    sys.argv = ["airgap-wizard", "explain", "answers-invalid"]
    assert main() == 0
    said = capsys.readouterr().out
    for part in (
        "answers-invalid\nproblem\n",
        "WHAT IT MEANS",
        "HOW IT IS ESTABLISHED",
        "WHAT TO DO",
        "See also: ",
    ):
        assert part in said


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    from wizard.cli.main import dispatch

    code = dispatch(argv)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_paragraphs_are_filled_and_commands_left_alone() -> None:
    from wizard.cli.explain import wrapped

    text = "One two\nthree four five.\n\n    a command that is longer than the width\n\n- an item\n  of a list\n1. next"
    assert wrapped(text, 12) == [
        "One two", "three four", "five.", "", "    a command that is longer than the width", "",
        "- an item of", "  a list", "1. next",
    ]  # fmt: skip


def test_explain_lists_checks_and_problems(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "explain")
    assert code == 0
    for name in explain.codes():
        assert f"  {name} " in out
    assert out.index("checks (") < out.index("problems (")
    assert all(len(line) <= 120 for line in out.splitlines())


def test_explain_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "explain", "secret-not-found", "--output", "json")
    assert code == 0
    page = json.loads(out)
    assert page["code"] == "secret-not-found"
    assert page["kind"] == "problem"
    assert page["means"] and page["established"] and page["do"]
    code, out, _ = run(capsys, "explain", "--output", "json")
    assert [row["code"] for row in json.loads(out)] == list(explain.codes())


def test_an_unknown_code_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """code-unknown."""
    code, out, err = run(capsys, "explain", "anwsers-invalid")
    assert (code, out) == (2, "")
    assert "code-unknown" in err
    assert "did you mean answers-invalid?" in err
    with pytest.raises(Problem):
        explain.page("../answers/schema")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kind: problem\n", "no '# CODE'"),
        ("# a\nkind: thing\n", "kind: is 'thing'"),
        ("# a\nkind: check\n## What it means\nx\n", "the parts are"),
        ("# a\nkind: check\n## What it means\nx\n## How it is established\n\n## What to do\ny\n", "empty"),
    ],
)
def test_a_page_that_is_no_page_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        explain.parse(text)
