"""Secrets as objects: the pull secret and the gateway's token. The values come in late and are never printed."""

import base64
from collections.abc import Mapping

from wizard.cluster.objects.names import MANAGED_BY, MANAGER, TOKEN_KEY
from wizard.cluster.port import Obj
from wizard.engine.secrets import Secret

DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def pull_secret(name: str, space: str, config: Secret, labels: Mapping[str, str] | None = None) -> Obj:
    """A `dockerconfigjson` Secret (S1.29)."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": DOCKER_CONFIG,
        "metadata": {"name": name, "namespace": space, "labels": {MANAGED_BY: MANAGER} | dict(labels or {})},
        "data": {".dockerconfigjson": _b64(config.reveal())},
    }


def token_secret(name: str, space: str, token: Secret) -> Obj:
    """The gateway's bearer token, key `token` (S1.34)."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "namespace": space, "labels": {MANAGED_BY: MANAGER}},
        "data": {TOKEN_KEY: _b64(token.reveal())},
    }


def secret_value(secret: Obj, key: str) -> str:
    """A value of a Secret as the API returned it; "" where the key is missing. The redactor learns it."""
    try:
        value = base64.b64decode((secret.get("data") or {}).get(key, "")).decode()
    except ValueError:
        return ""
    return Secret(value).reveal() if value else ""
