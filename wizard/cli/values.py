"""`values`: write values-airgap.yaml for a GitOps repository, or check what is there, without touching a cluster."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wizard.answers.model import Answers
    from wizard.cluster.values.check import Checked
    from wizard.engine.folder import RunFolder


def add(subparsers: Any) -> None:
    """Register the parser."""
    p = subparsers.add_parser(
        "values",
        help="write and check values for the chart",
        description="Write the chart's values from answers and recorded digests, and check them against the chart.",
    )
    p.add_argument("--answers-file", type=Path, required=True, metavar="F", help="the answers")
    p.add_argument("--set", action="append", default=[], metavar="K=V", dest="sets", help="change one answer")
    p.add_argument(
        "--digests",
        default="",
        metavar="RUN|FILE.json",
        help="the run (its folder or id), or a JSON file, that recorded the digests (default: the newest run)",
    )
    p.add_argument(
        "--chart", default="", metavar="C", help="a folder, a .tgz or oci://…, instead of chart.source"
    )
    p.add_argument(
        "--output", default="", metavar="F|-", help="write there instead of chart.values; - = stdout"
    )
    p.add_argument("--check", action="store_true", help="write nothing: check the file that is there")
    p.add_argument("--dry-run", action="store_true", help="print what would be written, write nothing")
    p.add_argument("--strict", action="store_true", help="exit 4 where something could not be checked")


def run(args: argparse.Namespace) -> int:
    """Exit codes: 0; 2 for faults in answers or values; 4 under --strict where Helm was not there to render."""
    import dataclasses

    from wizard.answers.load import load
    from wizard.cluster.values import file
    from wizard.cluster.values.pinned import pinned
    from wizard.cluster.values.text import body

    answers = load(args.answers_file, args.sets, supplied=("chart.source",) if args.chart else ())
    if args.chart:
        answers = dataclasses.replace(answers, chart=dataclasses.replace(answers.chart, source=args.chart))
    if args.output and args.output != "-":
        answers = dataclasses.replace(
            answers, chart=dataclasses.replace(answers.chart, values=Path(args.output))
        )
    if args.check:
        return _check(answers, answers.chart.values, args.strict)
    host = answers.registry.host
    text = file.seal(body(answers, pinned(_recorded(args.digests), host)), host)
    if args.dry_run or args.output == "-":
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / answers.chart.values.name
            path.write_text(text, encoding="utf-8")
            code = _check(answers, path, args.strict)
        sys.stdout.write(text)
        return code
    written = file.write(answers.chart.values, text)
    sys.stderr.write(f"{answers.chart.values}: {'written' if written else 'already as it should be'}\n")
    return _check(answers, answers.chart.values, args.strict)


def _recorded(where: str) -> Any:
    """The digests of that run or file. Where none is named: of the newest run that copied images for real."""
    from wizard.cluster.values.pinned import recorded
    from wizard.engine.folder import find_run, run_folders

    if where and Path(where).is_file():
        return recorded(Path(where))
    folder = find_run(where) if where else next(filter(_real, reversed(run_folders())), None)
    if folder is None:
        return {}  # and what is missing is said of the images themselves
    sys.stderr.write(f"digests as run {folder.id} recorded them\n")
    return recorded(folder.evidence)


def _real(folder: "RunFolder") -> bool:
    """A rehearsal's digests are true, of images that are nowhere; a run that copied nothing has none."""
    from wizard.cluster.values.pinned import recorded
    from wizard.engine.problems import Problem

    try:
        return not folder.options().rehearse and any(
            "digest" in r for r in recorded(folder.evidence).values()
        )
    except Problem:
        return False


def _check(answers: "Answers", path: Path, strict: bool) -> int:
    import tempfile

    from wizard.cluster.chart.obtain import obtain
    from wizard.cluster.helm.adapter import RealHelm
    from wizard.cluster.values.check import check_values
    from wizard.cluster.values.complaint import refuse
    from wizard.real import RealWorld

    files = [path, *([answers.chart.overrides] if answers.chart.overrides else [])]
    with tempfile.TemporaryDirectory() as folder:
        remote = answers.chart.source.startswith("oci://")
        mended = obtain(answers, Path(folder), RealWorld(None).sites(answers) if remote else None)
        checked = check_values(mended.chart, files, answers, RealHelm(Path(folder) / "helm"))
    for fix in mended.applied:
        sys.stderr.write(f"chart fix {fix.id} (versions {fix.versions}): {fix.reason}\n")
    refuse(checked.complaints)
    _tell(checked)
    return 4 if strict and checked.unknown else 0


def _tell(checked: "Checked") -> None:
    for name, verdict in checked.done.items():
        words = (
            f"NOT CHECKED, which is no pass ({checked.unknown})" if verdict.startswith("unknown") else verdict
        )
        sys.stderr.write(f"{name}: {words}\n")
