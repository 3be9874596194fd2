"""What is provoked on simulated sites, and the cause that has to be named first.

`pods`: an install that no preflight stopped, so that the failure shows in pods, events and logs instead of a check.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.diagnosis.provoke import AFTER_PREFLIGHT, BARE, INSTALLED


@dataclass(frozen=True)
class Provocation:
    """`world` is one that ships, or what is laid over the healthy one; `first` the code, "" for none at all."""

    what: str
    first: str
    world: str = ""
    lay: str = ""
    only: tuple[str, ...] = ()
    sets: dict[str, str] = field(default_factory=dict)
    also: frozenset[str] = frozenset()
    after: Any = None

    def path(self, folder: Path) -> str | Path:
        """The world to open."""
        if self.world:
            return self.world
        path = folder / "provoked.yaml"
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(f"like: healthy\ntitle: provoked\n{self.lay}\n")
        return path


def _pulls(how: str, first: str) -> Provocation:
    nodes = ", ".join(f"{{name: {n}, pulls: {how}}}" for n in ("node-a", "node-b", "node-gpu"))
    return Provocation(
        f"every node's pull ends with {how}, no preflight", first, lay=f"nodes: [{nodes}]", only=BARE
    )


def _kill_registry(world: Any, answers: Any) -> None:
    """The registry goes away after the install, and the bridge's pod is made anew."""
    cluster = world.cluster(answers)
    world._inside.stop()
    for pod in cluster.list("Pod", "opencost-ai", {"app.kubernetes.io/component": "bridge"}):
        cluster.delete("Pod", pod["metadata"]["name"], "opencost-ai")
    with world.state.hold() as data:
        data["nodes"] = {}  # the image is on no node any more
    for _ in range(20):
        cluster.list("Pod", "opencost-ai")


def _delete(kind: str, name: str, namespace: str = "opencost-ai") -> Any:
    def after(world: Any, answers: Any) -> None:
        world.cluster(answers).delete(kind, name, namespace)
        world.cluster(answers).list("Pod", namespace)

    return after


def _allow_all(world: Any, answers: Any) -> None:
    world.cluster(answers).apply(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "temporary-debugging", "namespace": "opencost-ai"},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
        }
    )


_ARM = "nodes: [{name: node-a, arch: arm64}, {name: node-b, arch: arm64}, {name: node-gpu, arch: arm64}]\n"
_QUOTA = """objects:
  - {apiVersion: v1, kind: Namespace, metadata: {name: opencost-ai}}
  - {apiVersion: v1, kind: ResourceQuota, metadata: {name: team, namespace: opencost-ai}, spec: {hard: {requests.memory: 1Gi, limits.memory: 2Gi}}}
"""
_DNS = (
    "dns: {namespace: openshift-dns, labels: {dns.operator.openshift.io/daemonset-dns: default}, port: 5353}"
)

PROVOCATIONS: dict[str, Provocation] = {
    # the worlds that ship, each with a whole install in it
    "api-away": Provocation("the API server does not answer", "cluster-unreachable", "api-away"),
    "clock-wrong": Provocation("a node's clock is ten minutes ahead", "clock-wrong", "clock-wrong"),
    "cni-ignores-policy": Provocation("the CNI enforces nothing", "cni-enforces-policy", "cni-ignores-policy"),
    "disk-small": Provocation("the volume holds less than promised", "volume-full", "disk-small"),
    "dns-elsewhere": Provocation("DNS is not where the chart's rule looks", "dns-rule-matches", "dns-elsewhere"),
    "egress-hole": Provocation("the metadata service answers, policy holds", "", "egress-hole"),
    "egress-open": Provocation("egress is open through a policy", "egress-open", "egress-open"),
    "healthy": Provocation("nothing is wrong", "", "healthy"),
    "image-missing": Provocation("a tag was never published", "tag-not-found", "image-missing"),
    "images-rewritten": Provocation("a webhook rewrites images", "images-rewritten", "images-rewritten"),
    "mcp-off": Provocation("OpenCost's MCP server is off", "opencost-mcp-off", "mcp-off"),
    "no-storageclass": Provocation("there is no StorageClass", "storage-class-missing", "no-storageclass"),
    "node-away": Provocation("a node's kubelet is away", "node-not-ready", "node-away"),
    "node-disk-small": Provocation("a node has no room for images", "node-disk-full", "node-disk-small"),
    "node-too-small": Provocation("no node has the memory", "no-room-on-nodes", "node-too-small"),
    "ollama-killed": Provocation("Ollama is killed for its memory", "ollama-out-of-memory", "ollama-killed"),
    "opencost-closed": Provocation("OpenCost's policy bars the bridge", "opencost-policy-refuses-bridge", "opencost-closed"),
    "opencost-hidden": Provocation("OpenCost's Service lacks 8081", "opencost-mcp-not-exposed", "opencost-hidden"),
    "opencost-old": Provocation("OpenCost is too old", "opencost-too-old", "opencost-old"),
    "perimeter-open": Provocation("the perimeter is open, policy holds", "", "perimeter-open"),
    "podsecurity-missing": Provocation("PodSecurity admission is off", "podsecurity-present", "podsecurity-missing"),
    "pull-401": Provocation("every node gets a 401", "pull-credentials-wrong", "pull-401"),
    "pvc-stuck": Provocation("the provisioner does not run", "provisioner-silent", "pvc-stuck"),
    "quota-tight": Provocation("the quota is too tight", "quota-exceeded", "quota-tight"),
    "rbac-missing": Provocation("we may not do all", "rbac-sufficient", "rbac-missing"),
    "registry-unresolved": Provocation("nodes cannot resolve the registry", "registry-name-unknown-to-node", "registry-unresolved"),
    "release-stuck": Provocation("a release hangs in pending-install", "release-stuck", "release-stuck"),
    "token-missing": Provocation("the token's Secret is pruned", "token-secret-missing", "token-missing"),
    "tools-lost": Provocation("OpenCost's pod was replaced", "bridge-session-lost", "tools-lost"),
    "tools-zero": Provocation("the bridge has no tools", "bridge-without-tools", "tools-zero"),
    "webhook-denies": Provocation("a webhook refuses the StatefulSet", "webhook-refuses", "webhook-denies"),
    "wrong-arch": Provocation("an image without the nodes' architecture", "image-without-platform", "wrong-arch"),
    "x509-unknown-ca": Provocation("one node does not trust the CA", "registry-ca-unknown-to-node", "x509-unknown-ca"),
    # the same in pods, events and logs
    "pods-unauthorized": _pulls("unauthorized", "pull-credentials-wrong"),
    "pods-forbidden": _pulls("forbidden", "pull-forbidden"),
    "pods-unknown-authority": _pulls("unknown-authority", "registry-ca-unknown-to-node"),
    "pods-no-such-host": _pulls("no-such-host", "registry-name-unknown-to-node"),
    "pods-refused": _pulls("refused", "registry-refused-from-node"),
    "pods-timeout": _pulls("timeout", "registry-timeout-from-node"),
    "pods-rate-limited": _pulls("rate-limited", "pull-rate-limited"),
    "pods-plain-http": _pulls("plain-http", "registry-plain-http-to-node"),
    "pods-secret-pruned": Provocation(
        "the pull secret is pruned as soon as it is made", "pull-secret-missing",
        lay="prunes: [{kind: Secret, name: internal-registry}]", only=BARE,
    ),
    "pods-image-gone": Provocation(
        "the bridge's image is cleaned out of the registry", "image-not-in-registry",
        lay="registry: {loses: [opencost-ai/ollama-mcp-bridge]}", only=AFTER_PREFLIGHT,
    ),
    "pods-arch": Provocation(
        "ARM nodes, a bridge without ARM, no preflight", "image-without-platform",
        lay=_ARM + "source: {images: [{reference: 'ghcr.io/jonigl/ollama-mcp-bridge:v0.2.0', platforms: [linux/amd64]}]}",
        only=AFTER_PREFLIGHT,
    ),
    "pods-rewritten": Provocation(
        "a webhook rewrites images, no preflight", "images-rewritten",
        lay="rewrites: {registry.internal.example/: cache.corp.example/internal/}", only=BARE,
    ),
    "pods-no-class": Provocation(
        "the StorageClass has another name, no preflight", "storage-class-missing",
        lay="storageClasses: [{name: internal-block, gone: true}, {name: internal-file, gone: true}, {name: other}]", only=BARE,
    ),
    "pods-provisioner": Provocation(
        "the provisioner does not run, no preflight", "provisioner-silent",
        lay="storageClasses: [{name: internal-block, works: false}]", only=BARE,
    ),
    "pods-quota": Provocation("the quota is too tight, no preflight", "quota-exceeded", lay=_QUOTA, only=BARE),
    "pods-memory": Provocation(
        "no node has the memory, no preflight", "no-room-on-nodes",
        lay="nodes: [{name: node-a, memory: 1Gi}, {name: node-b, memory: 1Gi}]", only=BARE,
    ),
    "pods-taint": Provocation(
        "every node is tainted, no preflight", "nodes-tainted",
        lay="nodes: [{name: node-a, taints: [{key: dedicated, value: db}]}, {name: node-b, taints: [{key: dedicated, value: db}]}]",
        only=BARE,
    ),
    "pods-gpu": Provocation(
        "a GPU is asked for, and no node has one", "no-gpu-free",
        lay="nodes: [{name: node-gpu, gone: true}]", only=BARE, sets={"cluster.gpu": "true"},
    ),
    "pods-disk": Provocation(
        "a node's disk is full, no preflight", "node-disk-full",
        lay="nodes: [{name: node-a, disk: 1Mi}, {name: node-b, disk: 1Mi}]", only=BARE,
        also=frozenset({"node-disk-full"}),
    ),
    "bridge-defect": Provocation(
        "the chart's defect is kept", "bridge-cache-read-only",
        only=AFTER_PREFLIGHT, sets={"chart.keepDefects": "bridge-command"},
    ),
    "gateway-crash": Provocation(
        "the gateway does not take its configuration", "gateway-crashes",
        lay="components: {gateway: {crash: 'config: time: invalid duration'}}", only=AFTER_PREFLIGHT,
    ),
    "installed-mcp-off": Provocation(
        "OpenCost's MCP server is off, installed all the same", "opencost-mcp-off", lay="opencost: {mcp: false}", only=INSTALLED
    ),
    "installed-hidden": Provocation(
        "OpenCost's Service lacks 8081, installed all the same", "opencost-mcp-not-exposed",
        lay="opencost: {exposed: false}", only=INSTALLED,
    ),
    "installed-closed": Provocation(
        "OpenCost's policy bars the bridge, installed all the same", "opencost-policy-refuses-bridge",
        lay="opencost: {admits: false}", only=INSTALLED,
    ),
    "installed-dns": Provocation(
        "DNS is elsewhere, installed all the same", "dns-rule-matches", lay=_DNS, only=INSTALLED,
        also=frozenset({"bridge-without-tools"}),
    ),
    "no-model": Provocation(
        "the model was never loaded", "model-absent",
        only=tuple(step for step in INSTALLED if step != "load-model"),
    ),
    # broken after an install that was green
    "later-registry-down": Provocation("the registry goes down afterwards", "registry-down", "healthy", after=_kill_registry),
    "later-token-deleted": Provocation(
        "somebody deletes the token's Secret", "token-secret-missing", "healthy", after=_delete("Secret", "opencost-ai-auth")
    ),
    "later-allow-all": Provocation("somebody adds a policy that lets all out", "egress-open", "healthy", after=_allow_all),
    "later-opencost-gone": Provocation(
        "somebody deletes OpenCost's Service", "opencost-not-found", "healthy", after=_delete("Service", "opencost", "opencost")
    ),
}  # fmt: skip
