"""Who may: htpasswd, TLS, read-only; and what the log says about it."""

import base64
import http.client
import json
import os
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

import bcrypt
import pytest

from tests.oci_server.client import Client, digest_of
from tests.oci_server.raw import connected, everything
from tests.real.certs import Authority
from tests.real.process import wait_until
from wizard.engine.problems import Problem
from wizard.oci.server import Access, RegistryServer, Tls, Trouble
from wizard.oci.server.folder import FolderStorage
from wizard.oci.server.limits import Limits
from wizard.oci.server.opening import open_folder
from wizard.oci.server.printing import Printer

PASSWORD = "Tr0ub4dor:&3 ü"


def users(path: Path, **entries: str) -> Path:
    """An htpasswd file."""
    lines = [
        f"{user}:{bcrypt.hashpw(word.encode(), bcrypt.gensalt(4)).decode()}\n"
        for user, word in entries.items()
    ]
    path.write_text("# made by a test\n\n" + "".join(lines))
    return path


def basic(user: str, password: str) -> dict[str, str]:
    """An Authorization header."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_credentials_are_asked_for_and_checked(tmp_path: Path, log: list[Access | Trouble]) -> None:
    file = users(tmp_path / "htpasswd", ci=PASSWORD)
    with (
        RegistryServer(tmp_path / "s", htpasswd=file, log=log.append) as server,
        Client(server.url) as client,
    ):
        for headers in (
            {},
            basic("ci", "wrong"),
            basic("nobody", PASSWORD),
            basic("ci", PASSWORD + "\0"),
            basic("ci", "x" * 5000),
            {"Authorization": "Basic !!!"},
            {"Authorization": "Basic " + base64.b64encode(b"no-colon").decode()},
            {"Authorization": "Bearer " + "x" * 20},
        ):
            answer = client.ask("GET", "/v2/", headers=headers)
            assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
            assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
        for _ in range(2):
            assert client.ask("GET", "/v2/", headers=basic("ci", PASSWORD)).status == 200
        assert client.ask("GET", "/healthz").status == 200
    told = [event.user for event in log if isinstance(event, Access) and event.status == 200]
    assert told == ["ci", "ci", ""]
    assert "Tr0ub4dor" not in repr(log)


def test_a_good_password_is_slow_only_once(tmp_path: Path) -> None:
    stored = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(12)).decode()
    (tmp_path / "htpasswd").write_text(f"ci:{stored}\n")
    with (
        RegistryServer(tmp_path / "s", htpasswd=tmp_path / "htpasswd") as server,
        Client(server.url) as client,
    ):
        began = time.process_time()
        assert client.ask("GET", "/v2/", headers=basic("ci", PASSWORD)).status == 200
        first = time.process_time() - began
        began = time.process_time()
        for _ in range(5):
            assert client.ask("GET", "/v2/", headers=basic("ci", PASSWORD)).status == 200
        assert time.process_time() - began < first


def test_a_changed_file_counts_at_once(tmp_path: Path) -> None:
    """S1.46: credentials are rotated without a restart; a half-written file changes nothing."""
    file = users(tmp_path / "htpasswd", ci="old")
    with RegistryServer(tmp_path / "s", htpasswd=file) as server, Client(server.url) as client:
        assert client.ask("GET", "/v2/", headers=basic("ci", "old")).status == 200
        file.write_text("ci:$2y$04$half")
        assert client.ask("GET", "/v2/", headers=basic("ci", "old")).status == 200
        users(file, ci="new", other="x")
        assert client.ask("GET", "/v2/", headers=basic("ci", "old")).status == 401
        assert client.ask("GET", "/v2/", headers=basic("ci", "new")).status == 200


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read"),
        ("", "no user"),
        ("ci\n", "line 1 is not USER:HASH"),
        ("# x\nci:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n", "line 2"),
        ("ci:$apr1$abc$def\n", "not bcrypt"),
        ("ci:$2y$31$" + "a" * 53 + "\n", "cost 4 to 16"),
        ("ci:$2y$10$" + "!" * 53 + "\n", "not bcrypt"),
    ],
)
def test_an_unusable_htpasswd_is_a_problem(tmp_path: Path, content: str | None, reason: str) -> None:
    file = tmp_path / "htpasswd"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Problem) as caught:
        RegistryServer(tmp_path / "s", htpasswd=file)
    assert (caught.value.code, caught.value.exit_code) == ("htpasswd-invalid", 2)
    assert reason in caught.value.detail
    assert caught.value.remedies[0].command.startswith("htpasswd -B")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A private CA."""
    return Authority(tmp_path_factory.mktemp("ca"))


def test_tls_serves_blobs_whole_and_keeps_the_connection(tmp_path: Path, authority: Authority) -> None:
    pair = authority.default_server
    data = os.urandom(3_000_000)
    with RegistryServer(tmp_path / "s", tls=Tls(pair.cert, pair.key)) as server:
        assert server.url.startswith("https://")
        connection = http.client.HTTPSConnection(
            urlsplit(server.url).netloc, context=authority.trusting(), timeout=20
        )
        try:
            for _ in range(2):
                connection.request("POST", f"/v2/a/b/blobs/uploads/?digest={digest_of(data)}", body=data)
                response = connection.getresponse()
                assert (response.status, response.read()) == (201, b"")
            connection.request("GET", f"/v2/a/b/blobs/{digest_of(data)}")
            assert connection.getresponse().read() == data
        finally:
            connection.close()


def test_a_silent_client_does_not_hold_up_tls_for_others(tmp_path: Path, authority: Authority) -> None:
    pair = authority.default_server
    with RegistryServer(tmp_path / "s", tls=Tls(pair.cert, pair.key)) as server, connected(server.url):
        connection = http.client.HTTPSConnection(
            urlsplit(server.url).netloc, context=authority.trusting(), timeout=3
        )
        try:
            connection.request("GET", "/v2/")
            assert connection.getresponse().status == 200
        finally:
            connection.close()


def test_plain_http_to_a_tls_port_is_told_so(
    tmp_path: Path, authority: Authority, log: list[Access | Trouble]
) -> None:
    pair = authority.default_server
    with RegistryServer(tmp_path / "s", tls=Tls(pair.cert, pair.key), log=log.append) as server:
        with connected(server.url) as sock:
            sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"HTTPS only" in everything(sock)
        untrusting = http.client.HTTPSConnection(
            urlsplit(server.url).netloc, context=ssl.create_default_context(), timeout=20
        )
        with pytest.raises(ssl.SSLCertVerificationError):
            untrusting.request("GET", "/v2/")
        untrusting.close()
    assert log and all(isinstance(event, Trouble) and not event.detail for event in log)


def test_certificate_and_key_must_belong_together(tmp_path: Path, authority: Authority) -> None:
    one, other = authority.server("one.example"), authority.server("two.example")
    (tmp_path / "broken.pem").write_text("not PEM")
    for cert, key, reason in (
        (one.cert, other.key, "does not belong"),
        (tmp_path / "none.pem", one.key, "none.pem"),
        (tmp_path / "broken.pem", one.key, ""),
    ):
        with pytest.raises(Problem) as caught:
            RegistryServer(tmp_path / "s", tls=Tls(cert, key))
        assert (caught.value.code, caught.value.exit_code) == ("tls-files-unusable", 2)
        assert reason in caught.value.detail


def test_a_stop_waits_for_the_grace_and_no_longer(tmp_path: Path) -> None:
    """A client that takes no more bytes cannot keep the server alive."""
    data = os.urandom(30_000_000)
    server = RegistryServer(tmp_path / "s", limits=Limits(grace=0.3))
    server.start()
    with Client(server.url) as client:
        digest = client.push_blob("a", data)
    with connected(server.url) as sock:
        sock.sendall(f"GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert sock.recv(10)
        began = time.monotonic()
        server.stop()
        assert 0.2 < time.monotonic() - began < 10


def test_ipv6_is_served_too(tmp_path: Path) -> None:
    with RegistryServer(tmp_path / "s", host="::1") as server, Client(server.url) as client:
        assert server.url.startswith("http://[::1]:")
        assert client.ask("GET", "/v2/").status == 200


def test_a_storage_without_writing_is_served_read_only_or_not_at_all(tmp_path: Path) -> None:
    class Empty:
        """Nothing at all."""

    with pytest.raises(ValueError, match="read_only"):
        RegistryServer(None, storage=Empty())  # type: ignore[arg-type]


def test_read_only_serves_and_refuses_every_change(tmp_path: Path) -> None:
    with RegistryServer(tmp_path / "s") as server, Client(server.url) as client:
        digest = client.push_image("a/b", "v1", b"layer")
        blob = digest_of(b"layer")
    before = sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "s").rglob("*"))
    with RegistryServer(tmp_path / "s", read_only=True) as server, Client(server.url) as client:
        assert client.ask("GET", f"/v2/a/b/manifests/{digest}").status == 200
        assert client.ask("GET", f"/v2/a/b/blobs/{blob}").body == b"layer"
        assert client.ask("GET", "/v2/a/b/tags/list").json["tags"] == ["v1"]
        for method, path in (
            ("POST", "/v2/a/b/blobs/uploads/"),
            ("POST", f"/v2/a/c/blobs/uploads/?mount={blob}&from=a/b"),
            ("PUT", "/v2/a/b/manifests/v2"),
            ("DELETE", "/v2/a/b/manifests/v1"),
            ("DELETE", f"/v2/a/b/manifests/{digest}"),
            ("DELETE", f"/v2/a/b/blobs/{blob}"),
            ("PATCH", "/v2/a/b/blobs/uploads/00000000-0000-0000-0000-000000000000"),
        ):
            answer = client.ask(method, path, b"")
            assert (answer.status, answer.code) == (405, "UNSUPPORTED"), (method, path)
    assert sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "s").rglob("*")) == before


def test_an_address_in_use_is_a_problem(server: RegistryServer, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        RegistryServer(tmp_path / "other", port=server.port).start()
    assert caught.value.code == "registry-address-in-use"
    with pytest.raises(Problem) as caught:
        RegistryServer(tmp_path / "other", host="192.0.2.1").start()
    assert caught.value.code == "registry-address-unusable"


def test_a_storage_of_another_kind_is_served_across_files(tmp_path: Path) -> None:
    """What a bundle in volumes needs: a blob of several slices, ranges across their borders."""
    from collections.abc import Iterator

    from wizard.oci.server.names import Digest
    from wizard.oci.server.storage import Slice

    class Volumes:
        """A blob of 30 bytes in three files, each behind ten bytes of something else."""

        size = 30

        def __init__(self) -> None:
            self.files = [(tmp_path / f"v{number}").open("w+b", buffering=0) for number in range(3)]
            for number, file in enumerate(self.files):
                file.write(b"x" * 10 + bytes([65 + number]) * 10)

        def slices(self, start: int, stop: int) -> Iterator[Slice]:
            """The pieces."""
            while start < stop:
                number, inside = divmod(start, 10)
                length = min(10 - inside, stop - start)
                yield Slice(self.files[number].fileno(), 10 + inside, length)
                start += length

        def close(self) -> None:
            """Done."""
            for file in self.files:
                file.close()

    class Bundle(FolderStorage):
        """One repository with that blob."""

        def blob(self, repository: str, digest: Digest) -> Volumes | None:  # type: ignore[override]
            """The blob."""
            return Volumes()

    storage = Bundle(open_folder(tmp_path / "s", Limits()).root)
    with RegistryServer(None, storage=storage, read_only=True) as server, Client(server.url) as client:
        path = f"/v2/a/blobs/{digest_of(b'A' * 10 + b'B' * 10 + b'C' * 10)}"
        assert client.ask("GET", path).body == b"A" * 10 + b"B" * 10 + b"C" * 10
        part = client.ask("GET", path, headers={"Range": "bytes=8-21"})
        assert (part.status, part.body) == (206, b"AA" + b"B" * 10 + b"CC")


def test_each_request_is_logged_once_with_its_bytes(client: Client, log: list[Access | Trouble]) -> None:
    digest = client.push_blob("a/b", b"x" * 1000)
    client.ask("GET", f"/v2/a/b/blobs/{digest}", headers={"Range": "bytes=0-9", "User-Agent": "tester"})
    wait_until(lambda: sum(isinstance(event, Access) for event in log) >= 3, log)
    events = [event for event in log if isinstance(event, Access)]
    assert [(event.method, event.status, event.received, event.sent) for event in events] == [
        ("POST", 202, 0, 0),
        ("PUT", 201, 1000, 0),
        ("GET", 206, 0, 10),
    ]
    assert events[2].agent == "tester"
    assert events[2].client.startswith("127.0.0.1:")


def test_printed_lines_cannot_be_forged(tmp_path: Path) -> None:
    """What a client sent never becomes a line of its own or an escape sequence."""
    event = Access(0.0, "1.2.3.4:5", "GET", "/v2/\n\x1b[2Jforged", 404, 0, 0, 0.001, agent="a\rb")
    with (tmp_path / "plain").open("w") as stream, Printer(stream) as printer:
        printer(event)
        printer(Trouble(0.0, "", "text\nforged"))
    lines = (tmp_path / "plain").read_text().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("1970-01-01T00:00:00Z 404 GET /v2/")
    assert "\x1b" not in lines[0]
    with (tmp_path / "json").open("w") as stream, Printer(stream, as_json=True) as printer:
        printer(event)
    read = json.loads((tmp_path / "json").read_text())
    assert (read["kind"], read["path"]) == ("access", "/v2/\n\x1b[2Jforged")


def test_a_reader_of_the_log_that_hangs_costs_lines_not_time() -> None:
    """The printer drops and counts; nobody waits for it."""
    import io
    import threading

    from wizard.oci.server import printing

    class Hanging(io.StringIO):
        """Blocks in its first write until it is let go."""

        def __init__(self) -> None:
            super().__init__()
            self.go = threading.Event()

        def write(self, text: str) -> int:
            """Wait, then write."""
            self.go.wait(20)
            return super().write(text)

    stream = Hanging()
    with Printer(stream) as printer:
        for _ in range(printing.WAITING + 500):
            printer(Trouble(0.0, "", "x"))
        stream.go.set()
        wait_until(lambda: "log lines dropped" in stream.getvalue(), "what was lost is said")
