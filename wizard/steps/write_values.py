"""write-values: values-airgap.yaml for the operator's own GitOps repository, checked against the chart."""

from pathlib import Path
from typing import Any, ClassVar

from wizard.answers.model import Answers
from wizard.cluster.chart.obtain import obtain
from wizard.cluster.fixes.registry import FIXES, Mended, mend
from wizard.cluster.values import file
from wizard.cluster.values.check import Checked, check_values
from wizard.cluster.values.complaint import refuse
from wizard.cluster.values.pinned import pinned
from wizard.cluster.values.rendered import objects
from wizard.cluster.values.text import body
from wizard.engine.events import Evidence, Finding, Grade, Remedy
from wizard.engine.problems import Problem
from wizard.engine.step import Context, Step
from wizard.steps.bundled import bundled_chart, from_bundle, opened_bundle

_CHECK = "airgap-wizard values --answers-file F --check"


class WriteValues(Step):
    """Writes the file, and refuses to go on with values that would not keep the install inside (S1.29–S1.35)."""

    id = "write-values"
    title = "Write the chart's values and check them against the chart"
    asks: ClassVar = (
        "chart.source", "chart.values", "chart.overrides", "chart.keepDefects", "registry.host", "registry.pullSecret",
        "cluster.storageClass", "cluster.volumeSize", "cluster.opencostNamespace", "cluster.opencostService",
        "cluster.gpu", "model.name",
    )  # fmt: skip
    after: ClassVar = ("mirror-images",)
    changes = "writes {chart.values}"

    def preview(self, answers: Answers) -> list[str]:
        """The file, the fixes, the checks."""
        chart = answers.chart
        fixes = [fix.id for fix in FIXES if fix.id not in chart.keep_defects]
        return [
            f"write {chart.values} (a file that was changed by hand is left alone)",
            f"mend known defects in a copy of {chart.source or 'the chart'}: {', '.join(fixes) or 'none'}",
            f"check keys, types, rules and every rendered image reference against {answers.registry.host}",
            *([f"lay {chart.overrides} over it, under the same rules"] if chart.overrides else []),
        ]

    def already(self, ctx: Context) -> Evidence | None:
        """The file has exactly this content, and passes."""
        path, text = ctx.answers.chart.values, values_text(ctx)
        try:
            if file.state(path) is not file.State.OURS or not file.same(path, text):
                return None
        except Problem:
            return None  # run says it
        mended, checked = _checked(ctx)
        if checked.complaints:
            return None
        _judge(ctx, checked)
        return _evidence(ctx, mended, checked)

    def run(self, ctx: Context) -> Evidence:
        """Raises Problem `values-digest-missing`, `values-edited`, `values-refused`, `chart-does-not-render`, …"""
        path = ctx.answers.chart.values
        file.write(path, values_text(ctx))
        mended, checked = _checked(ctx)
        for fix in mended.applied:
            ctx.say(f"chart fix {fix.id} (versions {fix.versions}): {fix.reason}")
        for fix in mended.kept:
            ctx.say(f"chart defect {fix.id} is kept, as asked: {fix.reason}", "warning")
        _judge(ctx, checked)
        refuse(checked.complaints)
        ctx.say(f"values: {path}; chart: {mended.chart.path}")
        return _evidence(ctx, mended, checked)


def values_text(ctx: Context) -> str:
    """The file's content for these answers and the digests that mirror-images recorded."""
    host = ctx.answers.registry.host
    images = ctx.evidence.get("mirror-images", {}).get("images", {})
    return file.seal(body(ctx.answers, pinned(images, host)), host)


def values_files(answers: Answers) -> list[Path]:
    """What Helm is given, in order."""
    return [answers.chart.values, *([answers.chart.overrides] if answers.chart.overrides else [])]


def prepared(ctx: Context) -> Mended:
    """The chart that is checked and installed: the bundle's where it brings one, else that of the answers."""
    if from_bundle(ctx.answers):
        with opened_bundle(ctx) as bundle:
            chart = bundled_chart(bundle, ctx.folder / "bundle")
        if chart is not None:
            return mend(chart, ctx.folder / "chart", ctx.answers.chart.keep_defects)
    remote = ctx.answers.chart.source.startswith("oci://")
    return obtain(ctx.answers, ctx.folder, ctx.world.sites(ctx.answers) if remote else None, ctx.stop)


def _checked(ctx: Context) -> tuple[Mended, Checked]:
    mended = prepared(ctx)
    try:
        helm, why = ctx.world.helm(ctx.answers), ""
    except Problem as problem:
        if problem.code != "helm-not-found":
            raise
        helm, why = None, problem.title
    return mended, check_values(mended.chart, values_files(ctx.answers), ctx.answers, helm, why)


def _judge(ctx: Context, checked: Checked) -> None:
    """The rendering as a verdict: without Helm it is UNKNOWN, which is never a pass."""
    if checked.unknown:
        finding = Finding(
            "values-rendered",
            Grade.UNKNOWN,
            "What the chart renders to was not looked at",
            f"{checked.unknown}: an image reference in a template that points outside would not be seen",
            remedies=(Remedy("put Helm 3.16+ or 4 on the PATH and check again", _CHECK),),
        )
    else:
        faults = [str(c) for c in checked.complaints]
        finding = Finding(
            "values-rendered",
            Grade.FAIL if faults else Grade.PASS,
            f"{len(faults)} faults in the values"
            if faults
            else "All the chart renders to stays in the internal registry",
            "\n".join(faults),
            evidence={"helm": checked.helm, "objects": len(objects(checked.manifests))},
            remedies=(Remedy("mend each line, then check again", _CHECK),) if faults else (),
        )
    ctx.find(finding)


def _evidence(ctx: Context, mended: Mended, checked: Checked) -> dict[str, Any]:
    chart = ctx.answers.chart
    return {
        "path": str(chart.values),
        "sha256": file.sha256(chart.values),
        "overrides": {"path": str(chart.overrides), "sha256": file.sha256(chart.overrides)}
        if chart.overrides
        else {},
        "chart": mended.evidence,
        "checks": dict(checked.done),
        "helm": checked.helm,
    }
