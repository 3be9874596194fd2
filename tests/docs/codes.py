"""Every problem code and check id that the source can utter, found in its syntax trees."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+\Z")
MAKERS = {"Problem": "problem", "Fault": "problem", "Finding": "check", "RootCause": "cause"}


@dataclass(slots=True)
class Codes:
    """`problems`, `checks` and `causes` by code with the places they are uttered; `dark` are calls whose code is not readable."""

    problems: dict[str, list[str]] = field(default_factory=dict)
    checks: dict[str, list[str]] = field(default_factory=dict)
    causes: dict[str, list[str]] = field(default_factory=dict)
    dark: list[str] = field(default_factory=list)


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _literals(node: ast.expr | None) -> list[str]:
    """The strings that an expression can be, [] where that is not plain to see."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _literals(node.body) + _literals(node.orelse)
    return []


def _maker(call: ast.Call, makers: dict[str, "_Forward"], home: str) -> "_Forward | None":
    """The maker that a call means; a private one is known in its own module alone."""
    name = _called(call)
    return makers.get(f"{home}:{name}" if name.startswith("_") else name)


def _argument(node: ast.Call, position: int, name: str) -> ast.expr | None:
    named = next((k.value for k in node.keywords if k.arg == name), None)
    return node.args[position] if len(node.args) > position else named


def _tabled(function: ast.FunctionDef | None) -> list[str]:
    """The keys of a table in the function, where a code is looked up in it."""
    if function is None:
        return []
    tables = [node for node in ast.walk(function) if isinstance(node, ast.Dict) and len(node.keys) > 1]
    keys = [[code for key in table.keys for code in _literals(key)] for table in tables]
    return [code for codes in keys if all(_KEBAB.match(code) for code in codes) for code in codes]


@dataclass(frozen=True, slots=True)
class _Forward:
    """A function that makes a Problem or Finding with the code that it was given as a parameter."""

    kind: str
    position: int
    name: str


def _walk(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
    """Every call with the function around it."""

    def visit(
        node: ast.AST, around: ast.FunctionDef | None
    ) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
        for child in ast.iter_child_nodes(node):
            inner = child if isinstance(child, ast.FunctionDef) else around
            if isinstance(child, ast.Call):
                yield child, around
            yield from visit(child, inner)

    yield from visit(tree, None)


def _parameter(function: ast.FunctionDef | None, name: str) -> int:
    """The position of a parameter as callers count it (self not counted), -1 where there is none."""
    if function is None:
        return -1
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    names = names[1:] if names[:1] == ["self"] else names
    if name in names:
        return names.index(name)
    return 99 if name in [a.arg for a in function.args.kwonlyargs] else -1


def codes(root: Path) -> Codes:
    """All codes in the Python files below `root`."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(root.rglob("*.py"))}
    makers = {
        name: _Forward(kind, 0, "check" if kind == "check" else "code") for name, kind in MAKERS.items()
    }
    found = Codes()
    while True:
        forwards = dict(makers)
        for path, tree in trees.items():
            for call, function in _walk(tree):
                maker = _maker(call, makers, str(path))
                given = _argument(call, maker.position, maker.name) if maker else None
                at = _parameter(function, given.id) if isinstance(given, ast.Name) else -1
                if maker and function and isinstance(given, ast.Name) and at >= 0:
                    private = f"{path}:" if function.name.startswith("_") else ""
                    forwards.setdefault(private + function.name, _Forward(maker.kind, at, given.id))
        if forwards == makers:
            break
        makers = forwards
    for path, tree in trees.items():
        _collect(path, path.relative_to(root.parent).as_posix(), tree, makers, found)
    return found


def _collect(path: Path, name: str, tree: ast.AST, makers: dict[str, _Forward], found: Codes) -> None:
    for call, function in _walk(tree):
        maker = _maker(call, makers, str(path))
        if not maker:
            continue
        given = _argument(call, maker.position, maker.name)
        said = _literals(given) or (
            _tabled(function) if isinstance(given, ast.Name) and _parameter(function, given.id) < 0 else []
        )
        into = {"problem": found.problems, "check": found.checks, "cause": found.causes}[maker.kind]
        for code in said:
            into.setdefault(code, []).append(f"{name}:{call.lineno}")
        passed_on = isinstance(given, ast.Name) and _parameter(function, given.id) >= 0
        handed_down = isinstance(
            given, ast.Attribute | ast.Subscript
        )  # self.id, fault.code, row["code"]: made elsewhere
        if not said and not passed_on and not handed_down:
            found.dark.append(f"{name}:{call.lineno}")
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any("Check" in ast.unparse(base) for base in node.bases):
            for line in node.body:
                target = line.target if isinstance(line, ast.AnnAssign) else None
                target = line.targets[0] if isinstance(line, ast.Assign) else target
                if isinstance(target, ast.Name) and target.id == "id":
                    for code in _literals(line.value):  # type: ignore[union-attr]
                        found.checks.setdefault(code, []).append(f"{name}:{node.lineno}")
