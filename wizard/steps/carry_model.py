"""carry-model: the models out of Ollama's store into the internal registry, as artefacts that lose nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from wizard.answers.model import Answers
from wizard.engine.events import Evidence
from wizard.engine.step import Context, Step

if TYPE_CHECKING:
    from wizard.bundle.archive.opening import Bundle
    from wizard.oci.store import Store
    from wizard.oci.transport import Transport


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
        """Every artefact is in the registry under the digest that the store's files, or the bundle, give (S1.45)."""
        rows = {}
        with _planned(ctx) as planned:
            for one in planned:
                found = one.target.resolve(tag_of(one.digest))
                if found is None or found.digest != one.digest:
                    return None
                if not all(one.target.has_blob(blob) for blob in one.target.manifest(one.digest).blobs):
                    return None  # a manifest whose blobs were cleaned away, or never arrived (S5.25)
                rows[one.name] = _row(ctx.answers, one)
        return {"models": rows}

    def run(self, ctx: Context) -> Evidence:
        """Push; what is there already is not sent."""
        rows = {}
        with _planned(ctx) as planned:
            for one in planned:
                for loss in one.losses:
                    ctx.say(f"{one.name}: {loss}", "warning")
                one.push()
                rows[one.name] = _row(ctx.answers, one)
        return {"models": rows}


@dataclass(frozen=True, slots=True)
class Carried:
    """A model on its way: its artefact's digest and bytes, where it goes, and how it gets there."""

    name: str
    digest: str
    size: int
    target: "Store"
    push: Callable[[], object]
    losses: tuple[str, ...] = ()


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
def _planned(ctx: Context) -> Iterator[Iterator[Carried]]:
    """Each model with the repository it goes to, out of the bundle or out of Ollama's store."""
    from wizard.steps.bundled import from_bundle, opened_bundle
    from wizard.steps.copying import open_transport

    with open_transport(ctx) as transport:
        if from_bundle(ctx.answers):
            with opened_bundle(ctx) as bundle:
                yield _bundled(ctx, transport, bundle)
        else:
            yield _stored(ctx, transport)


def _target(ctx: Context, transport: "Transport", name: str) -> "Store":
    from wizard.oci.reference import Reference

    return transport.repository(Reference.parse(repository_of(ctx.answers, name) + ":x"))


def _bundled(ctx: Context, transport: "Transport", bundle: "Bundle") -> Iterator[Carried]:
    from wizard.bundle.archive.store import BundleStore
    from wizard.bundle.carried import carried
    from wizard.oci.copy import copy

    store = BundleStore(bundle)
    items = {name: carried(bundle, "model", name) for name in models_of(ctx.answers)}
    for name, item in items.items():
        target, tag = _target(ctx, transport, name), tag_of(item.digest)
        push = partial(copy, store, item.digest, target, tag, report=ctx.emit, stop=ctx.stop)
        yield Carried(name, item.digest, item.total, target, push)


def _stored(ctx: Context, transport: "Transport") -> Iterator[Carried]:
    """Refuses what has no known licence first."""
    from wizard.model.artefact import plan_artefact
    from wizard.model.licence import require_licence
    from wizard.model.names import ModelName
    from wizard.model.push import push_artefact
    from wizard.model.store import describe

    store = ctx.world.model_store(ctx.answers)
    models = [describe(store, ModelName.parse(name)) for name in models_of(ctx.answers)]
    for model in models:
        require_licence(model.name, ctx.answers.model.licence_confirmed, model)
    for name, model in zip(models_of(ctx.answers), models, strict=True):
        artefact, target = plan_artefact(model), _target(ctx, transport, name)
        push = partial(push_artefact, artefact, target, tag_of(artefact.digest), ctx.emit, ctx.stop)
        yield Carried(name, artefact.digest, artefact.size, target, push, artefact.losses)


def _row(answers: Answers, one: Carried) -> Evidence:
    repository = repository_of(answers, one.name)
    return {
        "reference": f"{repository}@{one.digest}",
        "target": f"{repository}:{tag_of(one.digest)}",
        "digest": one.digest,
        "bytes": one.size,
    }
