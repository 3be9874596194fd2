"""Objects of a release as the chart makes them, cheap: pods and workloads one by one, to be broken."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from wizard.cluster.objects.names import COMPONENT, INSTANCE, NAME, PORTS

Obj = dict[str, Any]
PULL_SECRET = "internal-registry"
TOKEN_SECRET = "opencost-ai-auth"
CLAIM = "models-opencost-ai-ollama-0"
RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True)
class Parts:
    """Of one namespace. `host` is where its images are asked of; `images` are their names there."""

    space: str
    host: str
    user: str
    password: str = field(repr=False)
    images: dict[str, str] = field(default_factory=dict)

    def image(self, component: str) -> str:
        """HOST/REPOSITORY@DIGEST of a component's stand-in."""
        return f"{self.host}/{self.images[component]}"

    def labels(self, component: str) -> dict[str, str]:
        """As the chart's selectors have them."""
        return {NAME: "opencost-ai", INSTANCE: "opencost-ai", COMPONENT: component}

    # --- what every install has

    def around(self) -> list[Obj]:
        """Secrets and policies: without them something else would be wrong as well."""
        policies = [self.policy(component) for component in ("gateway", "bridge", "ollama")]
        return [self.login(), self.token(), *policies]

    def login(self, *, host: str = "", password: str = "") -> Obj:
        """The pull secret."""
        login = {"username": self.user, "password": password or self.password}
        config = json.dumps({"auths": {host or self.host: login}})
        kind = "kubernetes.io/dockerconfigjson"
        return self.secret(PULL_SECRET, {".dockerconfigjson": config}, kind)

    def token(self, key: str = "token") -> Obj:
        """The gateway's token."""
        return self.secret(TOKEN_SECRET, {key: "a" * 64})

    def secret(self, name: str, values: dict[str, str], kind: str = "Opaque") -> Obj:
        """Any other."""
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind, "data": data}

    def policy(self, component: str) -> Obj:
        """DNS, and the namespace itself."""
        spec = {
            "podSelector": {"matchLabels": self.labels(component)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": {}}]}],
            "egress": [{"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]},
                       {"to": [{"podSelector": {}}]}],
        }  # fmt: skip
        return self.net(f"opencost-ai-{component}", spec)

    def net(self, name: str, spec: Obj) -> Obj:
        """A NetworkPolicy."""
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name},
            "spec": spec,
        }

    # --- pods

    def pod(self, component: str, image: str = "", **spec: Any) -> Obj:
        """One pod by itself, named as the chart's would be."""
        name = "opencost-ai-ollama-0" if component == "ollama" else f"opencost-ai-{component}-0"
        return {"apiVersion": "v1", "kind": "Pod", **self.template(component, image, name=name, **spec)}

    def template(self, component: str, image: str = "", *, name: str = "", **spec: Any) -> Obj:
        """Its template. `container` is laid over the container, the rest over the spec."""
        laid = spec.pop("container", {})
        own = {"image": image or self.image(component), "imagePullPolicy": "Always"}
        base = {"name": component, **own, "securityContext": RESTRICTED | {"readOnlyRootFilesystem": True}}
        metadata: Obj = {"labels": self.labels(component)} | ({"name": name} if name else {})
        whole = {
            "containers": [base | laid],
            "imagePullSecrets": [{"name": PULL_SECRET}],
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
        }
        return {"metadata": metadata, "spec": whole | spec}

    def idle(self, component: str, **spec: Any) -> Obj:
        """A pod that runs and does nothing."""
        container = {"command": ["/bin/sh", "-c", "sleep 3600"]} | spec.pop("container", {})
        return self.pod(component, self.image("shell"), container=container, **spec)

    def serving(self, component: str, **spec: Any) -> Obj:
        """A stand-in that serves, Ready once its port answers."""
        probe = {"tcpSocket": {"port": PORTS[component]}, "periodSeconds": 1}
        return self.pod(component, container={"readinessProbe": probe} | spec.pop("container", {}), **spec)

    def deployment(self, component: str, template: Obj) -> Obj:
        """Its workload, as the chart names it."""
        spec = {"selector": {"matchLabels": self.labels(component)}, "template": template}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": f"opencost-ai-{component}", "labels": self.labels(component)},
            "spec": spec,
        }

    def claim(self, class_name: str, *, mode: str = "ReadWriteOnce", volume: str = "") -> Obj:
        """The model's volume."""
        spec: Obj = {
            "accessModes": [mode],
            "storageClassName": class_name,
            "resources": {"requests": {"storage": "64Mi"}},
        }
        meta = {"name": CLAIM, "labels": self.labels("ollama")}
        spec |= {"volumeName": volume} if volume else {}
        return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec}

    def on_claim(self, **spec: Any) -> Obj:
        """Ollama's pod, on that volume."""
        volumes = [{"name": "models", "persistentVolumeClaim": {"claimName": CLAIM}}]
        mounts = {"volumeMounts": [{"name": "models", "mountPath": "/var/lib/ollama"}]}
        return self.idle("ollama", volumes=volumes, container=mounts, **spec)

    # --- OpenCost, in the same namespace

    def opencost(self, *, tag: str = "1.118.0", mcp: bool = True) -> list[Obj]:
        """Its pod; `service` is apart, since it may lack a port."""
        env = {"VERSION": tag, "COSTS": "a", "MCP_SERVER_ENABLED": "true" if mcp else "false"}
        container = {
            "name": "opencost",
            "image": f"{self.host}/opencost/opencost:{tag}",
            "env": [{"name": key, "value": value} for key, value in env.items()],
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": 9003}, "periodSeconds": 1},
        }
        spec = {
            "containers": [container],
            "imagePullSecrets": [{"name": PULL_SECRET}],
            "terminationGracePeriodSeconds": 0,
        }
        meta = {"name": "opencost-0", "labels": {"app.kubernetes.io/name": "opencost"}}
        return [{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}]

    def service(self, *ports: int) -> Obj:
        """OpenCost's Service."""
        spec = {
            "selector": {"app.kubernetes.io/name": "opencost"},
            "ports": [{"name": f"p{port}", "port": port} for port in ports],
        }
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "opencost"}, "spec": spec}

    def servers(self) -> Obj:
        """The bridge's configuration, as the chart writes it."""
        url = f"http://opencost.{self.space}.svc.cluster.local:8081/mcp"
        text = json.dumps({"mcpServers": {"opencost": {"url": url}}})
        meta = {"name": "opencost-ai-bridge"}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"servers.json": text}}

    def bridge(self, **spec: Any) -> Obj:
        """The bridge as the product has it started."""
        command = ["/.venv/bin/ollama-mcp-bridge", "--config", "/etc/ollama-mcp-bridge/servers.json"]
        mounts = [{"name": "config", "mountPath": "/etc/ollama-mcp-bridge"}]
        volumes = [{"name": "config", "configMap": {"name": "opencost-ai-bridge"}}]
        return self.serving(
            "bridge", container={"command": command, "volumeMounts": mounts}, volumes=volumes, **spec
        )
