"""The rehearsed Helm renders what the real ones render, object by object."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.real.helm import Helm
from tests.rehearsal.opened import CHART
from wizard.cluster.chart.load import load_chart
from wizard.cluster.port import Obj
from wizard.rehearsal.helm.render import Request, render
from wizard.rehearsal.helm.values import given

DIGEST = "sha256:" + "a" * 64
CASES: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("opencost-ai", {}, {}),
    ("other", {"gateway": {"image": {"digest": DIGEST}}, "imagePullSecrets": [{"name": "p"}]}, {}),
    ("opencost-ai", {"networkPolicy": {"enabled": False}, "bridge": {"enabled": False}}, {}),
    ("opencost-ai", {"ollama": {"persistence": {"enabled": False}, "nodeSelector": {"a": "b"}}}, {}),
    ("opencost-ai", {"commonLabels": {"team": "costs"}, "gateway": {"livenessProbe": None}}, {}),
    (
        "opencost-ai",
        {"gateway": {"config": {"maxRequestBytes": 12345678, "auditLogQuery": True}}},
        {
            "gateway.auth.create": "true",
            "gateway.auth.token": "1e5",
            "ollama.tolerations[0].operator": "Exists",
        },
    ),
    ("a-release-with-a-name-that-is-quite-long-indeed-fifty", {"nameOverride": "costs"}, {}),
]


@pytest.mark.real
@pytest.mark.parametrize(("release", "values", "sets"), CASES)
def test_the_same_objects(
    helm: Helm, tmp_path: Path, release: str, values: dict[str, Any], sets: dict[str, str]
) -> None:
    """Names, order and every field (S2.41: Helm 3 and 4)."""
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump(values))
    words = [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
    text = helm(
        "template", release, CHART, "--namespace", "ns", "--kube-version", "1.34.4", "--values", path, *words
    )
    real = [document for document in yaml.safe_load_all(text) if document]
    request = Request(release, "ns", "v1.34.4")
    ours = [manifest.obj for manifest in render(load_chart(CHART), given([str(path)], sets), request)]
    assert [_key(obj) for obj in ours] == [_key(obj) for obj in real]
    assert ours == real


def _key(obj: Obj) -> tuple[str, str]:
    return obj["kind"], obj["metadata"]["name"]
