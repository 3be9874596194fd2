"""YAML with the line of every key: so that a fault in somebody's values file is named as FILE:LINE."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from wizard.engine.problems import Problem, Remedy

Path_ = tuple[str | int, ...]
_MOST_NODES = 200_000  # aliases can multiply a small file without end


@dataclass(frozen=True, slots=True)
class Located:
    """Parsed YAML: `data`, and for each path (keys and list indexes) the line it stands on, counted from 1."""

    file: str
    data: Any
    lines: Mapping[Path_, int]
    doubled: tuple[tuple[Path_, int], ...] = field(default=())
    """Keys written twice in one mapping: the later one silently wins in Helm."""

    def line(self, path: Path_) -> int:
        """The line of `path`, or of its nearest parent that the file has; 0 where there is none."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def at(self, path: Path_) -> str:
        """FILE:LINE for messages."""
        line = self.line(path)
        return f"{self.file}:{line}" if line else self.file


def dotted(path: Path_) -> str:
    """gateway.image.tag, tolerations[0].key."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def parse(text: str, file: str) -> Located:
    """The first document of `text`. Raises Problem `values-not-yaml` (exit 2) with the line."""
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        lines: dict[Path_, int] = {}
        doubled: list[tuple[Path_, int]] = []
        budget = [_MOST_NODES]
        data = None if node is None else _build(loader, node, (), lines, doubled, budget)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _not_yaml(file, text, error) from None
    finally:
        if loader is not None:
            loader.dispose()
    return Located(file, data, lines, tuple(doubled))


def read(path: Path) -> Located:
    """A file of YAML. Raises Problem `values-not-yaml` or `values-not-readable` (exit 2)."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(
            "values-not-readable",
            f"{path} cannot be read",
            detail=str(error),
            remedies=(Remedy("check the path and its permissions", f"ls -l {path}"),),
            exit_code=2,
        ) from None
    return parse(text, str(path))


def _build(
    loader: yaml.SafeLoader,
    node: yaml.Node,
    path: Path_,
    lines: dict[Path_, int],
    doubled: list[tuple[Path_, int]],
    budget: list[int],
) -> Any:
    budget[0] -= 1
    if budget[0] < 0:
        raise yaml.YAMLError(f"more than {_MOST_NODES} values after its aliases are followed")
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        written = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        loader.flatten_mapping(node)
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else str(key_node.start_mark.line)
            below = (*path, key)
            if key in out and written.count(key) > 1:
                doubled.append((below, key_node.start_mark.line + 1))
            lines[below] = key_node.start_mark.line + 1
            out[key] = _build(loader, value_node, below, lines, doubled, budget)
        return out
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            items.append(_build(loader, item, (*path, index), lines, doubled, budget))
        return items
    return loader.construct_object(node)


def _not_yaml(file: str, text: str, error: Exception) -> Problem:
    mark, where = getattr(error, "problem_mark", None), file
    words = getattr(error, "problem", None) or str(error) or type(error).__name__
    if mark is not None:
        where = f"{file}:{mark.line + 1}"
    elif isinstance(error, yaml.reader.ReaderError):
        where = f"{file}:{text.count(chr(10), 0, error.position) + 1}"
        words = f"it has the character #x{ord(error.character) if isinstance(error.character, str) else error.character:x}"
    return Problem(
        "values-not-yaml",
        f"{where} is not YAML: {words}",
        detail="expected a mapping of keys to values, as Helm reads it",
        remedies=(Remedy("mend the line and run again"),),
        exit_code=2,
    )
