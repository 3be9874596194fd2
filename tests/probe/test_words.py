"""The probe's words against real listeners on loopback. What it prints is listed in docs/ARCHITECTURE.md."""

import http.server
import json
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.probe.conftest import Probe
from tests.real.certs import Authority
from tests.real.process import free_port, wait_until
from wizard import __version__

pytestmark = pytest.mark.real


class Stand:
    """An HTTP server that answers as told and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.replies: list[tuple[int, Mapping[str, str], bytes]] = []
        stand = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {k.lower(): v for k, v in self.headers.items()}
                stand.asked.append((self.command, self.path, headers, self.rfile.read(length)))
                status, more, body = stand.replies.pop(0)
                self.send_response(status)
                for key, value in more.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                return None

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def reply(self, body: bytes | str | dict[str, Any], status: int = 200, **headers: str) -> None:
        """The next answer."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        data = data.encode() if isinstance(data, str) else data
        self.replies.append((status, {k.replace("_", "-"): v for k, v in headers.items()}, data))


@contextmanager
def _served(stand: Stand) -> Iterator[Stand]:
    thread = threading.Thread(target=stand.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stand
    finally:
        stand.server.shutdown()
        thread.join()
        stand.server.server_close()


@pytest.fixture
def stand() -> Iterator[Stand]:
    with _served(Stand()) as found:
        yield found


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("t0p-secret\n")
    return path


# --- general


def test_version_is_the_products(probe: Probe) -> None:
    assert probe("version").last == {"version": __version__}


@pytest.mark.parametrize(
    "words",
    [
        ("dial",),
        ("dial", "h:1", "--nonsense"),
        ("get", "no-url"),
        ("mcp",),
        ("ask", "http://h/"),
        ("serve",),
        ("sleep", "soon"),
        ("store",),
        ("load", "--reference", "host/repo:tag", "--model", "m", "--store", "d"),
        ("load", "--reference", "host/repo@sha256:" + "0" * 64, "--model", "../m", "--store", "d"),
    ],
)
def test_what_it_cannot_do_is_said_in_one_line(probe: Probe, words: tuple[str, ...]) -> None:
    said = probe(*words)
    assert said.exit == 1
    assert (said.last["outcome"], said.last["code"]) == ("failed", "usage")


def test_an_unknown_word_is_refused(probe: Probe) -> None:
    assert (probe("dance").exit, probe().exit) == (1, 1)


# --- dial, resolve


def test_dial_tells_open_closed_and_unknown_apart(probe: Probe) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        targets = [f"127.0.0.1:{listener.getsockname()[1]}", f"127.0.0.1:{free_port()}", "no.such.invalid:80"]
        said = probe("dial", *targets, "--timeout", "2s")
    assert said.exit == 0
    assert [line["target"] for line in said.lines] == targets
    assert [line["outcome"] for line in said.lines[:2]] == ["reached", "refused"]
    # a machine without any DNS server says "timeout" or "refused" of the name, one with says "unknown"
    assert said.lines[2]["outcome"] != "reached"
    assert said.lines[1]["detail"]
    assert said.lines[0]["detail"] == ""


def test_dial_gives_up_after_the_time_it_was_given(probe: Probe) -> None:
    """A listener whose queue is full answers nothing more, as a dropping firewall does. Eight take no longer than one."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        where = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        try:
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(where)
            said = probe("dial", *[f"127.0.0.1:{where[1]}"] * 8, "--timeout", "500ms", seconds=3)
        finally:
            for each in waiting:
                each.close()
    assert [line["outcome"] for line in said.lines] == ["timeout"] * 8
    assert 0.4 < said.last["seconds"] < 2


def test_resolve_names_addresses(probe: Probe) -> None:
    (said,) = probe("resolve", "localhost").lines
    assert said["outcome"] == "resolved"
    assert {"127.0.0.1", "::1"} & set(said["addresses"])
    unknown = probe("resolve", "no.such.invalid", "--timeout", "1s", "--patience", "0s").last
    assert unknown["outcome"] != "resolved"
    assert unknown["addresses"] == []


# --- get


def test_get_gives_status_and_body(probe: Probe, stand: Stand) -> None:
    stand.reply({"tools": 7}, 503)
    said = probe("get", f"{stand.url}/health").last
    assert (said["outcome"], said["status"], json.loads(said["body"])) == ("answered", 503, {"tools": 7})


def test_get_bounds_the_body(probe: Probe, stand: Stand) -> None:
    stand.reply(b"x" * 200_000)
    assert len(probe("get", stand.url).last["body"]) == 64 * 1024


def test_get_says_that_nobody_listens(probe: Probe) -> None:
    said = probe("get", f"http://127.0.0.1:{free_port()}/", "--patience", "300ms").last
    assert (said["outcome"], said["status"]) == ("refused", 0)


@pytest.mark.parametrize(
    "words", [("get",), ("mcp",), ("ask", "--token-file", "TOKEN", "--query", "q")], ids=lambda w: w[0]
)
def test_a_first_refusal_says_nothing(
    probe: Probe, stand: Stand, token: Path, words: tuple[str, ...]
) -> None:
    """Facts 8: a new pod is refused for its first moments; whoever waits gets the answer."""
    turns = iter([False, False])
    stand.server.verify_request = lambda *_: next(turns, True)  # type: ignore[method-assign]
    for _ in range(3):
        stand.reply({"answer": "late"})
    arguments = [str(token) if word == "TOKEN" else word for word in words]
    assert probe(*arguments, stand.url, "--patience", "0s").last["outcome"] != "answered"
    assert probe(*arguments, stand.url).last["outcome"] == "answered"


def test_get_says_tls_and_trusts_the_ca_it_is_given(probe: Probe, tmp_path: Path) -> None:
    import ssl

    authority = Authority(tmp_path / "ca")
    pair = authority.server()
    stand = Stand()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    stand.server.socket = context.wrap_socket(stand.server.socket, server_side=True)
    url = stand.url.replace("http:", "https:")
    stand.server.handle_error = lambda *_: None  # type: ignore[method-assign]
    with _served(stand):
        refused = probe("get", url).last
        assert refused["outcome"] == "tls"
        assert "x509" in refused["detail"]
        stand.reply("well")
        assert probe("get", url, "--ca", authority.ca_file).last["body"] == "well"
    missing = probe("get", url, "--ca", tmp_path / "nowhere.pem")
    assert (missing.exit, missing.last["code"]) == (1, "ca-not-valid")


# --- mcp

HELLO = {"jsonrpc": "2.0", "id": 1, "result": {"serverInfo": {"name": "opencost", "version": "1.118.0"}}}
TOOLS = {"jsonrpc": "2.0", "id": 2, "result": {"tools": [{"name": "a"}, {"name": "b"}]}}


def test_mcp_shakes_hands_and_counts_tools(probe: Probe, stand: Stand) -> None:
    """S1.13, S1.50: over streamable HTTP, with the session that the server names."""
    stand.reply(HELLO, Mcp_Session_Id="s-1", Content_Type="application/json")
    stand.reply(b"", 202)
    stand.reply(f"event: message\ndata: {json.dumps(TOOLS)}\n\n", Content_Type="text/event-stream")
    said = probe("mcp", f"{stand.url}/mcp").last
    assert (said["outcome"], said["status"]) == ("answered", 200)
    assert said["server"] == {"name": "opencost", "version": "1.118.0"}
    assert said["tools"] == 2
    methods = [json.loads(body)["method"] for _, _, _, body in stand.asked]
    assert methods == ["initialize", "notifications/initialized", "tools/list"]
    assert [headers.get("mcp-session-id") for _, _, headers, _ in stand.asked] == [None, "s-1", "s-1"]


def test_mcp_of_something_else_has_no_server(probe: Probe, stand: Stand) -> None:
    """A port that is open proves nothing."""
    stand.reply("<html>", 404)
    said = probe("mcp", stand.url).last
    assert (said["outcome"], said["status"], said["tools"]) == ("answered", 404, 0)
    assert said["server"]["name"] == ""


# --- ask


def _frames(*frames: tuple[str, dict[str, Any]]) -> str:
    return "".join(f"event: {kind}\ndata: {json.dumps(data)}\n\n" for kind, data in frames)


def test_ask_folds_the_stream(probe: Probe, stand: Stand, token: Path) -> None:
    """S1.36: the frames of the gateway's streamed answer; a count of each, and what they said."""
    usage = {"prompt_tokens": 319, "completion_tokens": 4}
    stand.reply(
        _frames(
            ("thinking", {"text": "hm"}),
            ("tool_call", {"name": "opencost.costs", "args": {"window": "1d"}}),
            ("tool_result", {"content": "kube-system 41.72"}),
            ("token", {"text": "You spent "}),
            ("token", {"text": "41.72"}),
            ("done", {"model": "granite4.1:8b", "usage": usage}),
        ),
        Content_Type="text/event-stream",
    )
    said = probe("ask", f"{stand.url}/v1/ask", "--token-file", token, "--query", "what?").last
    assert said["answer"] == "You spent 41.72"
    assert said["model"] == "granite4.1:8b"
    assert said["tool_calls"] == [{"name": "opencost.costs", "args": {"window": "1d"}}]
    assert said["tool_results"] == ["kube-system 41.72"]
    assert said["usage"] == usage
    assert said["events"] == {"thinking": 1, "tool_call": 1, "tool_result": 1, "token": 2, "done": 1}
    assert said["detail"] == ""
    ((method, path, headers, body),) = stand.asked
    assert (method, path, json.loads(body)) == ("POST", "/v1/ask", {"query": "what?", "stream": True})
    assert headers["authorization"] == "Bearer t0p-secret"


def test_ask_takes_an_unstreamed_answer_too(probe: Probe, stand: Stand, token: Path) -> None:
    stand.reply(
        {"answer": "41.72", "model": "m", "tool_calls": [{"name": "t"}], "usage": {"prompt_tokens": 3}},
        Content_Type="application/json",
    )
    said = probe("ask", stand.url, "--token-file", token, "--query", "q").last
    assert (said["answer"], said["model"], said["tool_calls"]) == ("41.72", "m", [{"name": "t"}])


def test_ask_says_that_a_stream_broke_off(probe: Probe, stand: Stand, token: Path) -> None:
    stand.reply(_frames(("token", {"text": "You sp"})), Content_Type="text/event-stream")
    said = probe("ask", stand.url, "--token-file", token, "--query", "q").last
    assert said["detail"] == "the stream ended without a done event"
    stand.reply(_frames(("error", {"status": 502, "detail": "upstream"})), Content_Type="text/event-stream")
    said = probe("ask", stand.url, "--token-file", token, "--query", "q").last
    assert "upstream" in said["detail"]


def test_ask_tells_a_refusal(probe: Probe, stand: Stand, token: Path) -> None:
    stand.reply({"title": "authentication is not configured on this gateway"}, 503)
    said = probe("ask", stand.url, "--token-file", token, "--query", "q")
    assert (said.exit, said.last["status"], said.last["answer"]) == (0, 503, "")
    assert "not configured" in said.last["body"]


def test_ask_without_a_token_could_not_look(probe: Probe, tmp_path: Path) -> None:
    said = probe("ask", "http://127.0.0.1:1", "--token-file", tmp_path / "none", "--query", "q")
    assert (said.exit, said.last["code"]) == (1, "token-missing")


def test_the_token_is_in_no_output(probe: Probe, stand: Stand, token: Path) -> None:
    stand.reply({"title": "no"}, 401)
    said = probe("ask", stand.url, "--token-file", token, "--query", "q")
    assert "t0p-secret" not in said.output


# --- serve, sleep


def test_serve_answers_and_ends_by_itself(probe: Probe, program: Path) -> None:
    port = free_port()
    with subprocess.Popen([program, "serve", f"127.0.0.1:{port}", "--for", "3s"]) as server:
        wait_until(lambda: probe("dial", f"127.0.0.1:{port}").last["outcome"] == "reached", "the listener")
        said = probe("get", f"http://127.0.0.1:{port}/").last
        assert (said["status"], said["body"]) == (200, "ok\n")
        assert server.wait(10) == 0


def test_sleep_says_nothing(probe: Probe) -> None:
    said = probe("sleep", "0")
    assert (said.exit, said.output) == (0, "")
