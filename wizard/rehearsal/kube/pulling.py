"""How a node gets an image: faults of the node, the perimeter, the pull secret, and then the registry itself."""

import base64
import hashlib
import json
from typing import Any

from wizard.cluster.port import Obj
from wizard.rehearsal.description import Node, Pulls
from wizard.rehearsal.kube.objects import Objects, event
from wizard.rehearsal.quantities import size
from wizard.rehearsal.site import APP, NotPulled, Pulled, Site


def host_of(image: str) -> str:
    """The registry of a reference, docker.io where it names none."""
    head, slash, _ = image.partition("/")
    return head if slash and ("." in head or ":" in head or head == "localhost") else "docker.io"


def repository_of(image: str) -> str:
    """The reference without tag and digest."""
    bare = image.partition("@")[0]
    head, colon, tail = bare.rpartition(":")
    return head if colon and "/" not in tail else bare


def preloaded(pod: Obj, container: Obj) -> Pulled | None:
    """The image of a pod that the world brings along."""
    app = (pod["metadata"].get("annotations") or {}).get(APP)
    if not app:
        return None
    return Pulled("sha256:" + hashlib.sha256(container["image"].encode()).hexdigest(), app, "65532", 0)


def pull(site: Site, objects: Objects, pod: Obj, container: Obj) -> Pulled:
    """The image on the pod's node, pulled if need be. Raises NotPulled with the runtime's words."""
    found = preloaded(pod, container)
    if found:
        return found
    image, node = container["image"], pod["spec"]["nodeName"]
    described = next((n for n in site.described.nodes if n.name == node), Node(name=node))
    images: dict[str, Any] = objects.node().setdefault(node, {}).setdefault("images", {})
    if image in images and container.get("imagePullPolicy") != "Always":  # which asks even for a digest
        return Pulled(**images[image])
    pulled = _fetch(site, objects, pod, image, described)
    taken = sum({v["digest"]: v["size"] for v in images.values()}.values())
    if taken + pulled.size > size(described.disk) // site.divide:
        raise NotPulled(
            f'failed to pull and unpack image "{image}": failed to extract layer {pulled.digest}: write'
            " /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots: no space left on device"
        )
    images[image] = {"digest": pulled.digest, "app": pulled.app, "user": pulled.user, "size": pulled.size}
    return pulled


def _fetch(site: Site, objects: Objects, pod: Obj, image: str, node: Node) -> Pulled:
    host = host_of(image)
    head = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": '
    url = f"https://{host}/v2/{repository_of(image).partition('/')[2]}/manifests/{image.rpartition('@')[2]}"
    internal = host == site.registry
    if not internal and not site.described.perimeter.open:
        if host in site.hosts:
            raise NotPulled(
                f'{head}failed to do request: Head "{url}": dial tcp 203.0.113.10:443: i/o timeout'
            )
        raise NotPulled(f'{head}failed to do request: Head "{url}": dial tcp: lookup {host}: no such host')
    if internal:
        if node.pulls is not Pulls.OK:
            raise NotPulled(head + _fault(node.pulls, url, host, site.described.registry.address))
        repository = repository_of(image).partition("/")[2]
        if repository in site.described.registry.loses:
            raise NotPulled(f"{head}{image}: not found")
    try:
        return site.registries.pull(image, node.arch, credentials(objects, pod, host))
    except NotPulled as error:
        raise NotPulled(head + str(error)) from None


def _fault(pulls: Pulls, url: str, host: str, address: str) -> str:
    do = f'failed to do request: Head "{url}": '
    return {
        Pulls.UNAUTHORIZED: "failed to authorize: failed to fetch anonymous token: unexpected status from GET request"
        f" to https://{host}/token: 401 Unauthorized",
        Pulls.FORBIDDEN: f"unexpected status from HEAD request to {url}: 403 Forbidden",
        Pulls.UNKNOWN_AUTHORITY: f"{do}tls: failed to verify certificate: x509: certificate signed by unknown authority",
        Pulls.NO_SUCH_HOST: f"{do}dial tcp: lookup {host.partition(':')[0]} on 10.20.0.2:53: no such host",
        Pulls.REFUSED: f"{do}dial tcp {address}:443: connect: connection refused",
        Pulls.TIMEOUT: f"{do}dial tcp {address}:443: i/o timeout",
        Pulls.RATE_LIMITED: f"unexpected status from HEAD request to {url}: 429 Too Many Requests",
        Pulls.PLAIN_HTTP: f"{do}http: server gave HTTP response to HTTPS client",
    }[pulls]


def credentials(objects: Objects, pod: Obj, host: str) -> tuple[str, str] | None:
    """User and password for a host out of the pod's pull secrets; a missing one is only an event, as on a real node."""
    namespace = pod["metadata"]["namespace"]
    missing = []
    found = None
    for entry in pod["spec"].get("imagePullSecrets") or []:
        secret = objects.get("Secret", entry["name"], namespace)
        if secret is None:
            missing.append(entry["name"])
            continue
        found = found or auth_for(docker_config(secret), host)
    if missing:
        event(
            objects, pod, "FailedToRetrieveImagePullSecret",
            f"Unable to retrieve some image pull secrets ({', '.join(missing)}); attempting to pull the image may not"
            " succeed.", True, "kubelet",
        )  # fmt: skip
    return found


def docker_config(secret: Obj) -> dict[str, Any]:
    """The docker config.json inside a Secret; {} where there is none that can be read."""
    data = (secret.get("data") or {}).get(".dockerconfigjson", "")
    try:
        found = json.loads(base64.b64decode(data))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def auth_for(config: dict[str, Any], host: str) -> tuple[str, str] | None:
    """User and password for a host in a docker config.json."""
    entry = (config.get("auths") or {}).get(host) or (config.get("auths") or {}).get(f"https://{host}")
    if not entry:
        return None
    if entry.get("auth"):
        user, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
        return user, password
    return str(entry.get("username", "")), str(entry.get("password", ""))
