"""Every check, in the order in which they are shown."""

from collections.abc import Iterable

from wizard.checks.base import Check, Moment
from wizard.checks.cni_enforces_policy import CniEnforcesPolicy
from wizard.checks.kubernetes_version import KubernetesVersion
from wizard.checks.nodes_fit_model import NodesFitModel
from wizard.checks.nodes_reach_registry import NodesReachRegistry
from wizard.checks.storage_binds import StorageBinds
from wizard.checks.storage_class_exists import StorageClassExists

CHECKS: tuple[Check, ...] = (
    KubernetesVersion(),
    NodesFitModel(),
    StorageClassExists(),
    StorageBinds(),
    CniEnforcesPolicy(),
    NodesReachRegistry(),
)


def at(moment: Moment) -> tuple[Check, ...]:
    """The checks that are asked at a moment."""
    return tuple(check for check in CHECKS if moment in check.when)


def needed(checks: Iterable[Check]) -> tuple[type, ...]:
    """The fact types that they need, each once, in order of need."""
    return tuple(dict.fromkeys(kind for check in checks for kind in (*check.needs, *check.helped_by)))
