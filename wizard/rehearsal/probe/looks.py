"""What the probe sees of the network from inside a pod: dial, resolve, get, mcp, ask."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from wizard.rehearsal.apps.base import Cell, Response
from wizard.rehearsal.net.http import request
from wizard.rehearsal.net.reach import Reach, connect, resolve
from wizard.rehearsal.probe.words import Coded, Usage, Words

_BODY = 64 * 1024
Seen = dict[str, Any]


def look(cell: Cell, words: Words) -> Iterator[Seen]:
    """One object for each thing looked at. Raises Usage."""
    looks: dict[str, Callable[[Cell, Words], Iterator[Seen]]] = {
        "dial": _dial,
        "resolve": _resolve,
        "get": _get,
        "mcp": _mcp,
        "ask": _ask,
    }
    return looks[words.verb](cell, words)


def _dial(cell: Cell, words: Words) -> Iterator[Seen]:
    if not words.operands:
        raise Usage("dial takes HOST:PORT")
    patience = words.seconds("timeout", 5.0)
    for target in words.operands:
        host, colon, port = target.rpartition(":")
        if not colon or not port.isdigit():
            raise Usage(f"{target!r} is not HOST:PORT")
        found = connect(cell.site, cell.objects, cell.pod, host.strip("[]"), int(port))
        seconds = patience if "timeout" in found.detail else 0.001
        yield {"target": target, "outcome": found.outcome, "detail": found.detail, "seconds": seconds}


def _resolve(cell: Cell, words: Words) -> Iterator[Seen]:
    if not words.operands:
        raise Usage("resolve takes names")
    for name in words.operands:
        found = resolve(cell.site, cell.objects, cell.pod, name)
        addresses = list(found.addresses)
        yield {"name": name, "outcome": found.outcome, "addresses": addresses, "detail": found.detail}


def _get(cell: Cell, words: Words) -> Iterator[Seen]:
    url = _url(words)
    yield _answer(url, request(cell.site, cell.objects, cell.pod, "GET", url))


def _mcp(cell: Cell, words: Words) -> Iterator[Seen]:
    url = _url(words)
    found = request(cell.site, cell.objects, cell.pod, "POST", url, body={"method": "initialize"})
    server, tools = {"name": "", "version": ""}, 0
    if isinstance(found, Response) and isinstance(found.body, dict) and "result" in found.body:
        server = found.body["result"]["serverInfo"]
        listed = request(cell.site, cell.objects, cell.pod, "POST", url, body={"method": "tools/list"})
        tools = len(listed.body["result"]["tools"]) if isinstance(listed, Response) else 0
    yield _answer(url, found) | {"server": server, "tools": tools}


def _ask(cell: Cell, words: Words) -> Iterator[Seen]:
    url, path, query = _url(words), words.options.get("token-file"), words.options.get("query")
    if not path or not query:
        raise Usage("ask takes a URL, --token-file and --query")
    raw = cell.files.read(path)
    if raw is None:
        raise Coded("token-missing", f"open {path}: no such file or directory")
    headers = {"Authorization": f"Bearer {raw.decode().strip()}"}
    found = request(
        cell.site, cell.objects, cell.pod, "POST", url, headers=headers, body={"query": query, "stream": True}
    )
    seen = _answer(url, found) | {
        "answer": "",
        "model": "",
        "tool_calls": [],
        "tool_results": [],
        "usage": {},
    }
    events: dict[str, int] = {}
    if isinstance(found, Response) and found.events:
        seen["body"] = ""
        for name, data in found.events:
            events[name] = events.get(name, 0) + 1
            _fold(seen, name, data)
    yield seen | {"events": events}


def _fold(seen: Seen, name: str, data: dict[str, Any]) -> None:
    match name:
        case "token":
            seen["answer"] += data["text"]
        case "tool_call":
            seen["tool_calls"].append({"name": data["name"], "args": data["args"]})
        case "tool_result":
            seen["tool_results"].append(data["content"])
        case "done":
            seen["model"], seen["usage"] = data["model"], data["usage"]


def _url(words: Words) -> str:
    if len(words.operands) != 1 or not words.operands[0].startswith(("http://", "https://")):
        raise Usage(f"{words.verb} takes a URL")
    return words.operands[0]


def _answer(url: str, found: Response | Reach) -> Seen:
    if isinstance(found, Reach):
        return {"url": url, "outcome": found.outcome, "status": 0, "body": "", "detail": found.detail}
    text = (
        found.body
        if isinstance(found.body, str)
        else json.dumps(found.body)
        if found.body is not None
        else ""
    )
    return {"url": url, "outcome": "answered", "status": found.status, "body": text[:_BODY], "detail": ""}
