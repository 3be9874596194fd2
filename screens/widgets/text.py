"""Text that is shown as it is: no markup is read in it, whatever it holds."""

from textual.content import Content
from textual.widgets import Static


def plain(text: str) -> str:
    """With control characters made visible: none reaches the terminal, wherever the text comes from."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def content(text: str, style: str = "") -> Content:
    """Plain text in one style, with control characters made visible."""
    safe = plain(text)
    return Content.styled(safe, style) if style else Content(safe)


def joined(*parts: "str | tuple[str, str] | Content") -> Content:
    """Parts one after the other; a tuple is text and style."""
    out = Content("")
    for part in parts:
        out += (
            part
            if isinstance(part, Content)
            else content(*part)
            if isinstance(part, tuple)
            else content(part)
        )
    return out


class Words(Static):
    """A Static that cannot be marked up from outside."""

    def __init__(
        self, text: "str | Content" = "", *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes, markup=False)
        self.said: Content = text if isinstance(text, Content) else content(text)

    def render(self) -> Content:
        """The text."""
        return self.said

    def say(self, text: "str | Content") -> bool:
        """Show another text; False, and nothing is painted, where it is the same."""
        new = text if isinstance(text, Content) else content(text)
        if new != self.said or new.spans != self.said.spans:
            self.said = new
            self.refresh(layout=True)
            return True
        return False


def cut(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells, its end told by an ellipsis."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - len(ellipsis))).rstrip() + ellipsis


def pad(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` in exactly `width` cells."""
    from rich.cells import set_cell_size

    return set_cell_size(cut(text, width, ellipsis), width)
