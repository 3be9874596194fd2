"""The files of a support bundle as lines and as a tree. They may come from anywhere: everything is bounded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST = 1 << 20
"""Bytes of one file that are shown."""
LONGEST = 4000
"""Characters of one line that are shown."""
DEEPEST = 8
"""Folders in each other that open one by one; what lies deeper is one name."""


def lines_of(name: str, data: bytes) -> list[str]:
    """The file's text; JSON of one line is laid out. Of what is too long, logs keep their end, everything its beginning."""
    left = len(data) - MOST
    note = f"[{left} of {len(data)} bytes are not shown]"
    if left <= 0:
        text = data.decode("utf-8", "replace")
        return [shortened(line) for line in (_laid_out(text) if name.endswith(".json") else text).split("\n")]
    if name.endswith((".log", ".jsonl")):
        return [note, *map(shortened, data[-MOST:].decode("utf-8", "replace").split("\n"))]
    return [*map(shortened, data[:MOST].decode("utf-8", "replace").split("\n")), note]


def shortened(line: str) -> str:
    """A line of bearable length."""
    line = line.removesuffix("\r")
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} [{len(line) - LONGEST} more characters]"


def _laid_out(text: str) -> str:
    if text.count("\n") > 2:
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


@dataclass(frozen=True, slots=True)
class Branch:
    """One row of the tree: `path` of a folder ends in a slash; `files` and `size` (bytes) are what it holds."""

    path: str
    depth: int
    files: int
    size: int

    @property
    def folder(self) -> bool:
        """Whether it opens into rows."""
        return self.path.endswith("/")

    @property
    def name(self) -> str:
        """Its last part."""
        return _parts(self.path.removesuffix("/"))[-1] + ("/" if self.folder else "")


def tree(files: Mapping[str, bytes], unfolded: Sequence[str] | set[str] = ()) -> list[Branch]:
    """Rows in order, folders before their files; what lies in a folder that is not `unfolded` is left out."""
    counts: dict[str, list[int]] = {}
    for path, data in files.items():
        parts = _parts(path)
        for end in range(1, len(parts)):
            held = counts.setdefault("/".join(parts[:end]) + "/", [0, 0])
            held[0] += 1
            held[1] += len(data)
    rows = [Branch(path, len(_parts(path[:-1])) - 1, *held) for path, held in counts.items()]
    rows += [Branch(path, len(_parts(path)) - 1, 1, len(data)) for path, data in files.items()]
    return sorted((row for row in rows if _in_sight(row.path, unfolded)), key=_order)


def _parts(path: str) -> list[str]:
    return path.split("/", DEEPEST)


def _in_sight(path: str, unfolded: Sequence[str] | set[str]) -> bool:
    parts = _parts(path.removesuffix("/"))
    return all("/".join(parts[:end]) + "/" in unfolded for end in range(1, len(parts)))


def _order(row: Branch) -> list[tuple[bool, str]]:
    parts = _parts(row.path.removesuffix("/"))
    return [(n == len(parts) - 1 and not row.folder, part) for n, part in enumerate(parts)]
