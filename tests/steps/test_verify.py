"""verify: asks everything, records what was proved, and compares the next time."""

import json
from pathlib import Path

import pytest

from tests.facts.fakes import RECORDED, FakeCluster, answers
from tests.steps.worlds import Run
from wizard.checks.base import Moment
from wizard.checks.registry import at
from wizard.engine.events import Finding, Grade
from wizard.engine.problems import Problem
from wizard.facts.base import Facts
from wizard.facts.egress import Egress
from wizard.steps import verify
from wizard.steps.looking import Look, sources
from wizard.steps.record import read_record
from wizard.steps.verify import Verify


def test_an_empty_cluster_fails_or_is_unknown_in_every_check_and_passes_in_none(tmp_path: Path) -> None:
    run = Run(FakeCluster(), tmp_path)
    with pytest.raises(Problem) as caught:
        Verify().run(run.ctx)
    assert (caught.value.code, caught.value.exit_code) == ("verification-failed", 3)
    assert [finding.check for finding in run.findings] == [check.id for check in at(Moment.AFTER)]
    assert {str(finding.grade) for finding in run.findings} <= {"fail", "unknown"}
    assert read_record(run.ctx.world.cluster(answers()), answers()) == {}, "what failed is not recorded"


def looked(grade: Grade = Grade.PASS) -> Look:
    findings = tuple(
        Finding(check.id, grade, "t", evidence={"images": {}, "matrix": {"a": "b"}})
        for check in at(Moment.AFTER)
    )
    return Look(findings, Facts({Egress: Egress({}, {}, ("gateway",))}))


def test_what_was_proved_is_recorded_and_the_same_look_is_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "look", lambda ctx, moment: looked())
    cluster = FakeCluster()
    run = Run(cluster, tmp_path, evidence=RECORDED | {"preflight": {"checks": {"x": "pass"}}})
    step = Verify()
    assert step.already(run.ctx) is None
    evidence = step.run(run.ctx)
    record = read_record(cluster, answers())
    assert json.loads((tmp_path / "install-record.json").read_text()) == record
    assert record["verify"] == evidence and record["preflight"] == {"checks": {"x": "pass"}}
    assert record["recorded"]["mirror-images"] == RECORDED["mirror-images"]
    assert any("rollout restart" in text for text in run.said), (
        "what stays behind is said, with the way to be rid of it"
    )
    alone = Run(cluster, tmp_path, evidence={})
    assert Verify().already(alone.ctx) == evidence
    assert sources(alone.ctx).recorded["mirror-images"] == RECORDED["mirror-images"]
    monkeypatch.setattr(verify, "look", lambda ctx, moment: looked(Grade.FAIL))
    assert Verify().already(alone.ctx) is None


def test_unknown_is_loud_and_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "look", lambda ctx, moment: looked(Grade.UNKNOWN))
    run = Run(FakeCluster(), tmp_path)
    Verify().run(run.ctx)
    (loud,) = [text for text in run.said if "NOT KNOWN" in text]
    assert all(check.id in loud for check in at(Moment.AFTER))
