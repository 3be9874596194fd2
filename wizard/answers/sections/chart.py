"""`chart`: the Helm chart and the values written for it."""

from dataclasses import dataclass
from pathlib import Path

from wizard.answers.checks import duration
from wizard.answers.declare import ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Chart and values."""

    source: str = ask(
        "Chart",
        why="a folder, a .tgz, or oci://REGISTRY/REPOSITORY:VERSION; empty where a bundle brings it",
        example="./opencost-ai-0.1.0.tgz",
        default="",
        needed=("install", "stage", "upgrade"),
        seed="S1.35",
        locate=True,
        unless="media.bundle",
    )
    values: Path = ask(
        "Values file",
        why="written for your own GitOps repository",
        example=Path("values-airgap.yaml"),
        default=Path("values-airgap.yaml"),
        seed="S1.32",
    )
    overrides: Path | None = ask(
        "Your own values",
        why="a values file laid over ours; image references and policies in it are checked like ours",
        example=Path("values-site.yaml"),
        default=None,
    )
    timeout: str = ask(
        "Time for Helm",
        why="how long the pods may take to become Ready",
        example="5m",
        default="5m",
        check=duration,
        seed="S1.35",
    )
    keep_defects: tuple[str, ...] = ask(
        "Chart fixes left out",
        why="names of known-defect fixes that are not to be applied to the chart",
        example=("bridge-command",),
        default=(),
    )
