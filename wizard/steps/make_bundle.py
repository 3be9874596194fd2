"""make-bundle: everything that was collected, into one signed file; written in one pass, visible when it is whole."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from wizard.answers.model import Answers
from wizard.engine.events import Evidence, Move
from wizard.engine.step import Context, Step
from wizard.steps.bundle_plan import plan
from wizard.steps.carry_model import models_of

if TYPE_CHECKING:
    from wizard.bundle.archive.head import Head
    from wizard.bundle.keys.private import PrivateKey
    from wizard.bundle.signatures import Signature


class MakeBundle(Step):
    """Writes and signs the bundle (S2.13, S5.1). What is there already, the same and signed by this key, is left alone."""

    id = "make-bundle"
    title = "Write and sign the bundle"
    asks: ClassVar = (
        "media.bundle",
        "media.key",
        "media.base",
        "media.files",
        "model.name",
        "registry.prefix",
    )
    after: ClassVar = ("collect-images", "stage-chart")
    changes = "writes {media.bundle}"

    def preview(self, answers: Answers) -> list[str]:
        """What goes in, where it is written, with which key it is signed."""
        media = answers.media
        return [
            *(f"the model {name}" for name in models_of(answers)),
            f"the chart {answers.chart.source}",
            *(f"the file {name}" for name in media.files),
            f"write {media.bundle}" + (f", without what {media.base} says is there" if media.base else ""),
            f"sign it with {media.key}, and begin the chain of custody beside it",
        ]

    def already(self, ctx: Context) -> Evidence | None:
        """The file has exactly this bill of materials, is whole in size, and this key's signature fits."""
        path = ctx.answers.media.bundle
        if path is None or not path.is_file():
            return None
        found = _head(path)
        if found is None:
            return None
        key = _key(ctx)
        with plan(ctx) as planned:
            if found.bom != planned.bom.body:
                return None
        fits = any(
            one.fingerprint == key.public.fingerprint and key.public.fits(one.signature, found.bom)
            for one in found.signatures
        )
        return _evidence(ctx, _Written(path, planned.bom, key.public.fingerprint)) if fits else None

    def run(self, ctx: Context) -> Evidence:
        """Raises Problem `disk-full` before a byte is written, `key-password-wrong`, `file-not-readable`, …"""
        from wizard.bundle import signatures
        from wizard.bundle.archive.writer import write_bundle
        from wizard.bundle.handover import begin
        from wizard.oci.progress import Progress

        path = ctx.answers.media.bundle
        assert path is not None
        key = _key(ctx)  # before the work: a wrong password is told now
        with plan(ctx) as planned:
            bom = planned.bom
            progress = Progress(
                ctx.emit, path.name, total=bom.payload, stop=ctx.stop, target=str(path), digest=bom.digest
            )
            made = [signatures.sign(key, bom.body, "vendor"), *_others(path, bom.body, key)]
            write_bundle(path, bom, planned.openers, made, progress)
            progress.end(Move.COPIED)
        begin(path, bom.digest, key, "vendor")
        ctx.say(f"wrote {path}: {bom.title}, {bom.digest}, signed with {key.public.fingerprint}")
        return _evidence(ctx, _Written(path, bom, key.public.fingerprint))


@dataclass(frozen=True, slots=True)
class _Written:
    path: Path
    bom: Any
    fingerprint: str


def _key(ctx: Context) -> "PrivateKey":
    from wizard.bundle.keys.private import PrivateKey

    media = ctx.answers.media
    assert media.key is not None
    password = ctx.world.secret(media.key_password, "media.keyPassword") if media.key_password else None
    return PrivateKey.read(media.key, password)


def _head(path: Path) -> "Head | None":
    from wizard.bundle.archive.claimed import claimed
    from wizard.engine.problems import Problem

    try:
        return claimed(path)[0]
    except Problem:
        return None


def _others(path: Path, body: bytes, key: "PrivateKey") -> "list[Signature]":
    """Signatures of other keys over the very same bill of materials, from the file that is replaced."""
    found = _head(path) if path.is_file() else None
    if found is None or found.bom != body:
        return []
    return [one for one in found.signatures if one.fingerprint != key.public.fingerprint]


def _evidence(ctx: Context, written: _Written) -> dict[str, Any]:
    bom = written.bom
    return {
        "bundle": str(written.path),
        "digest": bom.digest,
        "name": bom.name,
        "version": bom.version,
        "bytes": written.path.stat().st_size,
        "signedBy": written.fingerprint,
        "base": bom.base.last.bom if bom.base else "",
        "items": [
            {"kind": i.kind, "source": i.source, "digest": i.digest, "bytes": i.total} for i in bom.items
        ],
    }
