"""Commands of remedies name the answers file of the run, and in a rehearsal the site: they work as they stand."""

import shlex
from pathlib import Path

import pytest

from wizard.bundle.problems import file_unreadable
from wizard.engine.commands import Commands
from wizard.engine.events import Ended, Fault, Finding, Found, Grade, Outcome, Remedy
from wizard.engine.folder import Options

STAGE = "apiVersion: airgap-wizard/v1\njourney: stage\nmedia:\n  files:\n    - helm\n    - tools/none\n"


@pytest.mark.parametrize(
    ("said", "value", "where"),
    [
        ((), "tools/none", "site.yaml:6:7 media.files: "),
        (("--set", "model.name=granite4.1:3b"), "helm", "site.yaml:5:7 media.files: "),
        (("--set", "media.files=a,tools/none"), "tools/none", "--set #1 media.files: "),
        ((), "written/since", ""),
    ],
)
def test_a_problem_of_an_answer_says_where_it_is_written(
    said: tuple[str, ...], value: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S5.2: file and line, as a check of the answers tells them."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "site.yaml"
    file.write_text(STAGE)
    commands = Commands(tmp_path / "none.yaml", ("--answers-file", str(file), *said))
    fault = file_unreadable(tmp_path / value, "no such file").fault
    assert commands.fault(fault).detail == where.replace("site.yaml", str(file)) + "no such file"


def test_answers_that_no_file_holds_are_found_in_the_copy_of_the_run(tmp_path: Path) -> None:
    copy = tmp_path / "answers.yaml"
    copy.write_text(STAGE)
    fault = file_unreadable(tmp_path / "helm", "no such file").fault
    assert Commands(copy).fault(fault).detail == f"{copy}:5:7 media.files: no such file"
    copy.unlink()
    assert Commands(copy).fault(fault).detail == "no such file"


COPY = Path("/state/runs/r1/answers.yaml")
FILE = ("--answers-file", "/home/o/my answers.yaml")


@pytest.mark.parametrize(
    ("said", "rehearse", "written", "shown"),
    [
        (FILE, "", "run --answers-file F --only x", "run --answers-file '/home/o/my answers.yaml' --only x"),
        (
            (*FILE, "--set", "a.b=c d"),
            "",
            "preflight --answers-file F",
            f"preflight {shlex.join(FILE)} --set 'a.b=c d'",
        ),
        (
            (*FILE, "--set", "a.b=c"),
            "",
            "values --answers-file F --check",
            f"values --answers-file {COPY} --check",
        ),
        (FILE, "", "values --answers-file F --check", f"values {shlex.join(FILE)} --check"),
        ((), "", "verify --answers-file F", f"verify --answers-file {COPY}"),
        (
            ("--rehearse", "pull-401"),
            "pull-401",
            "preflight --answers-file F",
            "preflight --rehearse pull-401",
        ),
        (
            ("--rehearse", "w"),
            "w",
            "values --answers-file F --check",
            f"values --answers-file {COPY} --check",
        ),
        (FILE, "w", "run --answers-file F", f"run {shlex.join(FILE)} --rehearse w"),
        ((), "w", "run --answers-file F", f"run --answers-file {COPY} --rehearse w"),
        ((), "w", "run --rehearse healthy", "run --rehearse healthy"),
        (FILE, "", "explain disk-full", "explain disk-full"),
    ],
)
def test_a_command_is_filled_in(said, rehearse, written, shown):
    assert Commands(COPY, said, rehearse).fill(f"airgap-wizard {written}") == f"airgap-wizard {shown}"


def test_other_programs_are_left_alone():
    commands = Commands(COPY, FILE, "w")
    for command in ("", "helm history x --namespace y", "kubectl describe storageclass fast"):
        assert commands.fill(command) == command


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (Options("install", said=FILE), f"run {shlex.join(FILE)}"),
        (Options("install", said=FILE, only=("mirror-probe", "preflight")), f"preflight {shlex.join(FILE)}"),
        (Options("install", said=FILE, only=("verify",)), f"verify {shlex.join(FILE)}"),
        (Options("install", said=FILE, only=("preflight",)), f"run {shlex.join(FILE)} --only preflight"),
        (
            Options("install", only=("a", "b"), strict=True),
            f"run --answers-file {COPY} --only a --only b --strict",
        ),
        (Options("install", said=FILE, start="a", until="b"), f"run {shlex.join(FILE)} --from a --until b"),
        (Options("install", said=("--rehearse", "w"), rehearse="w"), "run --rehearse w"),
        (Options("install", rehearse="w"), f"run --answers-file {COPY} --rehearse w"),
    ],
)
def test_again_is_the_same_and_no_more(options, shown):
    """A look is repeated as a look: `again` after a preflight must not install."""
    assert Commands.of(options, COPY).again(options) == f"airgap-wizard {shown}"


def test_verdicts_and_problems_are_filled_in():
    remedies = (Remedy("look again", "airgap-wizard preflight --answers-file F"),)
    commands = Commands(COPY)
    found = commands.event(Found(finding=Finding("c", Grade.FAIL, "t", remedies=remedies)))
    ended = commands.event(Ended(outcome=Outcome.FAILED, problem=Fault("x", "t", remedies=remedies)))
    assert isinstance(found, Found) and isinstance(ended, Ended) and ended.problem
    for remedy in (*found.finding.remedies, *ended.problem.remedies):
        assert remedy.command == f"airgap-wizard preflight --answers-file {COPY}"
