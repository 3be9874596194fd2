"""Every check, in the order in which they are shown."""

from collections.abc import Iterable

from wizard.checks.base import Check, Moment
from wizard.checks.clocks_agree import ClocksAgree
from wizard.checks.cni_enforces_policy import CniEnforcesPolicy
from wizard.checks.disk_free import DiskFree
from wizard.checks.dns_rule_matches import DnsRuleMatches
from wizard.checks.egress_refused import EgressRefused
from wizard.checks.gateway_healthy import GatewayHealthy
from wizard.checks.images_as_recorded import ImagesAsRecorded
from wizard.checks.images_internal import ImagesInternal
from wizard.checks.kubernetes_version import KubernetesVersion
from wizard.checks.model_on_volume import ModelOnVolume
from wizard.checks.namespace_denied import NamespaceDeniedByDefault
from wizard.checks.node_architectures import NodeArchitectures
from wizard.checks.nodes_fit_model import NodesFitModel
from wizard.checks.nodes_pull_outside import NodesPullOutside
from wizard.checks.nodes_reach_registry import NodesReachRegistry
from wizard.checks.opencost_mcp import OpenCostMcp
from wizard.checks.opencost_version import OpenCostVersion
from wizard.checks.podsecurity_present import PodSecurityPresent
from wizard.checks.pull_secret_present import PullSecretPresent
from wizard.checks.question_answered import QuestionAnswered
from wizard.checks.quota_fits import QuotaFits
from wizard.checks.rbac_sufficient import RbacSufficient
from wizard.checks.release_state import ReleaseStateCheck
from wizard.checks.storage_binds import StorageBinds
from wizard.checks.storage_class_exists import StorageClassExists
from wizard.checks.tools_proven import ToolsProven
from wizard.checks.volume_adoptable import VolumeAdoptable
from wizard.checks.webhooks_leave_images import WebhooksLeaveImages

CHECKS: tuple[Check, ...] = (
    KubernetesVersion(),
    RbacSufficient(),
    ClocksAgree(),
    DiskFree(),
    NodesFitModel(),
    NodeArchitectures(),
    # before the other experiments: where the image of all of them does not come, that is told here, once
    NodesReachRegistry(),
    StorageClassExists(),
    StorageBinds(),
    VolumeAdoptable(),
    ReleaseStateCheck(),
    QuotaFits(),
    PodSecurityPresent(),
    WebhooksLeaveImages(),
    CniEnforcesPolicy(),
    DnsRuleMatches(),
    OpenCostVersion(),
    OpenCostMcp(),
    ImagesInternal(),
    ImagesAsRecorded(),
    PullSecretPresent(),
    GatewayHealthy(),
    QuestionAnswered(),
    ToolsProven(),
    ModelOnVolume(),
    EgressRefused(),
    NamespaceDeniedByDefault(),
    NodesPullOutside(),
)


def at(moment: Moment) -> tuple[Check, ...]:
    """The checks that are asked at a moment."""
    return tuple(check for check in CHECKS if moment in check.when)


def needed(checks: Iterable[Check]) -> tuple[type, ...]:
    """The fact types that they need, each once, in order of need."""
    return tuple(dict.fromkeys(kind for check in checks for kind in (*check.needs, *check.helped_by)))
