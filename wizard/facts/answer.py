"""The gateway's health, and a question asked for real from a pod inside, with the token mounted (S1.36)."""

from dataclasses import dataclass
from typing import Any

from wizard.cluster.objects.names import AUTH_SECRET, PORTS, TOKEN_KEY, TOKEN_PATH, Names
from wizard.cluster.objects.policies import to_dns, to_pods
from wizard.cluster.port import Obj
from wizard.cluster.probes.guest import Guest, guest
from wizard.cluster.probes.words import lines, one
from wizard.engine.problems import Problem
from wizard.facts.base import Sources
from wizard.facts.fetch import names, probe_image, pull_config

_TRIES = 2
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Gateway:
    """What `/v1/health` said, and which components are not Ready, with the kubelet's words."""

    url: str
    outcome: str
    status: int = 0
    body: str = ""
    unready: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of the question. `outcome` is also `token-missing`. Results are what the tools gave the model."""

    url: str
    question: str
    outcome: str
    status: int = 0
    text: str = ""
    model: str = ""
    tool_calls: tuple[str, ...] = ()
    tool_results: tuple[str, ...] = ()
    prompt_tokens: int = 0
    detail: str = ""


def gather_gateway(sources: Sources) -> Gateway:
    """From a pod of the namespace, not through a port-forward: policies are part of what is proved."""
    where = names(sources)
    url = f"http://{where.service('gateway')}/v1/health"
    unready = tuple((component, why) for component in PORTS if (why := _unready(sources, where, component)))
    with guest(sources.cluster, sources.stop, where, probe_image(sources), pull_config(sources)) as place:
        _let_in(place, where)
        said = _settle(place, ["get", url, "--timeout", "5s"], "the gateway's health")
    return Gateway(
        url, str(said.get("outcome")), int(said.get("status") or 0), str(said.get("body", "")), unready
    )


def gather_answer(sources: Sources) -> Answer:
    """Streamed, since the gateway cuts an unstreamed answer off after two minutes."""
    where, question = names(sources), sources.answers.proof.question
    url = f"http://{where.service('gateway')}/v1/ask"
    sources.say(f"asking for real: {question}")
    words = ["ask", url, "--token-file", TOKEN_PATH, "--query", question, "--timeout", f"{_SECONDS}s"]
    folder, _, file = TOKEN_PATH.rpartition("/")
    secret = {"secretName": AUTH_SECRET, "optional": True, "defaultMode": 0o440}
    spec = {
        "container": {"volumeMounts": [{"name": "token", "mountPath": folder, "readOnly": True}]},
        "volumes": [{"name": "token", "secret": secret | {"items": [{"key": TOKEN_KEY, "path": file}]}}],
    }
    with guest(sources.cluster, sources.stop, where, probe_image(sources), pull_config(sources)) as place:
        _let_in(place, where)
        said = _settle(place, words, "ask", timeout=_SECONDS + 90, **spec)
    usage: dict[str, Any] = said.get("usage") or {}
    return Answer(
        url,
        question,
        str(said.get("outcome")),
        int(said.get("status") or 0),
        str(said.get("answer") or "").strip(),
        str(said.get("model") or ""),
        tuple(str(call.get("name", "")) for call in said.get("tool_calls") or [] if isinstance(call, dict)),
        tuple(str(result) for result in said.get("tool_results") or []),
        int(usage.get("prompt_tokens") or 0),
        str(said.get("detail") or said.get("body") or ""),
    )


def _let_in(place: Guest, where: Names) -> None:
    place.allow("ask", [to_dns(), to_pods(where.selector("gateway"), PORTS["gateway"])])


def _settle(place: Guest, words: list[str], what: str, *, timeout: float = 90, **spec: Any) -> dict[str, Any]:
    """Again while nothing answers: a new pod is refused for its first moments, a new Service for a little longer."""
    said: dict[str, Any] = {}
    for _ in range(_TRIES):
        result = place.run("ask", words, timeout=timeout, **spec)
        failed = next((line for line in lines(result.output) if line.get("code") == "token-missing"), None)
        if failed is not None:
            return {"outcome": "token-missing", "detail": failed.get("detail", "")}
        said = one(result, what)
        if said.get("outcome") == "answered":
            return said
        place.stop.wait(2.0)
    return said


def _unready(sources: Sources, where: Names, component: str) -> str:
    pods = [
        pod
        for pod in sources.cluster.list("Pod", where.namespace, where.selector(component))
        if not pod["metadata"].get("deletionTimestamp") and not _probe(pod)
    ]
    if not pods:
        return "there is no pod"
    if any(_ready(pod) for pod in pods):
        return ""
    return "; ".join(dict.fromkeys(_words(sources, where, pod) for pod in pods))


def _probe(pod: Obj) -> bool:
    return "airgap-wizard/purpose" in (pod["metadata"].get("labels") or {})


def _ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def _words(sources: Sources, where: Names, pod: Obj) -> str:
    status = pod.get("status") or {}
    words = []
    for each in status.get("containerStatuses") or []:
        state = each.get("state") or {}
        if waiting := state.get("waiting"):
            words.append(f"{waiting.get('reason', '')}: {waiting.get('message', '')}".strip(": "))
        if int(each.get("restartCount") or 0) > 0:
            words.append(f"restarted; last words: {_last(sources, where, pod, str(each.get('name')))}")
    return "; ".join(words) or f"{status.get('phase', 'unknown')}, not Ready"


def _last(sources: Sources, where: Names, pod: Obj, container: str) -> str:
    try:
        name = str(pod["metadata"]["name"])
        text = sources.cluster.logs(name, where.namespace, container, previous=True, tail=5)
    except Problem:
        return "not to be had"
    return " / ".join(text.strip().splitlines()[-2:]) or "none"
