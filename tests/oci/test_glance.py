"""A mirror with nothing to do says so before anything is imported, and only where it is true."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oci.conftest import OCI_INDEX, OCI_MANIFEST, place_image
from tests.oci.fake_registry import FakeRegistry, sha256
from wizard.cli.glancing import glance
from wizard.cli.main import dispatch
from wizard.oci.glance import _Doubt, digests, field, sizes

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test writes into the user's folders, reads their docker login, or has a proxy."""
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def mirrored(registry: FakeRegistry) -> list[str]:
    """A command line whose two images are in place: a/one, a/two to b/one, b/two."""
    host = registry.host
    pairs = []
    for name in ("one", "two"):
        place_image(registry, f"a/{name}", "1.0")
        pairs.append(f"{host}/a/{name}:1.0={host}/b/{name}:1.0")
    argv = ["mirror", "--plain-http", *pairs]
    assert dispatch([*argv, "--quiet"]) == 0
    registry.requests.clear()
    return argv


def test_what_is_in_place_is_told_as_the_command_tells_it(
    mirrored: list[str], registry: FakeRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """S1.20: the same lines on stdout; every blob and manifest of the target was asked for, nothing was written."""
    capsys.readouterr()
    assert dispatch(mirrored) == 0
    slow = capsys.readouterr()
    registry.requests.clear()
    assert glance(mirrored) == 0
    quick = capsys.readouterr()
    assert quick.out == slow.out and quick.out.count("sha256:") == 2
    assert quick.err.rpartition(",")[0] == slow.err.splitlines()[-1].rpartition(",")[0]
    asked = {(r.method, r.path.rpartition("/")[2]) for r in registry.requests if "/b/" in r.path}
    for name in ("one", "two"):
        assert {("HEAD", digest) for digest in registry.owned[f"b/{name}"]} <= asked
        assert {("GET", digest) for repo, digest in registry.manifests if repo == f"b/{name}"} - asked == {
            ("GET", registry.tags[f"b/{name}", "1.0"])
        }
    assert {r.method for r in registry.requests} == {"GET", "HEAD"}
    assert glance([*mirrored, "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_an_image_of_one_platform(registry: FakeRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    host = registry.host
    digest = place_image(registry, "a/one", "index", ("linux/amd64",))
    child = json.loads(registry.manifests["a/one", digest][0])["manifests"][0]["digest"]
    registry.tags["a/one", "1.0"] = child
    argv = ["mirror", "--plain-http", f"{host}/a/one:1.0={host}/b/one:1.0"]
    assert glance(argv) is None
    assert dispatch(argv) == 0
    capsys.readouterr()
    assert glance(argv) == 0
    assert capsys.readouterr().out == f"{host}/b/one:1.0@{child}\n"


def test_whatever_is_missing_is_missed(mirrored: list[str], registry: FakeRegistry) -> None:
    """Each blob, each manifest and the tag in turn is taken away from the target, and brought back by the command."""
    for digest in sorted(registry.owned["b/two"]):
        registry.owned["b/two"].discard(digest)
        assert glance(mirrored) is None, digest
        assert dispatch([*mirrored, "--quiet"]) == 0
        assert digest in registry.owned["b/two"]
    for digest in sorted(registry.owned["b/two"]):
        whole = registry.blobs[digest]
        registry.blobs[digest] = whole[:-1]
        assert glance(mirrored) is None, digest
        registry.blobs[digest] = whole
    for key in [key for key in registry.manifests if key[0] == "b/two"]:
        del registry.manifests[key]
        assert glance(mirrored) is None, key
        assert dispatch([*mirrored, "--quiet"]) == 0
        assert key in registry.manifests
    del registry.tags["b/two", "1.0"]
    assert glance(mirrored) is None
    assert dispatch([*mirrored, "--quiet"]) == 0
    assert glance(mirrored) == 0


def test_a_source_that_moved_on(mirrored: list[str], registry: FakeRegistry) -> None:
    fresh = place_image(registry, "a/two", "1.0")
    assert glance(mirrored) is None
    assert dispatch([*mirrored, "--quiet"]) == 0
    assert registry.tags["b/two", "1.0"] == fresh


def damaged(registry: FakeRegistry) -> None:
    """A manifest of the target is not what its digest says."""
    key = next(k for k in registry.manifests if k[0] == "b/one" and k[1] != registry.tags["b/one", "1.0"])
    registry.manifests[key] = (registry.manifests[key][0] + b" ", OCI_MANIFEST)


def forgetful(registry: FakeRegistry) -> None:
    """A blob is answered with an error."""
    registry.when("HEAD", r"/b/two/blobs/", lambda handler: handler.send_error(503))


def guarded(registry: FakeRegistry) -> None:
    """A login is wanted."""
    registry.auth = "basic"


def talkative(registry: FakeRegistry) -> None:
    """The source calls a web page a manifest."""
    registry.manifests["a/one", registry.tags["a/one", "1.0"]] = (b"<html>", "text/html")


def nested(registry: FakeRegistry) -> None:
    """An index in an index."""
    digest = registry.tags["a/one", "1.0"]
    body, _ = registry.manifests["a/one", digest]
    outer = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [{"mediaType": OCI_INDEX, "digest": digest, "size": len(body)}],
    }
    both = json.dumps(outer).encode()
    for repository in ("a/one", "b/one"):
        registry.put_image(repository, "1.0", both, OCI_INDEX)


@pytest.mark.parametrize("weather", [damaged, forgetful, guarded, talkative, nested])
def test_whatever_is_unusual_is_left_to_the_command(
    mirrored: list[str], registry: FakeRegistry, weather: Callable[[FakeRegistry], None]
) -> None:
    weather(registry)
    assert glance(mirrored) is None
    assert {r.method for r in registry.requests} <= {"GET", "HEAD"}


@pytest.mark.parametrize(
    "change",
    [
        lambda argv: [word for word in argv if word != "--plain-http"],
        lambda argv: [*argv, "--platform", "linux/amd64"],
        lambda argv: [*argv, "--referrers"],
        lambda argv: [*argv, "--output", "json"],
        lambda argv: [*argv, "--jobs", "0"],
        lambda argv: [*argv, "--jobs"],
        lambda argv: [*argv, argv[-1]],
        lambda argv: [*argv, "layout:there:1=127.0.0.1:1/b/c:1"],
        lambda argv: [*argv, argv[-1].replace(":1.0=", "=")],
        lambda argv: [*argv, argv[-1].replace("/b/two", "/B/two")],
        lambda argv: [*argv, argv[-1].replace("/b/two", "/b/../two")],
        lambda argv: [*argv, argv[-1].replace("127.0.0.1:", "[::1]:")],
        lambda argv: [*argv, "registry.example:5000/x/y:1=127.0.0.1:1/x/y:1"],  # a source with TLS
        lambda argv: argv[:2],
    ],
)
def test_other_command_lines_are_not_looked_at(
    mirrored: list[str], registry: FakeRegistry, change: Callable[[list[str]], list[str]]
) -> None:
    assert glance(change(mirrored)) is None
    assert registry.requests == []


def test_a_proxy_is_for_the_command(
    mirrored: list[str], registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "proxy.example:3128")
    assert glance(mirrored) is None and registry.requests == []


def test_it_loads_no_library(mirrored: list[str]) -> None:
    """What is not imported costs nothing: no typing, no re, no json, no HTTP client, no TLS."""
    script = "import sys; from wizard.__main__ import main; code = main(); print(code, *sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", script, *mirrored, "--quiet"], env=env, capture_output=True, text=True
    )
    code, *modules = done.stdout.splitlines()[-1].split()
    assert code == "0", done.stderr
    heavy = {
        "typing",
        "re",
        "json",
        "socket",
        "ssl",
        "http",
        "http.client",
        "dataclasses",
        "argparse",
        "threading",
    }
    assert heavy & set(modules) == set()


MANIFEST = {
    "schemaVersion": 2,
    "config": {"mediaType": "a/b", "digest": sha256(b"c"), "size": 1},
    "layers": [{"mediaType": "a/b", "digest": sha256(b"l"), "size": 22}],
}


@pytest.mark.parametrize("indent", [None, 1, "\t"])
def test_digests_are_found_however_it_is_written(indent: int | str | None) -> None:
    assert list(digests(json.dumps(MANIFEST, indent=indent).encode())) == [sha256(b"c"), sha256(b"l")]
    assert sizes(json.dumps(MANIFEST, indent=indent).encode()) == {sha256(b"c"): 1, sha256(b"l"): 22}
    assert sizes(json.dumps(MANIFEST, indent=indent, sort_keys=True).encode())[sha256(b"l")] == 22


@pytest.mark.parametrize("size", ["-1", "1.5", "1e3", '"1"', "null", "9" * 30, '1, "size": 1'])
def test_sizes_that_would_have_to_be_parsed(size: str) -> None:
    with pytest.raises(_Doubt):
        sizes(b'{"config": {"digest": "%s", "size": %s}}' % (sha256(b"c").encode(), size.encode()))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"digest": 1}',
        b'{"dig\\u0065st": "sha256:' + b"0" * 64 + b'"}',
        b'{"digest": "sha512:' + b"0" * 128 + b'"}',
        b'{"digest": "sha256:' + b"0" * 63 + b'"}',
        b'{"digest": "sha256:' + b"g" * 64 + b'"}',
        b'["digest", "sha256:' + b"0" * 64 + b'"]',
        json.dumps(MANIFEST | {"urls": ["https://elsewhere.example"]}).encode(),
    ],
)
def test_a_manifest_that_would_have_to_be_parsed(body: bytes) -> None:
    with pytest.raises(_Doubt):
        digests(body)


def test_a_field_that_stands_twice_is_none() -> None:
    head = b"http/1.1 200 ok\r\ncontent-length: 5\r\nx: y\r\ncontent-length: 6\r\n"
    assert field(head, b"x") == b"y"
    assert field(head, b"content-length") == field(head, b"absent") == b""
