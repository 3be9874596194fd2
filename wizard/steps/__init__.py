"""The steps of the journeys, one file each. `STEPS` is the registry; `JOURNEYS` lists their ids in order.

Classes are named by module and imported only when a journey is planned: listing journeys imports no adapter.
"""

from importlib import import_module
from typing import cast

from wizard.engine.step import Step

STEPS: dict[str, str] = {
    "collect-images": "wizard.steps.collect_images:CollectImages",
    "stage-chart": "wizard.steps.stage_chart:StageChart",
    "make-bundle": "wizard.steps.make_bundle:MakeBundle",
    "accept-bundle": "wizard.steps.accept_bundle:AcceptBundle",
    "mirror-probe": "wizard.steps.mirror_probe:MirrorProbe",
    "preflight": "wizard.steps.preflight:Preflight",
    "mirror-images": "wizard.steps.mirror_images:MirrorImages",
    "carry-model": "wizard.steps.carry_model:CarryModel",
    "load-bundle": "wizard.steps.load_bundle:LoadBundle",
    "write-values": "wizard.steps.write_values:WriteValues",
    "prepare-namespace": "wizard.steps.prepare_namespace:PrepareNamespace",
    "load-model": "wizard.steps.load_model:LoadModel",
    "install-chart": "wizard.steps.install_chart:InstallChart",
    "verify": "wizard.steps.verify:Verify",
}

# The model is on the volume before Ollama starts (S1.3, S1.27): load-model comes before install-chart.
JOURNEYS: dict[str, tuple[str, ...]] = {
    "stage": ("collect-images", "stage-chart", "make-bundle"),
    "install": (
        "accept-bundle",
        "mirror-probe",
        "preflight",
        "mirror-images",
        "carry-model",
        "load-bundle",
        "write-values",
        "prepare-namespace",
        "load-model",
        "install-chart",
        "verify",
    ),
}


def steps_of(journey: str) -> list[Step]:
    """The steps of a journey, in order. Raises KeyError for a journey that has none."""
    return [_make(STEPS[name]) for name in JOURNEYS[journey]]


def _make(where: str) -> Step:
    module, _, name = where.partition(":")
    return cast(Step, getattr(import_module(module), name)())
