"""The pull secrets that the release's pods name: are they there, and for this registry?

An image that a node has already hides a secret that is missing: the pod is Ready, and the next node that it comes to
pulls anonymously and is refused (facts 8).
"""

import base64
import json
from dataclasses import dataclass

from wizard.cluster.port import Obj
from wizard.cluster.waiting.pods import of_release
from wizard.facts.base import Sources
from wizard.facts.fetch import names, pull_config

_TYPE, _KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"


@dataclass(frozen=True, slots=True)
class PullSecrets:
    """`pods`: (pod, names of its secrets); `states`: (secret, good·missing·other-type·other-registry).

    `asked` = the registry is pulled from with credentials. Nothing secret is kept.
    """

    registry: str
    namespace: str
    asked: bool
    pods: tuple[tuple[str, tuple[str, ...]], ...]
    states: tuple[tuple[str, str], ...]


def gather_pull_secrets(sources: Sources) -> PullSecrets:
    """Read the pods and each Secret that they name."""
    where, host = names(sources), sources.answers.registry.host
    pods = []
    for pod in of_release(sources.cluster, where):
        named = (pod.get("spec") or {}).get("imagePullSecrets") or []
        pods.append((str(pod["metadata"]["name"]), tuple(str(each.get("name")) for each in named)))
    wanted = sorted({name for _, named in pods for name in named})
    found = [(name, sources.cluster.get("Secret", name, where.namespace)) for name in wanted]
    states = tuple((name, _state(secret, host)) for name, secret in found)
    return PullSecrets(host, where.namespace, pull_config(sources) is not None, tuple(sorted(pods)), states)


def _state(secret: Obj | None, host: str) -> str:
    if secret is None:
        return "missing"
    if secret.get("type") != _TYPE:
        return "other-type"
    try:
        auths = json.loads(base64.b64decode((secret.get("data") or {})[_KEY]))["auths"]
        return "good" if any(_host(key) == host for key in auths) else "other-registry"
    except (ValueError, KeyError, TypeError):
        return "other-registry"


def _host(key: str) -> str:
    """`https://HOST/v1/` is HOST, as the kubelet reads it."""
    return key.partition("://")[2].partition("/")[0] if "://" in key else key.partition("/")[0]
