"""Clocks that disagree: of nodes, of the API server, or our own."""

from collections.abc import Iterator
from datetime import datetime

from wizard.diagnosis.cause import Proof, RootCause, RuledOut, Sure, Told
from wizard.diagnosis.scene import Scene
from wizard.engine.events import Remedy

_FAR = 120.0
_LEASES = ("Lease", "kube-node-lease")


def clock(scene: Scene) -> Iterator[Told]:
    """The check where it was asked; else the nodes' leases, which each renews every ten seconds by its own clock."""
    check = scene.failed("clocks-agree")
    skews = _skews(scene)
    off = {name: skew for name, skew in skews.items() if abs(skew) > _FAR}
    if check is None and not off:
        if skews:
            yield RuledOut(
                "a clock is wrong", f"the clocks of {len(skews)} nodes agree with ours within {_FAR:.0f} s"
            )
        return
    proofs = [Proof("check clocks-agree", check.title)] if check is not None else []
    proofs += [
        Proof(f"lease of node {name}", f"renewed at a time that is {_said(skew)} of ours")
        for name, skew in off.items()
    ]
    all_alike = len(off) > 1 and len(off) == len(skews) and max(off.values()) - min(off.values()) < _FAR
    who = "this machine" if all_alike else ", ".join(off) or "a machine"
    yield RootCause(
        "clock-wrong",
        f"the clock of {who} is wrong" + (": all nodes differ from it alike" if all_alike else ""),
        Sure.CERTAIN if check is not None else Sure.LIKELY,
        tuple(proofs),
        (
            Remedy("there, see what it follows", "chronyc tracking || timedatectl"),
            Remedy(
                "have every machine follow one time server inside the perimeter", "timedatectl set-ntp true"
            ),
        ),
        6,
        tuple(f"node {name}" for name in off) if not all_alike else (),
        frozenset(
            {"clocks-agree", "registry-certificate-expired", "registry-tls-expired", "preflight-failed"}
        ),
    )


def _skews(scene: Scene) -> dict[str, float]:
    """Seconds that each Ready node is ahead of us; a node that is away does not renew, and is none."""
    at = scene.seen_at.get(_LEASES, 0.0)
    if not at:
        return {}
    away = {
        str(node["metadata"]["name"])
        for node in scene.of("Node", "")
        for c in (node.get("status") or {}).get("conditions") or []
        if c.get("type") == "Ready" and c.get("status") != "True"
    }
    out = {}
    for lease in scene.of(*_LEASES):
        name, renewed = str(lease["metadata"]["name"]), str((lease.get("spec") or {}).get("renewTime") or "")
        if name in away or not renewed:
            continue
        try:
            out[name] = datetime.fromisoformat(renewed.replace("Z", "+00:00")).timestamp() - at
        except ValueError:
            continue
    return out


def _said(skew: float) -> str:
    return f"{abs(skew) / 60:.0f} min {'ahead' if skew > 0 else 'behind'}"
