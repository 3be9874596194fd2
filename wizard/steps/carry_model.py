"""carry-model: the models out of Ollama's store into the internal registry, as artefacts that lose nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from wizard.answers.model import Answers
from wizard.engine.events import Evidence
from wizard.engine.step import Context, Step

if TYPE_CHECKING:
    from wizard.model.artefact import Artefact
    from wizard.oci.store import Store


class CarryModel(Step):
    """Pushes each model as an OCI artefact with the registry's own credentials (S1.5, S1.16–S1.18)."""

    id = "carry-model"
    title = "Carry the model into the internal registry"
    asks: ClassVar = ("model", "registry")
    changes = "pushes to {registry}"

    def preview(self, answers: Answers) -> list[str]:
        """One line a model."""
        return [f"push {name} to {repository_of(answers, name)}" for name in models_of(answers)]

    def already(self, ctx: Context) -> Evidence | None:
        """Every artefact is in the registry under the digest that the store's files give (S1.45)."""
        from wizard.model.push import already_pushed

        rows = {}
        with _planned(ctx) as planned:
            for name, artefact, target in planned:
                if not already_pushed(artefact, target, tag_of(artefact.digest)):
                    return None
                rows[name] = _row(ctx.answers, name, artefact)
        return {"models": rows}

    def run(self, ctx: Context) -> Evidence:
        """Push; what is there already is not sent."""
        from wizard.model.push import push_artefact

        rows = {}
        with _planned(ctx) as planned:
            for name, artefact, target in planned:
                for loss in artefact.losses:
                    ctx.say(f"{name}: {loss}", "warning")
                push_artefact(artefact, target, tag_of(artefact.digest), ctx.emit, ctx.stop)
                rows[name] = _row(ctx.answers, name, artefact)
        return {"models": rows}


def models_of(answers: Answers) -> tuple[str, ...]:
    """All the models that are carried."""
    return (answers.model.name, *answers.model.extra)


def repository_of(answers: Answers, name: str) -> str:
    """HOST/PREFIX/NAME-TAG (S1.16): registry.internal.example/ollama-model/granite4.1-8b."""
    from wizard.model.names import ModelName

    return f"{answers.registry.host}/{answers.model.prefix}/{ModelName.parse(name).repository}"


def tag_of(digest: str) -> str:
    """The artefact's version: a model's content is its version, and a tag that moves would hide a change."""
    return digest.removeprefix("sha256:")[:12]


@contextmanager
def _planned(ctx: Context) -> Iterator[Iterator[tuple[str, "Artefact", "Store"]]]:
    """Each model with its planned artefact and the repository it goes to. Refuses what has no known licence first."""
    from wizard.model.artefact import plan_artefact
    from wizard.model.licence import require_licence
    from wizard.model.names import ModelName
    from wizard.model.store import describe
    from wizard.oci.reference import Reference
    from wizard.steps.copying import open_transport

    store = ctx.world.model_store(ctx.answers)
    models = [describe(store, ModelName.parse(name)) for name in models_of(ctx.answers)]
    for model in models:
        require_licence(model.name, ctx.answers.model.licence_confirmed, model)
    with open_transport(ctx) as transport:
        yield (
            (
                name,
                plan_artefact(model),
                transport.repository(Reference.parse(repository_of(ctx.answers, name) + ":x")),
            )
            for name, model in zip(models_of(ctx.answers), models, strict=True)
        )


def _row(answers: Answers, name: str, artefact: "Artefact") -> Evidence:
    repository = repository_of(answers, name)
    return {
        "reference": f"{repository}@{artefact.digest}",
        "target": f"{repository}:{tag_of(artefact.digest)}",
        "digest": artefact.digest,
        "bytes": artefact.size,
    }
