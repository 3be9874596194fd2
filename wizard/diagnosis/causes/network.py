"""Policies: a DNS rule that misses the cluster's DNS, a CNI that enforces nothing, egress that is open and through what."""

from collections.abc import Iterator
from typing import Any

from wizard.cluster.objects.names import COMPONENTS
from wizard.cluster.objects.selectors import matches
from wizard.cluster.port import Obj
from wizard.diagnosis.cause import Proof, RootCause, RuledOut, Sure, Told
from wizard.diagnosis.scene import Scene, labels
from wizard.engine.events import Finding, Remedy

_EGRESS = frozenset({"egress-refused", "namespace-denied-by-default", "verification-failed"})


def network(scene: Scene) -> Iterator[Told]:
    """Verdicts of the checks, and what the policies themselves say."""
    dns = scene.failed("dns-rule-matches")
    if dns is not None:
        yield _of(
            dns,
            17,
            frozenset(
                {"question-answered", "tools-proven", "opencost-mcp", "preflight-failed", "model-load-failed"}
            ),
        )
    elif "dns-rule-matches" in scene.findings:
        yield RuledOut(
            "the chart's DNS rule misses the cluster's DNS", scene.findings["dns-rule-matches"].title
        )
    cni = scene.failed("cni-enforces-policy")
    if cni is not None:
        yield _of(cni, 17, _EGRESS | {"preflight-failed", "egress-open"})
    yield from _egress(scene)


def _of(finding: Finding, rank: int, explains: frozenset[str]) -> RootCause:
    proof = Proof(f"check {finding.check}", f"{finding.title}; {finding.detail}")
    return RootCause(
        finding.check,
        finding.title,
        Sure.CERTAIN,
        (proof,),
        finding.remedies,
        rank,
        (f"check {finding.check}",),
        explains,
    )


def _egress(scene: Scene) -> Iterator[Told]:
    check = scene.failed("egress-refused")
    holes = [
        policy for policy in scene.of("NetworkPolicy") if _lets_all_out(policy) and _selects(scene, policy)
    ]
    bare = _without_policy(scene)
    if check is None and not holes and not bare:
        if scene.known("NetworkPolicy") and scene.of("NetworkPolicy"):
            yield RuledOut(
                "a policy lets everything out",
                f"none of the {len(scene.of('NetworkPolicy'))} NetworkPolicies does",
            )
        return
    space = scene.names.namespace
    proofs = [Proof("check egress-refused", f"{check.title}; {check.detail}")] if check is not None else []
    remedies: list[Remedy] = []
    through = []
    for policy in holes:
        name = str(policy["metadata"]["name"])
        through.append(f"policy {name}")
        proofs.append(
            Proof(
                f"networkpolicy {space}/{name}",
                "an egress rule without `to` lets everything out; policies add up",
            )
        )
        remedies.append(
            Remedy(f"remove it, or narrow it: {name}", f"kubectl -n {space} delete networkpolicy {name}")
        )
    if bare:
        through.append(f"no policy of {', '.join(bare)}")
        proofs.append(Proof(f"NetworkPolicies of {space}", f"none selects {', '.join(bare)}"))
        remedies.append(
            Remedy("set networkPolicy.enabled: true and install", scene.install),
        )
    if check is not None and not through:
        remedies += check.remedies
    what = check.title if check is not None else f"pods of {space} may reach whatever they want"
    yield RootCause(
        "egress-open",
        f"{what}; through {', '.join(through)}" if through else what,
        Sure.CERTAIN if check is not None else Sure.LIKELY,
        tuple(proofs),
        (
            *remedies,
            Remedy(
                "then prove it",
                f"airgap-wizard verify --answers-file {scene.again.partition('--answers-file ')[2] or 'F'}",
            ),
        ),
        34,
        tuple(f"check {c}" for c in ("egress-refused", "namespace-denied-by-default") if scene.failed(c)),
        _EGRESS,
    )


def _lets_all_out(policy: Obj) -> bool:
    spec = policy.get("spec") or {}
    rules = spec.get("egress") or []
    return "Egress" in (spec.get("policyTypes") or []) and any(
        (not (rule or {}).get("to") and not (rule or {}).get("ports")) or _whole_world(rule) for rule in rules
    )


def _whole_world(rule: dict[str, Any]) -> bool:
    blocks = [(peer.get("ipBlock") or {}) for peer in rule.get("to") or []]
    return any(block.get("cidr") in ("0.0.0.0/0", "::/0") and not block.get("except") for block in blocks)


def _selects(scene: Scene, policy: Obj) -> bool:
    """Whether it is about any component of ours."""
    mine = [labels(pod) for pod in scene.pods()] or [
        scene.names.selector(component) for component in COMPONENTS
    ]
    return any(_is_of(policy, each) for each in mine)


def _is_of(policy: Obj, of_pod: dict[str, Any]) -> bool:
    """Whether it selects a pod with these labels, by labels or by expressions."""
    return matches((policy.get("spec") or {}).get("podSelector") or {}, of_pod)


def _without_policy(scene: Scene) -> list[str]:
    """Components whose pods run while no policy restricts their egress."""
    if not scene.known("NetworkPolicy"):
        return []
    out = []
    for component in COMPONENTS:
        if not scene.pods(component):
            continue
        mine = [labels(pod) for pod in scene.pods(component)]
        covered = any(
            "Egress" in ((p.get("spec") or {}).get("policyTypes") or [])
            and all(_is_of(p, pod) for pod in mine)
            for p in scene.of("NetworkPolicy")
        )
        if not covered:
            out.append(component)
    return out
