"""What nodes and the loader pull with: the credentials of the internal registry as docker's config.json."""

import base64
import json
import os
from typing import Any

from wizard.engine.secrets import Secret
from wizard.oci.credentials import Credentials, for_site
from wizard.oci.sites import Sites


def registry_config(sites: Sites, host: str) -> Secret | None:
    """docker's config.json for `host` alone; None where the registry is asked anonymously.

    They are the answers' own, or what docker's configuration on this machine has for the host. Raises Problem
    `docker-config-invalid` or `credential-helper-failed`.
    """
    found = for_site(sites.site(host), os.environ)
    entry = _entry(found) if found is not None else {}
    return Secret(json.dumps({"auths": {host: entry}}, sort_keys=True)) if entry else None


def _entry(found: Credentials) -> dict[str, Any]:
    if found.identity is not None:
        return {"username": found.username, "identitytoken": found.identity.reveal()}
    if found.token is not None:
        return {"registrytoken": found.token.reveal()}
    if found.password is None:
        return {}
    password = found.password.reveal()
    auth = Secret(base64.b64encode(f"{found.username}:{password}".encode()).decode())
    return {"username": found.username, "password": password, "auth": auth.reveal()}
