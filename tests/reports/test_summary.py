"""The end of a run in text: each thing once, and the command that does the same again."""

from pathlib import Path

from wizard.engine.events import Ended, Fault, Finding, Found, Grade, Outcome, Planned, PlannedStep, Remedy
from wizard.engine.state import fold
from wizard.reports.summary import summary

FIX = Remedy("remove the half-made revision", "helm uninstall x")
AGAIN = Remedy("then look again", "airgap-wizard preflight --answers-file /a.yaml")
FAILED = Finding("release-state", Grade.FAIL, "release x is stuck", "revision 1", {"n": 1}, (FIX,))
PROBLEM = Fault(
    "preflight-failed",
    "1 check failed: release-state",
    "release-state: release x is stuck\nnot known: dns",
    (FIX, AGAIN),
)


def text(*more, problem=PROBLEM) -> str:
    planned = Planned(
        run="r", journey="install", steps=(PlannedStep("a", "A"),), again="airgap-wizard run -f /a b"
    )
    end = Ended(outcome=Outcome.FAILED, evidence={"exitCode": 3}, problem=problem)
    return summary(fold([planned, *more, end]), Path("/runs/r"))


def test_what_failed_is_told_once_with_all_of_it():
    told = text(Found(step="a", finding=FAILED))
    for words in (
        "release x is stuck",
        "revision 1",
        "helm uninstall x",
        "then look again",
        "not known: dns",
    ):
        assert told.count(words) == 1, told
    assert "why: airgap-wizard explain release-state" in told and "explain preflight-failed" not in told


def test_a_problem_without_verdicts_is_told_in_full():
    told = text()
    assert "release-state: release x is stuck" in told and "helm uninstall x" in told
    assert "why: airgap-wizard explain preflight-failed" in told


def test_the_command_that_repeats_the_run_is_the_runs_own():
    assert "again   airgap-wizard run -f /a b\n" in text()


def test_a_run_that_could_not_even_be_planned_has_a_headline():
    end = Ended(outcome=Outcome.FAILED, evidence={"exitCode": 2}, problem=PROBLEM)
    told = summary(fold([end]), Path("/runs/my run"))
    assert told.startswith("run: FAILED") and "--answers-file '/runs/my run/answers.yaml'" in told
