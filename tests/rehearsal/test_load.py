"""`probe load` and `probe store`: real bytes from loopback onto a simulated volume (S1.3, S1.27, S1.45)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.real.process import wait_until
from tests.rehearsal import site
from tests.rehearsal.opened import HOST, Opened, open_tiny
from wizard.cluster.port import Obj, PodResult
from wizard.engine.stop import Stop
from wizard.model.artefact import plan_artefact
from wizard.model.names import ModelName
from wizard.model.push import push_artefact
from wizard.model.store import describe
from wizard.oci.reference import Reference
from wizard.oci.transport import Transport

Opener = Callable[..., Opened]
STORE = "/var/lib/ollama/.ollama/models"
NAME = "granite4.1:8b"
CLAIM = "models-opencost-ai-ollama-0"


def carry(world: Opened) -> str:
    """Push the model inside; its reference by digest."""
    model = describe(world.world.model_store(world.answers), ModelName.parse(NAME))
    reference = Reference.parse(f"{HOST}/ollama-model/granite4.1-8b:1")
    with Transport(world.world.sites(world.answers), environ={}) as transport:
        pushed = push_artefact(plan_artefact(model), transport.repository(reference), reference.tag)
    return f"{reference.name}@{pushed.digest}"


def load_pod(world: Opened, words: list[str], name: str = "load") -> Obj:
    """A pod with the model's volume."""
    image = world.mirror("probe")["probe"]
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "probe",
        "image": image,
        "args": words,
        "securityContext": restricted,
        "volumeMounts": [{"name": "models", "mountPath": "/var/lib/ollama"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": site.SPACE, "labels": {"role": "loader"}},
        "spec": {
            "restartPolicy": "Never",
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": [{"name": "models", "persistentVolumeClaim": {"claimName": CLAIM}}],
        },
    }


def claim(world: Opened, storage: str = "internal-file") -> Path:
    """The empty volume's folder."""
    site.namespace(world)
    world.cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": CLAIM, "namespace": site.SPACE},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": storage,
                "resources": {"requests": {"storage": "20Gi"}},
            },
        }
    )
    found = world.cluster.get("PersistentVolumeClaim", CLAIM, site.SPACE)
    assert found is not None
    name = found["spec"].get("volumeName")
    return world.world.state.path / "volumes" / name if name else Path()


def run(world: Opened, *words: str) -> tuple[PodResult, list[dict[str, Any]]]:
    """Run the probe over the volume; what it said."""
    result = world.cluster.run_pod(load_pod(world, list(words)), timeout=20, stop=Stop())
    return result, [json.loads(line) for line in result.output.splitlines()]


def load(world: Opened, reference: str, *more: str) -> tuple[PodResult, list[dict[str, Any]]]:
    """probe load."""
    return run(world, "load", "--reference", reference, "--model", NAME, "--store", STORE, *more)


def test_a_model_arrives_whole_and_once(opened: Opener) -> None:
    """Blobs move, the last line says `loaded`; a second time everything is present; `store` sees it whole."""
    world = opened()
    folder = claim(world)
    reference = carry(world)
    result, said = load(world, reference)
    assert result.exit_code == 0
    assert said[-1]["outcome"] == "loaded"
    assert said[-1]["digest"] == reference.partition("@")[2]
    moves = {s["item"]: s["move"] for s in said[:-1]}
    assert set(moves.values()) == {"verified"}
    assert said[-1]["bytes"] == sum(s["total"] for s in said[:-1] if s["move"] == "verified")
    original = describe(world.world.model_store(world.answers), ModelName.parse(NAME))
    arrived = describe(folder / ".ollama" / "models", ModelName.parse(NAME))
    assert arrived.manifest.raw == original.manifest.raw
    result, said = load(world, reference)
    assert said[-1] == {**said[-1], "outcome": "already", "bytes": 0}
    assert {s["move"] for s in said[:-1]} == {"present"}
    (seen,) = run(world, "store", "--store", STORE, "--verify")[1]
    assert (seen["model"], seen["outcome"]) == (NAME, "whole")
    assert seen["manifest"] == original.manifest.digest


def test_progress_is_heard_while_bytes_move(tmp_path: Path) -> None:
    """Lines come before the end: a line per 4 MiB and blob, none of them twice."""
    import dataclasses

    from wizard.rehearsal.loader import load as described
    from wizard.rehearsal.world import RehearsedWorld

    base = open_tiny("healthy", tmp_path / "s" / "w")
    world = Opened(
        RehearsedWorld(
            dataclasses.replace(described("healthy"), tempo=0.0), tmp_path / "s" / "w", None, divide=2
        ),
        base.answers,
    )
    try:
        claim(world)
        words = ["load", "--reference", carry(world), "--model", NAME, "--store", STORE]
        heard: list[tuple[str, str]] = []

        def hear(line: str) -> None:
            found = world.cluster.get("Pod", "load", site.SPACE)
            heard.append((line, str((found or {}).get("status", {}).get("phase"))))

        result = world.cluster.run_pod(load_pod(world, words), timeout=60, stop=Stop(), output=hear)
        assert "".join(line + "\n" for line, _ in heard) == result.output
        active = [phase for line, phase in heard if json.loads(line).get("move") == "active"]
        assert len(active) >= 3
        assert set(active) == {"Running"}
    finally:
        world.world.close()
        base.world.close()


def test_it_goes_on_where_it_was_cut_off(opened: Opener) -> None:
    """What has arrived of a blob is not moved again."""
    world = opened()
    folder = claim(world) / ".ollama" / "models"
    reference = carry(world)
    model = describe(world.world.model_store(world.answers), ModelName.parse(NAME))
    weights = model.manifest.model
    half = weights.size // 2
    partial = folder / "blobs" / (weights.digest.replace(":", "-") + "-airgap-partial")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(model.gguf.read_bytes()[:half])
    _, said = load(world, reference)
    assert said[-1]["outcome"] == "loaded"
    assert said[-1]["bytes"] == model.manifest.size - half
    assert not partial.exists()


def test_a_part_that_is_wrong_is_noticed(opened: Opener) -> None:
    """And gone, so that the next try is a good one."""
    world = opened()
    folder = claim(world) / ".ollama" / "models"
    reference = carry(world)
    model = describe(world.world.model_store(world.answers), ModelName.parse(NAME))
    partial = folder / "blobs" / (model.manifest.model.digest.replace(":", "-") + "-airgap-partial")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"x" * 100)
    result, said = load(world, reference)
    assert (result.exit_code, said[-1]["code"]) == (1, "digest-mismatch")
    assert load(world, reference)[1][-1]["outcome"] == "loaded"


def test_damage_on_the_volume_is_seen_and_mended(opened: Opener) -> None:
    """A flipped byte, a short blob, a lost one."""
    world = opened()
    folder = claim(world) / ".ollama" / "models"
    reference = carry(world)
    load(world, reference)
    model = describe(folder, ModelName.parse(NAME))
    path = model.gguf
    good = path.read_bytes()
    for bad, outcome in (
        (good[:-1] + bytes([good[-1] ^ 1]), "damaged"),
        (good[:-1], "damaged"),
        (None, "missing"),
    ):
        path.unlink() if bad is None else path.write_bytes(bad)
        assert run(world, "store", "--store", STORE, "--verify")[1][0]["outcome"] == outcome
        assert load(world, reference)[1][-1]["bytes"] == len(good)
    (folder / "manifests" / "registry.ollama.ai" / "library" / "granite4.1" / "8b").write_text("{")
    assert run(world, "store", "--store", STORE)[1][0]["outcome"] == "damaged"


def test_a_volume_that_is_full(opened: Opener) -> None:
    """A pool that promised more than it has."""
    world = opened("disk-small")
    claim(world, "internal-block")
    result, said = load(world, carry(world))
    assert (result.exit_code, said[-1]["code"]) == (1, "volume-full")


def test_the_loaders_policy_is_obeyed(opened: Opener) -> None:
    """S1.4: under deny it does not even learn where the registry is."""
    world = opened()
    claim(world)
    reference = carry(world)
    spec: dict[str, Any] = {"podSelector": {"matchLabels": {"role": "loader"}}, "policyTypes": ["Egress"]}
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": spec}
    world.cluster.apply(policy | {"metadata": {"name": "deny", "namespace": site.SPACE}})
    assert load(world, reference)[1][-1]["code"] == "registry-timeout"
    everything = {"to": [{"namespaceSelector": {}}]}
    registry = {"to": [{"ipBlock": {"cidr": "10.20.0.5/32"}}], "ports": [{"port": 443, "protocol": "TCP"}]}
    spec["egress"] = [everything, registry]
    world.cluster.apply(policy | {"metadata": {"name": "deny", "namespace": site.SPACE}})
    assert load(world, reference)[1][-1]["outcome"] == "loaded"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["load"], "usage"),
        (["load", "--store", STORE, "--model", NAME, "--reference", "nonsense"], "usage"),
        (["load", "--store", "/elsewhere", "--model", NAME, "--reference", f"{HOST}/a@sha256:{'0' * 64}"], "volume-not-writable"),
        (["load", "--store", STORE, "--model", NAME, "--reference", f"{HOST}/a/b@sha256:{'0' * 64}"], "registry-not-found"),
        (["load", "--store", STORE, "--model", NAME, "--reference", f"nobody.example/a@sha256:{'0' * 64}"], "registry-name-unknown"),
        (["load", "--store", STORE, "--model", NAME, "--auth", "/absent", "--reference", f"{HOST}/a@sha256:{'0' * 64}"], "credentials-missing"),
        (["store"], "usage"),
        (["load", "--nonsense"], "usage"),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded(opened: Opener, words: list[str], code: str) -> None:
    """Exit 1 and a code, never a verdict."""
    world = opened()
    claim(world)
    result, said = run(world, *words)
    assert (result.exit_code, said[-1]["outcome"], said[-1]["code"]) == (1, "failed", code)


def test_a_job_loads_and_a_killed_process_does_not_matter(tmp_path: Path) -> None:
    """The Job's pod remembers who works for it; when that process is gone, the next one begins again."""
    first = open_tiny("healthy", tmp_path / "s" / "w")
    claim(first)
    reference = carry(first)
    pod = load_pod(first, ["load", "--reference", reference, "--model", NAME, "--store", STORE])
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "loader", "namespace": site.SPACE},
        "spec": {"backoffLimit": 1, "template": {"metadata": {}, "spec": pod["spec"]}},
    }
    with first.cluster.api.open() as objects:  # as if a process had made it and died before it did anything
        first.cluster.api.apply(objects, job, "test")
        for _ in range(3):
            first.cluster.api.settle(objects)
        (made,) = objects.find("Pod", site.SPACE)
        records = objects.inner(made)["containers"]["probe"]
        records["worker"] = {"pid": 1, "born": "another life"}
    first.world.close()
    second = open_tiny("healthy", tmp_path / "s" / "w")
    try:
        ended = wait_until(
            lambda: (second.cluster.get("Job", "loader", site.SPACE) or {})["status"].get("succeeded"),
            "the job succeeds",
        )
        assert ended == 1
        assert run(second, "store", "--store", STORE)[1][0]["outcome"] == "whole"
    finally:
        second.world.close()
