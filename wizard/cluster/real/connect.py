"""Connecting: the pod's ServiceAccount by default, a kubeconfig only where one is named (S2.37)."""

import os
from pathlib import Path
from typing import Any

from wizard.engine.problems import Problem, Remedy
from wizard.engine.secrets import Secret

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


def connect(kubeconfig: Path | None, context: str) -> Any:
    """A `kubernetes.client.ApiClient`. Raises Problem `cluster-not-configured`, `kubeconfig-not-valid` (exit 2)."""
    import kubernetes
    import yaml

    configuration = kubernetes.client.Configuration()
    try:
        if kubeconfig is not None:
            if not kubeconfig.is_file():
                raise _not_valid(kubeconfig, "there is no such file")
            kubernetes.config.load_kube_config(
                str(kubeconfig), context or None, client_configuration=configuration, persist_config=False
            )
        elif os.environ.get("KUBERNETES_SERVICE_HOST") and _ACCOUNT.exists():
            kubernetes.config.load_incluster_config(client_configuration=configuration)
        else:
            raise not_configured()
    except (kubernetes.config.ConfigException, yaml.YAMLError, UnicodeDecodeError) as error:
        raise _not_valid(kubeconfig or _ACCOUNT, str(error)) from None
    for credential in configuration.api_key.values():
        Secret(credential.rpartition(" ")[2])  # nothing that is printed or written may hold it
    # the API server is inside the perimeter: a proxy of the environment leads outside
    configuration.proxy = None
    configuration.no_proxy = "*"
    configuration.retries = 0
    return kubernetes.client.ApiClient(configuration)


def not_configured() -> Problem:
    """Neither inside a cluster nor told of one."""
    return Problem(
        "cluster-not-configured",
        "this step needs a Kubernetes cluster, and none is configured",
        detail="cluster.kubeconfig is not set, and this is no pod with a ServiceAccount",
        remedies=(
            Remedy(
                "name the kubeconfig",
                "airgap-wizard run --answers-file F --set cluster.kubeconfig=$HOME/.kube/config",
            ),
            Remedy("or try the journey on a simulated site", "airgap-wizard run --rehearse healthy"),
        ),
        exit_code=2,
    )


def _not_valid(path: Path, why: str) -> Problem:
    return Problem(
        "kubeconfig-not-valid",
        f"{path} cannot be used to reach a cluster",
        detail=why,
        remedies=(
            Remedy("see the contexts it has", f"kubectl --kubeconfig {path} config get-contexts"),
            Remedy("name another one in the answers: cluster.kubeconfig, cluster.context"),
        ),
        exit_code=2,
    )
