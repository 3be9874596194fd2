"""What a rehearsed world is made of: the keys of `assets/worlds/*.yaml` (explained in `assets/worlds/README.md`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from wizard.answers.checks import image_reference, model_name, quantity
from wizard.rehearsal.reading import key


class Binding(StrEnum):
    """When a StorageClass binds a claim."""

    IMMEDIATE = "Immediate"
    WAITS = "WaitForFirstConsumer"


class Blocked(StrEnum):
    """What a blocked connection looks like from the inside."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


class Pulls(StrEnum):
    """How a node's pulls from the internal registry end, whatever the registry would say."""

    OK = "ok"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    UNKNOWN_AUTHORITY = "unknown-authority"
    NO_SUCH_HOST = "no-such-host"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate-limited"
    PLAIN_HTTP = "plain-http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taint:
    """A node's taint."""

    key: str
    value: str = ""
    effect: str = "NoSchedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node. `clock` is how many seconds its clock is ahead; `pulls` how its container runtime gets on."""

    name: str
    arch: str = "amd64"
    cpu: str = "8"
    memory: str = key("32Gi", check=quantity)
    disk: str = key("200Gi", check=quantity)
    gpu: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    pulls: Pulls = Pulls.OK
    clock: float = 0.0
    ready: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageClass:
    """A StorageClass. `works: false` = its provisioner is not there; `holds` = what a volume really holds, where
    that is less than was asked for (an overcommitted pool)."""

    name: str
    provisioner: str = "csi.internal.example"
    works: bool = True
    binding: Binding = Binding.WAITS
    expands: bool = True
    default: bool = False
    modes: tuple[str, ...] = ("ReadWriteOnce",)
    holds: str = key("", check=lambda v: quantity(v) if v else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cni:
    """The network plugin. `settles` = seconds for which a new pod's policies are not in force yet."""

    name: str = "calico"
    enforces: bool = True
    blocked: Blocked = Blocked.TIMEOUT
    settles: float = 0.0
    ipv6: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dns:
    """The cluster's DNS pods. `outside` = they answer for names outside the perimeter."""

    namespace: str = "kube-system"
    labels: Mapping[str, str] = field(default_factory=lambda: {"k8s-app": "kube-dns"})
    port: int = 53
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Perimeter:
    """What lies between the cluster and the internet. `lets` are HOST:PORT pairs let through a closed one."""

    open: bool = False
    blocked: Blocked = Blocked.TIMEOUT
    metadata: bool = False
    lets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The internal registry. `host` empty = whatever the answers call it; `address` is its IP as pods see it."""

    host: str = ""
    address: str = "10.20.0.5"
    loses: tuple[str, ...] = ()
    """Repositories whose content is gone again by the time a node pulls (a registry that was cleaned)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """The API server goes away at call number `after` for so many `calls`."""

    after: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubernetes:
    """The API server. `clock` = seconds that it is ahead."""

    version: str = "v1.34.4"
    pod_security: bool = True
    reachable: bool = True
    away: Away = field(default_factory=Away)
    clock: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCost:
    """OpenCost as installed. `mcp` = its MCP server runs; `exposed` = its Service has port 8081; `admits` = its own
    NetworkPolicy lets our bridge in; `restarts` = its pod is replaced after the bridge has connected."""

    installed: bool = True
    namespace: str = "opencost"
    service: str = "opencost"
    version: str = "1.118.0"
    mcp: bool = True
    exposed: bool = True
    admits: bool = True
    restarts: bool = False
    tools: tuple[str, ...] = ("get_allocation_costs", "get_asset_costs", "get_cloud_costs", "get_efficiency")
    costs: Mapping[str, str] = field(
        default_factory=lambda: {"kube-system": "41.72", "opencost": "3.18", "payments": "128.40"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """How one of opencost-ai's containers misbehaves. `crash` is its last log line before it exits with `exit`."""

    crash: str = ""
    exit: int = 1
    tools: int = -1
    never_ready: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Misbehaviour by component."""

    gateway: Component = field(default_factory=Component)
    bridge: Component = field(default_factory=Component)
    ollama: Component = field(default_factory=Component)


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """What RBAC does not let us do. Empty lists match everything."""

    verbs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """An object that something at the site removes as soon as it appears (a GitOps controller that prunes)."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A Helm release that is there already."""

    name: str = "opencost-ai"
    namespace: str = "opencost-ai"
    status: str = "pending-install"
    chart: str = "opencost-ai-0.1.0"
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Helm:
    """The rehearsed Helm. `fails` = the error its upgrade ends with once, before anything is applied."""

    version: str = "v3.19.5"
    fails: str = ""
    release: Release | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceImage:
    """An image that the outside registries hold. `app` says how its containers behave."""

    reference: str = key(check=image_reference)
    app: str = "other"
    platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64")
    layers: tuple[str, ...] = key(("1Mi",), check=quantity)
    user: str = "65532"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceModel:
    """The model in the rehearsed Ollama store."""

    name: str = key("granite4.1:8b", check=model_name)
    size: str = key("24Mi", check=quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What there is to carry."""

    images: tuple[SourceImage, ...] = ()
    models: tuple[SourceModel, ...] = (SourceModel(),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A whole world. `tempo` scales how long the simulated cluster takes (0 = no time at all)."""

    title: str
    story: str = ""
    like: str = ""
    tempo: float = 0.3
    kubernetes: Kubernetes = field(default_factory=Kubernetes)
    nodes: tuple[Node, ...] = (Node(name="node-a"),)
    storage_classes: tuple[StorageClass, ...] = ()
    cni: Cni = field(default_factory=Cni)
    dns: Dns = field(default_factory=Dns)
    perimeter: Perimeter = field(default_factory=Perimeter)
    registry: Registry = field(default_factory=Registry)
    opencost: OpenCost = field(default_factory=OpenCost)
    components: Components = field(default_factory=Components)
    rbac: tuple[Denied, ...] = ()
    prunes: tuple[Pruned, ...] = ()
    rewrites: Mapping[str, str] = field(default_factory=dict)
    denies: Mapping[str, str] = field(default_factory=dict)
    helm: Helm = field(default_factory=Helm)
    source: Source = field(default_factory=Source)
    objects: tuple[dict[str, Any], ...] = ()
    name: str = ""
