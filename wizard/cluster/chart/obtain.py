"""The chart that the answers mean, mended: what values are checked against and what is installed."""

from pathlib import Path

from wizard.answers.model import Answers
from wizard.cluster.chart.load import OCI, load_chart
from wizard.cluster.fixes.registry import Mended, mend
from wizard.engine.problems import Problem, Remedy
from wizard.engine.stop import Stop
from wizard.oci.sites import Sites


def obtain(answers: Answers, folder: Path, sites: Sites | None = None, stop: Stop | None = None) -> Mended:
    """Read (or pull) the chart and write the mended copy below `folder`; both are the same every time.

    Raises the Problems of `load_chart`, `pull_chart` and `mend`.
    """
    source = answers.chart.source
    if not source:
        raise Problem(
            "chart-not-found",
            "no chart is named",
            detail="chart.source in the answers is empty",
            remedies=(Remedy("name a folder, a .tgz or oci://REGISTRY/REPOSITORY:VERSION"),),
            exit_code=2,
        )
    if source.startswith(OCI):
        from wizard.cluster.chart.pull import pull_chart

        path = pull_chart(source, folder / "chart", sites or Sites(), stop or Stop())
    else:
        path = Path(source).expanduser()
    return mend(load_chart(path), folder / "chart", answers.chart.keep_defects)
