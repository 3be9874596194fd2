"""Does the bridge have tools? Its health as the gateway sees it, its log, and whether its session can still be good.

A bridge that started while OpenCost was away stays at 0 tools for ever and answers all the same; one whose OpenCost
pod was replaced keeps counting its tools while every call fails (facts 8).
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime

from wizard.cluster.objects.names import PURPOSE, Names
from wizard.cluster.port import Obj, Reader
from wizard.cluster.probes.guest import GATE, guest
from wizard.cluster.probes.words import one
from wizard.engine.problems import Problem
from wizard.facts.base import Sources
from wizard.facts.fetch import names, probe_image, pull_config
from wizard.facts.opencost import gather_opencost

_TOTAL = re.compile(r"Total tools available:\s*(\d+)")
_TRIES = 2


@dataclass(frozen=True, slots=True)
class Tools:
    """`health` and `logged` are numbers of tools, -1 where it was not said. `stale` = OpenCost's pod is younger than
    the bridge's container: its session is gone."""

    health: int
    logged: int
    stale: bool
    ollama: str = ""
    detail: str = ""


def gather_tools(sources: Sources) -> Tools:
    """Raises Problem `bridge-not-found` where no bridge runs."""
    where = names(sources)
    pod = _bridge(sources.cluster, where)
    count, ollama, detail = _health(sources, where)
    try:
        log = sources.cluster.logs(
            str(pod["metadata"]["name"]), where.namespace, _container(pod), tail=10_000
        )
    except Problem as problem:
        log, detail = "", detail or problem.title
    totals = _TOTAL.findall(log)
    try:
        younger = gather_opencost(sources).started
    except Problem:
        younger = ""
    return Tools(count, int(totals[-1]) if totals else -1, _after(younger, _started(pod)), ollama, detail)


def _bridge(cluster: Reader, where: Names) -> Obj:
    for pod in cluster.list("Pod", where.namespace, where.selector("bridge")):
        labels = pod["metadata"].get("labels") or {}
        if PURPOSE not in labels and (pod.get("status") or {}).get("phase") == "Running":
            return pod
    raise Problem("bridge-not-found", f"no bridge runs in namespace {where.namespace}")


def _container(pod: Obj) -> str:
    return str(pod["spec"]["containers"][0]["name"])


def _started(pod: Obj) -> str:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    running = [(each.get("state") or {}).get("running") or {} for each in statuses]
    stamps = [str(each["startedAt"]) for each in running if each.get("startedAt")]
    return max(stamps, default=str(pod["metadata"].get("creationTimestamp", "")))


def _after(one_: str, other: str) -> bool:
    try:
        return datetime.fromisoformat(one_.replace("Z", "+00:00")) > datetime.fromisoformat(
            other.replace("Z", "+00:00")
        )
    except ValueError:
        return False


def _health(sources: Sources, where: Names) -> tuple[int, str, str]:
    """Only the gateway may ask the bridge, so the pod bears the gateway's labels, and is never Ready."""
    url = f"http://{where.service('bridge')}/health"
    said = {}
    with guest(sources.cluster, sources.stop, where, probe_image(sources), pull_config(sources)) as place:
        for _ in range(_TRIES):
            words = ["get", url, "--timeout", "5s"]
            said = one(
                place.run("as-gateway", words, timeout=90, labels=where.selector("gateway"), **GATE),
                "the bridge's health",
            )
            if said.get("outcome") == "answered":
                break
            place.stop.wait(1.0)
    try:
        body = json.loads(str(said.get("body") or ""))
        return int(body["tools"]), str(body.get("ollama_status", "")), ""
    except (ValueError, TypeError, KeyError):
        pass  # nothing, or no such number: that is -1, and never a count
    return -1, "", str(said.get("detail") or f"{said.get('outcome')} {said.get('status') or ''}".strip())
