"""Every fact type and the function that gathers it."""

from wizard.facts.base import Gatherer
from wizard.facts.binding import Binding, gather_binding
from wizard.facts.cargo import Cargo, gather_cargo
from wizard.facts.cni import Cni, gather_cni
from wizard.facts.kubernetes import Kubernetes, gather_kubernetes
from wizard.facts.nodes import Nodes, gather_nodes
from wizard.facts.pulls import Pulls, gather_pulls
from wizard.facts.storage import Storage, gather_storage
from wizard.facts.wanted import Wanted, gather_wanted

GATHERERS: dict[type, Gatherer] = {
    Wanted: gather_wanted,
    Cargo: gather_cargo,
    Kubernetes: gather_kubernetes,
    Nodes: gather_nodes,
    Storage: gather_storage,
    Binding: gather_binding,
    Cni: gather_cni,
    Pulls: gather_pulls,
}
