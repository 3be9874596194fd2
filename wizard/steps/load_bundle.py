"""load-bundle: the rest of the bundle into the registry, all of it read back, and a signed receipt (S5.6, S5.25)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from wizard.answers.model import Answers
from wizard.engine.events import Evidence
from wizard.engine.problems import Problem
from wizard.engine.step import Context, Step
from wizard.steps.bundled import from_bundle, opened_bundle
from wizard.steps.site_key import site_key

if TYPE_CHECKING:
    from pathlib import Path

    from wizard.bundle.archive.opening import Bundle
    from wizard.bundle.bom import Item
    from wizard.bundle.keys.private import PrivateKey
    from wizard.bundle.push import Pusher
    from wizard.bundle.receipts import Receipts


class LoadBundle(Step):
    """Chart, files and signatures follow the images; the receipt is what the next, smaller bundle builds on."""

    id = "load-bundle"
    title = "Load the rest of the bundle and sign the receipt"
    asks: ClassVar = ("media.bundle", "media.trust", "media.key", "registry")
    changes = "pushes to {registry}"

    def preview(self, answers: Answers) -> list[str]:
        """What follows, and with which key the receipt is signed."""
        if not from_bundle(answers):
            return ["no bundle is named: there is nothing else to load"]
        key = answers.media.key
        return [
            f"push charts, files and signatures of {answers.media.bundle} to {answers.registry.host}",
            "read every item back from the registry",
            f"sign a receipt with {key}, and a link in the chain of custody"
            if key
            else "no key is named (media.key): no receipt is signed",
        ]

    def already(self, ctx: Context) -> Evidence | None:
        """Every item is wholly in the registry, and the last receipt is of this bundle (where there is a key)."""
        if not from_bundle(ctx.answers):
            return {"bundle": ""}
        with opened_bundle(ctx) as bundle, pushing(ctx, bundle) as (pusher, receipts):
            last = receipts.last()
            kept = last is not None and last.bundle.bom == bundle.bom.digest
            if not (kept or ctx.answers.media.key is None) or not pusher.complete():
                return None
            return {"digest": bundle.bom.digest, "receipt": last.digest if last and kept else ""}

    def run(self, ctx: Context) -> Evidence:
        """Raises Problem `bundle-base-missing`, `bundle-blob-damaged`, `key-password-wrong`, what the registry raises."""
        from wizard.bundle.receipts import make_receipt

        key = site_key(ctx)
        with opened_bundle(ctx) as bundle, pushing(ctx, bundle) as (pusher, receipts):
            pushed = pusher.push(lambda: receipts.lost(bundle.bom))
            evidence: dict[str, Any] = {
                "digest": bundle.bom.digest,
                "bytesSent": pushed.sent,
                "items": [{"target": one.target, "digest": one.item.digest} for one in pushed.items],
                "receipt": "",
            }
            if key is not None:
                sealed = make_receipt(bundle.bom, ctx.answers.registry.host, pushed, key, receipts.last())
                path = receipts.keep(sealed)
                last = receipts.last()
                evidence |= {"receipt": last.digest if last else "", "receiptFile": str(path)}
                ctx.say(f"receipt: {path}, signed with {key.public.fingerprint}")
                evidence["custodyFile"] = _custody(ctx, bundle, key, evidence["receipt"], receipts.folder)
        return evidence


def _custody(ctx: Context, bundle: "Bundle", key: "PrivateKey", receipt: str, aside: "Path") -> str:
    """The link in the chain of custody; "" and a warning where there can be none: a load is judged by signatures alone."""
    from wizard.bundle.archive.anywhere import located
    from wizard.bundle.handover import loaded

    assert ctx.answers.media.bundle is not None
    file, note = located(ctx.answers.media.bundle), f"into {ctx.answers.registry.host}; receipt {receipt}"
    try:
        path = loaded(file, bundle.bom.digest, note, key, bundle.policy, time.time(), aside)
    except Problem as problem:
        ctx.say(f"no link was added to the chain of custody: {problem.title}; {problem.detail}", "warning")
        return ""
    ctx.say(f"chain of custody: {path}")
    return str(path)


@contextmanager
def pushing(ctx: Context, bundle: "Bundle") -> "Iterator[tuple[Pusher, Receipts]]":
    """A Pusher into the internal registry under the answers' own names, and the receipts of that registry."""
    from wizard.bundle.push import Pusher
    from wizard.bundle.receipts import Receipts
    from wizard.oci.reference import Reference
    from wizard.steps.copying import open_transport

    host = ctx.answers.registry.host
    with open_transport(ctx) as transport:
        pusher = Pusher(
            bundle,
            host,
            lambda name: transport.repository(Reference.parse(f"{host}/{name}")),
            report=ctx.emit,
            stop=ctx.stop,
            rename=lambda item: _target(ctx.answers, bundle, item),
        )
        yield pusher, Receipts(host)


def _target(answers: Answers, bundle: "Bundle", item: "Item") -> str:
    """REPOSITORY:TAG as mirror-images and carry-model name it; the prefixes of `stage` may have been others."""
    from wizard.steps.carry_model import repository_of, tag_of
    from wizard.steps.copying import target_of

    if item.kind == "image":
        return target_of(answers, item.source).partition("/")[2]
    if item.kind == "model":
        return f"{repository_of(answers, item.source)}:{tag_of(item.digest)}".partition("/")[2]
    if item.kind == "companion":
        owner = next(i for i in bundle.bom.items if i.kind == "image" and i.repository == item.repository)
        return f"{_target(answers, bundle, owner).rpartition(':')[0]}:{item.tag}"
    _, _, name = item.target.rpartition(f"/{item.kind}s/")
    return f"{answers.registry.prefix}/{item.kind}s/{name}"
