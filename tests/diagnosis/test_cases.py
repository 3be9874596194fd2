"""Recorded facts: each case names its origin, and its cause is the one that is named, with proof and remedy."""

import copy
import json
from typing import Any

import pytest

from tests.diagnosis.site import SPACE, bundle, case, diagnosed, names, scene
from wizard.diagnosis.cause import Sure
from wizard.diagnosis.diagnose import diagnose
from wizard.diagnosis.text import data, lines
from wizard.explain import page
from wizard.support.format import Bundle
from wizard.support.scene import scene_of


@pytest.mark.parametrize("name", names())
def test_a_recorded_case(name: str) -> None:
    given = case(name)
    assert given["origin"], "whose words are these?"
    found = diagnosed(name)
    assert not found.notes
    codes = [cause.code for cause in found.causes]
    assert codes[:1] == ([given["first"]] if given["first"] else [])
    assert set(codes) == {given["first"], *given.get("also", [])} - {""}
    for cause in found.causes:
        assert cause.proofs and cause.remedies
        assert page(cause.code).summary
        assert any(remedy.command for remedy in cause.remedies), f"{cause.code}: no command to type"
    if given.get("remedy"):
        assert any(given["remedy"] in remedy.command for remedy in found.causes[0].remedies)
    if given.get("note"):
        assert "go on running" in found.causes[0].note, "S5.28: an outage blocks new pulls alone"


def test_the_namespace_of_the_missing_secret_is_named() -> None:
    """S4.16: in the target namespace."""
    (cause,) = diagnosed("pull-secret-missing").causes
    assert f"missing in namespace {SPACE}" in cause.title
    assert any("401 Unauthorized" in proof.words for proof in cause.proofs)


def test_without_a_look_at_secrets_it_is_still_named_by_the_kubelets_words() -> None:
    found = diagnosed("pull-secret-missing-unseen")
    assert found.causes[0].sure is Sure.CERTAIN
    assert any(gap.what.endswith("/Secret") and "not allowed" in gap.why for gap in found.gaps)


def test_the_tags_that_do_exist_are_shown() -> None:
    (cause,) = diagnosed("pull-not-found").causes
    assert any("v0.1.0" in proof.words and "v0.1.1" in proof.words for proof in cause.proofs)


def test_two_causes_are_two_and_each_is_told_once() -> None:
    found = diagnosed("two-causes")
    assert [c.code for c in found.causes] == ["clock-wrong", "pull-secret-missing"]
    assert "preflight-failed" in found.causes[0].suffers


def _both(one: str, other: str) -> dict[str, Any]:
    a, b = copy.deepcopy(case(one)), case(other)
    for key, value in b.items():
        if isinstance(value, dict) and isinstance(a.get(key), dict):
            a[key] = {**a[key], **value}
        elif isinstance(value, list) and isinstance(a.get(key), list):
            a[key] = [*a[key], *value]
        else:
            a.setdefault(key, value)
    return a


INDEPENDENT = (
    "pull-secret-missing", "transfer-incomplete", "tools-zero", "token-key", "egress-allow-all", "release-pending",
    "clock-leases", "model-absent",
)  # fmt: skip


@pytest.mark.parametrize("one", INDEPENDENT)
@pytest.mark.parametrize("other", INDEPENDENT)
def test_any_two_of_them_are_both_named(one: str, other: str) -> None:
    if one == other:
        return
    codes = {c.code for c in diagnosed(_both(one, other)).causes}
    assert {case(one)["first"], case(other)["first"]} <= codes


def test_a_healthy_site_has_no_cause_and_much_is_ruled_out() -> None:
    found = diagnosed("healthy")
    assert not found.causes
    assert len(found.ruled_out) >= 10
    assert "no cause was found" in lines(found)


@pytest.mark.parametrize("name", ["healthy", "pull-secret-missing", "mcp-hidden", "model-truncated"])
def test_half_of_it_missing_or_torn_still_says_what_can_be_said(name: str) -> None:
    """Whatever half is missing: nothing is made up, and unknown is no pass."""
    whole = bundle(case(name))
    wanted = {case(name)["first"]} - {""}
    files = sorted(whole.files)
    for step in (2, 3):
        for offset in range(step):
            kept = {f: whole.files[f] for i, f in enumerate(files) if i % step != offset}
            found = diagnose(scene_of(Bundle(whole.manifest, kept)))
            assert {c.code for c in found.causes if c.sure is Sure.CERTAIN} <= wanted, offset
            torn = {
                f: d if i % step != offset else d[: len(d) // 2]
                for i, (f, d) in enumerate(whole.files.items())
            }
            found = diagnose(scene_of(Bundle(whole.manifest, torn)))
            assert {c.code for c in found.causes if c.sure is Sure.CERTAIN} <= wanted, offset
            assert any("cannot be read" in note for note in found.notes)


def test_nothing_at_all_is_nothing_known() -> None:
    found = diagnose(scene_of(Bundle(bundle(case("healthy")).manifest, {})))
    assert not found.causes and not found.ruled_out and found.gaps


def test_a_list_that_was_not_to_be_had_rules_nothing_out() -> None:
    blind = case("healthy") | {
        "hidden": {"NetworkPolicy": "no", "Pod": "no", "Secret": "no"},
        "stock": "unknown",
    }
    found = diagnosed(blind)
    ruled = " ".join(r.what for r in found.ruled_out)
    assert not found.causes
    for word in ("policy", "token", "registry", "crashes", "node takes"):
        assert word not in ruled


def test_the_reader_of_a_scene_says_what_was_not_gathered() -> None:
    """not-gathered."""
    from wizard.diagnosis.reader import SceneCluster, SceneHelm
    from wizard.engine.problems import Problem

    blind = scene(
        case("healthy") | {"hidden": {"Secret": "not allowed to list secrets"}, "helm-unknown": True}
    )
    reader = SceneCluster(blind)
    assert reader.version() == "v1.34.4"
    assert reader.get("Pod", "opencost-ai-ollama-0", SPACE)
    assert reader.get("Pod", "nobody", SPACE) is None
    assert len(reader.list("Pod")) == 5
    assert "Total tools" in reader.logs(reader.list("Pod", SPACE)[1]["metadata"]["name"], SPACE)
    for call in (
        lambda: reader.list("Secret", SPACE),
        lambda: reader.list("Job", SPACE),
        lambda: reader.logs("nobody", SPACE),
        lambda: reader.apply({}),
        lambda: reader.exec("p", SPACE, "c", ["x"], timeout=1),
        lambda: SceneHelm(blind).release(SPACE, SPACE),
    ):
        with pytest.raises(Problem) as told:
            call()
        assert told.value.code == "not-gathered"
    assert reader.may("get", "Pod") is None


def test_as_data() -> None:
    found = json.loads(json.dumps(data(diagnosed("registry-down"))))
    (cause,) = found["causes"]
    assert cause["code"] == "registry-down" and cause["confidence"] == "certain"
    assert cause["evidence"] and cause["remedies"][0]["command"].startswith("curl")
    assert cause["explain"] == "airgap-wizard explain registry-down"
    assert found["ruledOut"] and found["notKnown"]
