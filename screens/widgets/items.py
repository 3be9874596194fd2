"""The digest table: what moves, one row an item. Made for thousands of rows: fixed widths, changed cells only."""

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding
from textual.widgets import DataTable

from screens.glyphs import Glyphs
from screens.watched import Watched
from screens.widgets.text import cut
from wizard.engine.events import Move, Moved
from wizard.reports.units import size

BAR = 5
Key = tuple[str, str]

# (key, head, width at 80 columns, width at 120 and more)
COLUMNS: tuple[tuple[str, str, int, int], ...] = (
    ("name", "image or model", 15, 32),
    ("platform", "platform", 12, 12),
    ("state", "state", 10, 10),
    ("bytes", "bytes", 9, 9),
    ("bar", "", BAR, BAR),
    ("tries", "try", 3, 3),
    ("digest", "digest", 8, 19),
    ("hash", "hash", 7, 7),
    ("source", "source", 24, 36),
    ("target", "target", 24, 44),
)
SORTS = ("order", "state", "name", "bytes", "digest", "tries")

HASH = {
    Move.COPIED: "checked",
    Move.VERIFIED: "checked",
    Move.PRESENT: "there",
    Move.MOUNTED: "there",
}
"""What is known of the digest: hashed by us while it moved or was read back, or the registry says it has it."""

_RANK = {m: n for n, m in enumerate((Move.RETRYING, Move.ACTIVE, Move.QUEUED, Move.COPIED, Move.VERIFIED, Move.MOUNTED, Move.PRESENT))}  # fmt: skip


def name_of(moved: Moved) -> str:
    """The image or model that an item belongs to, without the registry and the path."""
    group = (moved.group or moved.item).split(" in ")[0]
    return group if group.startswith("sha256:") else group.rsplit("/", 1)[-1]


def _width(column: int, wide: bool) -> int:
    _, _, narrow, broad = COLUMNS[column]
    return broad if wide else narrow


def _state(moved: Moved, part: float, signs: Glyphs) -> str:
    """The word; of what moves also how far it is."""
    words = {Move.ACTIVE: "active", Move.RETRYING: "retry"}
    if moved.move in words and moved.total:
        return f"{words[moved.move]} {min(99, int(part * 100)):2}%"
    return signs.move(moved.move)


def cells(moved: Moved, signs: Glyphs, wide: bool) -> dict[str, str]:
    """One row as texts."""
    part = moved.done / moved.total if moved.total else float(moved.move.over)
    digest = moved.digest.partition(":")[2]
    count = moved.total or moved.done
    return {
        "name": cut(name_of(moved), _width(0, wide), signs.ellipsis),
        "platform": moved.platform,
        "state": _state(moved, part, signs),
        "bytes": f"{size(count):>9}" if count else "",
        "bar": signs.bar(1.0 if moved.move.over else part, BAR),
        "tries": f"{moved.tries:>3}" if moved.tries else "",
        "digest": (f"sha256:{digest[:12]}" if wide else digest[:8]) if digest else "",
        "hash": HASH.get(moved.move, "") if moved.digest else "",
        "source": cut(moved.source, _width(8, wide), signs.ellipsis),
        "target": cut(moved.target, _width(9, wide), signs.ellipsis),
    }


class Items(DataTable[Text]):
    """Rows of one step ("" = of all). `refill` after a change of filter, order or width; `drain` at every tick."""

    BINDINGS: ClassVar = [Binding("s", "sort", "Sort", show=False)]
    DEFAULT_CSS = "Items { height: 1fr; }"

    def __init__(self, watched: Watched, step: str = "", id: str | None = None) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, id=id, cell_padding=0)
        self.watched = watched
        self.step = step
        self.order = "order"
        self.filter = ""
        self.shown: dict[Key, dict[str, str]] = {}
        self.wide = False
        self.columns_shown = COLUMNS
        self.signs: Glyphs | None = None

    def begin(self, signs: Glyphs, wide: bool, columns: int = len(COLUMNS)) -> None:
        """Columns and rows anew; the first `columns` of them."""
        self.signs, self.wide = signs, wide
        self.columns_shown = COLUMNS[:columns]
        self.clear(columns=True)
        for key, head, narrow, broad in self.columns_shown:
            self.add_column(
                head, key=key, width=(broad if wide else narrow) + (key != self.columns_shown[-1][0])
            )
        self.refill()

    def wanted(self) -> list[tuple[Key, Moved]]:
        """Filtered and in order."""
        steps = self.watched.state.steps
        rows = [
            ((s.id, m.item), m)
            for s in steps.values()
            if not self.step or s.id == self.step
            for m in s.items.values()
        ]
        words = self.filter.lower().split()
        if words:
            rows = [(k, m) for k, m in rows if self.matches(m, words)]
        if self.order == "state":
            rows.sort(key=lambda r: _RANK[r[1].move])
        elif self.order == "name":
            rows.sort(key=lambda r: (name_of(r[1]), r[1].platform))
        elif self.order == "bytes":
            rows.sort(key=lambda r: -(r[1].total or r[1].done))
        elif self.order == "digest":
            rows.sort(key=lambda r: r[1].digest)
        elif self.order == "tries":
            rows.sort(key=lambda r: -r[1].tries)
        return rows

    @staticmethod
    def matches(moved: Moved, words: list[str]) -> bool:
        """Every word is somewhere in the row."""
        text = f"{moved.group} {moved.item} {moved.platform} {moved.move.value} {moved.digest} {moved.target}".lower()
        return all(word in text for word in words)

    def refill(self) -> None:
        """All rows anew; the cursor stays on its item."""
        if self.signs is None:
            return
        before = self.key_here
        self.clear()
        self.shown.clear()
        for key, moved in self.wanted():
            self._add(key, moved)
        if before in self.shown:
            self.move_cursor(row=list(self.shown).index(before), animate=False)

    @property
    def key_here(self) -> Key | None:
        """The item under the cursor."""
        keys = list(self.shown)
        return keys[self.cursor_row] if 0 <= self.cursor_row < len(keys) else None

    @property
    def here(self) -> Moved | None:
        """The item under the cursor."""
        key = self.key_here
        return self.watched.state.steps[key[0]].items.get(key[1]) if key else None

    def _add(self, key: Key, moved: Moved) -> None:
        assert self.signs is not None
        row = cells(moved, self.signs, self.wide)
        self.shown[key] = row
        self.add_row(*(Text(row[c[0]], no_wrap=True) for c in self.columns_shown), key="\0".join(key))

    def drain(self) -> None:
        """Write the cells that changed since the last time, and no other."""
        if self.signs is None:
            return
        dirty, self.watched.dirty = self.watched.dirty, set()
        words = self.filter.lower().split()
        for step, item in dirty:
            if self.step and step != self.step:
                continue
            moved = self.watched.state.steps[step].items[item]
            before = self.shown.get((step, item))
            if before is None:
                if not words or self.matches(moved, words):
                    self._add((step, item), moved)
                continue
            now = cells(moved, self.signs, self.wide)
            for column, _, _, _ in self.columns_shown:
                if before[column] != (text := now[column]):
                    self.update_cell("\0".join((step, item)), column, Text(text, no_wrap=True))
            self.shown[(step, item)] = now

    def keep_active_in_sight(self) -> None:
        """The cursor on the first item that moves, for as long as nobody is at the table."""
        steps = self.watched.state.steps
        for row, (step, item) in enumerate(self.shown):
            if steps[step].items[item].move in (Move.ACTIVE, Move.RETRYING):
                if row != self.cursor_row:
                    self.move_cursor(row=row, animate=False)
                return

    def sort_by(self, order: str) -> None:
        """Another order."""
        self.order = order
        self.refill()

    def text(self) -> str:
        """The table as it is shown, for the clipboard: tabs between columns, digests in full."""
        lines = ["\t".join(head or "part" for _, head, _, _ in COLUMNS)]
        for step, item in self.shown:
            moved = self.watched.state.steps[step].items[item]
            row = self.shown[(step, item)] | {
                "digest": moved.digest, "name": name_of(moved), "source": moved.source, "target": moved.target,
            }  # fmt: skip
            lines.append("\t".join(row[c[0]].strip() for c in COLUMNS if c[0]))
        return "\n".join(lines)


def detail(moved: Moved) -> str:
    """Everything about one item, in words."""
    known = {
        "checked": "hashed here while it moved, and as the registry has it: the same at source and destination",
        "there": "the destination has a blob of this digest already; it was not sent again",
    }.get(HASH.get(moved.move, ""), "not known yet: it is on its way")
    rows = [
        ("image or model", moved.group),
        ("item", moved.item if moved.item != moved.digest else ""),
        ("platform", moved.platform),
        ("state", moved.move.value),
        ("bytes", f"{moved.done} of {moved.total}" if moved.total else str(moved.done)),
        ("tries", str(moved.tries + 1)),
        ("source", moved.source),
        ("source digest", moved.digest),
        ("destination", moved.target),
        ("dest. digest", moved.digest if HASH.get(moved.move) else ""),
        ("verified", known),
    ]
    return "\n".join(f"{name + ':':15} {value}" for name, value in rows if value)
