"""Scroll bars that every terminal can draw."""

from math import ceil
from typing import ClassVar

from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style
from textual.scrollbar import ScrollBar, ScrollBarRender

_DEFAULT = Color.parse("default")


class Bars(ScrollBarRender):
    """A thumb and a track of one sign each; `signs` is (thumb, vertical track, horizontal track)."""

    signs: ClassVar[tuple[str, str, str]] = ("█", "│", "─")

    @classmethod
    def render_bar(
        cls,
        size: int = 25,
        virtual_size: float = 50,
        window_size: float = 20,
        position: float = 0,
        thickness: int = 1,
        vertical: bool = True,
        back_color: Color = _DEFAULT,
        bar_color: Color = _DEFAULT,
    ) -> Segments:
        """As Textual asks for it; the mouse acts on the parts before, on and after the thumb."""
        thumb, track = cls.signs[0], cls.signs[1 if vertical else 2]
        width = thickness if vertical else 1
        start, length = 0, size
        if window_size and size and virtual_size > window_size:
            length = min(size, max(1, ceil(window_size * size / virtual_size)))
            start = round((size - length) * position / (virtual_size - window_size))
        parts = []
        for row in range(size):
            inside = start <= row < start + length
            act = "grab" if inside else "scroll_up" if row < start else "scroll_down"
            style = Style(color=bar_color if inside else None, meta={"@mouse.down": act})
            parts.append(Segment((thumb if inside else track) * width, style))
        if vertical:
            return Segments(parts, new_lines=True)
        return Segments([*parts, Segment.line()] * thickness, new_lines=False)


def use(ascii_only: bool) -> None:
    """Choose the signs of all scroll bars."""
    Bars.signs = ("#", "|", "-") if ascii_only else ("█", "│", "─")
    ScrollBar.renderer = Bars
