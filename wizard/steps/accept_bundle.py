"""accept-bundle: nothing of the bundle is used before its signatures are accepted, and it carries what is asked for."""

import time
from typing import TYPE_CHECKING, Any, ClassVar

from wizard.answers.model import Answers
from wizard.engine.events import Evidence
from wizard.engine.step import Context, Step
from wizard.steps.bundled import from_bundle, opened_bundle
from wizard.steps.carry_model import models_of
from wizard.steps.mirror_images import MirrorImages

if TYPE_CHECKING:
    from wizard.bundle.archive.opening import Bundle
    from wizard.bundle.bom import Item


class AcceptBundle(Step):
    """Judges signatures and structure by the trust policy (S2.14–S2.20), and looks for all that the answers name."""

    id = "accept-bundle"
    title = "Accept the bundle by its signatures"
    asks: ClassVar = ("media.bundle", "media.volumes", "media.wait", "media.trust", "images", "model.name")
    changes = ""

    def preview(self, answers: Answers) -> list[str]:
        """What is opened, and by whose word."""
        if not from_bundle(answers):
            return [
                "no bundle is named: the images come from their public registries, the model from Ollama's store"
            ]
        return [
            f"open {answers.media.bundle}; nothing of it is used before {answers.media.trust} accepts its signatures",
            *(f"look for its volumes in {folder} too" for folder in answers.media.volumes),
            *(["wait for the medium of a volume that is missing"] if answers.media.wait else []),
            "check its structure, and that it carries every image and model of the answers",
        ]

    def already(self, ctx: Context) -> Evidence | None:
        """Accepted now, and on record as accepted under this very policy. It is judged again either way."""
        from wizard.bundle.trust.audit import recorded

        if not from_bundle(ctx.answers):
            return {"bundle": ""}
        with opened_bundle(ctx) as bundle:
            if not recorded(bundle.bom.digest, bundle.policy.digest):
                return None
            _tell(ctx, bundle)
            return _evidence(ctx, bundle)

    def run(self, ctx: Context) -> Evidence:
        """Raises the Problems of a bundle that is refused, and `bundle-lacks`."""
        from wizard.bundle.trust.audit import record

        with opened_bundle(ctx) as bundle:
            found = _evidence(ctx, bundle)
            _tell(ctx, bundle)
            record(
                f"bundle {bundle.bom.title}",
                bundle.bom.digest,
                bundle.policy.digest,
                bundle.accepted,
                time.time(),
            )
        return found


def _tell(ctx: Context, bundle: "Bundle") -> None:
    """The accepted fingerprints, in the log (S2.19)."""
    for one in bundle.accepted:
        ctx.say(f"accepted signature: {one}")
    ctx.say(f"bundle {bundle.bom.title}, {bundle.bom.digest}")


def _evidence(ctx: Context, bundle: "Bundle") -> dict[str, Any]:
    from wizard.bundle.carried import carried
    from wizard.steps.load_bundle import pushing

    answers = ctx.answers
    if bundle.bom.base is not None:
        with pushing(ctx, bundle) as (pusher, receipts):
            pusher.require_base(lambda: receipts.lost(bundle.bom))
    images = {
        name: _row(carried(bundle, "image", source), bundle)
        for name, source in MirrorImages().sources(answers).items()
    }
    models = (
        {}
        if answers.model.preloaded
        else {name: _row(carried(bundle, "model", name), bundle) for name in models_of(answers)}
    )
    return {
        "bundle": str(answers.media.bundle),
        "digest": bundle.bom.digest,
        "name": bundle.bom.name,
        "version": bundle.bom.version,
        "accepted": [{"authority": one.authority, "fingerprint": one.fingerprint} for one in bundle.accepted],
        "images": images,
        "models": models,
    }


def _row(item: "Item", bundle: "Bundle") -> dict[str, Any]:
    place = bundle.bom.items.index(item)
    platforms = {e.platform for e in bundle.bom.entries if place in e.of and e.platform}
    return {
        "source": item.source,
        "digest": item.digest,
        "platforms": sorted(p for p in platforms if not p.startswith("unknown")),
        "bytes": item.total,
    }
