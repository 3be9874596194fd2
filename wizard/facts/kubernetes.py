"""The API server's version."""

from dataclasses import dataclass

from wizard.facts.base import Sources


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """`version` as the API server says it ("v1.34.4", "v1.30.2+rke2r1")."""

    version: str


def gather_kubernetes(sources: Sources) -> Kubernetes:
    """Ask the API server."""
    return Kubernetes(sources.cluster.version())
