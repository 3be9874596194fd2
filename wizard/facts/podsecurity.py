"""Is PodSecurity admission there? A pod that breaks `restricted` is offered to the API server, kept nowhere."""

from dataclasses import dataclass

from wizard.cluster.objects.namespace import POD_SECURITY
from wizard.engine.problems import Problem
from wizard.facts.base import Sources
from wizard.facts.fetch import experiment, names


@dataclass(frozen=True, slots=True)
class PodSecurity:
    """`refused` = the violating pod was; `words` the API's. `labels` are those of the release's namespace, if it is."""

    refused: bool
    words: str
    namespace_exists: bool
    labels: tuple[tuple[str, str], ...] = ()


def gather_podsecurity(sources: Sources) -> PodSecurity:
    """Offer the pod to a scratch namespace under `restricted`, as a dry run."""
    space = sources.cluster.get("Namespace", names(sources).namespace)
    labels = ((space or {}).get("metadata") or {}).get("labels") or {}
    has = tuple(sorted((k, str(v)) for k, v in labels.items() if k in POD_SECURITY))
    refused, words = False, ""
    with experiment(sources) as place:
        pod = place.pod("violating", ["sleep", "0"])
        pod["spec"]["hostNetwork"] = True
        pod["spec"]["containers"][0]["securityContext"] = {"privileged": True}
        try:
            sources.cluster.apply(pod, dry=True)
        except Problem as problem:
            words = problem.detail or problem.title
            if problem.code != "cluster-refused":
                raise
            refused = "podsecurity" in words.lower().replace(" ", "")
            if not refused:
                raise
    return PodSecurity(refused, words, space is not None, has)
