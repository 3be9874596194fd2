"""collect-images: every image of the answers into the content cache, with its platforms and companions."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from wizard.answers.model import Answers
from wizard.engine.events import Evidence
from wizard.engine.folder import state_home
from wizard.engine.problems import Problem
from wizard.engine.step import Context, Step
from wizard.steps.copying import open_transport, together
from wizard.steps.mirror_images import MirrorImages

if TYPE_CHECKING:
    from wizard.oci.copy import Copied, Copier, Job
    from wizard.oci.layout import Layout
    from wizard.oci.transport import Transport


class CollectImages(Step):
    """Fetches what is not cached yet; blobs are kept by content, so that the next bundle fetches only what is new."""

    id = "collect-images"
    title = "Collect the images"
    asks: ClassVar = ("images",)
    changes = "fills the content cache of this machine"

    def preview(self, answers: Answers) -> list[str]:
        """One line an image."""
        rows = [f"fetch {source}" for source in MirrorImages().sources(answers).values()]
        platforms = ", ".join(answers.images.platforms)
        return [
            *rows,
            f"platforms: {platforms}; with signatures, attestations and SBOMs",
            f"cache: {cache_folder()}",
        ]

    def already(self, ctx: Context) -> Evidence | None:
        """Every image is wholly in the cache, with the digest that its source has now."""
        rows = {}
        with open_transport(ctx) as transport:
            cache, copier = open_cache(), _copier(ctx)
            for name, source in MirrorImages().sources(ctx.answers).items():
                job = _job(transport, cache, source)
                now = job.source.resolve(job.ref)
                if now is None:
                    return None
                found = copier.complete(cache, now.digest)
                if found is None:
                    return None
                rows[name] = _row(source, found.digest, found.platforms, found.size)
        return {"images": rows}

    def run(self, ctx: Context) -> Evidence:
        """Raises Problem `tag-not-found` (it says which tags there are), `disk-full` before a byte is fetched, …"""
        sources = MirrorImages().sources(ctx.answers)
        with open_transport(ctx) as transport:
            cache, copier = open_cache(), _copier(ctx)
            jobs = [_job(transport, cache, source) for source in sources.values()]
            planned = _good(copier.preview(jobs), len(jobs))
            _require_room(ctx, planned)
            done = _good(copier.copy_all(jobs), len(jobs))
        rows = {
            name: _row(source, one.digest, one.platforms, one.sent + one.present)
            for (name, source), one in zip(sources.items(), done, strict=True)
        }
        return {"images": rows}


def cache_folder() -> Path:
    """Where collected content is kept: an image layout, safe to delete at any time."""
    return state_home() / "cache" / "images"


def open_cache() -> "Layout":
    """The cache as a Store."""
    from wizard.oci.layout import Layout

    return Layout(cache_folder(), create=True)


def _copier(ctx: Context) -> "Copier":
    from wizard.oci.copy import Copier

    return Copier(platforms=ctx.answers.images.platforms, referrers=True, report=ctx.emit, stop=ctx.stop)


def _job(transport: "Transport", cache: "Layout", source: str) -> "Job":
    from wizard.oci.copy import Job
    from wizard.oci.reference import Reference

    reference = Reference.parse(source)
    return Job(transport.repository(reference), reference.ref, cache, source, title=source)


def _good(results: "list[Copied | Problem]", count: int) -> "list[Copied]":
    failed = [one for one in results if isinstance(one, Problem)]
    if failed:
        raise together(failed, count)
    return [one for one in results if not isinstance(one, Problem)]


def _require_room(ctx: Context, planned: "list[Copied]") -> None:
    """Cache and bundle together, where they share a file system (S1.7)."""
    from wizard.bundle.archive.writer import room_for
    from wizard.oci.files import make_folder

    fetch = sum(one.sent for one in planned)
    whole = fetch + sum(one.present for one in planned)
    cache, bundle = cache_folder(), ctx.answers.media.bundle
    make_folder(cache)
    ctx.say(f"to fetch: {fetch} bytes; the images in the bundle: {whole} bytes")
    if bundle is not None and bundle.parent.exists():
        if bundle.parent.stat().st_dev == cache.stat().st_dev:
            fetch += whole
        else:
            room_for(bundle, whole)
    room_for(cache / "index.json", fetch)


def _row(source: str, digest: str, platforms: tuple[str, ...], size: int) -> dict[str, Any]:
    return {"source": source, "digest": digest, "platforms": list(platforms), "bytes": size}
