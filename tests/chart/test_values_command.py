"""`airgap-wizard values …` as a user types it."""

import json

import pytest
import yaml

from tests.chart.given import DEMO, HOST, images
from wizard.cli.main import dispatch

ANSWERS = f"""\
apiVersion: airgap-wizard/v1
journey: install
registry: {{host: "{HOST}"}}
cluster: {{storageClass: internal-block}}
chart: {{source: {DEMO}, values: values-airgap.yaml}}
"""


@pytest.fixture
def at(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("AIRGAP_WIZARD_HELM", str(tmp_path / "no-helm-here"))
    (tmp_path / "answers.yaml").write_text(ANSWERS)
    (tmp_path / "digests.json").write_text(json.dumps({"images": images()}))
    return tmp_path


def values(capsys, at, *argv):
    code = dispatch(["values", "--answers-file", str(at / "answers.yaml"), *argv])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_it_writes_and_says_what_was_not_checked(capsys, at):
    """S1.32."""
    code, out, err = values(capsys, at, "--digests", str(at / "digests.json"))
    assert (code, out) == (0, "")
    assert f"{at}/values-airgap.yaml: written" in err
    assert "rendered: NOT CHECKED, which is no pass" in err
    assert "chart fix bridge-command" in err
    assert yaml.safe_load((at / "values-airgap.yaml").read_text())["networkPolicy"]["enabled"] is True
    code, _, err = values(capsys, at, "--digests", str(at / "digests.json"), "--strict")
    assert code == 4
    assert "already as it should be" in err


def test_to_stdout(capsys, at):
    code, out, err = values(capsys, at, "--digests", str(at / "digests.json"), "--output", "-")
    assert code == 0
    assert yaml.safe_load(out)["imagePullSecrets"] == [{"name": "internal-registry"}]
    assert "keysAndTypes: pass" in err
    assert not (at / "values-airgap.yaml").exists()


def test_dry_run_writes_nothing(capsys, at):
    code, out, _ = values(capsys, at, "--digests", str(at / "digests.json"), "--dry-run")
    assert code == 0
    assert "storageClassName" in out
    assert not (at / "values-airgap.yaml").exists()


def test_elsewhere(capsys, at):
    values(capsys, at, "--digests", str(at / "digests.json"), "--output", str(at / "other.yaml"))
    assert (at / "other.yaml").exists()


def test_the_newest_run_has_the_digests(capsys, at):
    """values-digest-missing where there is none."""
    code, _, err = values(capsys, at)
    assert code == 2
    assert "no digest is recorded for gateway, bridge, ollama" in err
    run = at / "state" / "runs" / "20260101-000000-install-abcd"
    run.mkdir(parents=True)
    (run / "options.json").write_text('{"journey": "install"}')
    (run / "evidence.json").write_text(json.dumps({"mirror-images": {"images": images()}}))
    newer = at / "state" / "runs" / "20260102-000000-install-abcd"
    rehearsed = at / "state" / "runs" / "20260103-000000-install-abcd"
    for folder, options, evidence in (
        (newer, {"journey": "install"}, {"preflight": {"checks": {}}}),
        (rehearsed, {"journey": "install", "rehearse": "healthy"}, {"mirror-images": {"images": images()}}),
    ):
        folder.mkdir()
        (folder / "options.json").write_text(json.dumps(options))
        (folder / "evidence.json").write_text(json.dumps(evidence))
    code, _, err = values(capsys, at)
    assert code == 0
    assert "digests as run 20260101-000000-install-abcd recorded them" in err, (
        "not a look's, nor a rehearsal's"
    )


def test_check_names_file_and_line(capsys, at):
    values(capsys, at, "--digests", str(at / "digests.json"))
    assert values(capsys, at, "--check")[0] == 0
    (at / "site.yaml").write_text("ollama:\n  persistance: {}\n")
    code, out, err = values(capsys, at, "--check", "--set", f"chart.overrides={at}/site.yaml")
    assert (code, out) == (2, "")
    assert f"{at}/site.yaml:2: ollama.persistance is no value of opencost-ai 0.1.0+airgap.3" in err
    assert "did you mean ollama.persistence?" in err


def test_check_without_a_file(capsys, at):
    code, _, err = values(capsys, at, "--check")
    assert code == 2
    assert "values-not-readable" in err


def test_another_chart(capsys, at):
    code, _, err = values(capsys, at, "--digests", str(at / "digests.json"), "--chart", str(at / "absent"))
    assert code == 2
    assert "chart-not-found" in err


@pytest.mark.real
@pytest.mark.parametrize("name", ["helm3", "helm4"])
def test_with_a_real_helm_everything_is_checked(capsys, at, monkeypatch, name):
    from tests.real.tools import tool

    monkeypatch.setenv("AIRGAP_WIZARD_HELM", str(tool(name)))
    code, _, err = values(capsys, at, "--digests", str(at / "digests.json"), "--strict")
    assert code == 0
    assert "rendered: pass" in err
