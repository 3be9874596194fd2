"""The environment Helm runs in: nothing of the operator's Helm settings, nothing of the secrets in ours."""

import os
from collections.abc import Mapping
from pathlib import Path

_KEPT = (
    "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_ALL", "TZ",
    # the way to the API server; no proxy, which would lead out of the perimeter (a kubeconfig may name its own)
    "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "NO_PROXY", "no_proxy",
)  # fmt: skip


def environment(
    home: Path, kubeconfig: Path | None, outer: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Folders of Helm's own below `home`; a kubeconfig only where one is named (S2.37).

    Without one, KUBECONFIG names an empty file: Helm then uses the pod's ServiceAccount and never finds
    `~/.kube/config` by itself.
    """
    outer = os.environ if outer is None else outer
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if kubeconfig is None:
        nothing = home / "no-kubeconfig"
        nothing.touch(mode=0o600)
        kubeconfig = nothing
    own = {
        name: str(home / name.lower()) for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")
    }
    kept = {name: outer[name] for name in _KEPT if name in outer}
    return kept | own | {"KUBECONFIG": str(kubeconfig.expanduser())}
