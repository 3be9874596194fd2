"""preflight: asks everything, stops at nothing, fails with names."""

from pathlib import Path

import pytest

from tests.facts.fakes import FakeCluster, answers
from tests.steps.worlds import Run
from wizard.checks.base import Moment
from wizard.checks.registry import at
from wizard.engine.events import Finding, Grade, Remedy
from wizard.engine.problems import Problem
from wizard.facts.base import Facts
from wizard.steps.looking import Look, conclude
from wizard.steps.preflight import Preflight
from wizard.steps.record import write_record


def test_a_whole_preflight_never_stops_at_the_first_failure(tmp_path: Path) -> None:
    """An empty cluster fails much; every check is told all the same, and the problem names each failed one."""
    run = Run(FakeCluster(), tmp_path)
    with pytest.raises(Problem) as caught:
        Preflight().run(run.ctx)
    assert [finding.check for finding in run.findings] == [check.id for check in at(Moment.BEFORE)]
    assert (caught.value.code, caught.value.exit_code) == ("preflight-failed", 3)
    failed = [finding.check for finding in run.findings if finding.grade == "fail"]
    assert "storage-class-exists" in failed
    assert caught.value.evidence["failed"] == failed
    assert all(check in caught.value.title for check in failed)


def test_what_is_unknown_is_said_loudly(tmp_path: Path) -> None:
    run = Run(FakeCluster(), tmp_path, evidence={})
    with pytest.raises(Problem) as caught:
        Preflight().run(run.ctx)
    assert "cni-enforces-policy" in caught.value.evidence["unknown"]
    assert any("NOT KNOWN" in text and "cni-enforces-policy" in text for text in run.said)


def _only(check: str, grade: Grade) -> Look:
    passed = Finding("kubernetes-version", Grade.PASS, "v1.34")
    return Look((passed, Finding(check, grade, "it did not show", remedies=(Remedy("see why"),))), Facts({}))


@pytest.mark.parametrize(
    ("check", "moment", "stops"),
    [
        ("cni-enforces-policy", Moment.BEFORE, True),
        ("cni-enforces-policy", Moment.AFTER, False),
        ("egress-refused", Moment.AFTER, True),
        ("clocks-agree", Moment.BEFORE, False),
    ],
)
def test_nothing_is_installed_or_called_proved_on_trust(check: str, moment: Moment, stops: bool) -> None:
    """S1.9, S1.39: whether policies hold is not known, and that is no reason to go on."""

    def concluded() -> None:
        conclude(_only(check, Grade.UNKNOWN), moment, "preflight-failed", "{count} {verb}: {checks}", "again")

    if not stops:
        concluded()
        return
    with pytest.raises(Problem) as caught:
        concluded()
    problem = caught.value
    assert (problem.exit_code, problem.title) == (
        3,
        f"1 check that must be known could not be shown: {check}",
    )
    assert problem.remedies[0].text == "see why"
    assert problem.evidence == {"failed": [], "unknown": [check]}


def test_the_record_of_a_proved_install_makes_an_equal_look_already(tmp_path: Path) -> None:
    cluster = FakeCluster()
    step, run = Preflight(), Run(cluster, tmp_path)
    assert step.already(run.ctx) is None
    grades = {finding.check: str(finding.grade) for finding in run.findings}
    write_record(cluster, answers(), {"preflight": {"checks": grades}})
    assert step.already(Run(cluster, tmp_path).ctx) == {"checks": grades}


def test_run_does_not_look_a_second_time_after_already(tmp_path: Path) -> None:
    run = Run(FakeCluster(), tmp_path)
    step = Preflight()
    assert step.already(run.ctx) is None
    with pytest.raises(Problem):
        step.run(run.ctx)
    assert len(run.findings) == len(at(Moment.BEFORE))


def test_preview_is_pure_and_names_every_check() -> None:
    lines = "\n".join(Preflight().preview(answers()))
    assert all(check.id in lines for check in at(Moment.BEFORE))
