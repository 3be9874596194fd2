"""nodes-reach-registry: every node pulled from the internal registry with the secret that will be used (S1.11)."""

import re
from collections.abc import Iterable
from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.pulls import Pull, Pulls


class NodesReachRegistry(Check):
    """FAIL with the first cause of each node that could not."""

    id = "nodes-reach-registry"
    title = "Every node pulls from the registry"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (Pulls,)
    seed = "S1.11"

    def judge(self, facts: Facts) -> Finding:
        """One node that cannot is enough: a pod may land there at any time."""
        known = facts.get(Pulls)
        assert not isinstance(known, Unknown)
        shown = {
            "registry": known.registry,
            "authenticated": known.authenticated,
            "nodes": {pull.node: pull.outcome for pull in known.pulls},
        }
        if not known.pulls:
            return self.found(Grade.UNKNOWN, "there is no node to pull from", shown)
        failed = [pull for pull in known.pulls if pull.outcome != "pulled"]
        if not failed:
            count = len(known.pulls)
            return self.found(Grade.PASS, f"{count} of {count} nodes pulled from {known.registry}", shown)
        causes = sorted({pull.outcome for pull in failed})
        return self.found(
            Grade.FAIL,
            f"{len(failed)} of {len(known.pulls)} nodes cannot pull from {known.registry}: {', '.join(causes)}",
            shown,
            *(remedy(cause, known.registry, known.authenticated) for cause in causes),
            detail="; ".join(alike(failed)),
        )


def alike(pulls: Iterable[Pull]) -> list[str]:
    """`NODE, NODE: words`: what several nodes say in the same words (but for numbers) is told once."""
    groups: dict[tuple[str, str], list[Pull]] = {}
    for pull in pulls:
        groups.setdefault((pull.outcome, re.sub(r"\d+", "#", pull.words)), []).append(pull)
    return [f"{', '.join(pull.node for pull in group)}: {group[0].words}" for group in groups.values()]


def remedy(cause: str, registry: str, authenticated: bool) -> Remedy:
    """What to do about a cause of a failed pull (see the cluster's causes)."""
    host = registry.partition(":")[0]
    hosts_toml = f"/etc/containerd/certs.d/{registry}/hosts.toml"
    if cause == "refused-credentials" and not authenticated:
        return Remedy("the registry asks for credentials: give registry.username and registry.password")
    known = {
        "refused-credentials": Remedy(
            "the registry refused user name and password: correct registry.username and registry.password, "
            "or the account's right to pull"
        ),
        "forbidden": Remedy("give the account the right to pull from this repository"),
        "client-certificate": Remedy(
            "the registry asks every node for a client certificate (mTLS): give the node's runtime one (containerd: "
            f"client.cert and client.key in /etc/containerd/certs.d/{registry}, or `client` in its hosts.toml)",
            "airgap-wizard explain registry-tls-client-certificate",
        ),
        "unknown-authority": Remedy(
            "the node's runtime does not trust the registry's CA: put it on every node (containerd: "
            f"/etc/containerd/certs.d/{registry}/ca.crt, named in hosts.toml where there is one)",
            "airgap-wizard explain registry-ca-unknown-to-node",
        ),
        "plain-http": Remedy(
            f"the registry speaks plain HTTP and the node wants TLS: give the registry a certificate, or "
            f"name it with http:// in {hosts_toml}"
        ),
        "name-unknown": Remedy(
            f"the node cannot resolve {host}: nodes do not use the cluster's DNS; enter it in the site's DNS "
            f"or in /etc/hosts of every node",
            f"getent hosts {host}",
        ),
        "not-found": Remedy(
            "the image is not there under this digest: mirror it again",
            "airgap-wizard run --answers-file F --only mirror-images",
        ),
        "wrong-architecture": Remedy(
            "the image has no variant for this node's architecture: carry all platforms (images.platforms: [all])"
        ),
        "refused": Remedy(
            f"nothing listens there for this node: is the registry up, is the port right? ({registry})"
        ),
        "unreachable": Remedy(f"the node has no route to {host}: see routes and firewalls between them"),
        "timeout": Remedy(f"no answer in time: see firewalls between the node and {registry}"),
        "no-space": Remedy("the node's image disk is full", "crictl rmi --prune"),
        "admission": Remedy("the API refused the pod: see the words beside, and the policy that they name"),
    }
    return known.get(cause, Remedy("see the runtime's words beside", "kubectl get events -A"))
