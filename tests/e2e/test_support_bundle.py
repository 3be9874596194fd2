"""A support bundle of the real cluster: what it carries out, what it does not, and what it says when nobody answers."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.diagnosis.planted import KINDS, env, texts
from tests.e2e.broken.case import Broken, Seen, not_pulled
from tests.e2e.broken.parts import PULL_SECRET, Obj, Parts
from tests.e2e.broken.stage import Scene, staged
from tests.e2e.cluster.cluster import MACHINE_IP, REGISTRY_PASSWORD
from tests.e2e.site import ROOT, Site
from wizard.diagnosis.cause import Sure
from wizard.diagnosis.diagnose import diagnose
from wizard.support.format import Bundle, Got
from wizard.support.read import read
from wizard.support.scene import scene_of

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(900)]
FIRST = "pull-secret-missing"
QUESTION = KINDS["question"]


def _talks(parts: Parts) -> list[Obj]:
    """A gateway that cannot be pulled, and a bridge that prints and is given secrets of every kind."""
    said = {"name": "notes"}
    notes = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": said, "data": {"notes.txt": texts()}}
    private = parts.secret("private", {"password": KINDS["password by name"], "all": texts()})
    mount = {"volumeMounts": [{"name": "notes", "mountPath": "/notes"}]}
    command = {"image": "cluster.test/busybox:1", "imagePullPolicy": "Never"}
    command |= {"command": ["sh", "-c", "cat /notes/notes.txt; sleep 3600"], "env": env()}
    talking = parts.idle("bridge", container=command | mount, volumes=[{"name": "notes", "configMap": said}])
    talking["metadata"]["annotations"] = {"note": texts()}
    talking["metadata"]["labels"] = {"app": "talking"}  # not one of the release's own
    return [notes, private, parts.pod("gateway"), talking]


def _shown(seen: Seen) -> bool:
    return not_pulled("401 Unauthorized")(seen) and seen.ready("opencost-ai-bridge-0")


SICK = Broken(
    "secrets everywhere", FIRST, _talks, _shown, lacks=(PULL_SECRET,), sets={"proof__question": QUESTION}
)


@pytest.fixture(scope="module")
def sick(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A namespace where something is wrong, and secrets lie about."""
    folder = tmp_path_factory.mktemp("sick")
    with staged(site.at(folder), folder, {"sick": SICK}) as stage:
        yield stage.scenes["sick"]


@pytest.fixture(scope="module")
def carried(sick: Scene) -> Path:
    """The bundle, as the program writes it."""
    path = sick.site.folder / "carried.tar"
    began = time.monotonic()
    done = sick.site.wizard("support-bundle", "--answers-file", sick.answers, "--output", path)
    assert (done.returncode, done.stdout.strip()) == (0, str(path)), done.stderr
    assert time.monotonic() - began < 60 and path.stat().st_size < 20 << 20
    return path


def _elsewhere(path: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Another machine: no network, no kubeconfig, no cluster, an empty home."""
    home.mkdir()
    return subprocess.run(
        ["unshare", "-n", "env", "-i", f"HOME={home}", f"PYTHONPATH={ROOT}", sys.executable, "-m", "wizard",
         "diagnose", "--bundle", path],
        cwd=home, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_diagnosed_elsewhere_as_at_the_site(sick: Scene, carried: Path, tmp_path: Path) -> None:
    """The same first cause, with the same words."""
    here = sick.site.wizard("diagnose", "--answers-file", sick.answers)
    there = _elsewhere(carried, tmp_path / "home")
    assert here.returncode == there.returncode == 3, here.stderr + there.stderr
    first = next(line for line in here.stdout.splitlines() if line.startswith("1. "))
    assert first in there.stdout.splitlines()
    assert PULL_SECRET in first and sick.parts.space in first
    assert f"why: airgap-wizard explain {FIRST}" in there.stdout
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "known value"])
def test_no_planted_secret_leaves(carried: Path, kind: str) -> None:
    """In pods, logs, environments, ConfigMaps, Secrets, annotations and the answers of a real cluster."""
    raw = carried.read_bytes()
    for value in (KINDS[kind], KINDS[kind].replace("\n", "\\n")):
        assert value.encode() not in raw


def test_what_was_taken_is_counted(sick: Scene, carried: Path) -> None:
    """Of every place by itself; the site's own password and account are not in it either."""
    raw, bundle = carried.read_bytes(), read(carried)
    token = yaml.safe_load(sick.site.kubeconfig.read_text())["users"][0]["user"]["token"]
    assert REGISTRY_PASSWORD.encode() not in raw and token.encode() not in raw
    space = sick.parts.space
    files = {row.file for row in bundle.manifest.redacted}
    assert {f"cluster/{space}/ConfigMap.json", f"cluster/{space}/Pod.json"} <= files
    assert any(name.startswith(f"cluster/{space}/logs/opencost-ai-bridge-0/") for name in files)
    assert sum(row.count for row in bundle.manifest.redacted) >= 3 * 12


@pytest.mark.parametrize("keep", [0, 1])
def test_half_of_it_missing_or_torn(carried: Path, keep: int) -> None:
    """What can be said is said; nothing is made up."""
    whole = read(carried)
    names = sorted(whole.files)
    missing = {n: whole.files[n] for i, n in enumerate(names) if i % 2 == keep}
    torn = {
        n: d if i % 2 == keep else d[: len(d) // 2] for i, (n, d) in enumerate(sorted(whole.files.items()))
    }
    for files in (missing, torn):
        found = diagnose(scene_of(Bundle(whole.manifest, files)))
        assert {c.code for c in found.causes if c.sure is Sure.CERTAIN} <= {FIRST}
        assert found.gaps


def test_without_an_api_server(sick: Scene, tmp_path: Path) -> None:
    """Host and registry side only; what was not got is said, with the reason."""
    path = tmp_path / "down.tar"
    with sick.site.cluster.without("api"):
        done = sick.site.wizard("support-bundle", "--answers-file", sick.answers, "--output", path)
        live = sick.site.wizard("diagnose", "--answers-file", sick.answers)
    assert live.returncode == 3 and "1. CERTAIN: the Kubernetes API server does not answer" in live.stdout
    assert done.returncode == 0, done.stderr
    assert "WHAT WAS NOT GOT" in done.stderr and "unreachable" in done.stderr
    bundle = read(path)
    assert {"registry/registry.json", "host/clock.json", "answers.yaml"} <= set(bundle.files)
    assert json.loads(bundle.files["registry/registry.json"])["reachable"] is True
    outcomes = {c.name: c.outcome for c in bundle.manifest.collected}
    assert outcomes["cluster/version"] is Got.UNREACHABLE
    assert outcomes[f"cluster/{sick.parts.space}/Pod"] is Got.UNREACHABLE
    there = _elsewhere(path, tmp_path / "home")
    assert there.returncode == 3 and "1. CERTAIN: the Kubernetes API server does not answer" in there.stdout


@contextmanager
def _hung() -> Iterator[str]:
    """HOST:PORT that takes every connection and never says a word."""
    with socket.create_server((MACHINE_IP, 0), backlog=128) as listener:
        yield f"{MACHINE_IP}:{listener.getsockname()[1]}"


def test_an_api_server_that_hangs_is_not_waited_for(sick: Scene, tmp_path: Path) -> None:
    """Reported, and over within the time that was given."""
    with _hung() as host:
        config = yaml.safe_load(sick.site.kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = f"https://{host}"
        given = yaml.safe_load(sick.answers.read_text())
        given["cluster"]["kubeconfig"] = str(tmp_path / "kubeconfig")
        (tmp_path / "kubeconfig").touch(mode=0o600)
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
        (tmp_path / "answers.yaml").write_text(yaml.safe_dump(given))
        began = time.monotonic()
        done = replace(sick.site, folder=tmp_path).wizard(
            "support-bundle", "--answers-file", tmp_path / "answers.yaml", "--output", tmp_path / "hung.tar", "--seconds", "12"
        )  # fmt: skip
        took = time.monotonic() - began
    assert done.returncode == 0 and took < 40, done.stderr
    bundle = read(tmp_path / "hung.tar")
    (version,) = [c for c in bundle.manifest.collected if c.name == "cluster/version"]
    # the collector's patience and the client's end within the same second: either may tell it
    told = {Got.TIMEOUT: "not waited for", Got.UNREACHABLE: "timed out"}
    assert told[version.outcome] in version.why
    assert "registry/registry.json" in bundle.files
