"""The whole journey with Helm 4, in a namespace of its own; everywhere else it is Helm 3."""

import pytest

from tests.e2e.site import KNOWN_TO_OPENCOST, Site
from wizard.engine.events import Grade
from wizard.steps import JOURNEYS

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(900)]


def test_from_nothing_to_a_proved_install(fresh: tuple[Site, str]) -> None:
    """S1.35, S1.37, S2.41: every step done, every check passes, by the account with the shipped roles."""
    site, namespace = fresh
    mine = site.at(site.folder, helm="helm4")
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
