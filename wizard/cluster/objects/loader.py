"""The pod that loads a model onto the volume, and the pod that reads it back: both mount the claim itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from wizard.answers.model import Answers
from wizard.cluster.objects.names import HOME, STORE, Names, ours
from wizard.cluster.objects.pods import probe_pod, resources
from wizard.cluster.port import Obj

NAME = "airgap-wizard-loader"
READER = "airgap-wizard-store"
CA_NAME = "airgap-wizard-registry-ca"
_AUTH, _CA = "/etc/registry-auth", "/etc/registry-ca"


def load_words(reference: str, model: str, *, auth: bool, ca: bool, plain: bool) -> list[str]:
    """What the probe is told. The credentials are a mounted file, never an argument."""
    words = ["load", "--reference", reference, "--model", model, "--store", STORE]
    words += ["--auth", f"{_AUTH}/config.json"] if auth else []
    words += ["--ca", f"{_CA}/ca.crt"] if ca else []
    return words + (["--plain-http"] if plain else [])


def loader_pod(
    answers: Answers,
    image: str,
    words: Sequence[str],
    *,
    auth: bool,
    ca: bool,
    place: Mapping[str, Any],
    asks: Mapping[str, Any] | None = None,
) -> Obj:
    """Bound by the scheduler where the Ollama pod can follow: the same placement and, with `asks`, the same needs.

    With WaitForFirstConsumer the volume is made where this pod lands.
    """
    names = Names.of(answers.cluster)
    mounts: list[Obj] = [{"name": "models", "mountPath": HOME}]
    volumes: list[Obj] = [{"name": "models", "persistentVolumeClaim": {"claimName": names.volume}}]
    if auth:
        mounts.append({"name": "auth", "mountPath": _AUTH, "readOnly": True})
        items = [{"key": ".dockerconfigjson", "path": "config.json"}]
        secret = {"secretName": answers.registry.pull_secret, "items": items, "defaultMode": 0o440}
        volumes.append({"name": "auth", "secret": secret})
    if ca:
        mounts.append({"name": "ca", "mountPath": _CA, "readOnly": True})
        volumes.append({"name": "ca", "configMap": {"name": CA_NAME}})
    return probe_pod(
        NAME,
        names.namespace,
        image,
        words,
        labels=ours("loader", names),
        pull_secret=answers.registry.pull_secret if auth else "",
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
        READER,
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
