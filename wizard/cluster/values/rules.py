"""What no values file may do, whoever wrote it: the rules that keep an install inside the perimeter."""

from collections.abc import Iterator, Mapping
from typing import Any

from wizard.answers.model import Answers
from wizard.cluster.objects.names import AUTH_SECRET, COMPONENTS
from wizard.cluster.values.complaint import Complaint
from wizard.cluster.values.layers import Layers
from wizard.cluster.yaml_lines import Located, Path_, dotted

BOOTSTRAP = "modelBootstrap"


def check_rules(layers: Layers, answers: Answers) -> list[Complaint]:
    """Every rule over the merged values, each complaint at the line that decides."""
    return [
        *(found for layer in layers.files for found in _bootstrap(layer)),
        *_policy(layers),
        *_secrets(layers, answers),
        *_volume(layers),
        *(found for name in COMPONENTS for found in _image(layers, name, answers.registry.host)),
    ]


def _bootstrap(layer: Located) -> Iterator[Complaint]:
    """S1.24: weights come over the volume, never by a pull at run time."""
    for path in _paths(layer.data):
        if path[-1] == BOOTSTRAP:
            yield Complaint(
                "model-bootstrap",
                layer.at(path),
                f"{dotted(path)} would have the model fetched at run time",
                "remove it: the model is put on the volume before Ollama starts",
            )


def _policy(layers: Layers) -> Iterator[Complaint]:
    """S1.31: the policies are what closes the pods in."""
    path = ("networkPolicy", "enabled")
    if layers.get(path) is not True:
        yield Complaint(
            "policy-off",
            layers.at(path),
            "networkPolicy.enabled is not true: nothing would keep the pods inside",
            "remove the line; policies are never turned off here",
        )


def _secrets(layers: Layers, answers: Answers) -> Iterator[Complaint]:
    token = ("gateway", "auth", "token")
    if layers.get(token) or layers.get(("gateway", "auth", "create")):
        at = token if layers.get(token) else ("gateway", "auth", "create")
        yield Complaint(
            "secret-in-values",
            layers.at(at),
            f"{dotted(at)} would put the gateway's token into values and into Helm's record of the release",
            f"remove it: the token is in the Secret {AUTH_SECRET}",
        )
    named = ("gateway", "auth", "existingSecret")
    if layers.get(named) not in ("", None, AUTH_SECRET):
        yield Complaint(
            "token-secret",
            layers.at(named),
            f"{dotted(named)} is not {AUTH_SECRET}",
            "the install gives that one",
        )
    pull = ("imagePullSecrets",)
    wanted = answers.registry.pull_secret
    if not any(isinstance(s, Mapping) and s.get("name") == wanted for s in layers.get(pull) or []):
        yield Complaint(
            "pull-secret",
            layers.at(pull),
            f"imagePullSecrets has no {{name: {wanted}}}",
            "a list in a later file replaces the one before it: name it there too",
        )


def _volume(layers: Layers) -> Iterator[Complaint]:
    base = ("ollama", "persistence")
    if layers.get((*base, "enabled")) is not True:
        yield Complaint(
            "volume-off",
            layers.at((*base, "enabled")),
            "ollama.persistence.enabled is not true: the model would be gone with the first pod",
            "remove the line",
        )
    elif not layers.get((*base, "storageClassName")):
        yield Complaint(
            "storage-class",
            layers.at((*base, "storageClassName")),
            "ollama.persistence.storageClassName is empty",
            "name the StorageClass (cluster.storageClass in the answers); the default one may change",
        )


def _image(layers: Layers, name: str, host: str) -> Iterator[Complaint]:
    """S1.2, S1.30."""
    if layers.get((name, "enabled")) is False:
        return
    base: Path_ = (name, "image")
    repository = layers.get((*base, "repository"))
    if not str(repository or "").startswith(host + "/"):
        yield Complaint(
            "image-outside",
            layers.at((*base, "repository")),
            f"{name}.image.repository is {repository}, outside {host}",
            f"expected {host}/…",
        )
    if not str(layers.get((*base, "digest")) or "").startswith("sha256:"):
        yield Complaint(
            "image-unpinned",
            layers.at((*base, "digest")),
            f"{name}.image.digest is empty: the pod would take whatever the tag means that day",
            "leave the digest as it was recorded",
        )


def _paths(data: Any, path: Path_ = ()) -> Iterator[Path_]:
    if isinstance(data, Mapping):
        for key, below in data.items():
            yield (*path, key)
            yield from _paths(below, (*path, key))
