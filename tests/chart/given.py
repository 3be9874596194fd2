"""What the tests of chart and values start from."""

import dataclasses
from pathlib import Path
from typing import Any

from wizard.answers.model import Answers, Journey
from wizard.answers.sections.chart import Chart
from wizard.answers.sections.cluster import Cluster
from wizard.answers.sections.registry import Registry

HOST = "registry.internal.example:5000"
DEMO = Path(__file__).parents[2] / "assets" / "chart" / "opencost-ai"


def digest(number: int) -> str:
    """A digest that tells images apart."""
    return f"sha256:{number:064x}"


def answers(**changes: Any) -> Answers:
    """Answers of an install at a site; `changes` replaces sections."""
    base = Answers(
        journey=Journey.INSTALL,
        registry=Registry(host=HOST),
        cluster=Cluster(storage_class="internal-block"),
        chart=Chart(source=str(DEMO)),
    )
    return dataclasses.replace(base, **changes)


def images(host: str = HOST) -> dict[str, dict[str, str]]:
    """Evidence of the step mirror-images, as it is recorded."""
    found = answers().images
    names = {
        "gateway": (found.gateway, "opencost-ai-gateway:v0.1.0"),
        "bridge": (found.bridge, "ollama-mcp-bridge:v0.2.0"),
        "ollama": (found.ollama, "ollama:0.30.8"),
        "probe": (found.probe, "airgap-probe:0.1.0"),
    }
    return {
        name: {"source": source, "target": f"{host}/opencost-ai/{target}", "digest": digest(number)}
        for number, (name, (source, target)) in enumerate(names.items(), 1)
    }
