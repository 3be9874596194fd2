"""Every command that people are shown, in remedies, explanations and documents, is one that the program has."""

import argparse
import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from wizard.cli.main import COMMANDS
from wizard.cli.parsing import Parser

ROOT = Path(__file__).parents[1]
CODE = [*(ROOT / "wizard").rglob("*.py"), *(ROOT / "screens").rglob("*.py")]
TEXTS = [
    ROOT / "README.md",
    *(ROOT / "assets" / "explain").glob("*.md"),
    *(ROOT / "docs" / name for name in ("bundle.md", "accessibility.md", "CONTRIBUTING.md")),
]
VALUE = "VALUE"
"""Stands for what an f-string puts in."""


def literals(path: Path) -> Iterator[str]:
    """The strings of a module that are no docstrings; f-strings with `VALUE` where something is put in."""
    parts: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr):
            parts.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            parts |= {id(part) for part in node.values}
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else VALUE for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


def commands() -> Iterator[tuple[str, str]]:
    """Command line and file: strings that begin with the program's name, and code in Markdown that does."""
    for path in CODE:
        for text in literals(path):
            if text.startswith("airgap-wizard "):
                yield text.splitlines()[0], path.name
    for path in TEXTS:
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(r"(?:`|^ {4})(airgap-wizard [^`\n]+)", text, re.M):
            yield found[1], path.name


def refused(line: str) -> str:
    """What the program has against a command line, without its values; "" for nothing."""
    words = re.split(r" {2,}| #| > ", line)[0].split()[1:]
    if not words or words[0].startswith(("-", VALUE)):
        return ""
    if words[0] not in COMMANDS:
        return f"no command {words[0]}"
    parser: argparse.ArgumentParser = Parser()
    import_module(f"wizard.cli.{COMMANDS[words[0]][0]}").add(parser.add_subparsers())
    plain = [word for word in words if not word.startswith("-")]
    while below := [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]:
        if not plain:
            return ""
        if plain[0] not in below[0].choices:
            return f"no {plain[0]} below it"
        parser = below[0].choices[plain.pop(0)]
    flags = [word.partition("=")[0] for word in words if word.startswith("-")]
    return ", ".join(f"no {flag}" for flag in flags if flag not in parser._option_string_actions)


def test_every_command_that_is_shown_exists() -> None:
    """Somebody will type it at three in the morning."""
    shown = sorted(set(commands()))
    assert len(shown) > 80
    assert [(*one, why) for one in shown if (why := refused(one[0]))] == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("airgap-wizard upgrade --answers-file F", "no command upgrade"),
        ("airgap-wizard registry mend", "no mend below it"),
        ("airgap-wizard run --answers-file F --just verify", "no --just"),
        ("airgap-wizard bundle split F --size=1GB --too DIR", "no --too"),
        ("airgap-wizard run --rehearse healthy   # --anything said behind it", ""),
    ],
)
def test_one_that_does_not_exist_would_be_noticed(line: str, why: str) -> None:
    assert refused(line) == why
