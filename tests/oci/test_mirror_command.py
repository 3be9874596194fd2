"""`mirror SRC=DST…` as scripts use it (S1.20, S1.22, S1.23)."""

import json
from pathlib import Path

import pytest

from tests.oci.conftest import place_image
from tests.oci.fake_registry import FakeRegistry
from wizard.cli.main import dispatch


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test writes into the user's folders or reads their docker login."""
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


def test_the_destination_digest_is_printed(
    registry: FakeRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """S1.20: DST@DIGEST, one line an image, alone on stdout."""
    first, second = place_image(registry, "a/one", "1.0"), place_image(registry, "a/two", "2.0")
    host = registry.host
    pairs = [f"{host}/a/one:1.0={host}/b/one:1.0", f"{host}/a/two:2.0={host}/b/two"]
    assert dispatch(["mirror", "--plain-http", *pairs]) == 0
    out = capsys.readouterr().out
    assert out == f"{host}/b/one:1.0@{first}\n{host}/b/two:2.0@{second}\n"


def test_doubly_isolated(registry: FakeRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """S1.22: two commands and a folder carried between them."""
    digest = place_image(registry, "a/one", "1.0")
    stick = tmp_path / "stick"
    assert dispatch(["mirror", "--plain-http", f"{registry.host}/a/one:1.0=layout:{stick}:one-1.0"]) == 0
    registry.manifests.clear()
    registry.owned.clear()
    assert dispatch(["mirror", "--plain-http", f"layout:{stick}:one-1.0={registry.host}/b/one:1.0"]) == 0
    assert registry.tags["b/one", "1.0"] == digest
    assert capsys.readouterr().out.count(digest) == 2


def test_json_tells_bytes(registry: FakeRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For automation."""
    digest = place_image(registry, "a/one", "1.0")
    pair = f"{registry.host}/a/one:1.0=layout:{tmp_path / 'out'}"
    assert dispatch(["mirror", "--plain-http", "--output", "json", "--quiet", pair]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["digest"] == digest and row["bytesSent"] > 140_000 and row["changed"]
    assert row["platforms"] == ["linux/amd64", "linux/arm64"]
    assert dispatch(["mirror", "--plain-http", "--output", "json", "--quiet", pair]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["bytesSent"] == 0 and not row["changed"]


def test_a_dry_run_changes_nothing(
    registry: FakeRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what it would send."""
    place_image(registry, "a/one", "1.0")
    pair = f"{registry.host}/a/one:1.0={registry.host}/b/one:1.0"
    assert dispatch(["mirror", "--plain-http", "--dry-run", "--output", "json", pair]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["bytesToSend"] > 140_000
    assert not {"PUT", "POST", "PATCH"} & {r.method for r in registry.requests}
    assert not list(tmp_path.iterdir())


def test_one_missing_image_is_exit_5_and_the_rest_arrives(
    registry: FakeRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the tags there are."""
    place_image(registry, "a/one", "1.0")
    host = registry.host
    pairs = [f"{host}/a/one:1.O={host}/b/x:1", f"{host}/a/one:1.0={host}/b/one:1.0"]
    assert dispatch(["mirror", "--plain-http", *pairs]) == 5
    told = capsys.readouterr()
    assert told.out.startswith(f"{host}/b/one:1.0@sha256:")
    assert "1.O" in told.err and "did you mean" in told.err and "explain tag-not-found" in told.err


@pytest.mark.parametrize(
    "text", ["nonsense", "a/b:1=", "=a/b:1", "a/B:1=c/d:1", "layout:=x/y:1", "layout:d:=x/y:1"]
)
def test_a_pair_that_is_none(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, before anything is asked."""
    assert dispatch(["mirror", text]) == 2
    assert "reference-invalid" in capsys.readouterr().err


def test_plain_http_is_for_the_destination_alone() -> None:
    """S1.23: a public source is never asked in clear because the inside has no TLS."""
    import argparse

    from wizard.cli.mirror import _sites
    from wizard.oci.places import pair

    args = argparse.Namespace(plain_http=True, ca_file=None, client_cert=Path("c"), client_key=Path("k"))
    sites = _sites(args, [pair("ghcr.io/a/b:1=reg.lan:5000/b:1")])
    assert sites.site("reg.lan:5000").base == "http://reg.lan:5000"
    assert sites.site("reg.lan:5000").client_cert == Path("c")
    assert sites.site("ghcr.io").base == "https://ghcr.io"
    assert sites.site("ghcr.io").client_cert is None
