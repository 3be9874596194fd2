"""exec over a websocket, against a small server that speaks frames."""

import base64
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from wizard.cluster.real.api import Api
from wizard.cluster.real.exec import run
from wizard.engine.problems import Problem

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SUCCESS = {"status": "Success"}


def frame(channel: int, data: bytes | dict[str, Any]) -> bytes:
    """A binary frame of one channel."""
    body = bytes([channel]) + (json.dumps(data).encode() if isinstance(data, dict) else data)
    head = (
        struct.pack("!BB", 0x82, len(body)) if len(body) < 126 else struct.pack("!BBH", 0x82, 126, len(body))
    )
    return head + body


def ended(code: int) -> bytes:
    """How the API says that a command ended badly."""
    causes = [{"reason": "ExitCode", "message": str(code)}]
    return frame(3, {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}})


Script = Callable[[socket.socket], None]


@contextmanager
def serving(*scripts: Script | bytes) -> Iterator[tuple[Api, list[str]]]:
    """One connection after the other: shake hands and play the script, or answer with these bytes."""
    import kubernetes

    asked: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for script in scripts:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            with near:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += near.recv(4096)
                asked.append(head.decode())
                if isinstance(script, bytes):
                    near.sendall(script)
                    continue
                key = next(
                    v for v in head.decode().split("\r\n") if v.lower().startswith("sec-websocket-key")
                )
                digest = hashlib.sha1((key.partition(":")[2].strip() + _GUID).encode()).digest()
                near.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n"
                    b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
                )
                script(near)

    thread = threading.Thread(target=serve)
    thread.start()
    host = f"http://127.0.0.1:{listener.getsockname()[1]}"
    configuration = kubernetes.client.Configuration(host=host)
    configuration.api_key = {"authorization": "t0ken"}
    configuration.api_key_prefix = {"authorization": "Bearer"}
    api = Api(kubernetes.client.ApiClient(configuration), (0.0, 0.0))
    try:
        yield api, asked
    finally:
        api.close()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def call(api: Api, timeout: float = 20) -> Any:
    return run(api, "/api/v1/namespaces/s/pods/p", "probe", ["/probe", "dial", "a b:1"], timeout, "run it")


def test_both_outputs_and_the_exit_code() -> None:
    def script(near: socket.socket) -> None:
        near.sendall(frame(1, b"out\n") + frame(2, b"err\n") + frame(1, b"x" * 300) + ended(3))
        near.recv(100)

    with serving(script) as (api, asked):
        found = call(api)
    assert (found.exit_code, found.output, found.cut) == (3, "out\nerr\n" + "x" * 300, False)
    request = asked[0].splitlines()[0].split()[1]
    query = parse_qs(urlsplit(request).query)
    assert urlsplit(request).path == "/api/v1/namespaces/s/pods/p/exec"
    assert query["command"] == ["/probe", "dial", "a b:1"]
    assert query["container"] == ["probe"]
    assert "authorization: Bearer t0ken" in asked[0]


def test_success_is_nought() -> None:
    with serving(lambda near: near.sendall(frame(3, SUCCESS))) as (api, _):
        assert call(api).exit_code == 0


def test_output_is_bounded() -> None:
    def script(near: socket.socket) -> None:
        for _ in range(40):
            near.sendall(frame(1, b"x" * 60_000))
        near.sendall(frame(3, SUCCESS))

    with serving(script) as (api, _):
        found = call(api)
    assert (len(found.output), found.cut) == (1024 * 1024, True)


def test_a_refusal_has_the_apis_words() -> None:
    words = 'pods "p" is forbidden: User "u" cannot create resource "pods/exec" in API group "" in the namespace "s"'
    body = json.dumps({"kind": "Status", "message": words}).encode()
    answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with serving(answer) as (api, _), pytest.raises(Problem) as caught:
        call(api)
    assert (caught.value.code, caught.value.detail) == ("cluster-forbidden", words)
    assert caught.value.evidence["resource"] == "pods/exec"


def test_a_container_that_is_not_there() -> None:
    body = json.dumps({"kind": "Status", "message": "container not found"}).encode()
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with serving(answer) as (api, _), pytest.raises(Problem) as caught:
        call(api)
    assert (caught.value.code, caught.value.evidence) == ("cluster-refused", {"status": 404})


def test_while_the_server_is_away_it_is_asked_again() -> None:
    """Only before the command has begun."""
    away = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    with serving(away, b"", lambda near: near.sendall(frame(3, SUCCESS))) as (api, asked):
        assert call(api).exit_code == 0
    assert len(asked) == 3


def test_a_command_is_not_run_twice() -> None:
    """Lost in the middle: what came of it is not known, so it is a problem."""
    with (
        serving(lambda near: near.sendall(frame(1, b"half"))) as (api, asked),
        pytest.raises(Problem) as caught,
    ):
        call(api)
    assert caught.value.code == "cluster-unreachable"
    assert len(asked) == 1


def test_it_gives_up_after_the_time_it_was_given() -> None:
    done = threading.Event()

    def script(near: socket.socket) -> None:
        near.sendall(frame(1, b"slow"))
        done.wait(20)

    with serving(script) as (api, _):
        with pytest.raises(Problem) as caught:
            call(api, timeout=0.2)
        done.set()
    assert caught.value.code == "cluster-timeout"


def test_an_end_that_makes_no_sense_is_no_success() -> None:
    error = {"status": "Failure", "message": "error executing command: no such file"}
    with serving(lambda near: near.sendall(frame(3, error))) as (api, _), pytest.raises(Problem) as caught:
        call(api)
    assert "no such file" in caught.value.detail
