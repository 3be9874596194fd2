"""model-on-volume: the model is there, byte for byte, and Ollama lists it (S1.27, S1.37)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.on_volume import OnVolume
from wizard.facts.wanted import Wanted


class ModelOnVolume(Check):
    """FAIL for a missing, damaged or other model; WARN where Ollama could not be asked."""

    id = "model-on-volume"
    title = "The model is on the volume"
    when: ClassVar = frozenset({Moment.AFTER, Moment.BROKEN})
    needs = (Wanted, OnVolume)
    seed = "S1.37"

    def judge(self, facts: Facts) -> Finding:
        """Every model of the answers counts."""
        wanted, known = facts.get(Wanted), facts.get(OnVolume)
        assert not isinstance(wanted, Unknown) and not isinstance(known, Unknown)
        lying = {each.model: each for each in known.models}
        wrong = []
        for model in wanted.models:
            name = model if ":" in model else f"{model}:latest"
            each = lying.get(model) or lying.get(name)
            if each is None:
                wrong.append(f"{model} is not there")
            elif each.outcome != "whole":
                wrong.append(f"{model} is {each.outcome}: {each.detail}".rstrip(": "))
            elif each.same is False:
                wrong.append(f"{model} is another version than the one in the registry")
            elif known.listed is not None and name not in known.listed:
                wrong.append(f"{model} is there, and Ollama does not list it")
        shown = {
            "volume": known.volume,
            "models": {
                each.model: {"outcome": each.outcome, "sameAsRegistry": each.same} for each in known.models
            },
            "listed": None if known.listed is None else sorted(known.listed),
        }
        if wrong:
            return self.found(
                Grade.FAIL,
                f"the model is not on {known.volume} as it should be",
                shown,
                Remedy("load it again", "airgap-wizard run --answers-file F --only load-model"),
                detail="; ".join(wrong),
            )
        names = ", ".join(wanted.models)
        if known.listed is None:
            return self.found(
                Grade.WARN,
                f"{names} is whole on {known.volume}; Ollama could not be asked whether it lists it",
                shown,
                Remedy(
                    "ask it",
                    f"kubectl -n {wanted.namespace} exec {known.volume.removeprefix('models-')} -- ollama list",
                ),
            )
        return self.found(Grade.PASS, f"{names} is whole on {known.volume}, and Ollama lists it", shown)
