"""What admission refuses is told apart by its words, and each has a command of its own."""

import pytest

from wizard.cluster.helm.errors import Where, problem
from wizard.cluster.waiting.refusal import remedies, remedy, rule

WORDS = {
    "podsecurity": 'pods "x" is forbidden: violates PodSecurity "restricted:latest": privileged',
    "quota": 'pods "x" is forbidden: exceeded quota: team, requested: limits.memory=64Mi',
    "range": 'pods "x" is forbidden: maximum memory usage per Container is 32Mi, but limit is 64Mi',
    "webhook": 'admission webhook "labels.example" denied the request: label team is required',
    "silent": 'Internal error occurred: failed calling webhook "quiet.example": failed to call webhook',
}
POLICY = (
    "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'labels.example' with binding 'b' denied request: no"
)


@pytest.mark.parametrize("kind", WORDS)
def test_each_rule_by_its_words(kind: str) -> None:
    assert rule(WORDS[kind])[0] == kind


def test_nobody_is_sent_to_a_quota_by_a_webhook() -> None:
    """What a webhook denies, no quota explains."""
    for kind in ("webhook", "silent"):
        assert remedy(WORDS[kind], "ns").command.startswith("kubectl get validatingwebhookconfigurations")
    assert "validatingadmissionpolicies" in remedy(POLICY, "ns").command
    for words in (WORDS["webhook"], POLICY):
        give, exempt = remedies(words, "ns")
        assert give.command.endswith("--set chart.overrides=values-site.yaml") and "commonLabels" in give.text
        assert exempt.text.startswith("or have the namespace ns exempted")
    assert remedies(WORDS["quota"], "ns") == (remedy(WORDS["quota"], "ns"),)


def test_helm_passes_a_policys_words_on() -> None:
    """`denied request`, not `denied the request`: as a real API server says it."""
    found = problem(f"Error: 1 error occurred:\n\t* {POLICY}", Where("upgrade", "r", "ns"))
    assert found.code == "cluster-refused"
    assert problem(WORDS["silent"], Where("upgrade", "r", "ns")).code == "cluster-refused"
    assert remedy(WORDS["podsecurity"], "ns").command == "kubectl get namespace ns --show-labels"
    for words in (WORDS["quota"], WORDS["range"], "is forbidden: something else"):
        assert remedy(words, "ns").command == "kubectl describe quota,limitrange -n ns"
