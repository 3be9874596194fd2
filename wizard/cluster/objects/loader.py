"""The pod that loads a model onto the volume, and the pod that reads it back: both mount the claim itself."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wizard.answers.model import Answers
from wizard.cluster.objects.names import HOME, STORE, Names, ours
from wizard.cluster.objects.pods import once, probe_pod, resources
from wizard.cluster.port import Obj
from wizard.engine.secrets import Secret

NAME = "airgap-wizard-loader"
READER = "airgap-wizard-store"
CA_NAME = "airgap-wizard-registry-ca"
CLIENT_NAME = "airgap-wizard-registry-client"
_AUTH, _CA, _CLIENT = "/etc/registry-auth", "/etc/registry-ca", "/etc/registry-client"


@dataclass(frozen=True, slots=True)
class Shows:
    """What the loader has at hand for the registry: credentials, the CA it trusts, a certificate of its own."""

    auth: bool = False
    ca: bool = False
    client: bool = False
    plain: bool = False


def load_words(reference: str, model: str, shows: Shows) -> list[str]:
    """What the probe is told. Credentials and keys are mounted files, never arguments."""
    words = ["load", "--reference", reference, "--model", model, "--store", STORE]
    words += ["--auth", f"{_AUTH}/config.json"] if shows.auth else []
    words += ["--ca", f"{_CA}/ca.crt"] if shows.ca else []
    if shows.client:
        words += ["--client-cert", f"{_CLIENT}/tls.crt", "--client-key", f"{_CLIENT}/tls.key"]
    return words + (["--plain-http"] if shows.plain else [])


def loader_pod(
    answers: Answers,
    image: str,
    words: Sequence[str],
    shows: Shows,
    *,
    place: Mapping[str, Any],
    asks: Mapping[str, Any] | None = None,
) -> Obj:
    """Bound by the scheduler where the Ollama pod can follow: the same placement and, with `asks`, the same needs.

    With WaitForFirstConsumer the volume is made where this pod lands.
    """
    names = Names.of(answers.cluster)
    mounts: list[Obj] = [{"name": "models", "mountPath": HOME}]
    volumes: list[Obj] = [{"name": "models", "persistentVolumeClaim": {"claimName": names.volume}}]
    if shows.auth:
        mounts.append({"name": "auth", "mountPath": _AUTH, "readOnly": True})
        items = [{"key": ".dockerconfigjson", "path": "config.json"}]
        secret = {"secretName": answers.registry.pull_secret, "items": items, "defaultMode": 0o440}
        volumes.append({"name": "auth", "secret": secret})
    if shows.client:
        mounts.append({"name": "client", "mountPath": _CLIENT, "readOnly": True})
        volumes.append({"name": "client", "secret": {"secretName": CLIENT_NAME, "defaultMode": 0o440}})
    if shows.ca:
        mounts.append({"name": "ca", "mountPath": _CA, "readOnly": True})
        volumes.append({"name": "ca", "configMap": {"name": CA_NAME}})
    return probe_pod(
        once(NAME),
        names.namespace,
        image,
        words,
        labels=ours("loader", names),
        pull_secret=answers.registry.pull_secret if shows.auth else "",
        container={"volumeMounts": mounts, "resources": dict(asks or resources("512Mi", "2"))},
        volumes=volumes,
        **place,
    )


def reader_pod(
    answers: Answers, image: str, words: Sequence[str], *, auth: bool, place: Mapping[str, Any]
) -> Obj:
    """Reads the store back, unable to write to it."""
    names = Names.of(answers.cluster)
    claim = {"claimName": names.volume, "readOnly": True}
    mount = {"name": "models", "mountPath": HOME, "readOnly": True}
    return probe_pod(
        once(READER),
        names.namespace,
        image,
        words,
        labels=ours("probe", names),
        pull_secret=answers.registry.pull_secret if auth else "",
        container={"volumeMounts": [mount], "resources": resources("128Mi", "2")},
        volumes=[{"name": "models", "persistentVolumeClaim": claim}],
        **place,
    )


def ca_object(answers: Answers, pem: str) -> Obj:
    """The registry's CA for the loader; removed with it."""
    names = Names.of(answers.cluster)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": CA_NAME, "namespace": names.namespace, "labels": ours("loader", names)},
        "data": {"ca.crt": pem},
    }


def client_object(answers: Answers, certificate: str, key: Secret) -> Obj:
    """The certificate that the loader shows, with its key (S1.12); removed with it."""
    names = Names.of(answers.cluster)
    pair = {"tls.crt": certificate, "tls.key": key.reveal()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": CLIENT_NAME, "namespace": names.namespace, "labels": ours("loader", names)},
        "data": {name: base64.b64encode(text.encode()).decode() for name, text in pair.items()},
    }
