"""What nodes and the loader pull with: the credentials of the internal registry as docker's config.json."""

from wizard.cluster.objects.secrets import docker_config
from wizard.engine.secrets import Secret
from wizard.oci.sites import Sites


def registry_config(sites: Sites, host: str) -> Secret | None:
    """docker's config.json for `host`; None where the registry is asked anonymously."""
    site = sites.site(host)
    if site.anonymous or not site.username or site.password is None:
        return None
    return Secret(docker_config(host, site.username, site.password))
