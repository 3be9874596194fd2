"""Does anything rewrite image references on their way into a pod? Read from the webhooks, and by experiment."""

from dataclasses import dataclass
from typing import Any

from wizard.cluster.objects.names import ours
from wizard.cluster.objects.pods import probe_pod
from wizard.cluster.port import Obj
from wizard.engine.problems import Problem
from wizard.facts.base import Sources
from wizard.facts.fetch import experiment, names, probe_image


@dataclass(frozen=True, slots=True)
class Webhooks:
    """`mutating` are the configurations that see new pods; `sent` and `kept` the image of a pod offered as a dry run.

    `added` are containers that were put beside it. `kept` is "" where the offer was not possible.
    """

    mutating: tuple[str, ...]
    sent: str = ""
    kept: str = ""
    added: tuple[str, ...] = ()
    why: str = ""


def gather_webhooks(sources: Sources) -> Webhooks:
    """Both; where dry runs are refused (a webhook with side effects), the list stands alone."""
    seeing = tuple(
        sorted(
            str(each["metadata"]["name"])
            for each in sources.cluster.list("MutatingWebhookConfiguration")
            if any(_sees_pods(hook) for hook in each.get("webhooks") or [])
        )
    )
    image = probe_image(sources)
    try:
        made = _offer(sources, image)
    except Problem as problem:
        if problem.code != "cluster-refused":
            raise
        return Webhooks(seeing, image, "", (), problem.detail or problem.title)
    spec = made.get("spec") or {}
    containers = spec.get("containers") or []
    kept = next((str(c.get("image")) for c in containers if c.get("name") == "probe"), "")
    beside = [*containers, *(spec.get("initContainers") or [])]
    added = tuple(sorted(str(c.get("name")) for c in beside if c.get("name") != "probe"))
    return Webhooks(seeing, image, kept, added)


def _offer(sources: Sources, image: str) -> Obj:
    """Offer it where the release will be, if that is: webhooks choose by namespace."""
    where = names(sources)
    if sources.cluster.get("Namespace", where.namespace) is not None:
        pod = probe_pod(
            "airgap-wizard-offered", where.namespace, image, ["sleep", "0"], labels=ours("probe", where)
        )
        return sources.cluster.apply(pod, dry=True)
    with experiment(sources) as place:
        return sources.cluster.apply(place.pod("offered", ["sleep", "0"]), dry=True)


def _sees_pods(hook: dict[str, Any]) -> bool:
    return any(
        {"pods", "*", "*/*", "pods/*"} & set(rule.get("resources") or [])
        and {"CREATE", "*"} & set(rule.get("operations") or [])
        for rule in hook.get("rules") or []
    )
