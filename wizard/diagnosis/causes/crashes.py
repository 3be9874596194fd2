"""Containers that start and end again: the bridge by its environment or its cache, Ollama by memory, and the rest."""

import re
from collections.abc import Iterator
from typing import Any

from wizard.cluster.objects.names import COMPONENT
from wizard.cluster.port import Obj
from wizard.cluster.waiting.pods import last_end, ready
from wizard.diagnosis.cause import DOWN, Proof, RootCause, RuledOut, Sure, Told
from wizard.diagnosis.scene import Scene, labels, name_of, statuses
from wizard.engine.events import Remedy

_EXPLAINS = DOWN | {"pod-crashes"}
_CACHE = re.compile(r"Failed to initialize cache|Read-only file system", re.IGNORECASE)
_INDEX = re.compile(
    r"package index|pypi\.org|Failed to fetch|lookup address information|No solution found", re.IGNORECASE
)
_OWN_URL = re.compile(r"localhost:11434|127\.0\.0\.1:11434")


def crashes(scene: Scene) -> Iterator[Told]:
    """One cause a container."""
    seen = False
    for pod in scene.pods():
        for container in statuses(pod):
            if _crashes(container) and not ready(pod):
                seen = True
                yield _one(scene, pod, container)
    fault = scene.fault
    if not seen and fault is not None and fault.code == "pod-crashes":
        yield _of_run(scene)
    elif not seen and scene.pods():
        yield RuledOut("a container crashes", "none has ended badly")


def _crashes(container: dict[str, Any]) -> bool:
    state = container.get("state") or {}
    if (state.get("waiting") or {}).get("reason") == "CrashLoopBackOff":
        return True
    ended = state.get("terminated") or {}
    return bool(ended) and ended.get("exitCode", 0) != 0


def _one(scene: Scene, pod: Obj, container: dict[str, Any]) -> RootCause:
    ended = last_end(container)
    text = f"{ended.get('message') or ''}\n{scene.log(pod)}"
    why = str(ended.get("reason") or "")
    state = Proof(
        f"{name_of(pod)}, container {container.get('name')}",
        f"ended {int(container.get('restartCount') or 0) + 1} times, last with exit code {ended.get('exitCode', '?')}"
        + (f" ({why})" if why else ""),
    )
    return _cause(scene, str(labels(pod).get(COMPONENT, "")), pod, container, state, text, why)


def _cause(
    scene: Scene,
    component: str,
    pod: Obj | None,
    container: dict[str, Any],
    state: Proof,
    text: str,
    why: str,
) -> RootCause:
    about = (name_of(pod) if pod is not None else component,)
    lines = [line.strip() for line in text.splitlines() if line.strip()]

    def _made(code: str, title: str, sure: Sure, said: str, *remedies: Remedy, rank: int = 24) -> RootCause:
        proofs = (state, Proof(f"log of {about[0]}", said)) if said else (state,)
        return RootCause(code, title, sure, proofs, remedies, rank, about, _EXPLAINS)

    def first(pattern: re.Pattern[str]) -> str:
        return next((line for line in lines if pattern.search(line)), "")

    install = Remedy(
        "install with the chart fix `bridge-command`, which starts the bridge as it has to be (take it out of "
        "chart.keepDefects)",
        f"{scene.again} --set chart.keepDefects= --from write-values",
    )
    if said := first(re.compile(r"exec format error", re.IGNORECASE)):
        return _made(
            "image-without-platform",
            f"the image of {about[0]} is for another architecture than its node",
            Sure.CERTAIN,
            said,
            Remedy("carry all platforms", f"{scene.step('mirror-images')} --set images.platforms=all"),
        )
    if component == "bridge" and (said := first(_CACHE)):
        return _made(
            "bridge-cache-read-only",
            "the bridge is started the way its image starts by itself, and wants to write a cache where nothing can be "
            "written",
            Sure.CERTAIN,
            said,
            install,
        )
    if component == "bridge" and (said := first(_INDEX)):
        return _made(
            "bridge-wants-package-index",
            "the bridge asks the public package index at its start, which an air gap has not",
            Sure.CERTAIN,
            said,
            install,
        )
    if component == "bridge" and (said := first(_OWN_URL)):
        return _made(
            "bridge-environment-ignored",
            "the bridge looks for Ollama in its own pod: it does not read OLLAMA_HOST, which the chart sets",
            Sure.CERTAIN,
            said,
            install,
        )
    if why == "OOMKilled" or (
        component == "ollama" and first(re.compile(r"signal: killed|out of memory", re.IGNORECASE))
    ):
        return _memory(scene, component, pod, container, _made)
    last = lines[-1] if lines else ""
    space = scene.names.namespace
    read = Remedy(
        "read all it said",
        f"kubectl -n {space} logs {pod['metadata']['name'] if pod is not None else '-l app.kubernetes.io/component=' + component} "
        f"-c {container.get('name', component)} --previous",
    )
    if component == "gateway":
        return _made("gateway-crashes", "the gateway ends as soon as it is started", Sure.LIKELY, last, read)
    return _made("pod-crashes", f"{about[0]} ends as soon as it is started", Sure.LIKELY, last, read, rank=26)


def _memory(
    scene: Scene, component: str, pod: Obj | None, container: dict[str, Any], _made: Any
) -> RootCause:
    containers: list[dict[str, Any]] = ((pod or {}).get("spec") or {}).get("containers") or []
    spec = next((c for c in containers if c.get("name") == container.get("name")), {})
    limit = ((spec.get("resources") or {}).get("limits") or {}).get("memory")
    model = scene.answers.model.name if scene.answers else "the model"
    has = f"its limit is {limit}" if limit else "it has no limit of its own: the node ran out"
    cause: RootCause = _made(
        "ollama-out-of-memory" if component == "ollama" else "pod-out-of-memory",
        f"{component or 'a container'} was killed for its memory: {has}",
        Sure.CERTAIN,
        "",
        Remedy(
            f"give it what {model} needs: {component or 'ollama'}.resources.limits.memory in chart.overrides (with the node "
            "to match), and install",
            scene.overriding,
        ),
        Remedy("or choose a smaller model", f"{scene.again} --set model.name=granite4.1:3b"),
    )
    return cause


def _of_run(scene: Scene) -> RootCause:
    """What a run has seen of a crash, where the pods themselves are not at hand."""
    fault = scene.fault
    assert fault is not None
    name = next((c for c in ("bridge", "gateway", "ollama") if f"-{c}" in fault.title), "")
    why = "OOMKilled" if "out of memory" in fault.title else ""
    state = Proof("the run's end", fault.title)
    return _cause(scene, name, None, {"name": name}, state, fault.detail.replace("its last lines:", ""), why)
