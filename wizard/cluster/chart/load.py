"""One way to a chart, whatever the answers name: a folder, a .tgz, or oci://HOST/REPOSITORY:VERSION."""

from pathlib import Path

from wizard.cluster.chart.bounds import unreadable
from wizard.cluster.chart.folder import read_folder
from wizard.cluster.chart.model import Chart, understand
from wizard.cluster.chart.untar import read_tgz
from wizard.engine.problems import Problem, Remedy

OCI = "oci://"


def load_chart(source: str | Path) -> Chart:
    """Read a chart that is a file or a folder here.

    Raises Problem `chart-not-found`, `chart-not-readable` or `chart-invalid` (all exit 2).
    """
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            files = read_folder(path)
        elif path.is_file():
            files = read_tgz(path)
        else:
            raise Problem(
                "chart-not-found",
                f"there is no chart at {source}",
                detail="expected a folder, a .tgz, or oci://REGISTRY/REPOSITORY:VERSION (chart.source in the answers)",
                remedies=(Remedy("correct chart.source", f"ls -l {source}"),),
                exit_code=2,
            )
    except OSError as error:
        raise unreadable(path, str(error)) from None
    return understand(path, files)
