"""stage-chart: the chart, its known defects mended, and every image reference in what it renders to looked at (S2.12)."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from wizard.answers.model import Answers
from wizard.cluster.chart.obtain import obtain
from wizard.cluster.crossplane import check_compositions
from wizard.cluster.fixes.registry import FIXES, Mended
from wizard.cluster.sweep import Manifest, beside, in_file, rendered, sweep
from wizard.cluster.values.text import sets
from wizard.engine.events import Evidence
from wizard.engine.folder import write_atomic
from wizard.engine.step import Context, Step
from wizard.oci.reference import Reference

_COMPONENTS = ("gateway", "bridge", "ollama")
_MOST = 4 * 1024 * 1024  # bytes of a manifest file that is looked into


class StageChart(Step):
    """Fails where anything would be looked for outside, or is not pinned; an exception needs a reason, and is recorded."""

    id = "stage-chart"
    title = "Mend the chart and sweep it for references that are not carried"
    asks: ClassVar = (
        "chart.source",
        "chart.overrides",
        "chart.keepDefects",
        "media.files",
        "media.exceptions",
    )
    after: ClassVar = ("collect-images",)
    changes = ""

    def preview(self, answers: Answers) -> list[str]:
        """The fixes, the sweep, the exceptions."""
        fixes = [f"{fix.id}: {fix.reason}" for fix in FIXES if fix.id not in answers.chart.keep_defects]
        return [
            *(f"mend {line}" for line in fixes),
            f"render {answers.chart.source or 'the chart'} and look at every reference in it",
            *(f"except {line}" for line in answers.media.exceptions),
        ]

    def already(self, ctx: Context) -> Evidence | None:
        """Nothing stays of it but the verdict, so it is given anew each time."""
        return None

    def run(self, ctx: Context) -> Evidence:
        """Raises Problem `reference-not-carried`, `crossplane-mismatch`, `sweep-not-yaml`, `helm-not-found`, …"""
        mended = staged_chart(ctx)
        helm = ctx.world.helm(ctx.answers)
        version = helm.version()
        cluster = ctx.answers.cluster
        text = helm.template(
            str(mended.chart.path),
            cluster.release,
            cluster.namespace,
            [str(f) for f in _values(ctx)],
            sets(ctx.answers),
        )
        manifests = [*rendered(mended.chart, text), *beside(mended.chart), *_files(ctx.answers)]
        exceptions = dict(_exceptions(ctx.answers))
        swept = sweep(manifests, _carried(ctx), exceptions)
        compositions = check_compositions(manifests, exceptions)
        for name in swept.unused:
            if "/" in name or ":" in name:
                ctx.say(f"media.exceptions names {name}, which nothing refers to", "warning")
        for fix in mended.applied:
            ctx.say(f"chart fix {fix.id} (versions {fix.versions}): {fix.reason}")
        for fix in mended.kept:
            ctx.say(f"chart defect {fix.id} is kept, as asked: {fix.reason}", "warning")
        return {
            "chart": mended.evidence,
            "sweep": {
                "helm": version,
                "documents": swept.documents,
                "references": swept.references,
                "compositions": compositions,
                "exceptions": [{"reference": r, "reason": why} for r, why in swept.exceptions.items()],
            },
        }


def staged_chart(ctx: Context) -> Mended:
    """The mended chart below the run folder, the same each time."""
    remote = ctx.answers.chart.source.startswith("oci://")
    return obtain(ctx.answers, ctx.folder, ctx.world.sites(ctx.answers) if remote else None, ctx.stop)


def _values(ctx: Context) -> list[Path]:
    """Values that name the components as they were collected, by digest; the operator's own over them."""
    images = ctx.evidence.get("collect-images", {}).get("images", {})
    values: dict[str, Any] = {}
    for name in _COMPONENTS:
        row = images.get(name) or {}
        reference = Reference.parse(str(row.get("source", "")))
        values[name] = {
            "image": {
                "repository": reference.name,
                "tag": reference.tag,
                "digest": str(row.get("digest", "")),
            }
        }
    path = ctx.folder / "stage-values.yaml"
    write_atomic(path, json.dumps(values, indent=1, sort_keys=True) + "\n")
    own = ctx.answers.chart.overrides
    return [path, *([own] if own else [])]


def _carried(ctx: Context) -> Mapping[str, frozenset[str]]:
    """Tags and digests by repository of what was collected: of the index, and of each platform in it."""
    from wizard.steps.collect_images import open_cache

    cache = open_cache()
    found: dict[str, set[str]] = {}
    for row in ctx.evidence.get("collect-images", {}).get("images", {}).values():
        reference = Reference.parse(str(row["source"]))
        known = found.setdefault(reference.name, set())
        known |= {str(row["digest"]), *([reference.tag] if reference.tag else [])}
        known |= {child.digest for child in cache.manifest(str(row["digest"])).children}
    return {name: frozenset(known) for name, known in found.items()}


def _exceptions(answers: Answers) -> Iterator[tuple[str, str]]:
    for line in answers.media.exceptions:
        reference, _, reason = line.partition(" because ")
        yield reference.strip(), reason.strip()


def _files(answers: Answers) -> Iterator[Manifest]:
    """Manifests among the files that are carried."""
    for name in answers.media.files:
        path = Path(name)
        if path.suffix not in (".yaml", ".yml"):
            continue
        try:
            if path.stat().st_size > _MOST:
                continue
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            from wizard.bundle.problems import file_unreadable

            raise file_unreadable(path, str(error)) from None
        yield from in_file(str(path), text)
