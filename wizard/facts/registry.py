"""Every fact type and the function that gathers it."""

from wizard.facts.answer import Answer, Gateway, gather_answer, gather_gateway
from wizard.facts.base import Gatherer
from wizard.facts.binding import Binding, gather_binding
from wizard.facts.cargo import Cargo, gather_cargo
from wizard.facts.clocks import Clocks, gather_clocks
from wizard.facts.cni import Cni, gather_cni
from wizard.facts.disk import Disk, gather_disk
from wizard.facts.dns import Dns, gather_dns
from wizard.facts.egress import Egress, gather_egress
from wizard.facts.kubernetes import Kubernetes, gather_kubernetes
from wizard.facts.mcp import Mcp, gather_mcp
from wizard.facts.nodes import Nodes, gather_nodes
from wizard.facts.on_volume import OnVolume, gather_on_volume
from wizard.facts.opencost import OpenCost, gather_opencost
from wizard.facts.podsecurity import PodSecurity, gather_podsecurity
from wizard.facts.pull_secrets import PullSecrets, gather_pull_secrets
from wizard.facts.pulls import OutsidePulls, Pulls, gather_outside_pulls, gather_pulls
from wizard.facts.quota import Quota, gather_quota
from wizard.facts.rbac import Rbac, gather_rbac
from wizard.facts.release import ReleaseState, Volume, gather_release, gather_volume
from wizard.facts.running import Recorded, RunningImages, gather_recorded, gather_running
from wizard.facts.storage import Storage, gather_storage
from wizard.facts.stray import Stray, gather_stray
from wizard.facts.tools import Tools, gather_tools
from wizard.facts.wanted import Wanted, gather_wanted
from wizard.facts.webhooks import Webhooks, gather_webhooks

GATHERERS: dict[type, Gatherer] = {
    Wanted: gather_wanted,
    Cargo: gather_cargo,
    Kubernetes: gather_kubernetes,
    Nodes: gather_nodes,
    Storage: gather_storage,
    Binding: gather_binding,
    Cni: gather_cni,
    Pulls: gather_pulls,
    OutsidePulls: gather_outside_pulls,
    Clocks: gather_clocks,
    Disk: gather_disk,
    Dns: gather_dns,
    Mcp: gather_mcp,
    OpenCost: gather_opencost,
    PodSecurity: gather_podsecurity,
    Quota: gather_quota,
    Rbac: gather_rbac,
    ReleaseState: gather_release,
    Volume: gather_volume,
    Webhooks: gather_webhooks,
    RunningImages: gather_running,
    Recorded: gather_recorded,
    PullSecrets: gather_pull_secrets,
    Gateway: gather_gateway,
    Answer: gather_answer,
    Tools: gather_tools,
    OnVolume: gather_on_volume,
    Egress: gather_egress,
    Stray: gather_stray,
}
