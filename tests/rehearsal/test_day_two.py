"""What comes after an install, done by running again: another model and back, another image, another password."""

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.rehearsal.journey import Ran, journey_answers, travel
from wizard.cluster.objects.pods import probe_pod
from wizard.cluster.port import Cluster, Obj
from wizard.cluster.probes.causes import pull_cause
from wizard.engine.events import Moved
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.model.names import ModelName
from wizard.oci.reference import Reference
from wizard.oci.transport import Transport
from wizard.rehearsal import open_world
from wizard.rehearsal.weights import make_model
from wizard.rehearsal.world import RehearsedWorld

HOST = "registry.internal.example"
MODEL = "granite4.1:8b"
NEXT = "ghcr.io/opencost/opencost-ai-gateway:v0.2.0"
PASSWORD = "REHEARSED_REGISTRY_PASSWORD"


@dataclass
class Before:
    """The folder of an install, and the two runs that made it."""

    folder: Path
    carried: Ran
    started: Ran


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Before]:
    """An install, made once; each test goes on with a copy of it. Once all is carried, the outside is switched off."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PASSWORD, "the first word")
        folder = tmp_path_factory.mktemp("installed")
        patch.setenv("AIRGAP_WIZARD_STATE", str(folder / "home"))
        (folder / "site.yaml").write_text(
            "like: healthy\ntitle: A site whose gateway has a next version\n"
            f"source: {{images: [{{reference: {NEXT!r}, app: gateway, layers: [1Mi], platforms: [linux/amd64]}}]}}\n"
        )
        make_model(folder / "models", ModelName.parse(MODEL), 100_000)
        make_model(folder / "newer", ModelName.parse(MODEL), 120_000)
        carried = day(folder, until="carry-model")
        with pytest.MonkeyPatch.context() as off:
            nobody = SimpleNamespace(url="http://127.0.0.1:1")
            off.setattr(RehearsedWorld, "_start_outside", lambda _: nobody)
            started = day(folder)
        yield Before(folder, carried, started)


@pytest.fixture
def site(once: Before, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    shutil.copytree(once.folder, folder, symlinks=True)
    monkeypatch.setenv(PASSWORD, "the first word")
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(folder / "home"))
    return folder


def day(folder: Path, store: str = "models", **more: Any) -> Ran:
    """A run of the same answers, with the model out of one of the two stores."""
    return travel(str(folder / "site.yaml"), folder, **{"model.store": str(folder / store)}, **more)


def outcomes(ran: Ran) -> dict[str, str]:
    return {name: step.outcome for name, step in ran.state.steps.items()}


def onto_the_volume(ran: Ran) -> int:
    """Bytes that the loader moved."""
    verified = [e for e in ran.events if isinstance(e, Moved) and e.step == "load-model" and e.digest]
    return sum(e.total for e in verified if e.move == "verified")


def versions(folder: Path) -> set[str]:
    """Tags of the model's artefact in the internal registry."""
    world = open_world(str(folder / "site.yaml"), state=folder / "state" / "site", tiny=True)
    try:
        answers = journey_answers(folder)
        with Transport(world.sites(answers), environ={}) as transport:
            return set(transport.repository(Reference.parse(f"{HOST}/ollama-model/granite4.1-8b:x")).tags())
    finally:
        world.close()


def test_the_first_start_needs_nobody_outside(once: Before) -> None:
    """S2.7: everything is inside, then the registry it came from is gone, and only then it is started."""
    assert (once.carried.code, once.started.code) == (0, 0), once.carried.words + once.started.words
    for name in ("mirror-probe", "mirror-images", "carry-model"):
        assert (outcomes(once.carried)[name], outcomes(once.started)[name]) == ("done", "already")
    assert once.started.state.bytes_copied == onto_the_volume(once.started) > 0
    assert outcomes(once.started)["install-chart"] == outcomes(once.started)["verify"] == "done"


def test_another_model_is_loaded_and_the_earlier_one_comes_back(site: Path) -> None:
    """S1.45: a changed model goes the whole way, an unchanged one is left alone; back is the earlier reference."""
    model = ("carry-model", "load-model")
    same = day(site, only=model)
    assert outcomes(same) == {"carry-model": "already", "load-model": "already"}
    newer = day(site, "newer", only=(*model, "verify"))
    assert newer.code == 0, newer.words
    assert (outcomes(newer)["carry-model"], outcomes(newer)["load-model"]) == ("done", "done")
    assert onto_the_volume(newer) > 100_000
    assert newer.findings["model-on-volume"].grade == newer.findings["tools-proven"].grade == "pass"
    back = day(site, only=model)
    assert outcomes(back) == {"carry-model": "already", "load-model": "done"}, "it is in the registry still"
    assert onto_the_volume(back) == 0, "and on the volume: a model's blobs are found by their digests"
    for step in model:
        assert back.state.steps[step].evidence == same.state.steps[step].evidence
        assert newer.state.steps[step].evidence != same.state.steps[step].evidence
    digests = {ran.state.steps["carry-model"].evidence["models"][MODEL]["digest"] for ran in (same, newer)}
    assert versions(site) == {digest.removeprefix("sha256:")[:12] for digest in digests}


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Cluster, Obj]]:
    """The cluster, and a pod of ours beside the release that pulls anew with the release's secret."""
    world = open_world(str(folder / "site.yaml"), state=folder / "state" / "site", tiny=True)
    try:
        answers = journey_answers(folder)
        with Transport(world.sites(answers), environ={}) as transport:
            place = Reference.parse(f"{HOST}/opencost-ai/airgap-probe:0.1.0")
            found = transport.repository(place).resolve(place.tag)
        assert found is not None
        pod = probe_pod(
            "look",
            "opencost-ai",
            f"{place.name}@{found.digest}",
            ["sleep", "0"],
            labels={},
            pull_secret="internal-registry",
            container={"imagePullPolicy": "Always"},
        )
        yield world.cluster(answers), pod
    finally:
        world.close()


def test_one_rotation_of_the_secret_covers_images_and_models(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1.46: a new password in the answers and `--only prepare-namespace`; nothing else is told of it."""
    monkeypatch.setenv(PASSWORD, "the second word")
    with opened(site) as (cluster, pod):
        with pytest.raises(Problem) as caught:
            cluster.run_pod(pod, timeout=5, stop=Stop())
        assert pull_cause(caught.value.detail) == "refused-credentials", (
            "the registry wants the new one alone"
        )
        before = [p["metadata"]["uid"] for p in cluster.list("Pod", "opencost-ai")]
    ran = day(site, only=("prepare-namespace",))
    assert (ran.code, outcomes(ran)) == (0, {"prepare-namespace": "done"}), ran.words
    with opened(site) as (cluster, pod):
        secret = cluster.get("Secret", "internal-registry", "opencost-ai")
        assert secret is not None
        config = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
        assert config["auths"][HOST]["password"] == "the second word"
        assert cluster.run_pod(pod, timeout=5, stop=Stop()).exit_code == 0, "images"
        assert {p["metadata"]["uid"] for p in cluster.list("Pod", "opencost-ai")} >= set(before)
    model = day(site, "newer", only=("carry-model", "load-model"))
    assert outcomes(model) == {"carry-model": "done", "load-model": "done"}, model.words
    assert onto_the_volume(model) > 100_000, "and the model, pulled by the loader with that secret"


def test_a_version_is_bumped_only_when_it_is_there(once: Before, site: Path) -> None:
    """S5.24, S5.33: installed offline; then the bump is refused until the image was carried and the site looked at."""
    bump = {"images.gateway": NEXT}
    early = day(site, only=("write-values", "install-chart"), **bump)
    assert (early.problem, early.state.steps["write-values"].outcome) == ("step-needs", "failed")
    assert "mirror-images" in early.words
    ran = day(site, **bump)
    assert ran.code == 0, ran.words
    done = [name for name, outcome in outcomes(ran).items() if outcome == "done"]
    assert done == ["mirror-images", "write-values", "install-chart", "verify"]
    digest = ran.state.steps["mirror-images"].evidence["images"]["gateway"]["digest"]
    release = ran.state.steps["install-chart"].evidence
    assert (release["revision"], release["images"]["gateway"]) == (
        2,
        f"{HOST}/opencost-ai/opencost-ai-gateway@{digest}",
    )
    before = once.started.state.steps["install-chart"].evidence
    assert before["images"].items() - release["images"].items() == {
        ("gateway", before["images"]["gateway"])
    }, "nothing else was changed"
    assert ran.findings["images-as-recorded"].grade == "pass"
