"""Running a command in a running container, over the client's websocket."""

import time
from collections.abc import Sequence
from typing import Any

from wizard.cluster.port import PodResult
from wizard.cluster.real.errors import refused, too_slow, unreachable

_OUTPUT = 1024 * 1024


def run(
    client: Any, pod: str, namespace: str, container: str, command: Sequence[str], timeout: float
) -> PodResult:
    """The exit code and both outputs. Raises Problem `cluster-refused`, `cluster-forbidden`, `cluster-timeout`."""
    import kubernetes
    from kubernetes.stream import stream

    what = f"run a command in {namespace}/{pod}"
    # the client's stream() swaps a method of the ApiClient while it works: one of its own for every call
    own = kubernetes.client.ApiClient(client.configuration)
    try:
        socket = stream(
            kubernetes.client.CoreV1Api(own).connect_get_namespaced_pod_exec,
            pod,
            namespace,
            container=container,
            command=list(command),
            stdin=False,
            stdout=True,
            stderr=True,
            tty=False,
            _preload_content=False,
            _request_timeout=timeout,
        )
    except kubernetes.client.ApiException as error:
        raise refused(what, error.status or 0, str(error.body or error.reason or error)) from None
    except OSError as error:
        raise unreachable(what, str(error)) from None
    output, size = [], 0
    deadline = time.monotonic() + timeout
    try:
        while socket.is_open():
            socket.update(timeout=1)
            text = socket.read_all() if socket.peek_stdout() or socket.peek_stderr() else ""
            if text and size < _OUTPUT:
                output.append(text)
                size += len(text)
            if time.monotonic() > deadline:
                raise too_slow(what, timeout)
        rest = socket.read_all()
        code = socket.returncode
    finally:
        socket.close()
        own.close()
    whole = "".join([*output, rest])
    return PodResult(1 if code is None else int(code), whole[:_OUTPUT], "", len(whole) > _OUTPUT)
