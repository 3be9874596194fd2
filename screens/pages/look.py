"""F4: colours and signs, applied as they are chosen."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from textual import on
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.dialogs import Dialog
from screens.theme import THEMES

if TYPE_CHECKING:
    from screens.app import Wizard


class Look(Dialog[bool]):
    """Enter applies what is under the cursor; the dialog stays, so that one sees it."""

    title_text = "Colours and signs (Enter applies)"

    def body(self) -> Iterable[Widget]:
        """The list."""
        rows = [Option(f"Colours: {label}", id=f"theme-{name}") for name, (_, label) in THEMES.items()]
        rows += [
            Option("Signs: Unicode", id="glyphs-unicode"),
            Option("Signs: ASCII, for terminals that draw boxes or question marks", id="glyphs-ascii"),
        ]
        yield OptionList(*rows, compact=True, markup=False)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        kind, _, name = str(event.option.id).partition("-")
        app = cast("Wizard", self.app)
        if kind == "theme":
            app.looks.wear(name)
        else:
            app.looks.draw_with(name)
            self.set_class(name == "ascii", "ascii")
