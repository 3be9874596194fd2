"""What admission refuses is told apart by its words, and each has a command of its own."""

import pytest

from wizard.cluster.waiting.refusal import remedy, rule

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
    assert remedy(POLICY, "ns").command == "kubectl get validatingadmissionpolicy labels.example -o yaml"
    assert remedy(WORDS["podsecurity"], "ns").command == "kubectl get namespace ns --show-labels"
    for words in (WORDS["quota"], WORDS["range"], "is forbidden: something else"):
        assert remedy(words, "ns").command == "kubectl describe quota,limitrange -n ns"
