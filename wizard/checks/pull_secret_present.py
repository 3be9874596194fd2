"""pull-secret-present: the secret that the running pods name is there, and for this registry (S1.29, S4.16)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.pull_secrets import PullSecrets

_WORDS = {
    "missing": "is missing",
    "other-type": "is of another type than kubernetes.io/dockerconfigjson",
    "other-registry": "has nothing for {registry}",
}


class PullSecretPresent(Check):
    """FAIL where the next pull would be refused, though every pod is Ready from images that the nodes have."""

    id = "pull-secret-present"
    title = "Pull secret"
    when: ClassVar = frozenset({Moment.AFTER})
    needs = (PullSecrets,)
    seed = "S4.16"

    def judge(self, facts: Facts) -> Finding:
        """One good secret a pod is enough."""
        known = facts.get(PullSecrets)
        assert not isinstance(known, Unknown)
        states = dict(known.states)
        shown = {"registry": known.registry, "authenticated": known.asked, "secrets": states}
        if not known.pods:
            return self.found(Grade.UNKNOWN, "no pod runs: there is no pull secret to look at", shown)
        if not known.asked:
            return self.found(Grade.PASS, f"{known.registry} is pulled from without credentials", shown)
        without = [pod for pod, named in known.pods if not any(states.get(n) == "good" for n in named)]
        if not without:
            good = ", ".join(name for name, state in states.items() if state == "good")
            return self.found(Grade.PASS, f"every pod pulls with {good}", shown)
        bad = [
            f"secret {known.namespace}/{name} {_WORDS[state].format(registry=known.registry)}"
            for name, state in states.items()
            if state != "good"
        ]
        named = any(names for _, names in known.pods)
        return self.found(
            Grade.FAIL,
            "; ".join(bad) if named else f"the pods in {known.namespace} name no pull secret",
            shown,
            Remedy(
                "have it made again" if named else "write the values again, and install",
                "airgap-wizard run --answers-file F "
                + ("--only prepare-namespace" if named else "--from write-values"),
            ),
            detail=f"{', '.join(without)}: running from images that the nodes have; the next node would pull "
            "anonymously, and be refused",
        )
