"""Ctrl+P: every action that makes sense now, by name."""

from typing import TYPE_CHECKING

from screens import theme
from screens.keys import KEYS

if TYPE_CHECKING:
    from screens.app import Wizard


class Palette:
    """Names are `KIND:WHAT`, or the action of a key."""

    def __init__(self, app: "Wizard") -> None:
        self.app = app

    def open(self) -> None:
        """Type a few letters, Enter."""
        from screens.pages.actions import Actions

        def chosen(name: str | None) -> None:
            if name:
                self._act(name)

        self.app.push_screen(Actions(self.named_actions()), chosen)

    def named_actions(self) -> list[tuple[str, str]]:
        """Every action that makes sense now: (name, what it does)."""
        page = self.app.page
        rows: list[tuple[str, str]] = []
        if page is not None:
            rows += [(f"page:{n}", label) for n, label in page.buttons() if n not in ("next", "back")]
            rows += [(k.action, f"{k.label} ({k.cap}): {k.help}") for k in KEYS if page.offers(k.action)]
        rows += [(f"theme:{name}", f"Colours: {label}") for name, (_, label) in theme.THEMES.items()]
        rows += [("glyphs:unicode", "Signs: Unicode"), ("glyphs:ascii", "Signs: ASCII")]
        rows += [(f"section:{s}", f"Edit: {s}") for s in self.app.spine.sections()]
        return rows

    def _act(self, name: str) -> None:
        kind, _, rest = name.partition(":")
        page = self.app.page
        if kind == "page" and page is not None:
            page.press(rest)
        elif kind == "theme":
            self.app.looks.wear(rest)
        elif kind == "glyphs":
            self.app.looks.draw_with(rest)
        elif kind == "section":
            self.app.spine.to_review(rest)
        else:
            self.app.call_later(self.app.run_action, kind)
