"""`airgap-wizard registry serve` as a process: its line, its signals, kill -9 in mid-upload."""

import argparse
import http.client
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.oci_server.client import Client, digest_of
from tests.oci_server.raw import connected, until
from tests.real.process import wait_until
from wizard.cli import registry
from wizard.engine.problems import Problem

ROOT = Path(__file__).parents[2]
PROGRAM = """
import argparse, sys
from wizard.cli import registry
parser = argparse.ArgumentParser()
registry.add(parser.add_subparsers())
sys.exit(registry.run(parser.parse_args(sys.argv[1:])))
"""


@contextmanager
def serving(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The process, the line it printed, and its URL."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM, "registry", "serve", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = next((word[4:] for word in line.split() if word.startswith("url=")), "")
        yield process, line, url
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """S2.4, S5.5: one greppable line; a registry to begin with, from one command."""
    with serving("--listen", "127.0.0.1:0", "--storage", tmp_path / "s") as (process, line, url):
        assert line.startswith("registry-serving url=http://127.0.0.1:")
        assert f"storage={tmp_path / 's'} tls=no auth=none read-only=no" in line
        with Client(url) as client:
            client.push_image("a/b", "v1", b"layer")
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 0
        assert out == ""
        assert "201 PUT /v2/a/b/manifests/v1" in err
        assert "Traceback" not in err


def test_a_download_in_flight_ends_before_the_server_does(tmp_path: Path) -> None:
    """Graceful stop: SIGTERM in mid-download, and the client still gets every byte."""
    data = os.urandom(20_000_000)
    with serving("--listen", "127.0.0.1:0", "--storage", tmp_path / "s", "--log", "none") as (
        process,
        _,
        url,
    ):
        with Client(url) as client:
            digest = client.push_blob("a", data)
        with connected(url) as sock:
            sock.sendall(f"GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            got = until(sock, b"\r\n\r\n")
            process.send_signal(signal.SIGTERM)
            while piece := sock.recv(1 << 20):
                got += piece
        assert got.endswith(data)
        process.communicate(timeout=20)
        assert process.returncode == 0


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_kill_9_in_mid_upload_then_resume(tmp_path: Path, part: float) -> None:
    """A killed server shows nothing of the blob; the next one takes the upload on where its bytes end."""
    data = os.urandom(8_000_000)
    digest, sent = digest_of(data), int(len(data) * part)
    with ExitStack() as stack:
        process, _, url = stack.enter_context(serving("--listen", "127.0.0.1:0", "--storage", tmp_path / "s"))
        client, sock = stack.enter_context(Client(url)), stack.enter_context(connected(url))
        location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
        head = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
        sock.sendall(head.encode() + data[:sent])
        wait_until(lambda: client.ask("GET", location).headers["Range"] != "0-0", "bytes arrive")
        process.kill()
        process.wait()
    with (
        serving("--listen", "127.0.0.1:0", "--storage", tmp_path / "s") as (_, _, url),
        Client(url) as client,
    ):
        assert client.ask("GET", f"/v2/a/b/blobs/{digest}").status == 404
        assert not list((tmp_path / "s/blobs").rglob(digest.partition(":")[2]))
        offset = int(client.ask("GET", location).headers["Range"].partition("-")[2]) + 1
        assert 0 < offset <= sent
        rest = {"Content-Range": f"{offset}-{len(data) - 1}"}
        assert client.ask("PUT", f"{location}?digest={digest}", data[offset:], rest).status == 201
        assert client.ask("GET", f"/v2/a/b/blobs/{digest}").body == data


def test_a_reconnecting_client_takes_over_from_its_dead_connection(tmp_path: Path) -> None:
    """The old connection is still open at the server (no FIN came): it must not lock the session."""
    data = os.urandom(3_000_000)
    with (
        serving("--listen", "127.0.0.1:0", "--storage", tmp_path / "s") as (_, _, url),
        Client(url) as client,
    ):
        location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
        with connected(url) as dead:
            dead.sendall(
                f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n".encode()
            )
            dead.sendall(data[:1_000_000])
            wait_until(
                lambda: client.ask("GET", location).headers["Range"] == "0-999999", "a third has arrived"
            )
            rest = {"Content-Range": f"1000000-{len(data) - 1}"}
            assert client.ask("PATCH", location, data[1_000_000:], rest).status == 202
            # What the dead connection still delivers comes too late, and changes nothing.
            dead.sendall(data[1_000_000:1_500_000])
            assert until(dead, b"\r\n\r\n").startswith(b"HTTP/1.1 416 ")
        assert client.ask("PUT", f"{location}?digest={digest_of(data)}").status == 201


def test_two_processes_serve_one_folder(tmp_path: Path) -> None:
    with (
        serving("--listen", "127.0.0.1:0", "--storage", tmp_path / "s") as (_, _, first),
        serving("--listen", "127.0.0.1:0", "--storage", tmp_path / "s") as (_, _, second),
        Client(first) as one,
        Client(second) as other,
    ):
        location = one.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
        assert one.ask("PATCH", location, b"hello ").status == 202
        assert other.ask("PATCH", location, b"world", {"Content-Range": "6-10"}).status == 202
        assert one.ask("PUT", f"{location}?digest={digest_of(b'hello world')}").status == 201
        assert other.ask("GET", f"/v2/a/b/blobs/{digest_of(b'hello world')}").body == b"hello world"


def parsed(*arguments: str | Path) -> argparse.Namespace:
    """Arguments as the command line gives them."""
    parser = argparse.ArgumentParser()
    registry.add(parser.add_subparsers())
    return parser.parse_args(["registry", "serve", *map(str, arguments)])


@pytest.mark.parametrize(
    "text", ["5000", "host", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999", "::1:5000", ""]
)
def test_an_address_that_is_none_is_a_problem(tmp_path: Path, text: str) -> None:
    with pytest.raises(Problem) as caught:
        registry.run(parsed("--listen", text, "--storage", tmp_path / "s"))
    assert (caught.value.code, caught.value.exit_code) == ("listen-address-invalid", 2)
    assert not (tmp_path / "s").exists()


def test_one_tls_file_without_the_other_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        registry.run(parsed("--storage", tmp_path / "s", "--tls-cert", "x.pem"))
    assert (caught.value.code, caught.value.exit_code) == ("tls-files-unusable", 2)


def test_a_dry_run_checks_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert registry.run(parsed("--listen", ":0", "--storage", tmp_path / "s", "--dry-run")) == 0
    said = capsys.readouterr()
    assert said.out.startswith("registry-checked url=http://0.0.0.0:")
    assert "plain HTTP" in said.err
    assert not (tmp_path / "s").exists()


def test_the_command_costs_nothing_until_it_serves() -> None:
    """No HTTP server, no TLS, no bcrypt on the path of --help."""
    program = PROGRAM.replace("sys.exit(", "(0 and ").replace("parser.parse_args(sys.argv[1:])", "None") + (
        "\nprint(*sorted({'cheroot', 'ssl', 'bcrypt', 'wizard.oci.server.running'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_kill_9_at_random_moments_leaves_only_whole_images(tmp_path: Path) -> None:
    """Whatever can be seen after a kill is there to its last byte, and pushing goes on as if nothing had been."""
    chance = random.Random(6)
    layers = [os.urandom(size) for size in (10, 100_000, 3_000_000)]
    stopped, seen = threading.Event(), 0
    pushed: list[str] = []

    def push_for_ever(url: str) -> None:
        number = 0
        while not stopped.is_set():
            number += 1
            try:
                with Client(url, timeout=10) as client:
                    fresh = os.urandom(50_000)
                    pushed.append(client.push_image(f"r{number % 3}", f"v{number % 7}", *layers, fresh))
            except (OSError, http.client.HTTPException):
                return

    for _ in range(6):
        with serving("--listen", "127.0.0.1:0", "--storage", tmp_path / "s", "--log", "none") as (
            process,
            _,
            url,
        ):
            threads = [threading.Thread(target=push_for_ever, args=(url,)) for _ in range(3)]
            for thread in threads:
                thread.start()
            before = len(pushed)
            wait_until(lambda before=before: len(pushed) > before, "an image is pushed", 60)
            stopped.wait(chance.uniform(0.0, 0.4))
            process.kill()
            for thread in threads:
                thread.join()
        with ExitStack() as stack:
            start = serving("--listen", "127.0.0.1:0", "--storage", tmp_path / "s", "--log", "none")
            client = stack.enter_context(Client(stack.enter_context(start)[2]))
            for repository in client.ask("GET", "/v2/_catalog").json["repositories"]:
                for tag in client.ask("GET", f"/v2/{repository}/tags/list").json["tags"]:
                    manifest = client.ask("GET", f"/v2/{repository}/manifests/{tag}")
                    assert manifest.status == 200
                    for layer in manifest.json["layers"]:
                        blob = client.ask("GET", f"/v2/{repository}/blobs/{layer['digest']}")
                        assert digest_of(blob.body) == layer["digest"]
                        seen += 1
            client.push_image("after", "v1", *layers)
    stopped.set()
    assert seen > 0
