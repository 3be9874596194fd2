"""dns-rule-matches: the chart's one way out, DNS, leads to the pods that really serve it (S1.4, facts 1)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.dns import RULE_LABELS, RULE_NAMESPACE, RULE_PORT, Dns


class DnsRuleMatches(Check):
    """FAIL where labels, namespace or port differ: every component would be without names."""

    id = "dns-rule-matches"
    title = "The chart's DNS rule"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (Dns,)
    seed = "S1.4"

    def judge(self, facts: Facts) -> Finding:
        """Policies are matched against pods and pod ports, after the Service."""
        known = facts.get(Dns)
        assert not isinstance(known, Unknown)
        shown = {
            "service": f"{known.namespace}/{known.service}",
            "labels": dict(known.labels),
            "ports": list(known.ports),
            "localCache": known.local_cache,
        }
        wrong = []
        if known.namespace != RULE_NAMESPACE:
            wrong.append(f"DNS is in namespace {known.namespace}")
        if not RULE_LABELS.items() <= dict(known.labels).items():
            wrong.append(f"its pods are labelled {_text(dict(known.labels))}")
        if known.ports and known.ports != (RULE_PORT,):
            wrong.append(f"its pods listen on {', '.join(map(str, known.ports))}")
        rule = "the chart lets pods reach k8s-app=kube-dns in kube-system on port 53, and nothing else"
        if wrong:
            return self.found(
                Grade.FAIL,
                "the chart's DNS rule does not match this cluster's DNS",
                shown,
                Remedy(
                    "set networkPolicy.dns in chart.overrides to the namespace and labels above; a port other than 53 "
                    "needs a policy of your own beside the chart's",
                    f"kubectl -n {known.namespace} get pods --show-labels",
                ),
                detail=f"{rule}; {'; '.join(wrong)}",
            )
        if known.local_cache:
            return self.found(
                Grade.WARN,
                "DNS matches, and a node-local cache stands before it",
                shown,
                Remedy(
                    "where the cache has an address of its own (169.254.20.10), allow it in a policy of your own",
                    "kubectl -n kube-system get daemonset node-local-dns -o yaml",
                ),
                detail=f"{rule}; pods that ask the cache on the node's address are not covered by it",
            )
        return self.found(
            Grade.PASS, f"DNS is {known.namespace}/{known.service}, as the chart's rule says", shown
        )


def _text(labels: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items())) or "with nothing"
