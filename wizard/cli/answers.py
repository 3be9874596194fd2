"""`answers example|check|schema|explain`: everything about answers files, with nothing but answers imported."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add(subparsers: Any) -> None:
    """Register the parser."""
    from wizard.answers.model import BUILT

    p = subparsers.add_parser(
        "answers",
        help="example, check, schema and explanation of answers",
        description="Answers files: write one from the example, check it, learn what an answer means.",
    )
    verbs = p.add_subparsers(dest="verb", required=True, metavar="example|check|schema|explain")
    q = verbs.add_parser("example", help="print a commented answers file that passes the check")
    q.add_argument(
        "--journey",
        choices=[str(j) for j in BUILT],
        default="install",
        help="for which journey (default install)",
    )
    q.add_argument(
        "--brief",
        action="store_true",
        help="only what the journey cannot do without; of `stage`: what a bundle carries",
    )
    _output(q)
    q = verbs.add_parser(
        "check", help="tell every fault of an answers file at once (exit 2), or that it is good"
    )
    q.add_argument("file", type=Path, metavar="F", help="the answers file")
    q.add_argument("--set", action="append", default=[], metavar="K=V", dest="sets", help="change one answer")
    _output(q)
    q = verbs.add_parser("schema", help="print the JSON Schema (draft 2020-12), for editors")
    _output(q)
    q = verbs.add_parser("explain", help="what an answer is for, its type, default and example")
    q.add_argument(
        "path", nargs="?", default="", metavar="PATH", help="an answer or a section (default: all)"
    )
    _output(q)


def _output(p: argparse.ArgumentParser) -> None:
    p.add_argument("--output", choices=("plain", "json"), default="plain", help="form of what is printed")


def run(args: argparse.Namespace) -> int:
    """One of the four. Exit codes: 0, or 2 where answers are wrong or unknown."""
    as_json = args.output == "json"
    match args.verb:
        case "example":
            return _example(args.journey, as_json, args.brief)
        case "check":
            return _check(args.file, args.sets, as_json)
        case "schema":
            from wizard.answers.schema import schema

            return _print(json.dumps(schema(), indent=2, ensure_ascii=False))
        case _:
            return _explain(args.path, as_json)


def _print(text: str) -> int:
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    return 0


def _example(journey: str, as_json: bool, brief: bool) -> int:
    from wizard.answers.example import example
    from wizard.answers.model import Journey

    text = example(Journey(journey), brief=brief)
    if not as_json:
        return _print(text)
    import yaml

    return _print(json.dumps(yaml.safe_load(text), indent=2, ensure_ascii=False))


def _check(file: Path, sets: list[str], as_json: bool) -> int:
    from wizard.answers.load import load
    from wizard.answers.model import BUILT
    from wizard.engine.problems import Problem

    try:
        answers = load(file, sets)
    except Problem as problem:
        if problem.code != "answers-invalid":
            raise
        if as_json:
            faults = problem.evidence["faults"]
            _print(
                json.dumps({"file": str(file), "ok": False, "faults": faults}, indent=2, ensure_ascii=False)
            )
        sys.stderr.write(
            f"{problem.detail}\n{problem.title}; airgap-wizard answers explain PATH tells what is meant\n"
        )
        return problem.exit_code
    if as_json:
        return _print(
            json.dumps({"file": str(file), "ok": True, "journey": answers.journey, "faults": []}, indent=2)
        )
    unbuilt = "" if answers.journey in BUILT else ", which this version cannot run"
    return _print(f"{file}: good for the journey {answers.journey}{unbuilt}")


def _explain(path: str, as_json: bool) -> int:
    from wizard.answers.document import describe, find, page

    found = find(path)
    if as_json:
        return _print(json.dumps([describe(field) for field in found], indent=2, ensure_ascii=False))
    return _print("\n".join(page(field) for field in found))
