"""`diagnose` as a command: a run, a site, a bundle on another machine; the timeline; what changed between two."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.diagnosis.conftest import Run
from tests.diagnosis.provoke import provoke
from tests.diagnosis.site import bundle, case, scene
from wizard.cli.diagnose import diagnose_run, diagnosis_of
from wizard.diagnosis.compare import changes
from wizard.diagnosis.timeline import timeline
from wizard.support.write import write

ROOT = Path(__file__).resolve().parents[2]


def test_of_a_bundle(command: Run, home: Path) -> None:
    path = home / "s.tar"
    write(bundle(case("registry-down")), path)
    code, out, _ = command("diagnose", "--bundle", str(path))
    assert code == 3
    assert out.splitlines()[2] == "1. CERTAIN: the registry registry.internal.example does not answer"
    assert "airgap-wizard explain registry-down" in out and "RULED OUT" in out and "go on running" in out
    code, out, _ = command("diagnose", "--bundle", str(path), "--output", "json")
    assert code == 3 and json.loads(out)["causes"][0]["code"] == "registry-down"
    write(bundle(case("healthy")), path)
    code, out, _ = command("diagnose", "--bundle", str(path))
    assert code == 0 and "no cause was found" in out


def test_of_what_is_no_bundle(command: Run, home: Path) -> None:
    (home / "x.tar").write_text("no")
    code, _, err = command("diagnose", "--bundle", str(home / "x.tar"))
    assert code == 2 and "support-bundle-invalid" in err


def test_of_a_site_that_was_never_installed(command: Run) -> None:
    code, out, _ = command("diagnose", "--rehearse", "healthy")
    assert code == 0 and "REHEARSAL (healthy)" in out and "NOT KNOWN, which is no pass" in out
    code, out, _ = command("diagnose", "--rehearse", "api-away")
    assert code == 3 and "the Kubernetes API server does not answer" in out


def test_experiments_are_run_when_asked_for(command: Run) -> None:
    code, out, _ = command("diagnose", "--rehearse", "cni-ignores-policy", "--probe", "--output", "json")
    found = json.loads(out)
    assert code in (0, 3)
    assert found["notKnown"], "nothing was mirrored yet: the probe has no image, and that is said"


def test_after_a_failed_install_the_experiments_know_the_probe(command: Run) -> None:
    """Nothing in the cluster says what was mirrored; the run before does, and nobody has to name it."""
    assert command("run", "--rehearse", "cni-ignores-policy")[0] == 3
    code, out, _ = command("diagnose", "--rehearse", "cni-ignores-policy", "--probe", "--output", "json")
    found = json.loads(out)
    assert code == 3 and [c["code"] for c in found["causes"]] == ["cni-enforces-policy"]
    assert "the probe image is not in" not in json.dumps(found["notKnown"])


def test_a_bundle_of_one_machine_read_on_another(tmp_path: Path) -> None:
    """No network, no kubeconfig, no environment: `env -i`, in a network namespace of its own where that is allowed."""
    provoked = provoke("pull-401", tmp_path / "site")
    path = tmp_path / "carried" / "s.tar"
    path.parent.mkdir()
    write(provoked.bundle, path)
    shutil.rmtree(tmp_path / "site")
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    probe = (
        subprocess.run([*alone, "true"], capture_output=True, check=False)
        if shutil.which("unshare")
        else None
    )
    prefix = alone if probe is not None and probe.returncode == 0 else []
    done = subprocess.run(
        [
            *prefix,
            "env",
            "-i",
            f"HOME={tmp_path}",
            sys.executable,
            "-B",
            "-m",
            "wizard",
            "diagnose",
            "--bundle",
            str(path),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 3, done.stderr
    assert done.stderr == ""
    assert (
        "CERTAIN: registry.internal.example refuses the credentials that the nodes pull with" in done.stdout
    )
    assert str(tmp_path / "site") not in done.stdout
    assert os.listdir(tmp_path) == ["carried"], "nothing was written there"


def test_of_a_run_by_a_front_end(tmp_path: Path) -> None:
    """`diagnose_run(folder)` is a plain function: out of the folder alone, quickly, whatever is in it."""
    provoked = provoke("tools-zero", tmp_path, live=False)
    causes = diagnose_run(provoked.folder)
    assert [c.code for c in causes] == ["bridge-without-tools"]
    found = diagnosis_of(provoked.folder)
    assert found.subject == f"run {provoked.folder.id}"
    (provoked.folder.path / "answers.yaml").write_text("nonsense: [")
    (provoked.folder.path / "evidence.json").write_text("{")
    assert diagnose_run(provoked.folder)[0].code == "bridge-without-tools"


def test_the_timeline_has_the_run_and_the_cluster_on_one_axis(tmp_path: Path) -> None:
    provoked = provoke("ollama-killed", tmp_path)
    moments = timeline(provoked.scene)
    assert [m.at for m in moments] == sorted(m.at for m in moments)
    who = {m.who for m in moments}
    assert "run" in who and any(w.startswith("Pod opencost-ai/opencost-ai-ollama-0") for w in who)
    texts = " ".join(m.text for m in moments)
    assert "step install-chart begins" in texts and "OOMKilled" in texts and "ends, failed" in texts


def test_the_timeline_as_a_command(command: Run, home: Path) -> None:
    path = home / "s.tar"
    write(bundle(case("quota")), path)
    code, out, _ = command("diagnose", "--bundle", str(path), "--timeline")
    assert code == 0 and "2026-03-01 (UTC)" in out and "exceeded quota" in out
    code, out, _ = command("diagnose", "--bundle", str(path), "--timeline", "--output", "json")
    assert json.loads(out)[0]["who"].startswith("StatefulSet")


def test_what_changed(command: Run, home: Path) -> None:
    a, b = home / "a.tar", home / "b.tar"
    write(bundle(case("healthy")), a)
    write(bundle(case("mcp-hidden")), b)
    code, out, _ = command("diagnose", "diff", str(a), str(b))
    assert code == 0
    assert "+ cause opencost-mcp-not-exposed" in out
    assert "Service opencost/opencost: spec.ports" in out
    code, out, _ = command("diagnose", "diff", str(a), str(a))
    assert out == "nothing that was gathered in both has changed\n"
    code, out, _ = command("diagnose", "diff", str(a), str(b), "--output", "json")
    assert any(row["what"].startswith("cause ") for row in json.loads(out))


@pytest.mark.parametrize("words", [("diff",), ("diff", "a"), ("what", "a", "b"), ("x",)])
def test_diff_needs_two(command: Run, words: tuple[str, ...]) -> None:
    code, _, err = command("diagnose", *words)
    assert code == 2 and "diff-needs-two" in err


def test_changes_are_found_in_everything() -> None:
    found = {c.what: c for c in changes(scene("healthy"), scene("release-pending"))}
    assert found["release opencost-ai"].after == "revision 2 pending-upgrade opencost-ai-0.1.0"
    found = {c.what: c for c in changes(scene("pull-secret-missing"), scene("healthy"))}
    assert found["cause pull-secret-missing"].after == ""
    assert found["Secret opencost-ai/internal-registry"].after == "there"
    assert (
        "ImagePullBackOff" in found["pods of gateway"].before and found["pods of gateway"].after == "Running"
    )
    found = {c.what: c for c in changes(scene("healthy"), scene("registry-down-all-run"))}
    assert found["registry registry.internal.example"].after == "does not answer"
