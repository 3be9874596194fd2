"""Input that means harm: paths, framing, sizes, slowness. Nothing leaves the storage, nothing holds the server."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oci_server.client import Client, digest_of
from tests.oci_server.raw import connected, everything, exchange, until
from tests.real.process import wait_until
from wizard.oci.server import Access, Limits, RegistryServer, Trouble

DIGEST = digest_of(b"x")
CLOSE = b"Host: x\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "path",
    [
        "/v2/../../../etc/passwd",
        "/v2/a/../../b/manifests/v1",
        "/v2/%2e%2e/%2e%2e/manifests/v1",
        "/v2/a%2f..%2f..%2fb/manifests/v1",
        "/v2/a/manifests/..",
        "/v2/a/manifests/..%2f..%2fregistry.json",
        "/v2/a/manifests/%00",
        "/v2/a/blobs/sha256:../../../registry.json",
        "/v2/a/blobs/sha256:%2e%2e",
        "/v2/_uploads/manifests/v1",
        "/v2/a/_tags/manifests/v1",
        "/v2/A/manifests/v1",
        "/v2/a//b/manifests/v1",
        "/v2/-a/manifests/v1",
        "/v2/a/\xe9/manifests/v1",
        "/v2/" + "a" * 256 + "/manifests/v1",
        "/v2/" + "a/" * 200 + "b/manifests/v1",
        "/v2/a/manifests/" + "t" * 129,
        "/v2/a/blobs/uploads/../../x",
        "/v2/a/blobs/uploads/not-a-uuid",
        "/etc/passwd",
        "//v2/",
        "/v2/tags/list",
        "/v2/a/b",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_path_that_is_none_of_ours_is_refused(
    server: RegistryServer, tmp_path: Path, path: str, method: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    answer = exchange(server.url, f"{method} {path} HTTP/1.1\r\n".encode("latin-1") + CLOSE + b"\r\n")
    assert answer.split(b" ")[1] in (b"400", b"404", b"405"), answer
    assert sorted(tmp_path.rglob("*")) == before


FRAMING = [
    b"Content-Length: 5\r\nContent-Length: 6\r\n",
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding: chunked, chunked\r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: +5\r\n",
    b"Content-Length: 1_0\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length : 5\r\n",
    b"Content Length: 5\r\n",
    b": 5\r\n",
    b"no colon\r\n",
    b" continuation\r\n",
    b"X: y\n",
]


@pytest.mark.parametrize("headers", FRAMING)
def test_ambiguous_framing_is_refused_and_the_connection_closed(
    server: RegistryServer, headers: bytes
) -> None:
    follow = b"GET /v2/smuggled/tags/list HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = exchange(
        server.url, b"POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n" + follow
    )
    assert answer.split(b" ")[1] in (b"400", b"501")
    assert answer.count(b"HTTP/1.1 ") == 1


CHUNKS = [
    b"zz\r\n",
    b"-5\r\nhello\r\n",
    b"\r\n",
    b"5\r\nhelloworld\r\n",
    b"fffffffffffffffff\r\n",
    b"5" * 300,
    b"5\nhello",
]


@pytest.mark.parametrize("coded", CHUNKS)
def test_broken_chunked_coding_is_refused(server: RegistryServer, client: Client, coded: bytes) -> None:
    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    head = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    answer = exchange(server.url, head + coded)
    assert b" 400 " in answer.split(b"\r\n")[0]
    assert b"Connection: close" in answer


def test_a_huge_chunk_is_not_read_into_memory(server: RegistryServer, client: Client) -> None:
    """The size of a chunk is a promise, not an allocation."""
    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    with connected(server.url) as sock:
        sock.sendall(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        sock.sendall(b"fffffffffff\r\n" + b"x" * 1000)
        wait_until(lambda: client.ask("GET", location).headers["Range"] == "0-999", "what came is kept")


def test_a_long_head_is_refused(server: RegistryServer) -> None:
    line = b"GET /v2/" + b"a" * 100_000 + b" HTTP/1.1\r\n"
    assert b" 414 " in exchange(server.url, line + CLOSE + b"\r\n").split(b"\r\n")[0]
    many = b"".join(b"X-%d: y\r\n" % number for number in range(5000))
    assert b" 413 " in exchange(server.url, b"GET /v2/ HTTP/1.1\r\n" + many + b"\r\n").split(b"\r\n")[0]


def test_too_many_query_parameters_are_refused(client: Client) -> None:
    assert client.ask("GET", "/v2/a/b/tags/list?" + "&".join(f"x{n}=1" for n in range(500))).status == 414


def test_a_manifest_without_end_is_refused_without_reading_it(server: RegistryServer) -> None:
    head = b"PUT /v2/a/b/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    with connected(server.url) as sock:
        sock.sendall(head)
        assert b" 413 " in everything(sock).split(b"\r\n")[0]


def test_an_unread_body_does_not_break_the_next_request(client: Client) -> None:
    """A short body that nobody wanted is drained; the connection goes on."""
    assert client.ask("PUT", "/v2/a/b/manifests/v1?digest=x", b"x" * 100_000).status == 400
    assert client.ask("PATCH", "/v2/a/b/blobs/uploads/no", b"x" * 100_000).status == 404
    assert client.ask("GET", "/v2/").status == 200


def test_a_long_unread_body_still_gets_its_reply(server: RegistryServer) -> None:
    """The connection is closed, but not before the client could read why."""
    with connected(server.url) as sock:
        sock.sendall(
            b"PATCH /v2/a/b/blobs/uploads/no HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n"
        )
        sock.sendall(b"x" * 400_000)
        answer = until(sock, b"BLOB_UPLOAD_UNKNOWN")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"Connection: close" in answer


def test_100_continue_waits_until_the_body_is_wanted(server: RegistryServer, client: Client) -> None:
    """A refused upload is refused before its body was sent (RFC 9110, 10.1.1)."""
    expect = "Host: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with connected(server.url) as sock:
        sock.sendall(f"PATCH /v2/a/b/blobs/uploads/no HTTP/1.1\r\n{expect}".encode())
        assert everything(sock).startswith(b"HTTP/1.1 404 ")
    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    with connected(server.url) as sock:
        sock.sendall(f"PATCH {location} HTTP/1.1\r\n{expect}".encode())
        assert until(sock, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"hello")
        assert until(sock, b"\r\n\r\n").startswith(b"HTTP/1.1 202 ")


@pytest.fixture
def strict(tmp_path: Path, log: list[Access | Trouble]) -> Iterator[RegistryServer]:
    """A server that has no patience."""
    limits = Limits(
        header_time=0.4, idle=30.0, stall=0.4, rate=100_000, patience=0.4, threads=4, connections=8, uploads=2
    )
    with RegistryServer(tmp_path / "strict", log=log.append, limits=limits) as running:
        yield running


def test_a_head_that_trickles_is_cut(strict: RegistryServer) -> None:
    """Slow-loris: a byte now and then does not hold a thread."""
    with connected(strict.url) as sock:
        began = time.monotonic()
        sock.sendall(b"GET /v2/ HTTP/1.1\r\n")
        sock.settimeout(0.05)
        answer = b""
        while not answer and time.monotonic() - began < 10:
            try:
                sock.sendall(b"X")
                answer = sock.recv(100)
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - began < 5
        assert answer.startswith(b"HTTP/1.1 408 ") or answer == b""


def test_a_body_that_stalls_or_crawls_is_cut_and_its_bytes_kept(strict: RegistryServer) -> None:
    with Client(strict.url) as client:
        location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
        head = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n".encode()
        with connected(strict.url) as sock:
            sock.sendall(head + b"x" * 100)
            assert everything(sock).startswith(b"HTTP/1.1 408 ")
        assert client.ask("GET", location).headers["Range"] == "0-99"
        with connected(strict.url) as sock:
            sock.sendall(head)
            sock.settimeout(0.05)
            for _ in range(200):
                try:
                    sock.sendall(b"y")
                    if sock.recv(10):
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            else:
                pytest.fail("a body of 20 bytes a second was let through")


def test_a_client_that_takes_nothing_is_cut(strict: RegistryServer, log: list[Access | Trouble]) -> None:
    data = os.urandom(30_000_000)
    with Client(strict.url) as client:
        digest = client.push_blob("a/b", data)
    with connected(strict.url) as sock:
        sock.sendall(f"GET /v2/a/b/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        wait_until(lambda: any(isinstance(event, Trouble) and "Late" in event.text for event in log), log)


def test_silent_connections_do_not_keep_others_out(tmp_path: Path) -> None:
    """More silent connections than threads: they wait in the selector."""
    limits = Limits(header_time=60, idle=60, stall=60, threads=3)
    with RegistryServer(tmp_path / "s", limits=limits) as server, contextlib.ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(connected(server.url))
        client = stack.enter_context(Client(server.url, timeout=20))
        assert client.ask("GET", "/v2/").status == 200


def test_too_many_connections_are_closed(strict: RegistryServer) -> None:
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connected(strict.url)) for _ in range(12)]
        socks[-1].sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert socks[-1].recv(100) == b""


def test_uploads_are_counted(strict: RegistryServer) -> None:
    with Client(strict.url) as client:
        first = client.ask("POST", "/v2/a/b/blobs/uploads/")
        assert client.ask("POST", "/v2/a/b/blobs/uploads/").status == 202
        refused = client.ask("POST", "/v2/a/b/blobs/uploads/")
        assert (refused.status, refused.code) == (429, "TOOMANYREQUESTS")
        assert int(refused.headers["Retry-After"]) > 0
        assert client.ask("DELETE", first.headers["Location"]).status == 204
        assert client.ask("POST", "/v2/a/b/blobs/uploads/").status == 202


def test_a_method_that_is_none_is_405(client: Client) -> None:
    answer = client.ask("POST", "/v2/a/b/manifests/v1", b"")
    assert (answer.status, answer.code, answer.headers["Allow"]) == (
        405,
        "UNSUPPORTED",
        "DELETE, GET, HEAD, PUT",
    )


def test_bytes_that_changed_on_disk_are_not_served_as_a_manifest(
    server: RegistryServer, client: Client, tmp_path: Path, log: list[Access | Trouble]
) -> None:
    digest = client.push_image("a/b", "v1")
    path = tmp_path / "storage/repositories/a/b/_manifests/sha256" / digest.partition(":")[2]
    path.write_bytes(path.read_bytes().replace(b"schemaVersion", b"schemaversion"))
    assert client.ask("GET", "/v2/a/b/manifests/v1").status == 500
    assert any(isinstance(event, Trouble) and digest in event.text for event in log)
