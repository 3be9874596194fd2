"""Colours and signs, changed while one looks; and the terminal's own cursor where there are no colours."""

import os
from typing import TYPE_CHECKING

from screens import glyphs
from screens.frame import Page
from screens.widgets import scrolling

if TYPE_CHECKING:
    from screens.app import Wizard


class Looks:
    """Applied at once, to every page that is open."""

    def __init__(self, app: "Wizard") -> None:
        self.app = app

    def show_cursor(self) -> None:
        """Without colours the terminal's own cursor shows the focus; elsewhere only where it is asked for."""
        wanted = self.app.theme in ("none", "16") or bool(os.environ.get("AIRGAP_WIZARD_CURSOR"))
        if self.app._driver is not None and not self.app.is_headless:
            self.app._driver.write("\x1b[?25h" if wanted else "\x1b[?25l")

    def wear(self, name: str) -> None:
        """Other colours."""
        self.app.theme = name
        self.show_cursor()

    def draw_with(self, name: str) -> None:
        """Other signs."""
        self.app.glyphs = glyphs.ASCII if name == "ascii" else glyphs.UNICODE
        scrolling.use(name == "ascii")
        for screen in self.app.screen_stack:
            if isinstance(screen, Page) and hasattr(screen, "redraw"):
                screen.redraw()
            screen.refresh(layout=True)
            for widget in screen.query("*"):
                widget.refresh()
