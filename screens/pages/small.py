"""What a terminal below 80×24 sees: a sentence, until it is larger."""

from textual.app import ComposeResult
from textual.screen import Screen

from screens.widgets.text import Words


class Small(Screen[None]):
    """Wraps at any width."""

    DEFAULT_CSS = "Small Words { padding: 0 1; }"

    def compose(self) -> ComposeResult:
        """The sentence."""
        yield Words(id="words")

    def on_mount(self) -> None:
        """Say it."""
        self.say()

    def on_resize(self) -> None:
        """With the size as it is now."""
        self.say()

    def say(self) -> None:
        """How large it is, how large it has to be, and what else there is."""
        size = self.app.size
        self.query_one(Words).say(
            f"This terminal is {size.width}x{size.height}; the wizard needs 80x24.\n\n"
            "Make it larger: the page comes back as it was. A run goes on meanwhile.\n\n"
            "F10 leaves. Without screens: airgap-wizard --answers-file F"
        )
