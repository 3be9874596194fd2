"""The names that follow from a release of the opencost-ai chart (0.1.x), and the labels we put on what is ours."""

from dataclasses import dataclass

from wizard.answers.sections.cluster import Cluster

MANAGER = "airgap-wizard"
MANAGED_BY = "app.kubernetes.io/managed-by"
COMPONENT = "app.kubernetes.io/component"
INSTANCE = "app.kubernetes.io/instance"
NAME = "app.kubernetes.io/name"
PURPOSE = "airgap-wizard/purpose"
"""On everything made for a look and removed again: `scratch`, `probe`, `loader`."""
TARGET = "airgap-wizard/target"
"""NAMESPACE.RELEASE that it was made for, so that one run never removes what another is using."""

COMPONENTS = ("gateway", "bridge", "ollama")
PORTS = {"gateway": 8080, "bridge": 8000, "ollama": 11434}
MCP_PORT = 8081
TOKEN_PATH = "/var/run/secrets/opencost-ai/token"  # noqa: S105  (a path)
TOKEN_KEY = "token"  # noqa: S105  (a key's name)
AUTH_SECRET = "opencost-ai-auth"  # noqa: S105  (a Secret's name, S1.34)
STORE = "/var/lib/ollama/.ollama/models"
HOME = "/var/lib/ollama"
UID = 65532


@dataclass(frozen=True, slots=True)
class Names:
    """Object names of one release. The chart drops its own name where the release already contains it."""

    namespace: str
    release: str

    @classmethod
    def of(cls, cluster: Cluster) -> "Names":
        """From the answers."""
        return cls(cluster.namespace, cluster.release)

    @property
    def full(self) -> str:
        """`opencost-ai`, or `REL-opencost-ai` for another release name (at most 63 characters, as Helm cuts)."""
        whole = self.release if "opencost-ai" in self.release else f"{self.release}-opencost-ai"
        return whole[:63].rstrip("-")

    def of_component(self, component: str) -> str:
        """Name of the component's workload, Service and NetworkPolicy."""
        return f"{self.full}-{component}"[:63].rstrip("-")

    def service(self, component: str) -> str:
        """HOST:PORT of a component's Service, as a pod says it."""
        return f"{self.of_component(component)}.{self.namespace}.svc:{PORTS[component]}"

    @property
    def volume(self) -> str:
        """The PVC that the StatefulSet's first pod takes; a pre-created one must bear exactly this name."""
        return f"models-{self.of_component('ollama')}-0"

    def selector(self, component: str) -> dict[str, str]:
        """Labels that the chart's policies and Services select a component by."""
        return {NAME: "opencost-ai", INSTANCE: self.release, COMPONENT: component}

    @property
    def target(self) -> str:
        """The value of the `airgap-wizard/target` label (a label holds 63 characters at most)."""
        return f"{self.namespace}.{self.release}"[:63].rstrip("-._")


def ours(purpose: str, names: Names) -> dict[str, str]:
    """Labels for what is made to look, and removed again."""
    return {MANAGED_BY: MANAGER, PURPOSE: purpose, TARGET: names.target}
