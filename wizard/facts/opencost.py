"""OpenCost as it is installed: its version, its Service's ports, and the policies around it (S1.13)."""

from dataclasses import dataclass
from typing import Any

from wizard.cluster.objects.names import MCP_PORT
from wizard.cluster.objects.selectors import matches
from wizard.cluster.port import Obj
from wizard.engine.problems import Problem, Remedy
from wizard.facts.base import Sources
from wizard.facts.fetch import names


@dataclass(frozen=True, slots=True)
class OpenCost:
    """`version` out of the image's tag, else the version label; "" where neither tells.

    `barring` are the policies around its pods where none of them admits the bridge on 8081; `admitting` those that do.
    """

    namespace: str
    service: str
    image: str
    version: str
    ports: tuple[int, ...]
    labels: tuple[tuple[str, str], ...] = ()
    barring: tuple[str, ...] = ()
    started: str = ""
    admitting: tuple[str, ...] = ()
    selector: tuple[tuple[str, str], ...] = ()
    """What its Service selects its pods by."""


def gather_opencost(sources: Sources) -> OpenCost:
    """Raises Problem `opencost-not-found` where there is no such Service."""
    at = sources.answers.cluster
    service = sources.cluster.get("Service", at.opencost_service, at.opencost_namespace)
    if service is None:
        raise Problem(
            "opencost-not-found",
            f"there is no Service {at.opencost_service} in namespace {at.opencost_namespace}",
            remedies=(
                Remedy(
                    "install OpenCost 1.118 or later, or say where it is (cluster.opencostNamespace, "
                    "cluster.opencostService)",
                    "kubectl get services -A -l app.kubernetes.io/name=opencost",
                ),
            ),
        )
    spec = service.get("spec") or {}
    ports = tuple(int(port["port"]) for port in spec.get("ports") or [])
    pods = sources.cluster.list("Pod", at.opencost_namespace, spec.get("selector") or {})
    pod = _newest(pods)
    if pod is None:
        return OpenCost(at.opencost_namespace, at.opencost_service, "", "", ports)
    image = _image(pod)
    labels = pod["metadata"].get("labels") or {}
    around = [p for p in sources.cluster.list("NetworkPolicy", at.opencost_namespace) if _guards(p, labels)]
    bridge = Caller.of(sources)
    admitting = [p for p in around if any(_admits(r, bridge) for r in p["spec"].get("ingress") or [])]
    return OpenCost(
        at.opencost_namespace,
        at.opencost_service,
        image,
        version_of(image, labels),
        ports,
        tuple(sorted(labels.items())),
        () if admitting else tuple(str(p["metadata"]["name"]) for p in around),
        str(pod["metadata"].get("creationTimestamp", "")),
        tuple(str(p["metadata"]["name"]) for p in admitting),
        tuple(sorted((spec.get("selector") or {}).items())),
    )


def _newest(pods: list[Obj]) -> Obj | None:
    living = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    return max(living, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), default=None)


def _image(pod: Obj) -> str:
    images = [str(c.get("image", "")) for c in (pod.get("spec") or {}).get("containers") or []]
    return next(
        (image for image in images if "opencost" in image.rpartition("/")[2]), images[0] if images else ""
    )


def version_of(image: str, labels: dict[str, Any]) -> str:
    """1.118.0 out of `…/opencost:1.118.0` or `…:v1.118.0@sha256:…`; else the app's version label."""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    for word in (tag.removeprefix("prod-"), str(labels.get("app.kubernetes.io/version", ""))):
        if word.removeprefix("v")[:1].isdigit():
            return word.removeprefix("v")
    return ""


@dataclass(frozen=True, slots=True)
class Caller:
    """The bridge, as a policy sees who comes: its namespace, that one's labels, its own; `home` is OpenCost's namespace."""

    namespace: str
    around: dict[str, str]
    labels: dict[str, str]
    home: str

    @classmethod
    def of(cls, sources: Sources) -> "Caller":
        """A namespace that is not there yet will have its name as a label."""
        where = names(sources)
        found = (sources.cluster.get("Namespace", where.namespace) or {}).get("metadata", {}).get("labels")
        around = {"kubernetes.io/metadata.name": where.namespace} | (found or {})
        return cls(
            where.namespace, around, where.selector("bridge"), sources.answers.cluster.opencost_namespace
        )


def _guards(policy: Obj, labels: dict[str, Any]) -> bool:
    """Whether it rules who comes in to a pod with these labels."""
    spec = policy.get("spec") or {}
    if not matches(spec.get("podSelector") or {}, labels):
        return False
    return "Ingress" in (spec.get("policyTypes") or ["Ingress"])


def _admits(rule: Obj, caller: Caller) -> bool:
    """What cannot be judged here (address blocks) counts as admitted: the handshake tells."""
    ports, peers = rule.get("ports"), rule.get("from")
    if ports and not any(_covers(port) for port in ports):
        return False
    return not peers or any("ipBlock" in peer or _is(peer, caller) for peer in peers)


def _is(peer: Obj, caller: Caller) -> bool:
    spaces = peer.get("namespaceSelector")
    if spaces is None and caller.namespace != caller.home:
        return False
    return matches(spaces or {}, caller.around) and matches(peer.get("podSelector") or {}, caller.labels)


def _covers(port: dict[str, Any]) -> bool:
    first = port.get("port")
    if first is None or not isinstance(first, int):
        return True
    return first <= MCP_PORT <= int(port.get("endPort") or first)
