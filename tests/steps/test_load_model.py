"""load-model: its own way out, progress, every refusal told, nothing left (S1.3, S1.26–S1.28, S1.45)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.facts.fakes import RECORDED, FakeCluster, answers
from tests.steps.worlds import Run
from wizard.answers.sections.language_model import Model
from wizard.cluster.objects.names import Names, ours
from wizard.cluster.port import Obj, PodResult
from wizard.engine.events import Move
from wizard.engine.problems import Problem, Stopped
from wizard.steps import load_model
from wizard.steps.load_model import LoadModel

MODEL = "granite4.1:8b"
LAYERS = frozenset({"sha256:" + "c" * 64, "sha256:" + "d" * 64})
VOLUME = "models-opencost-ai-ollama-0"


@pytest.fixture(autouse=True)
def in_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_model, "carried_layers", lambda *_: LAYERS)


def held(outcome: str = "whole", layers: frozenset[str] = LAYERS, model: str = MODEL) -> str:
    rows = [{"digest": digest, "size": 10, "mediaType": "x"} for digest in sorted(layers)]
    return json.dumps({"model": model, "outcome": outcome, "layers": rows, "detail": "so"})


LOADED = "\n".join(
    [
        json.dumps({"item": "sha256:" + "c" * 64, "move": "active", "done": 5, "total": 10}),
        "a line of the runtime",
        json.dumps({"item": "sha256:" + "c" * 64, "move": "verified", "done": 10, "total": 10}),
        json.dumps({"outcome": "loaded", "model": MODEL, "digest": "sha256:" + "b" * 64, "bytes": 20}),
    ]
)


class Site:
    """A cluster whose loader fills the volume."""

    def __init__(self, load: str | Problem | Stopped = LOADED, code: int = 0, store: str = held()) -> None:
        self.cluster = FakeCluster()
        self.pods: list[Obj] = []
        self.policies: list[Obj] = []
        self.load, self.code, self.store = load, code, store
        self.cluster.on_run = self.run

    def run(self, pod: Obj) -> PodResult:
        self.pods.append(pod)
        word = pod["spec"]["containers"][0]["args"][0]
        if word == "resolve":
            return PodResult(0, json.dumps({"name": "x", "outcome": "resolved", "addresses": ["10.20.0.5"]}))
        claim = self.cluster.objects.get(("PersistentVolumeClaim", "opencost-ai", VOLUME))
        if claim is not None:
            claim["status"] = {"phase": "Bound"}
        if word == "store":
            return PodResult(0, self.store)
        self.policies += [o for k, o in self.cluster.objects.items() if k[0] == "NetworkPolicy"]
        if isinstance(self.load, Exception):
            raise self.load
        return PodResult(self.code, self.load, "node-a")

    @property
    def loader(self) -> Obj:
        return next(p for p in self.pods if p["spec"]["containers"][0]["args"][0] == "load")

    def left(self) -> list[str]:
        return [kind for kind, _, _ in self.cluster.objects if kind != "PersistentVolumeClaim"]


def test_the_whole_way(tmp_path: Path) -> None:
    site = Site()
    run = Run(site.cluster, tmp_path)
    assert LoadModel().already(run.ctx) is None
    evidence = LoadModel().run(run.ctx)
    assert evidence["models"][MODEL] == {"outcome": "whole", "layers": sorted(LAYERS)}
    claim = site.cluster.get("PersistentVolumeClaim", VOLUME, "opencost-ai")
    assert claim is not None and claim["spec"]["storageClassName"] == "fast"
    assert claim["metadata"]["labels"]["app.kubernetes.io/component"] == "ollama"
    args = site.loader["spec"]["containers"][0]["args"]
    assert args[args.index("--reference") + 1].endswith("/ollama-model/granite4.1-8b@sha256:" + "b" * 64)
    assert args[args.index("--store") + 1] == "/var/lib/ollama/.ollama/models"
    assert "s3cret-word" not in json.dumps(site.loader)
    moves = [(m.move, m.done, m.total, m.group) for m in run.moved]
    assert (Move.ACTIVE, 5, 10, MODEL) in moves and (Move.VERIFIED, 10, 10, MODEL) in moves
    assert site.left() == []
    assert LoadModel().already(run.ctx) == evidence


def test_the_loader_reaches_the_registry_and_dns_alone(tmp_path: Path) -> None:
    site = Site()
    LoadModel().run(Run(site.cluster, tmp_path).ctx)
    (policy,) = site.policies
    labels = site.loader["metadata"]["labels"]
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    dns, registry = policy["spec"]["egress"]
    assert {port["port"] for port in dns["ports"]} == {53, 5353}
    assert registry == {
        "to": [{"ipBlock": {"cidr": "10.20.0.5/32"}}],
        "ports": [{"port": 443, "protocol": "TCP"}],
    }


def test_a_registry_behind_a_service_is_reached_by_its_pods(tmp_path: Path) -> None:
    """Policies are matched after the Service's address has become a pod's."""
    site = Site()
    site.cluster.put(
        {
            "kind": "Service",
            "metadata": {"name": "zot", "namespace": "registry"},
            "spec": {
                "clusterIP": "10.20.0.5",
                "selector": {"app": "zot"},
                "ports": [{"port": 443, "targetPort": 5000}],
            },
        }
    )
    LoadModel().run(Run(site.cluster, tmp_path).ctx)
    rule = site.policies[0]["spec"]["egress"][1]
    assert rule["to"][0]["podSelector"] == {"matchLabels": {"app": "zot"}}
    assert rule["ports"] == [{"port": 5000, "protocol": "TCP"}]


def test_placement_follows_the_values_and_then_the_running_pod(tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(
        "ollama: {nodeSelector: {gpu: 'yes'}, resources: {requests: {memory: 6Gi, cpu: '1'}}}\n"
    )
    given = answers(gpu=True)
    given = replace(given, chart=replace(given.chart, values=values))
    site = Site()
    LoadModel().run(Run(site.cluster, tmp_path, given).ctx)
    assert site.loader["spec"]["nodeSelector"] == {"gpu": "yes"}
    asks = site.loader["spec"]["containers"][0]["resources"]
    assert asks["requests"]["memory"] == "6Gi" and asks["limits"]["nvidia.com/gpu"] == "1"
    site = Site()
    labels = {f"app.kubernetes.io/{k}": v for k, v in (("name", "opencost-ai"), ("instance", "opencost-ai"))}
    site.cluster.put(
        {
            "kind": "Pod",
            "metadata": {
                "name": "opencost-ai-ollama-0",
                "namespace": "opencost-ai",
                "labels": labels | {"app.kubernetes.io/component": "ollama"},
            },
            "spec": {"nodeName": "node-b"},
            "status": {"phase": "Running"},
        }
    )
    LoadModel().run(Run(site.cluster, tmp_path, given).ctx)
    assert "node-b" in json.dumps(site.loader["spec"]["affinity"])
    assert "nvidia.com/gpu" not in json.dumps(site.loader["spec"])


def failed(code: str) -> str:
    return json.dumps({"outcome": "failed", "code": code, "detail": "the words"})


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (failed("volume-full"), "volume-full"),
        (failed("volume-not-writable"), "volume-not-writable"),
        (failed("volume-damages-data"), "volume-damages-data"),
        (failed("registry-refused-credentials"), "model-load-failed"),
        (failed("artefact-not-found"), "model-load-failed"),
        (failed("registry-tls"), "model-load-failed"),
        (failed("registry-timeout"), "model-load-failed"),
        ("segmentation fault", "model-load-failed"),
        ("", "model-load-failed"),
    ],
)
def test_each_failure_is_told_and_nothing_is_left(tmp_path: Path, said: str, code: str) -> None:
    site = Site(said, 1)
    with pytest.raises(Problem) as caught:
        LoadModel().run(Run(site.cluster, tmp_path).ctx)
    assert caught.value.code == code
    assert caught.value.remedies and caught.value.detail
    assert site.left() == []


@pytest.mark.parametrize("error", [Problem("cluster-timeout", "x"), Stopped()])
def test_nothing_is_left_on_any_way_out(tmp_path: Path, error: Any) -> None:
    site = Site(error)
    with pytest.raises(type(error)):
        LoadModel().run(Run(site.cluster, tmp_path).ctx)
    assert site.left() == []


Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@pytest.mark.parametrize(
    ("store", "words"),
    [
        (held("damaged"), "damaged"),
        (held("missing"), "missing"),
        (held(layers=frozenset({"sha256:" + "e" * 64})), "another version"),
        (held(layers=frozenset()), "no layers"),
        (held(model="other:1b"), "other:1b"),
        ("", "no model"),
    ],
)
def test_what_the_volume_gives_back_decides(tmp_path: Path, store: str, words: str) -> None:
    """S1.45: a loader that says `loaded` is not believed."""
    site = Site(store=store)
    with pytest.raises(Problem) as caught:
        LoadModel().run(Run(site.cluster, tmp_path).ctx)
    assert caught.value.code == "model-not-on-volume"
    assert words in caught.value.detail


def test_a_volume_filled_out_of_band_is_read_and_not_written(tmp_path: Path) -> None:
    """S1.28"""
    given = replace(answers(), model=Model(preloaded=True))
    site = Site(store=held(layers=frozenset({"sha256:" + "e" * 64})))
    with pytest.raises(Problem) as caught:
        LoadModel().run(Run(site.cluster, tmp_path, given).ctx)
    assert caught.value.code == "model-not-on-volume"
    site.cluster.put(
        {
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": VOLUME, "namespace": "opencost-ai"},
            "status": {"phase": "Bound"},
        }
    )
    run = Run(site.cluster, tmp_path, given, evidence={"mirror-images": RECORDED["mirror-images"]})
    evidence = LoadModel().run(run.ctx)
    assert evidence["preloaded"] is True
    assert [p["spec"]["containers"][0]["args"][0] for p in site.pods] == ["store"]
    assert site.pods[0]["spec"]["containers"][0]["volumeMounts"][0]["readOnly"] is True
    assert LoadModel().already(run.ctx) == evidence


def test_what_a_killed_run_left_goes_also_where_the_model_is_there_already(tmp_path: Path) -> None:
    site = Site()
    run = Run(site.cluster, tmp_path)
    LoadModel().run(run.ctx)
    left = {"namespace": "opencost-ai", "labels": ours("loader", Names("opencost-ai", "opencost-ai"))}
    site.cluster.put({"kind": "NetworkPolicy", "metadata": {"name": "airgap-wizard-loader", **left}})
    assert LoadModel().already(run.ctx) is not None
    assert site.left() == []


def test_a_model_that_was_not_carried_is_told_before_anything_is_made(tmp_path: Path) -> None:
    site = Site()
    with pytest.raises(Problem) as caught:
        LoadModel().run(
            Run(site.cluster, tmp_path, evidence={"mirror-images": RECORDED["mirror-images"]}).ctx
        )
    assert caught.value.code == "model-not-carried"
    assert site.cluster.objects == {}


def test_pods_that_cannot_resolve_the_registry(tmp_path: Path) -> None:
    site = Site()
    site.cluster.on_run = lambda pod: PodResult(0, json.dumps({"outcome": "name-unknown", "addresses": []}))
    with pytest.raises(Problem) as caught:
        LoadModel().run(Run(site.cluster, tmp_path).ctx)
    assert caught.value.code == "registry-name-unknown-in-cluster"
    assert site.left() == []


def test_a_ca_travels_with_the_loader_and_goes_again(tmp_path: Path) -> None:
    """S1.12"""
    ca = tmp_path / "ca.pem"
    ca.write_text("-----BEGIN CERTIFICATE-----\n")
    given = answers()
    given = replace(given, registry=replace(given.registry, ca_file=ca))
    site = Site()
    LoadModel().run(Run(site.cluster, tmp_path, given).ctx)
    args = site.loader["spec"]["containers"][0]["args"]
    assert args[args.index("--ca") + 1] == "/etc/registry-ca/ca.crt"
    assert site.left() == []
    pair = {"client_cert": tmp_path / "client.pem", "client_key": tmp_path / "client.key"}
    for path in pair.values():
        path.write_text("-----BEGIN of something secret-----\n")
    both = replace(given, registry=replace(given.registry, **pair))
    mutual = Site()
    LoadModel().run(Run(mutual.cluster, tmp_path, both).ctx)
    args = mutual.loader["spec"]["containers"][0]["args"]
    assert args[args.index("--client-key") + 1] == "/etc/registry-client/tls.key"
    assert "something secret" not in json.dumps(mutual.loader)
    assert mutual.left() == []
    ca.unlink()
    with pytest.raises(Problem) as caught:
        LoadModel().run(Run(site.cluster, tmp_path, given).ctx)
    assert (caught.value.code, caught.value.exit_code) == ("pem-file-not-readable", 2)
