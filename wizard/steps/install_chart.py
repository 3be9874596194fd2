"""install-chart: helm upgrade --install, with the causes of waiting told while it waits (S1.35)."""

from typing import Any, ClassVar

from wizard.answers.model import Answers
from wizard.cluster.helm.stuck import unstick
from wizard.cluster.helm.upgrade import Upgrade
from wizard.cluster.objects.names import AUTH_SECRET, Names
from wizard.cluster.port import Release
from wizard.cluster.release_state import deployed
from wizard.cluster.seconds import seconds
from wizard.cluster.values.supplied import supplied
from wizard.cluster.values.text import sets
from wizard.engine.events import Evidence
from wizard.engine.problems import Problem, Remedy
from wizard.engine.step import Context, Step
from wizard.steps.write_values import prepared, values_files


class InstallChart(Step):
    """Installs or upgrades the release. Nothing is rolled back or removed on failure: what is there shows the cause."""

    id = "install-chart"
    title = "Install the chart and wait until its pods are Ready"
    asks: ClassVar = ("chart.source", "chart.timeout", "cluster.namespace", "cluster.release")
    after: ClassVar = ("mirror-images", "write-values")
    changes = "installs release {cluster.release} in namespace {cluster.namespace}"

    def preview(self, answers: Answers) -> list[str]:
        """The command, as it could be typed."""
        cluster, chart = answers.cluster, answers.chart
        files = " ".join(f"--values {file}" for file in values_files(answers))
        return [
            f"helm upgrade --install {cluster.release} {chart.source or 'CHART'} --namespace {cluster.namespace} "
            f"{files} --set gateway.auth.existingSecret={AUTH_SECRET} --wait --timeout {chart.timeout}",
            "while it waits, tell what pods and volumes wait for; on failure leave everything for diagnosis",
        ]

    def already(self, ctx: Context) -> Evidence | None:
        """Deployed with this chart and these values, every object there as rendered, every pod Ready."""
        if not ctx.evidence.get("write-values"):
            return None
        chart = prepared(ctx).chart
        cluster, helm = ctx.world.cluster(ctx.answers), ctx.world.helm(ctx.answers)
        release = deployed(helm, cluster, chart, ctx.answers, values_files(ctx.answers))
        return _evidence(ctx, release) if release else None

    def run(self, ctx: Context) -> Evidence:
        """Raises Problem with the cause: `image-pull-failed`, `pod-crashes`, `release-stuck`, `helm-failed`, …"""
        chart = prepared(ctx).chart
        cluster, helm = ctx.world.cluster(ctx.answers), ctx.world.helm(ctx.answers)
        names = Names.of(ctx.answers.cluster)
        _ask_secret(ctx, names)
        unstick(helm, cluster, ctx.answers, ctx.stop, ctx.say)
        upgrade = Upgrade(helm, cluster, names, ctx.stop, ctx.say)
        release = upgrade.run(
            str(chart.path),
            [str(file) for file in values_files(ctx.answers)],
            sets(ctx.answers),
            seconds(ctx.answers.chart.timeout),
            lambda: unstick(helm, cluster, ctx.answers, ctx.stop, ctx.say, mine=True),
        )
        return _evidence(ctx, release)


def _ask_secret(ctx: Context, names: Names) -> None:
    """A missing token Secret stops no pod and no `--wait`: asked for here, or every question is answered 503."""
    if ctx.world.cluster(ctx.answers).get("Secret", AUTH_SECRET, names.namespace) is None:
        raise Problem(
            "token-secret-missing",
            f"there is no Secret {AUTH_SECRET} in namespace {names.namespace}",
            detail="the pods would become Ready without it, and the gateway would answer every question with 503",
            remedies=(
                Remedy(
                    "let the step before this one make it",
                    "airgap-wizard run --answers-file F --from prepare-namespace",
                ),
            ),
        )


def _evidence(ctx: Context, release: Release) -> dict[str, Any]:
    values = supplied(values_files(ctx.answers), sets(ctx.answers))
    return {
        "release": release.name,
        "namespace": release.namespace,
        "revision": release.revision,
        "chart": release.chart,
        "status": release.status,
        "images": {
            name: f"{image.get('repository')}@{image.get('digest')}"
            for name, found in values.items()
            if isinstance(found, dict) and isinstance(image := found.get("image"), dict)
        },
    }
