"""What an install has made, counted: each thing once, and nothing that a run which was cut short has left."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.e2e.site import Site
from tests.real.process import wait_until


def uids(site: Site, space: str) -> set[str]:
    """The objects that an install makes, by identity."""
    kinds = ("pods", "persistentvolumeclaims", "networkpolicies", "deployments", "statefulsets")
    return {
        each["metadata"]["uid"] for kind in kinds for each in site.cluster.get(kind, "-n", space)["items"]
    }


def nothing_doubled(
    site: Site,
    space: str,
    prefix: str,
    models: str,
    told: str = "",
    revisions: int = 2,
    lost: Collection[str] = (),
) -> None:
    """Everything that an install makes is there once, and nothing else.

    `revisions`: of Helm, at most; two where its work was cut short once: the one that was left, and the one that mended it.
    `lost`: upload sessions whose client was killed: docker-registry answers 404 to whoever asks about one, also to
    DELETE, and purges them by itself after a week.
    """

    def of(kind: str) -> list[Any]:
        found: list[Any] = site.cluster.get(kind, "-n", space)["items"]
        return found

    def names(kind: str) -> set[str]:
        return {each["metadata"]["name"] for each in of(kind)}

    def settled() -> bool:
        """What was being deleted when the run ended has gone."""
        return not any(pod["metadata"].get("deletionTimestamp") for pod in of("pods"))

    wait_until(settled, "pods on their way out gone", 120)
    component = "app.kubernetes.io/component"
    pods = Counter(
        (pod["metadata"].get("labels") or {}).get(component, pod["metadata"]["name"]) for pod in of("pods")
    )
    assert pods == {"gateway": 1, "bridge": 1, "ollama": 1}, told
    assert names("jobs") == set(), told
    assert names("configmaps") == {"kube-root-ca.crt", "opencost-ai-bridge", "opencost-ai-airgap-record"}, (
        told
    )
    releases = [s for s in of("secrets") if s["type"] == "helm.sh/release.v1"]
    others = names("secrets") - {s["metadata"]["name"] for s in releases}
    assert others == {"internal-registry", "opencost-ai-auth"}, told
    states = Counter(s["metadata"]["labels"]["status"] for s in releases)
    assert states["deployed"] == 1, f"{told}\n{states}"
    assert set(states) <= {"deployed", "superseded", "failed"}, f"{told}\n{states}"
    assert len(releases) <= revisions, f"{told}\n{states}"
    assert names("networkpolicies") == {
        "airgap-default-deny", "opencost-ai-gateway", "opencost-ai-bridge", "opencost-ai-ollama",
    }, told  # fmt: skip
    assert names("persistentvolumeclaims") == {"models-opencost-ai-ollama-0"}, told
    site.nothing_left(space)
    repositories = _repositories(site)
    assert {path.name for path in (repositories / prefix).iterdir()} == {
        "airgap-probe", "ollama", "ollama-mcp-bridge", "opencost-ai-gateway",
    }, told  # fmt: skip
    for repository in (*(repositories / prefix).iterdir(), *(repositories / models).iterdir()):
        assert len(site.cluster.registry.tags(str(repository.relative_to(repositories)))) == 1, told
    uploads = unfinished(site, prefix, models) - set(lost)
    assert uploads == set(), f"{told}\nuploads that nobody finished: {uploads}"


def unfinished(site: Site, *prefixes: str) -> set[str]:
    """Upload sessions that the registry still keeps."""
    under = _repositories(site)
    return {str(p.relative_to(under)) for prefix in prefixes for p in (under / prefix).glob("**/_uploads/*")}


def _repositories(site: Site) -> Path:
    return site.cluster.registry.storage / "docker" / "registry" / "v2" / "repositories"
