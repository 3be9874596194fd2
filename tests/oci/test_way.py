"""The way to a registry: names, routes, TLS, proxies. Each trouble has its own name and its own remedy (S1.12)."""

import errno
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.oci.conftest import QUICK, place_image
from tests.oci.fake_registry import FakeRegistry, fake_registry
from tests.real.certs import Authority, KeyPair
from tests.real.registry import Registry
from wizard.engine.problems import Problem
from wizard.oci import problems
from wizard.oci.proxy import proxy_for
from wizard.oci.reference import Reference
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def serving(pair: KeyPair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    return context


def problem_at(
    base: str, *, environ: dict[str, str] | None = None, connect: float = 5.0, **more: object
) -> Problem:
    site = Site("reg.test", base, anonymous=True, **more)  # type: ignore[arg-type]
    known = Sites({"reg.test": site})
    made = Transport(known, retries=QUICK, stall=1.0, connect=connect, environ=environ or {})
    with made as transport, pytest.raises(Problem) as caught:
        transport.repository(Reference.parse("reg.test/team/app")).resolve("1.0")
    assert "reg.test" in caught.value.title and caught.value.remedies
    return caught.value


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert problem_at(f"http://127.0.0.1:{port}").code == "registry-refused"


def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told at once: DNS does not get better by asking four times."""
    asked = []

    def unknown(*arguments: object, **_: object) -> None:
        asked.append(arguments)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    problem = problem_at("https://reg.test")
    assert problem.code == "registry-name-unknown" and problem.remedies[0].command == "getent hosts reg.test"
    assert len(asked) == 1


def test_a_firewall_that_drops_packets() -> None:
    """A listener whose queue is full behaves like one."""
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            with suppress(BlockingIOError):
                each.connect(address)
        problem = problem_at(f"http://127.0.0.1:{address[1]}", connect=0.2)
        for each in waiting:
            each.close()
    assert problem.code == "registry-unreachable" and "firewall" in problem.detail


def test_no_route() -> None:
    problem = problems.from_os_error(
        OSError(errno.ENETUNREACH, "Network is unreachable"), "reg.test", "https://x:1"
    )
    assert problem.code == "registry-unreachable" and "layout:" in problem.remedies[1].text


# --- TLS


def test_a_private_authority(authority: Authority) -> None:
    with fake_registry(serving(authority.default_server)) as registry:
        place_image(registry, "team/app", "1.0")
        site = Site("reg.test", f"https://{registry.host}", ca_file=authority.ca_file, anonymous=True)
        with Transport(Sites({"reg.test": site}), environ={}) as transport:
            assert transport.repository(Reference.parse("reg.test/team/app")).resolve("1.0")
        assert problem_at(f"https://{registry.host}").code == "registry-tls-unknown-ca"


def test_a_certificate_for_another_name(authority: Authority) -> None:
    with fake_registry(serving(authority.server("elsewhere.test"))) as registry:
        problem = problem_at(f"https://{registry.host}", ca_file=authority.ca_file)
        assert problem.code == "registry-tls-wrong-name"
        place_image(registry, "team/app", "1.0")
        site = Site(
            "reg.test",
            f"https://{registry.host}",
            authority.ca_file,
            anonymous=True,
            server_name="elsewhere.test",
        )
        with Transport(Sites({"reg.test": site}), environ={}) as transport:
            assert transport.repository(Reference.parse("reg.test/team/app")).resolve("1.0")
        assert registry.requests[-1].headers["Host"] == "elsewhere.test"


def test_an_expired_certificate(authority: Authority) -> None:
    with fake_registry(serving(authority.server(days=-3))) as registry:
        problem = problem_at(f"https://{registry.host}", ca_file=authority.ca_file)
    assert problem.code == "registry-tls-expired" and problem.remedies[0].command == "date -u"


def test_plain_http_where_https_was_expected(registry: FakeRegistry) -> None:
    """S1.23: never a silent fallback."""
    assert problem_at(f"https://{registry.host}").code == "registry-answers-plain-http"


def test_no_way_leads_from_https_to_plain_http(authority: Authority) -> None:
    """Neither a redirect, nor an upload's location, nor the next page of a list: nobody reads along, nobody alters."""
    from tests.oci.fake_registry import answer
    from wizard.oci.descriptor import Descriptor

    blob = Descriptor("x", "sha256:" + "0" * 64, 5_000_000)
    with fake_registry() as bare, fake_registry(serving(authority.default_server)) as registry:
        elsewhere = f"http://localhost:{bare.host.rpartition(':')[2]}/x"
        registry.when("GET", "/blobs/", answer(307, Location=elsewhere), 9)
        registry.when("POST", "/uploads/", answer(202, Location=elsewhere), 9)
        registry.when("GET", "/tags/", answer(200, b'{"tags":["a"]}', Link=f'<{elsewhere}>; rel="next"'), 9)
        site = Site("reg.test", f"https://{registry.host}", ca_file=authority.ca_file, anonymous=True)
        with Transport(Sites({"reg.test": site}), retries=QUICK, environ={}) as transport:
            app = transport.repository(Reference.parse("reg.test/team/app"))
            opened: Callable[[], object] = lambda: app.open_blob(blob)  # noqa: E731
            for act in (opened, app.tags, lambda: app.put_blob(blob, lambda _: pytest.fail("read"))):
                with pytest.raises(Problem) as caught:
                    act()
                assert caught.value.code == "registry-redirect-refused"
        assert not bare.requests


@pytest.mark.real
def test_https_where_plain_http_was_expected(secure_registry: Registry) -> None:
    assert problem_at(f"http://{secure_registry.host}").code == "registry-answers-https"


def test_an_alert_in_the_handshake() -> None:
    with answering(lambda sock: (sock.recv(4096), sock.sendall(b"\x15\x03\x03\x00\x02\x02\x50"))) as host:
        assert problem_at(f"https://{host}").code == "registry-tls-failed"


@pytest.mark.parametrize("which", ["ca_file", "client_cert"])
def test_certificate_files_that_are_none(which: str, tmp_path: Path) -> None:
    for content in (None, "no certificate"):
        if content:
            (tmp_path / "x.pem").write_text(content)
        with answering(lambda sock: sock.recv(1)) as host, pytest.raises(Problem) as caught:
            site = Site("reg.test", f"https://{host}", **{which: tmp_path / "x.pem"})  # type: ignore[arg-type]
            with Transport(Sites({"reg.test": site}), environ={}) as transport:
                transport.repository(Reference.parse("reg.test/a/b")).resolve("1.0")
        assert (caught.value.code, caught.value.exit_code) == ("registry-tls-file", 2)
        assert "x.pem" in caught.value.title


@contextmanager
def answering(act: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that does `act` with every connection and closes it; its HOST:PORT."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                sock.settimeout(5)
                with sock, suppress(OSError):
                    act(sock)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


# --- proxies


def tunnel(log: list[bytes]) -> Callable[[socket.socket], None]:
    """A CONNECT proxy that leads everywhere to where the first line says, on loopback."""

    def act(sock: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        log.append(head)
        port = int(head.split()[1].rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port)) as far:
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pipe, args=(far, sock))
            back.start()
            _pipe(sock, far)
            back.join()

    return act


def _pipe(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def test_through_a_proxy(authority: Authority) -> None:
    """HTTPS by CONNECT, with the proxy's own login."""
    log: list[bytes] = []
    with fake_registry(serving(authority.server("reg.lan"))) as registry, answering(tunnel(log)) as proxy:
        place_image(registry, "team/app", "1.0")
        port = registry.host.rpartition(":")[2]
        site = Site("reg.test", f"https://reg.lan:{port}", ca_file=authority.ca_file, anonymous=True)
        environ = {"HTTPS_PROXY": f"http://me:pr0xy-word@{proxy}"}
        with Transport(Sites({"reg.test": site}), retries=QUICK, environ=environ) as transport:
            assert transport.repository(Reference.parse("reg.test/team/app")).resolve("1.0")
    assert log[0].startswith(f"CONNECT reg.lan:{port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic bWU6cHIweHktd29yZA==" in log[0]


def test_a_proxy_that_refuses() -> None:
    with answering(lambda sock: (sock.recv(4096), sock.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n"))) as proxy:
        problem = problem_at("https://reg.lan", environ={"HTTPS_PROXY": proxy})
    assert problem.code == "registry-proxy-refused" and "403" in problem.detail
    assert "NO_PROXY" in problem.remedies[1].command


@pytest.mark.parametrize(
    "proxy", ["socks5://proxy.lan:1080", "https://me:pr0xy-word@proxy.lan", "http://proxy.lan:x", "http://["]
)
def test_a_proxy_that_is_none_of_ours(proxy: str) -> None:
    """Said before anything is sent to it, without its password."""
    problem = problem_at("https://reg.lan", environ={"ALL_PROXY": proxy})
    assert problem.code == "registry-proxy-refused" and "http://HOST:PORT" in problem.detail
    assert "pr0xy-word" not in str(problem)


def test_a_proxy_without_a_port() -> None:
    """80, as in Go."""
    assert proxy_for("https", "reg.lan", 443, {"HTTPS_PROXY": "proxy.lan"}) == ("proxy.lan:80", {})


@pytest.mark.parametrize(
    ("host", "rules", "through"),
    [
        ("reg.lan", "", True),
        ("reg.lan", "other.lan", True),
        ("reg.lan", "reg.lan", False),
        ("reg.lan", "lan", False),
        ("reg.lan", ".lan, x", False),
        ("reg.lan", "x .lan", False),
        ("reg.lan", "*.lan", False),
        ("reg.lan", "*", False),
        ("reg.lan", "reg.lan:443", False),
        ("reg.lan", "reg.lan:5000", True),
        ("myreg.lan", "reg.lan", True),
        ("10.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "192.168.0.0/16,10.1.2.3", False),
        ("10.1.2.3", "10.1.2.4", True),
        ("127.0.0.1", "", False),
        ("localhost", "", False),
        ("::1", "", False),
    ],
)
def test_no_proxy(host: str, rules: str, through: bool) -> None:
    """As curl and Go read it; loopback never goes through a proxy."""
    found, _ = proxy_for("https", host, 443, {"https_proxy": "proxy.lan:3128", "NO_PROXY": rules})
    assert found == ("proxy.lan:3128" if through else "")


@pytest.mark.parametrize("where", ["head", "body", "last body"])
def test_an_answer_that_trickles(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then is no stall, and no answer either: it is given up, and told."""
    monkeypatch.setattr("wizard.oci.guard.PATIENCE", 0.1)
    monkeypatch.setattr("wizard.oci.guard.RATE", 1e9)
    never = threading.Event()

    def trickle(sock: socket.socket) -> None:
        sock.recv(4096)
        close = b"Connection: close\r\n" if where == "last body" else b""
        rest = b"X: " if where == "head" else b"Content-Length: 9999\r\n\r\n"
        sock.sendall(b"HTTP/1.1 200 OK\r\n" + close + rest)
        while not never.wait(0.02):
            sock.sendall(b" ")

    with answering(trickle) as host:
        site = Site("reg.test", f"http://{host}", anonymous=True)
        made = Transport(Sites({"reg.test": site}), retries=QUICK, stall=0.3, environ={})
        with made as transport, pytest.raises(Problem) as caught:
            transport.repository(Reference.parse("reg.test/team/app")).manifest("1.0")
    assert caught.value.code == "registry-stalled" and "trickles" in caught.value.detail


def test_the_stall_message_says_what_came_last(registry: FakeRegistry) -> None:
    """ "No bytes for 45 s; last reply 202 to PATCH"."""
    release = threading.Event()
    place_image(registry, "team/app", "1.0")
    registry.when("HEAD", "/manifests/2.0", lambda handler: release.wait(10) and None, 9)
    site = Site("reg.test", f"http://{registry.host}", anonymous=True)
    with Transport(Sites({"reg.test": site}), retries=QUICK, stall=0.1, environ={}) as transport:
        app = transport.repository(Reference.parse("reg.test/team/app"))
        app.resolve("1.0")
        with pytest.raises(Problem) as caught:
            app.client.ask("HEAD", app.client.url("team/app/manifests/2.0"), asked="x", tries=1)
        release.set()
    assert "last reply 200 to HEAD" in caught.value.detail


# --- what else a registry can say


def test_404_for_a_repository(registry: FakeRegistry) -> None:
    """Where cloud registries want it created first."""
    from tests.oci.fake_registry import answer

    registry.when("POST", "/uploads/", answer(404, b'{"errors":[{"code":"NAME_UNKNOWN"}]}'), 9)
    with Transport(registry.sites(), retries=QUICK, environ={}) as transport:
        app = transport.repository(Reference.parse("reg.test/team/app"))
        with pytest.raises(Problem) as caught:
            app.client.ask("POST", app.client.url("team/app/blobs/uploads/"), asked="blob x", expect=(202,))
    assert caught.value.code == "registry-not-found" and "NAME_UNKNOWN" in caught.value.detail


def test_a_refusal_of_another_kind(registry: FakeRegistry) -> None:
    """Its own words."""
    from tests.oci.fake_registry import answer

    words = b'{"errors":[{"code":"UNSUPPORTED","message":"tag is immutable","detail":{"tag":"1.0"}}]}'
    registry.when("DELETE", "/manifests/", answer(405, words))
    with Transport(registry.sites(), retries=QUICK, environ={}) as transport:
        app = transport.repository(Reference.parse("reg.test/team/app"))
        with pytest.raises(Problem) as caught:
            app.delete("1.0")
    assert caught.value.code == "registry-refused-request"
    assert 'UNSUPPORTED: tag is immutable ({"tag": "1.0"})' in caught.value.detail
