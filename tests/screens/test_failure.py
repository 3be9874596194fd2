"""The failure page, with the focus on its buttons: its text turns, and its commands are copied as they are typed."""

import pytest

from screens.pages.failure import Failure
from tests.screens.conftest import until
from tests.screens.pages import pages


async def test_the_text_turns_while_a_button_has_the_focus() -> None:
    """Page Down shows what is below, Page Up goes back; no Tab is needed first."""
    shown = pages()["failure"]()
    async with shown.run_test(size=(80, 24)) as pilot:
        text = shown.screen.query_one("#all")
        await until(pilot, lambda: text.max_scroll_y > 0)
        assert shown.screen.focused is shown.screen.query_one("#push-next")
        await pilot.press("pagedown")
        await until(pilot, lambda: text.scroll_y > 0)
        await pilot.press("pageup")
        await until(pilot, lambda: text.scroll_y == 0)


async def test_its_commands_are_copied_without_the_pages_indent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command that stands on it, a line each, in the page's order. A simulated site has no use for them."""
    monkeypatch.setattr(Failure, "rehearsal", "")
    shown = pages()["failure"]()
    taken: list[str] = []
    async with shown.run_test(size=(80, 24)) as pilot:
        page = shown.screen
        assert isinstance(page, Failure)
        monkeypatch.setattr(shown, "copy_to_clipboard", taken.append)
        await pilot.click("#push-copy")
        await until(pilot, lambda: bool(taken))
        findings = [r.command for f in page.failed() for r in f.remedies if r.command]
        assert findings and taken[0].splitlines()[: len(findings)] == findings
        assert all(not line.startswith(" ") for line in taken[0].splitlines())
