"""`support-bundle` as a command: from a simulated site, previewed, shown, written."""

import json
from pathlib import Path

from tests.diagnosis.conftest import Run
from wizard.support.read import read


def test_of_a_site(command: Run, home: Path) -> None:
    path = home / "s.tar"
    code, out, err = command("support-bundle", "--rehearse", "healthy", "--output", str(path))
    assert (code, out) == (0, f"{path}\n")
    assert "WHAT WOULD LEAVE" in err and "airgap-wizard diagnose --bundle" in err
    found = read(path)
    assert not found.notes
    assert found.manifest.rehearsal == "healthy" and found.manifest.namespace == "opencost-ai"
    assert {"answers.yaml", "plan.json", "cluster/version.json", "cluster/_/Node.json"} <= set(found.files)
    assert found.files["registry/registry.json"]


def test_a_preview_writes_nothing(command: Run, home: Path) -> None:
    before = sorted(home.iterdir())
    code, out, _ = command("support-bundle", "--rehearse", "healthy", "--preview")
    assert code == 0 and "answers.yaml" in out and "nothing is sent anywhere" in out
    code, out, _ = command("support-bundle", "--rehearse", "healthy", "--preview", "--format", "json")
    assert json.loads(out)["format"] == "airgap-wizard/support-bundle"
    code, out, _ = command("support-bundle", "--rehearse", "healthy", "--show", "cluster/version.json")
    assert json.loads(out) == {"version": "v1.34.4"}
    assert [p for p in sorted(home.iterdir()) if p not in before and p.name != "state"] == []


def test_a_member_that_is_not_there(command: Run) -> None:
    code, _, err = command("support-bundle", "--rehearse", "healthy", "--show", "cluster/verison.json")
    assert code == 2 and "bundle-member-unknown" in err


def test_nothing_to_look_at(command: Run) -> None:
    code, _, err = command("support-bundle", "--preview")
    assert code == 2 and "nothing-to-look-at" in err


def test_an_api_server_that_is_away(command: Run) -> None:
    code, out, _ = command("support-bundle", "--rehearse", "api-away", "--preview")
    assert code == 0
    assert "WHAT WAS NOT GOT" in out and "unreachable" in out and "registry/registry.json" in out


def test_a_run_that_is_damaged(command: Run, home: Path) -> None:
    folder = home / "state" / "runs" / "r-1"
    folder.mkdir(parents=True)
    (folder / "options.json").write_text("{")
    (folder / "answers.yaml").write_text("nonsense: [")
    (folder / "journal.jsonl").write_bytes(b"\xff not a journal\n")
    code, out, _ = command("support-bundle", "--run", "r-1", "--preview")
    assert code == 0 and "run/journal.jsonl" in out and "run/answers.yaml" in out
