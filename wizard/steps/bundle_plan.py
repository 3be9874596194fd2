"""What a bundle will be, before a byte of it is written: the bill of materials, and how to open everything in it."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from wizard.engine.step import Context
from wizard.steps.carry_model import models_of, repository_of, tag_of
from wizard.steps.copying import open_transport, target_of
from wizard.steps.mirror_images import MirrorImages

if TYPE_CHECKING:
    from wizard.bundle.bom import Bom
    from wizard.bundle.collect import Collector
    from wizard.bundle.receipts import Receipt
    from wizard.cluster.fixes.registry import Mended
    from wizard.oci.store import Opener


@dataclass(frozen=True, slots=True)
class Planned:
    """A bill of materials with its content."""

    bom: "Bom"
    openers: "Mapping[str, Opener]"


@contextmanager
def plan(ctx: Context) -> Iterator[Planned]:
    """Collect: manifests are asked for, blobs are opened when they are written. Open while the block runs."""
    from wizard.bundle.collect import Collector
    from wizard.steps.stage_chart import staged_chart

    collector = Collector()
    with open_transport(ctx) as transport:
        _images(ctx, collector, transport)
        mended = staged_chart(ctx)
        _chart(ctx, collector, mended)
        _files(ctx, collector)
        _models(ctx, collector)
        receipt = _base(ctx)
        staged = ctx.evidence.get("stage-chart", {})
        bom = collector.bom(
            mended.chart.name,
            mended.chart.version,
            chart=mended.evidence,
            sweep=dict(staged.get("sweep", {})),
            base=receipt.base if receipt else None,
            held=receipt.held if receipt else None,
        )
        yield Planned(bom, collector.openers)


def _inside(target: str) -> str:
    """REPOSITORY:TAG of HOST/REPOSITORY:TAG: a bundle is for whatever registry it is loaded into."""
    return target.partition("/")[2]


def _images(ctx: Context, collector: "Collector", transport: Any) -> None:
    from wizard.bundle.cached import Cached
    from wizard.oci.reference import Reference
    from wizard.steps.collect_images import open_cache

    cache, collected = open_cache(), ctx.evidence["collect-images"]["images"]
    for name, source in MirrorImages().sources(ctx.answers).items():
        store = Cached(transport.repository(Reference.parse(source)), cache)
        target = _inside(target_of(ctx.answers, source))
        # by the digest that was collected: a tag may have moved since
        collector.image(store, str(collected[name]["digest"]), source, target, ctx.answers.images.platforms)


def _models(ctx: Context, collector: "Collector") -> None:
    from wizard.model.artefact import plan_artefact
    from wizard.model.gguf import read_gguf
    from wizard.model.licence import require_licence
    from wizard.model.names import ModelName
    from wizard.model.source import ModelSource
    from wizard.model.store import describe

    if ctx.answers.model.preloaded:
        return
    store = ctx.world.model_store(ctx.answers)
    for name in models_of(ctx.answers):
        model = describe(store, ModelName.parse(name))
        licence = require_licence(model.name, ctx.answers.model.licence_confirmed, model)
        artefact = plan_artefact(model)
        read_gguf(model.gguf)
        for loss in artefact.losses:
            ctx.say(f"{name}: {loss}", "warning")
        target = f"{_inside(repository_of(ctx.answers, name))}:{tag_of(artefact.digest)}"
        collector.model(
            ModelSource(artefact), artefact.digest, name, target, "" if licence == "confirmed" else licence
        )


def _chart(ctx: Context, collector: "Collector", mended: "Mended") -> None:
    from wizard.bundle.artefacts import chart_artefact
    from wizard.cluster.chart.pack import pack

    chart = mended.chart
    tgz = pack(chart.files, chart.name) if chart.path.is_dir() else chart.path.read_bytes()
    # JSON has no dates: what YAML took for one goes as its text
    metadata = json.loads(json.dumps(yaml.safe_load(chart.files["Chart.yaml"]), default=str))
    tag = chart.version.replace("+", "_")
    target = f"{ctx.answers.registry.prefix}/charts/{chart.name}:{tag}"
    collector.made("chart", chart_artefact(tgz, metadata), chart.name, target)


def _files(ctx: Context, collector: "Collector") -> None:
    from wizard.bundle.artefacts import file_artefact

    for name in ctx.answers.media.files:
        path = Path(name)
        made = file_artefact(path, path.name)
        safe = re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-") or "file"
        tag = made.manifest.digest.partition(":")[2][:12]
        collector.made("file", made, path.name, f"{ctx.answers.registry.prefix}/files/{safe}:{tag}")


def _base(ctx: Context) -> "Receipt | None":
    from wizard.bundle.receipts import read_receipt
    from wizard.bundle.trust.policy import read_policy

    path = ctx.answers.media.base
    if path is None:
        return None
    receipt, accepted = read_receipt(path, read_policy(ctx.answers.media.trust), time.time())
    for one in accepted:
        ctx.say(f"the receipt of {receipt.registry} is signed by {one}")
    return receipt
