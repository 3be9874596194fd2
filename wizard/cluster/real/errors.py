"""The API's errors as Problems: what was asked, of whom, and the API server's own words."""

import json
import re
from typing import Any

from wizard.cluster import problems
from wizard.engine.problems import Problem, Remedy

_CANNOT = re.compile(
    r'cannot (?P<verb>\S+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]+)")?'
)
# its own roles are always there: an API server that does not find them has started a moment ago and not read them yet
_ROLES_UNREAD = re.compile(r'RBAC: .*"system:[^"]+" not found')
_PASSING = re.compile(r"etcdserver|leader changed|apiserver is shutting down|context deadline exceeded")


def refused(what: str, status: int, body: bytes | str) -> Problem:
    """Of an HTTP status; 403 by RBAC is told apart from 403 by admission or quota."""
    words = _message(body)
    cannot = _CANNOT.search(words)
    if status == 401:
        return _unknown_to_it(words)
    if status == 403 and _ROLES_UNREAD.search(words):
        return problems.unreachable(f"HTTP {status}: {words}", what)
    if status == 403 and (cannot or " cannot " in words):
        return _forbidden(what, words, cannot.groupdict("") if cannot else {})
    if status in (429, 502, 503, 504) or (
        status == 500 and (words.startswith("<") or _PASSING.search(words))
    ):
        return problems.unreachable(f"HTTP {status}: {words}", what)
    return problems.refused(f"to {what}", words, {"status": status})


def _forbidden(what: str, words: str, cannot: dict[str, str]) -> Problem:
    """With the rule that is missing, where the API server names it."""
    remedies = [
        Remedy("have the shipped Role and ClusterRole applied", "airgap-wizard explain rbac-sufficient")
    ]
    if cannot:
        where = f"a Role in {cannot['namespace']}" if cannot["namespace"] else "a ClusterRole"
        rule = f"{{apiGroups: ['{cannot['group']}'], resources: [{cannot['resource']}], verbs: [{cannot['verb']}]}}"
        remedies.insert(0, Remedy(f"have this rule added to {where}: {rule}"))
    return Problem(
        "cluster-forbidden",
        f"not allowed to {what}",
        detail=words,
        remedies=tuple(remedies),
        evidence={"status": 403, **{key: value for key, value in cannot.items() if value or key == "group"}},
    )


def _unknown_to_it(words: str) -> Problem:
    return Problem(
        "cluster-forbidden",
        "the cluster does not accept who we are",
        detail=words,
        remedies=(Remedy("renew the credentials in the kubeconfig, or the pod's ServiceAccount token"),),
        evidence={"status": 401},
    )


def node_away(node: str, what: str, why: str) -> Problem:
    """The node's kubelet has not been heard of for a while: what runs there cannot be seen."""
    return Problem(
        "node-away",
        f"node {node} has stopped answering while {what} was waited for",
        detail=why or "its kubelet no longer reports",
        remedies=(
            Remedy("see the node", f"kubectl describe node {node}"),
            Remedy("mend its kubelet or its network, then run again: what is done is recognised"),
        ),
        evidence={"node": node},
    )


def _message(body: bytes | str) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    try:
        data: Any = json.loads(text)
        return str(data["message"])
    except (ValueError, KeyError, TypeError):
        return text[:500]
