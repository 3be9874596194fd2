"""Colours: dark, light, the terminal's own sixteen, and none.

Contrast of text in the dark and light themes is at least 4.5:1 (WCAG 2.1 AA), which a test checks. Colour repeats what
a word says already; nothing is told by it alone.
"""

import os
from collections.abc import Mapping

from textual.theme import BUILTIN_THEMES, Theme

_ANSI = BUILTIN_THEMES["ansi-dark"].variables
_PLAIN_CURSOR = {
    **dict.fromkeys((*_ANSI, "panel", "surface", "boost"), "ansi_default"),
    "block-cursor-text-style": "reverse",
    "input-cursor-text-style": "reverse",
    "button-focus-text-style": "reverse",
}
"""No colour beside those that are chosen below: what Textual's own widgets ask for is the terminal's default."""

DARK = Theme(
    name="dark",
    primary="#7cc4ff",
    secondary="#b9c7d6",
    accent="#ffd479",
    foreground="#e8edf2",
    background="#10151b",
    surface="#161d25",
    panel="#1f2933",
    success="#7ddc9a",
    warning="#ffcf66",
    error="#ff9d94",
    dark=True,
    variables={"block-cursor-foreground": "#10151b", "block-cursor-background": "#7cc4ff"},
)

LIGHT = Theme(
    name="light",
    primary="#0b5394",
    secondary="#44525f",
    accent="#7a4b00",
    foreground="#14191e",
    background="#ffffff",
    surface="#f4f6f8",
    panel="#e6ebf0",
    success="#0f6b2f",
    warning="#7a4b00",
    error="#a3160c",
    dark=False,
    variables={"block-cursor-foreground": "#ffffff", "block-cursor-background": "#0b5394"},
)

SIXTEEN = Theme(
    name="16",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_default",
    accent="ansi_yellow",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    variables={
        **_PLAIN_CURSOR,
        "block-cursor-foreground": "ansi_default",
        "block-cursor-background": "ansi_default",
    },
)

NONE = Theme(
    name="none",
    ansi=True,
    **dict.fromkeys(
        (
            "primary",
            "secondary",
            "accent",
            "foreground",
            "background",
            "surface",
            "panel",
            "boost",
            "success",
            "warning",
            "error",
        ),
        "ansi_default",
    ),  # type: ignore[arg-type]
    variables={
        **_PLAIN_CURSOR,
        **dict.fromkeys(
            (
                "block-cursor-foreground",
                "block-cursor-background",
                "block-cursor-blurred-foreground",
                "block-cursor-blurred-background",
                "border",
                "border-blurred",
                "scrollbar",
                "scrollbar-hover",
                "scrollbar-active",
                "scrollbar-background",
                "scrollbar-background-hover",
                "scrollbar-background-active",
                "link-color",
                "link-color-hover",
                "input-selection-background",
                "text-muted",
                "text-disabled",
                "foreground-muted",
            ),
            "ansi_default",
        ),
    },
)

THEMES = {
    DARK.name: (DARK, "Dark"),
    LIGHT.name: (LIGHT, "Light"),
    SIXTEEN.name: (SIXTEEN, "The terminal's own 16 colours"),
    NONE.name: (NONE, "No colour"),
}

_MONOCHROME = ("vt", "xterm-mono", "sun")


def choose(environ: Mapping[str, str] = os.environ) -> str:
    """The name of the theme to begin with: AIRGAP_WIZARD_THEME, else what NO_COLOR, TERM and COLORTERM allow."""
    asked = environ.get("AIRGAP_WIZARD_THEME", "")
    if asked in THEMES:
        return asked
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR") or term.startswith(_MONOCHROME):
        return NONE.name
    rich = "256" in term or "direct" in term or environ.get("COLORTERM") in ("truecolor", "24bit")
    return DARK.name if rich else SIXTEEN.name
