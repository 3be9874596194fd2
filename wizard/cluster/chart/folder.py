"""A chart as a folder: the files that Helm would load, `.helmignore` heeded, no link followed out of the folder."""

import os
from fnmatch import fnmatchcase
from pathlib import Path

from wizard.cluster.chart.bounds import Budget, unreadable

_NEVER = (".git", ".svn", ".hg")


def read_folder(path: Path) -> dict[str, bytes]:
    """The chart's files by relative name. Raises Problem `chart-not-readable` (exit 2), OSError."""
    root = path.resolve()
    rules = _rules(path)
    budget = Budget(path)
    files: dict[str, bytes] = {}
    for folder, folders, names in os.walk(path):
        here = Path(folder)
        kept = []
        for name in sorted(folders):
            inner = (here / name).relative_to(path).as_posix()
            if name in _NEVER or _ignored(rules, inner, folder=True):
                continue
            if (here / name).is_symlink():
                raise unreadable(path, f"{inner} is a link to a folder")
            kept.append(name)
        folders[:] = kept
        for name in sorted(names):
            file = here / name
            inner = file.relative_to(path).as_posix()
            if inner == ".helmignore" or _ignored(rules, inner, folder=False):
                continue
            if file.is_symlink() and not file.resolve().is_relative_to(root):
                raise unreadable(path, f"{inner} is a link that leads out of the chart, to {file.readlink()}")
            if not file.is_file():
                raise unreadable(path, f"{inner} is not a plain file")
            budget.take(inner, file.stat().st_size)
            files[inner] = file.read_bytes()
    return files


def _rules(path: Path) -> list[tuple[bool, str]]:
    try:
        lines = (path / ".helmignore").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    words = (line.strip() for line in lines)
    return [(word.startswith("!"), word.lstrip("!")) for word in words if word and not word.startswith("#")]


def _ignored(rules: list[tuple[bool, str]], name: str, *, folder: bool) -> bool:
    ignored = False
    for negated, rule in rules:
        if rule.endswith("/") and not folder:
            continue
        bare = rule.rstrip("/").removeprefix("/")
        subject = name if "/" in rule.rstrip("/") else name.rpartition("/")[2]
        if fnmatchcase(subject, bare):
            ignored = not negated
    return ignored
