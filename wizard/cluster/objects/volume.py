"""PersistentVolumeClaims: the model's, under the exact name that the StatefulSet will look for, and small ones to try."""

from collections.abc import Mapping

from wizard.answers.model import Answers
from wizard.cluster.objects.names import MANAGED_BY, MANAGER, Names
from wizard.cluster.port import Obj

PART_OF = {"app.kubernetes.io/part-of": "opencost-ai"}


def claim(name: str, space: str, storage_class: str, size: str, labels: Mapping[str, str]) -> Obj:
    """A ReadWriteOnce claim."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": space, "labels": dict(labels)},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": size}},
        },
    }


def model_labels(names: Names) -> dict[str, str]:
    """The labels that stay the same through every chart version: a StatefulSet takes the claim by its name."""
    return names.selector("ollama") | PART_OF | {MANAGED_BY: MANAGER}


def model_claim(answers: Answers) -> Obj:
    """The model's volume, made before the chart so that it can be filled first (S1.3)."""
    names = Names.of(answers.cluster)
    return claim(
        names.volume,
        names.namespace,
        answers.cluster.storage_class,
        answers.cluster.volume_size,
        model_labels(names),
    )
