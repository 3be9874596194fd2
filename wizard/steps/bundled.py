"""A run's bundle: opened and judged anew by every step that reads from it; what one step saw proves nothing to the next."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.answers.model import Answers, Journey
from wizard.engine.problems import Problem
from wizard.engine.step import Context

if TYPE_CHECKING:
    from wizard.bundle.archive.opening import Bundle
    from wizard.cluster.chart.model import Chart
    from wizard.oci.store import Store
    from wizard.oci.transport import Transport


@dataclass(frozen=True, slots=True)
class Origin:
    """Where images come from: `find` gives a store and the name to ask it for; `platforms` are those to copy."""

    find: "Callable[[str], tuple[Store, str]]"
    platforms: tuple[str, ...]
    bundled: bool = False


def from_bundle(answers: Answers) -> bool:
    """Whether what is installed comes out of a bundle."""
    return answers.media.bundle is not None and answers.journey is not Journey.STAGE


@contextmanager
def opened_bundle(ctx: Context) -> "Iterator[Bundle]":
    """The accepted bundle; its volumes are looked for on all media, and asked for where `media.wait` says so. Raises Problem `trust-missing` before anything of it is read, and those of opening."""
    from wizard.bundle.archive.anywhere import open_anywhere
    from wizard.bundle.trust.policy import read_policy
    from wizard.bundle.volumes.media import waiting

    bundle = ctx.answers.media.bundle
    assert bundle is not None
    media = ctx.answers.media
    policy = read_policy(media.trust)
    ask = waiting(lambda text: ctx.say(text, "warning"), ctx.stop.wait) if media.wait else None
    with open_anywhere(bundle, policy, media=[Path(one) for one in media.volumes], ask=ask) as opened:
        try:
            yield opened
        except Problem as problem:
            from wizard.bundle.archive.store import explained

            raise explained(opened, problem) from None


@contextmanager
def open_origin(ctx: Context, transport: "Transport") -> Iterator[Origin]:
    """The bundle where there is one, and nothing beside it (S2.23, S2.24); else wherever a reference says."""
    from wizard.oci.reference import Reference

    asked = ctx.answers.images.platforms
    if not from_bundle(ctx.answers):

        def public(source: str) -> "tuple[Store, str]":
            reference = Reference.parse(source)
            return transport.repository(reference), reference.ref

        yield Origin(public, asked)
        return
    from wizard.bundle.archive.store import BundleStore
    from wizard.bundle.carried import carried

    with opened_bundle(ctx) as bundle:
        store = BundleStore(bundle)
        kept = {platform for item in bundle.bom.items for platform in item.platforms}
        platforms = tuple(sorted(kept)) if kept and "all" in asked else asked
        yield Origin(lambda source: (store, carried(bundle, "image", source).source), platforms, bundled=True)


def bundled_chart(bundle: "Bundle", folder: Path) -> "Chart | None":
    """The chart that the bundle carries, verified and written below `folder`; None where it carries none."""
    from wizard.bundle.archive.reading import small
    from wizard.bundle.archive.store import BundleStore
    from wizard.bundle.artefacts import CHART_CONTENT
    from wizard.cluster.chart.bounds import MOST_TOTAL, unreadable
    from wizard.cluster.chart.load import load_chart
    from wizard.engine.folder import write_atomic

    item = next((item for _, item in bundle.bom.of_kind("chart")), None)
    if item is None:
        return None
    layers = [
        layer
        for layer in BundleStore(bundle).manifest(item.digest).layers
        if layer.media_type == CHART_CONTENT
    ]
    place = bundle.shape.by_digest.get(layers[0].digest) if len(layers) == 1 else None
    if place is None:
        raise unreadable(f"{bundle.name}: {item.source}", "it is no Helm chart, or a delta leaves it out")
    body = small(bundle, place, MOST_TOTAL)
    path = folder / f"{item.repository.rpartition('/')[2]}-{item.tag.replace('_', '+')}.tgz"
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(path, body, 0o644)
    return load_chart(path)
