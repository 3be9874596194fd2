"""What holds on every page: nothing is cut off at 80 columns, every button is reached by the arrows, F1 helps."""

from typing import Any

import pytest

from screens.dialogs import Dialog
from screens.frame import Page
from screens.keys import KEYS
from screens.pages.help import TOPICS, Help
from screens.widgets.push import Push
from tests.screens.conftest import seen, until
from tests.screens.pages import pages
from tests.screens.test_snapshots import settled

PAGES = sorted(pages())
NEEDED = {"next", "back", "help", "leave"}


def right_of(screen: Any) -> int:
    """The first column that no button reaches."""
    return max((push.region.right for push in screen.query(Push)), default=0)


@pytest.mark.parametrize("name", PAGES)
async def test_keys_and_buttons_are_whole_and_within_reach_at_80_columns(name: str) -> None:
    """S3: no hint is cut, no button stands beyond the edge, and Left and Right reach all of them, round and round."""
    shown = pages()[name]()
    async with shown.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        screen = shown.screen
        pushes = [push for push in screen.query(Push) if push.display]
        assert pushes and right_of(screen) <= 80, [p.label for p in pushes]
        lines = seen(shown)
        for push in pushes:
            assert f"[ {push.label} ]" in lines[push.region.y], push.label
        if isinstance(screen, Page):
            whole_footer(screen, lines[-1])
        pushes[0].focus()
        reached = []
        for _ in pushes:
            await until(pilot, lambda: isinstance(screen.focused, Push))
            reached.append(screen.focused)
            await pilot.press("right")
        assert reached == pushes and screen.focused is pushes[0]
        await pilot.press("left")
        assert screen.focused is pushes[-1]
        await pilot.press("up")
        above = [w for w in screen.focus_chain if not isinstance(w, Push)]
        assert not isinstance(screen.focused, Push) if above else screen.focused in pushes


def whole_footer(page: Page, line: str) -> None:
    """Whole hints, each of a key that does something here; those that one cannot do without are among them."""
    labels = page.labels()
    known = {f"{k.cap} {labels[k.action]}": k.action for k in KEYS if k.action in labels}
    told = [hint for hint in line.strip().split("  ") if hint]
    assert set(told) <= set(known), line
    assert {known[hint] for hint in told} >= NEEDED & set(labels), line


@pytest.mark.parametrize("name", PAGES)
async def test_help_knows_every_page(name: str) -> None:
    """F1 is about the page in front, and F7 leads back to it."""
    shown = pages()[name]()
    async with shown.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        page = shown.screen
        if isinstance(page, Dialog | Help):
            return
        assert page.topic in TOPICS or name.startswith("form"), name  # type: ignore[attr-defined]
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(shown.screen, Help) and shown.screen.focused)
        assert "Help: " in seen(shown)[0]
        await pilot.press("f7")
        await until(pilot, lambda: shown.screen is page)
