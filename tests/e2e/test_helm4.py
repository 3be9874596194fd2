"""The whole journey with Helm 4, in a namespace of its own; everywhere else it is Helm 3."""

import pytest
import yaml

from tests.e2e.site import KNOWN_TO_OPENCOST, Site
from wizard.engine.events import Grade
from wizard.steps import JOURNEYS

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(900)]


def test_from_podsecuritys_refusal_to_a_proved_install(fresh: tuple[Site, str]) -> None:
    """S1.33, S1.35, S1.37, S2.41: refused by name first; then every step done, every check passes, by the shipped roles."""
    site, namespace = fresh
    mine = site.at(site.folder, helm="helm4")
    overrides = mine.folder / "overrides.yaml"
    overrides.write_text(yaml.safe_dump({"gateway": {"securityContext": {"allowPrivilegeEscalation": True}}}))
    answers = mine.answers(namespace, chart__overrides=str(overrides), chart__timeout="40s")
    refused = mine.run(answers)
    assert (refused.code, refused.problem.code) == (5, "pod-refused"), refused.story
    assert "violates PodSecurity" in refused.problem.title and "restricted" in refused.problem.title
    assert "allowPrivilegeEscalation" in refused.problem.title + refused.problem.detail, refused.story
    assert refused.outcomes["install-chart"] == "failed" and "verify" not in refused.outcomes
    answers = mine.answers(namespace)
    ran = mine.run(answers)
    assert ran.code == 0, ran.story
    assert set(ran.outcomes) == set(JOURNEYS["install"])
    assert ran.graded(Grade.FAIL) | ran.graded(Grade.UNKNOWN) == set(), ran.story
    assert ran.findings["values-rendered"].evidence["helm"].startswith("v4.")
    assert KNOWN_TO_OPENCOST in ran.findings["tools-proven"].title
    again = mine.run(answers, "--from", "write-values", "--until", "install-chart")
    assert set(again.outcomes.values()) == {"already"}, again.story
    mine.nothing_left(namespace)
