"""`model`: the language model that is carried."""

from dataclasses import dataclass
from pathlib import Path

from wizard.answers.checks import model_name, repository_prefix
from wizard.answers.declare import ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Language model: its name in Ollama, where its files are, and where the artefact goes."""

    name: str = ask(
        "Model",
        why="as Ollama names it; the gateway asks it by this name",
        example="granite4.1:8b",
        default="granite4.1:8b",
        check=model_name,
        seed="S1.1",
    )
    store: Path | None = ask(
        "Ollama store",
        why="the models folder it is read from; empty = $OLLAMA_MODELS, then ~/.ollama/models",
        example=Path("/var/lib/ollama/.ollama/models"),
        default=None,
        seed="S1.14",
    )
    prefix: str = ask(
        "Repository prefix",
        why="the artefact goes to HOST/PREFIX/NAME:TAG, so that policies can tell models from images",
        example="ollama-model",
        default="ollama-model",
        check=repository_prefix,
        seed="S1.16",
    )
    extra: tuple[str, ...] = ask(
        "More models",
        why="further models to carry and load",
        example=("granite4.1:3b",),
        default=(),
        check=model_name,
    )
    licence_confirmed: bool = ask(
        "Licence confirmed",
        why="granite4.1 is Apache-2.0; for any other model you say here that its licence lets you carry it",
        example=True,
        default=False,
        seed="S1.48",
    )
    preloaded: bool = ask(
        "Already on the volume",
        why="the volume was filled out of band (a snapshot): nothing is loaded, everything is still verified",
        example=False,
        default=False,
        seed="S1.28",
    )
