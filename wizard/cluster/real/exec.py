"""Running a command in a running container, over a websocket (Kubernetes' `v4.channel.k8s.io` subprotocol).

Frames begin with a channel number: 1 standard output, 2 standard error, 3 the end, as a Status object.
"""

import json
import ssl
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from wizard.cluster.port import PodResult
from wizard.cluster.problems import too_slow, unreachable
from wizard.cluster.real.api import CONNECT_SECONDS, Api
from wizard.cluster.real.errors import refused
from wizard.engine.stop import Stop

_OUTPUT = 1024 * 1024
_LOOK = 1.0
"""Seconds between two looks at whether a stop was asked for."""
_STDOUT, _STDERR, _END = 1, 2, 3


def run(api: Api, path: str, container: str, command: Sequence[str], timeout: float, what: str) -> PodResult:
    """The exit code and both outputs, in the order they came. `path` is the pod's.

    Raises Problem `cluster-refused`, `cluster-forbidden`, `cluster-timeout`; `cluster-unreachable` also where the
    connection is lost in the middle: whether the command ran to its end is then not known, and it is not run twice.
    """
    query = [("container", container), ("stdout", "true"), ("stderr", "true")]
    query += [("command", word) for word in command]
    socket = api.patiently(lambda: _open(api.client, f"{path}/exec?{urlencode(query)}", what))
    try:
        output, status = _listen(socket, timeout, what, api.stop)
    finally:
        socket.close(timeout=1)
    text = output[:_OUTPUT].decode(errors="replace")
    return PodResult(_exit_code(status, what), text, "", len(output) > _OUTPUT)


def _open(client: Any, path: str, what: str) -> Any:
    import websocket

    configuration = client.configuration
    headers: dict[str, str] = {"User-Agent": "airgap-wizard"}
    headers |= {setting["key"]: setting["value"] for setting in configuration.auth_settings().values()}
    try:
        return websocket.create_connection(
            configuration.host.replace("http", "ws", 1) + path,
            header=[f"{key}: {value}" for key, value in headers.items()],
            subprotocols=["v4.channel.k8s.io"],
            sslopt={"context": _trust(configuration), "server_hostname": configuration.tls_server_name},
            timeout=CONNECT_SECONDS,
            # the API server is inside the perimeter: a proxy of the environment leads outside
            http_no_proxy=["*"],
        )
    except websocket.WebSocketBadStatusException as error:
        raise refused(what, int(error.status_code), error.resp_body or str(error)) from None
    except (websocket.WebSocketException, OSError) as error:
        raise unreachable(str(error), what) from None


def _trust(configuration: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    # cluster CAs are often made without the extensions that the strict mode of newer Pythons asks for
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context


def _listen(socket: Any, timeout: float, what: str, stop: Stop) -> tuple[bytes, bytes]:
    """All output (a byte more than is kept, at most) and the Status that ends it."""
    import websocket

    deadline = time.monotonic() + timeout
    output = bytearray()
    while True:
        stop.check()
        left = deadline - time.monotonic()
        if left <= 0:
            raise too_slow(what, timeout)
        socket.settimeout(min(left, _LOOK))
        try:
            frame = socket.recv()
        except websocket.WebSocketTimeoutException:
            continue
        except (websocket.WebSocketException, OSError) as error:
            raise unreachable(str(error), what) from None
        data = frame.encode() if isinstance(frame, str) else bytes(frame)
        if not data:
            raise unreachable("the connection was closed before the command had ended", what)
        if data[0] == _END:
            return bytes(output), data[1:]
        if data[0] in (_STDOUT, _STDERR):
            output += data[1 : max(0, _OUTPUT + 2 - len(output))]


def _exit_code(status: bytes, what: str) -> int:
    try:
        said = json.loads(status)
        if said["status"] == "Success":
            return 0
        for cause in said["details"]["causes"]:
            if cause["reason"] == "ExitCode":
                return int(cause["message"])
    except (ValueError, KeyError, TypeError):
        pass
    raise refused(what, 0, status) from None
