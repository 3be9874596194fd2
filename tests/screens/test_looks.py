"""Themes, glyphs, keys: contrast, what each terminal begins with, and the document made from the bindings."""

import pytest
from textual.color import Color

from screens import glyphs, theme
from screens.keys import ACTIONS, FIRST, KEYS, document, footer_line
from tests.screens.keys import PATH

TEXT = ("foreground", "secondary", "primary", "accent", "success", "warning", "error")
GROUND = ("background", "surface", "panel")


def luminance(color: Color) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = [c / 255 for c in color.rgb]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.1)."""
    light, dark = sorted((luminance(Color.parse(one)), luminance(Color.parse(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("chosen", [theme.DARK, theme.LIGHT], ids=lambda t: t.name)
def test_every_text_has_a_contrast_of_4_5_on_every_ground(chosen: theme.Theme) -> None:
    """WCAG 2.1 AA, also for the line under the cursor."""
    for text in TEXT:
        for ground in GROUND:
            ratio = contrast(getattr(chosen, text), getattr(chosen, ground))
            assert ratio >= 4.5, f"{text} on {ground}: {ratio:.2f}"
    cursor = chosen.variables
    assert contrast(cursor["block-cursor-foreground"], cursor["block-cursor-background"]) >= 4.5


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TERM": "xterm-256color"}, "dark"),
        ({"TERM": "xterm-256color", "AIRGAP_WIZARD_THEME": "light"}, "light"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "dark"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "screen"}, "16"),
        ({"TERM": "vt220"}, "none"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "none"),
    ],
)
def test_a_terminal_begins_with_the_colours_it_has(environ: dict[str, str], name: str) -> None:
    assert theme.choose(environ) == name


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TERM": "xterm-256color", "LANG": "de_DE.UTF-8"}, "unicode"),
        ({"TERM": "xterm-256color", "LANG": "C"}, "ascii"),
        ({"TERM": "linux", "LANG": "C.UTF-8"}, "ascii"),
        ({"TERM": "vt220", "LANG": "C.UTF-8"}, "ascii"),
        ({"TERM": "linux", "AIRGAP_WIZARD_GLYPHS": "unicode"}, "unicode"),
        ({"TERM": "xterm", "LC_ALL": "C", "LANG": "C.UTF-8"}, "ascii"),
    ],
)
def test_a_terminal_begins_with_the_signs_it_has(environ: dict[str, str], name: str) -> None:
    assert glyphs.choose(environ).name == name


def test_the_document_of_keys_is_made_from_the_bindings() -> None:
    """`python -m tests.screens.keys` renews it."""
    assert PATH.read_text(encoding="utf-8") == document()
    for key in (*KEYS, ACTIONS):
        assert f"| {key.cap} |" in document()


def test_no_letter_is_a_key_and_no_key_is_taken_twice() -> None:
    """Letters type; Escape is never the only way back."""
    taken = [k for key in (*KEYS, ACTIONS) for k in (key.key, *key.also.split(",")) if k]
    assert len(taken) == len(set(taken))
    assert not [k for k in taken if len(k) == 1]
    assert next(k for k in KEYS if k.action == "back").key == "f7"


def test_the_footer_keeps_what_one_cannot_do_without() -> None:
    """Where not all fit, the way on, back, help and out stay."""
    labels = {k.action: k.label for k in KEYS}
    assert len(footer_line(labels, 78)) <= 78
    narrow = footer_line(labels, 40)
    assert len(narrow) <= 40 and all(word in narrow for word in ("F1", "F7", "F8", "F10"))
    assert FIRST[:4] == ("next", "back", "help", "leave")
