"""The whole check of values against a chart; without Helm it says what it could not look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.answers.model import Answers
from wizard.cluster.chart.model import Chart
from wizard.cluster.port import Helm
from wizard.cluster.values.complaint import Complaint
from wizard.cluster.values.keys import check_keys
from wizard.cluster.values.layers import Layers
from wizard.cluster.values.rendered import check_rendered
from wizard.cluster.values.rules import check_rules
from wizard.cluster.values.text import sets
from wizard.cluster.yaml_lines import read
from wizard.engine.problems import Problem


@dataclass(frozen=True, slots=True)
class Checked:
    """`unknown` says why the rendered manifests could not be looked at; "" where they were."""

    complaints: tuple[Complaint, ...]
    manifests: str = ""
    helm: str = ""
    unknown: str = ""

    @property
    def done(self) -> Mapping[str, str]:
        """Check → what came of it, for evidence: `unknown` is never a pass."""
        faults = f"{len(self.complaints)} faults" if self.complaints else "pass"
        return {
            "keysAndTypes": faults,
            "rules": faults,
            "rendered": f"unknown: {self.unknown}" if self.unknown else faults,
        }


def check_values(
    chart: Chart, files: Sequence[Path], answers: Answers, helm: Helm | None, no_helm: str = ""
) -> Checked:
    """Check the values files, later ones laid over earlier ones.

    `helm` None leaves out the rendering; `no_helm` says why. Raises Problem `chart-does-not-render`,
    `values-not-yaml`, `values-not-readable`.
    """
    layers = Layers(chart.values, tuple(read(file) for file in files))
    complaints = [found for layer in layers.files for found in check_keys(chart, layer)]
    if all(layer.data is None or isinstance(layer.data, Mapping) for layer in layers.files):
        complaints += check_rules(layers, answers)
    cluster = answers.cluster
    manifests = version = unknown = ""
    if helm is None:
        unknown = no_helm or "no Helm was asked"
    else:
        try:
            version = helm.version()
        except Problem as problem:
            if problem.code != "helm-not-found":
                raise
            unknown = problem.title
        else:
            named = [str(file) for file in files]
            manifests = helm.template(
                str(chart.path), cluster.release, cluster.namespace, named, sets(answers)
            )
            seen = {complaint.where for complaint in complaints}
            # the same line may be complained of already, for the same reason and in plainer words
            complaints += [
                found
                for found in check_rendered(manifests, answers.registry.host, chart, layers)
                if found.where not in seen
            ]
    return Checked(tuple(complaints), manifests, version, unknown)
