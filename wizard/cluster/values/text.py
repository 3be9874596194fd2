"""The text of values-airgap.yaml (S1.29–S1.35, S1.47): a pure function of answers and recorded digests."""

import json
from collections.abc import Mapping

from wizard.answers.model import Answers
from wizard.cluster.objects.names import AUTH_SECRET, COMPONENTS, MCP_PORT
from wizard.cluster.values.pinned import Pinned

GPU = "nvidia.com/gpu"


def sets(answers: Answers) -> dict[str, str]:
    """What is given to Helm beside the file (S1.35)."""
    return {"gateway.auth.existingSecret": AUTH_SECRET}


def body(answers: Answers, images: Mapping[str, Pinned]) -> str:
    """The YAML below the header. No time, no host of ours, no random: the same inputs give the same bytes (S1.32)."""
    out = [
        "# The Secret that pods pull with; one credential for images and model.",
        "imagePullSecrets:",
        f"  - name: {quoted(answers.registry.pull_secret)}",
    ]
    for name in COMPONENTS:
        out += ["", f"{name}:", *_image(answers, images[name]), *_PARTS[name](answers)]
    out += [
        "",
        "networkPolicy:",
        "  # Without these policies nothing keeps the pods inside; a file laid over this one may not turn them off.",
        "  enabled: true",
    ]
    return "\n".join(out) + "\n"


def quoted(text: str) -> str:
    """A YAML string in double quotes: a tag such as 0.30 must never be read as a number."""
    return json.dumps(text, ensure_ascii=False)


def _image(answers: Answers, image: Pinned) -> list[str]:
    asked = answers.images.platforms
    platforms = ", ".join(image.platforms or (() if "all" in asked else asked)) or "all platforms"
    origin = f"Copied from {image.source}, {platforms}." if image.source else "No source is recorded."
    return [
        "  image:",
        f"    # {origin}",
        "    # The digest was recorded at that copy and is what runs; the tag is for readers.",
        f"    repository: {quoted(image.repository)}",
        f"    tag: {quoted(image.tag)}",
        f"    digest: {quoted(image.digest)}",
        "    pullPolicy: IfNotPresent",
    ]


def _gateway(answers: Answers) -> list[str]:
    return [
        "  config:",
        "    # The model as Ollama lists it from its volume.",
        f"    defaultModel: {quoted(answers.model.name)}",
        "  auth:",
        "    # Made before the install, key `token`; the token itself is in no file.",
        f"    existingSecret: {quoted(AUTH_SECRET)}",
    ]


def _bridge(answers: Answers) -> list[str]:
    cluster = answers.cluster
    return [
        "  opencostMcp:",
        f"    host: {quoted(f'{cluster.opencost_service}.{cluster.opencost_namespace}.svc')}",
        f"    port: {MCP_PORT}",
        "    # The NetworkPolicy lets the bridge reach OpenCost in this namespace.",
        "    namespaceSelectorLabel:",
        '      key: "kubernetes.io/metadata.name"',
        f"      value: {quoted(cluster.opencost_namespace)}",
    ]


def _ollama(answers: Answers) -> list[str]:
    out = [
        "  persistence:",
        "    enabled: true",
        "    # Explicit: the cluster's default class may be another one tomorrow.",
        f"    storageClassName: {quoted(answers.cluster.storage_class)}",
        f"    size: {quoted(answers.cluster.volume_size)}",
    ]
    if answers.cluster.gpu:
        out += ["  resources:", "    limits:", f"      {GPU}: 1"]
    return out


_PARTS = {"gateway": _gateway, "bridge": _bridge, "ollama": _ollama}
