"""Copying images into the internal registry: what `mirror-probe` and `mirror-images` share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from wizard.answers.model import Answers
from wizard.engine.events import Evidence
from wizard.engine.problems import Problem
from wizard.engine.step import Context, Step

if TYPE_CHECKING:
    from wizard.oci.copy import Copied, Copier, Job
    from wizard.oci.transport import Transport

OUT_OF_REACH = ("registry-unreachable", "registry-name-unknown", "registry-refused", "registry-stalled")
"""Codes that say: the public registry cannot be asked from here. Inside an air gap that is as it should be."""


def target_of(answers: Answers, source: str) -> str:
    """HOST/PREFIX/NAME:TAG for a public reference; NAME is its last path component (S1.21)."""
    from wizard.oci.reference import Reference

    ref = Reference.parse(source)
    name = ref.repository.rpartition("/")[2]
    tag = ref.tag or "sha256-" + ref.digest.rpartition(":")[2][:12]
    return f"{answers.registry.host}/{answers.registry.prefix}/{name}:{tag}"


class CopyImages(Step):
    """Copies the images that `sources` names, all platforms, with their digests preserved (S1.20)."""

    asks: ClassVar[tuple[str, ...]] = ("images", "registry")
    changes = "pushes to {registry}"

    def sources(self, answers: Answers) -> dict[str, str]:
        """Name in the evidence → public reference."""
        raise AssertionError("each subclass names its images")

    def preview(self, answers: Answers) -> list[str]:
        """One line an image: from where, to where."""
        platforms = ", ".join(answers.images.platforms)
        rows = [f"copy {s} to {target_of(answers, s)}" for s in self.sources(answers).values()]
        return [*rows, f"platforms: {platforms}"]

    def already(self, ctx: Context) -> Evidence | None:
        """Every image complete in the internal registry, with the digest that its source has now.

        A source that cannot be reached (behind the gap) is not compared with; every manifest and blob under the
        internal tag is asked for all the same.
        """
        rows = {}
        with _way(ctx) as (job_of, copier):
            for name, source in self.sources(ctx.answers).items():
                job = job_of(source)
                found = copier.complete(job.target, job.target_ref)
                if found is None:
                    return None
                try:
                    now = job.source.resolve(job.ref)
                except Problem as problem:
                    if problem.code not in OUT_OF_REACH:
                        raise
                else:
                    if now is None or now.digest != found.digest:
                        return None
                rows[name] = _row(source, job.title, found.digest, found.platforms, found.size)
        return {"images": rows}

    def run(self, ctx: Context) -> Evidence:
        """Copy; one image's failure does not keep the others from arriving, and then fails the step."""
        with _way(ctx) as (job_of, copier):
            sources = self.sources(ctx.answers)
            jobs = [job_of(source) for source in sources.values()]
            results = copier.copy_all(jobs)
            failed = [r for r in results if isinstance(r, Problem)]
            if failed:
                raise together(failed, len(jobs))
        rows = {}
        for (name, source), done in zip(sources.items(), results, strict=True):
            assert not isinstance(done, Problem)
            rows[name] = _row(source, done.job.title, done.digest, done.platforms, _size(done))
        return {"images": rows}


def _size(done: "Copied") -> int:
    return done.sent + done.present


def _row(source: str, target: str, digest: str, platforms: tuple[str, ...], size: int) -> Evidence:
    return {"source": source, "target": target, "digest": digest, "platforms": list(platforms), "bytes": size}


def open_transport(ctx: Context) -> "Transport":
    """The transport of a run, which remembers unfinished uploads across runs."""
    from wizard.engine.folder import state_home
    from wizard.oci.transport import Transport
    from wizard.oci.uploads import Uploads

    uploads = Uploads(state_home() / "uploads")
    return Transport(ctx.world.sites(ctx.answers), stop=ctx.stop, uploads=uploads)


@contextmanager
def _way(ctx: Context) -> "Iterator[tuple[Callable[[str], Job], Copier]]":
    """From a public reference to the job that copies it, and who copies; out of the bundle, with its signatures, where there is one."""
    from wizard.oci.copy import Copier, Job
    from wizard.oci.reference import Reference
    from wizard.steps.bundled import open_origin

    with open_transport(ctx) as transport, open_origin(ctx, transport) as origin:

        def job(source: str) -> "Job":
            store, ref = origin.find(source)
            there = Reference.parse(target_of(ctx.answers, source))
            return Job(store, ref, transport.repository(there), there.ref, title=str(there))

        copier = Copier(platforms=origin.platforms, referrers=origin.bundled, report=ctx.emit, stop=ctx.stop)
        yield job, copier


def together(failed: list[Problem], count: int) -> Problem:
    """The first problem, with the others named: they often have one cause."""
    first = failed[0]
    if len(failed) == 1 and count == 1:
        return first
    others = "; ".join(dict.fromkeys(p.title for p in failed[1:]))
    detail = "; ".join(
        filter(None, [first.detail, f"{len(failed)} of {count} images did not arrive", others])
    )
    return Problem(
        first.code,
        first.title,
        detail=detail,
        remedies=first.remedies,
        evidence=first.evidence,
        exit_code=first.exit_code,
    )
