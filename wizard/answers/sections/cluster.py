"""`cluster`: the Kubernetes cluster inside the perimeter."""

from dataclasses import dataclass
from pathlib import Path

from wizard.answers.checks import dns_label, dns_subdomain, quantity, release_name
from wizard.answers.declare import ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Kubernetes cluster: how it is reached and what is used of it."""

    kubeconfig: Path | None = ask(
        "kubeconfig",
        why="empty = the ServiceAccount of the pod this runs in; a file is used only when named here",
        example=Path("/root/.kube/config"),
        default=None,
        seed="S2.37",
    )
    context: str = ask(
        "Context",
        why="which context of the kubeconfig; empty = its current one",
        example="site-a",
        default="",
    )
    namespace: str = ask(
        "Namespace",
        why="made with PodSecurity `restricted` where it does not exist",
        example="opencost-ai",
        default="opencost-ai",
        check=dns_label,
        seed="S1.33",
    )
    release: str = ask(
        "Helm release",
        why="names of all objects follow from it",
        example="opencost-ai",
        default="opencost-ai",
        check=release_name,
        seed="S1.35",
    )
    storage_class: str = ask(
        "StorageClass",
        why="of the model's volume; explicit, never the default one",
        example="internal-block",
        default="",
        check=dns_subdomain,
        needed=("install",),
        seed="S1.31",
    )
    volume_size: str = ask(
        "Volume size",
        why="must hold the model with room to load the next one beside it",
        example="20Gi",
        default="20Gi",
        check=quantity,
    )
    default_deny: bool = ask(
        "Default deny",
        why="a NetworkPolicy that refuses all egress of the namespace's other pods; without it any pod there gets out",
        example=True,
        default=True,
    )
    opencost_namespace: str = ask(
        "OpenCost's namespace",
        why="the bridge asks OpenCost's MCP server there, on port 8081",
        example="opencost",
        default="opencost",
        check=dns_label,
        seed="S1.13",
    )
    opencost_service: str = ask(
        "OpenCost's Service",
        why="its name inside that namespace",
        example="opencost",
        default="opencost",
        check=dns_label,
        seed="S1.13",
    )
    gpu: bool = ask(
        "GPU",
        why="asks for one nvidia.com/gpu for Ollama",
        example=False,
        default=False,
        seed="S1.47",
    )
