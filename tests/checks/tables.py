"""Facts by hand, for tables of verdicts."""

from dataclasses import replace
from typing import Any

from wizard.answers.model import Answers, Journey
from wizard.answers.sections.cluster import Cluster
from wizard.answers.sections.language_model import Model
from wizard.answers.sections.registry import Registry
from wizard.checks.base import Check
from wizard.engine.events import Finding, Grade
from wizard.facts.base import Facts, Unknown
from wizard.facts.wanted import Wanted

ANSWERS = Answers(
    journey=Journey.INSTALL,
    registry=Registry(host="registry.internal.example"),
    cluster=Cluster(storage_class="fast"),
)


def wanted(answers: Answers = ANSWERS, *, model: str = "", **cluster: Any) -> Wanted:
    if model:
        answers = replace(answers, model=Model(name=model))
    return Wanted(replace(answers, cluster=replace(answers.cluster, **cluster)))


def judged(check: Check, *facts: object) -> Finding:
    finding = check.ask(Facts({type(fact): fact for fact in facts}))
    assert finding.check == check.id
    if finding.grade is Grade.PASS:
        assert finding.evidence, "a PASS without evidence is a bug"
        assert not finding.remedies, "a PASS needs no remedy"
    elif finding.grade is not Grade.UNKNOWN:
        assert finding.remedies, f"{check.id} {finding.grade} says what is wrong and not what to do"
    return finding


def unknown_without(check: Check) -> None:
    """Each needed fact that is missing makes the verdict UNKNOWN, with the reason."""
    for kind in check.needs:
        finding = check.ask(Facts({kind: Unknown("nobody answered")}))
        assert finding.grade is Grade.UNKNOWN
        assert "nobody answered" in finding.detail
