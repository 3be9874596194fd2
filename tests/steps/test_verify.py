"""verify: asks everything, records what was proved, and compares the next time."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.facts.fakes import RECORDED, FakeCluster, answers
from tests.steps.worlds import Run
from wizard.bundle.install_record import sealed_by
from wizard.bundle.keys.private import PrivateKey, write_pair
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


def test_the_record_is_signed_with_the_sites_own_key_or_says_that_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1.39: in the run folder and beside the release; a record without that signature is no `already`."""
    monkeypatch.setattr(verify, "look", lambda ctx, moment: looked())
    cluster, given = FakeCluster(), answers()
    unsigned = Run(cluster, tmp_path, given)
    Verify().run(unsigned.ctx)
    assert any("signed by nobody: media.key names no key" in text for text in unsigned.said)
    assert read_record(cluster, given)["signedBy"] == ""
    assert not (tmp_path / "install-record.signed.json").exists()
    assert Verify().already(Run(cluster, tmp_path, given).ctx) is not None

    key = PrivateKey.make()
    private, _ = write_pair(key, tmp_path / "site", None)
    given = replace(given, media=replace(given.media, key=private))
    step, run = Verify(), Run(cluster, tmp_path, given)
    assert step.already(run.ctx) is None, "it is not signed yet"
    step.run(run.ctx)
    record, sealed = read_record(cluster, given), (tmp_path / "install-record.signed.json").read_bytes()
    assert record["signedBy"] == key.public.fingerprint
    assert sealed_by(sealed, record, key.public)
    (shown,) = [obj for kind, obj in stored(cluster) if kind == "ConfigMap"]
    assert shown["data"]["record.dsse.json"] == sealed.decode()
    assert Verify().already(Run(cluster, tmp_path, given).ctx) is not None

    shown["data"]["record.json"] = shown["data"]["record.json"].replace("pass", "warn", 1)
    assert Verify().already(Run(cluster, tmp_path, given).ctx) is None, "somebody has changed it"


def stored(cluster: FakeCluster) -> list[tuple[str, Any]]:
    """The objects that were made, with their kinds."""
    return [(key[0], obj) for key, obj in cluster.objects.items()]


def test_unknown_is_loud_and_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = looked(Grade.UNKNOWN)
    known = {"egress-refused": Grade.PASS}  # that one must be known
    seen = replace(seen, findings=tuple(replace(f, grade=known.get(f.check, f.grade)) for f in seen.findings))
    monkeypatch.setattr(verify, "look", lambda ctx, moment: seen)
    run = Run(FakeCluster(), tmp_path)
    Verify().run(run.ctx)
    (loud,) = [text for text in run.said if "NOT KNOWN" in text]
    assert all(check.id in loud for check in at(Moment.AFTER) if check.id not in known)


def test_an_air_gap_that_is_not_shown_is_not_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S1.39: an install whose egress nobody could look at does not end with 0."""
    monkeypatch.setattr(verify, "look", lambda ctx, moment: looked(Grade.UNKNOWN))
    with pytest.raises(Problem) as caught:
        Verify().run(Run(FakeCluster(), tmp_path).ctx)
    assert (caught.value.code, caught.value.exit_code) == ("verification-failed", 3)
    assert "egress-refused" in caught.value.title
