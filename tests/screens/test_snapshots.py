"""Every page as it looks: in colour at 80×24 and 140×40 as SVG, without colour and in ASCII as text.

New ones are taken with `pytest tests/screens/test_snapshots.py --snapshot-update`; look at each before you keep it.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from screens.app import Wizard
from screens.glyphs import ASCII
from screens.pages.failure import Failure
from tests.screens.conftest import seen, until
from tests.screens.pages import Recorded, app, pages
from tests.screens.record import JOURNALS
from wizard.rehearsal.loader import worlds

TEXTS = Path(__file__).parent / "texts"
PAGES = sorted(pages())
WIDE = ("review", "progress", "digests", "verification", "failure", "done", "diagnosis", "bundle")


def failed(world: str) -> bool:
    """Whether its recorded install did. A world without a journal: `python -m tests.screens.record WORLD`."""
    last = (JOURNALS / f"{world}.jsonl").read_text().splitlines()[-1]
    return bool(json.loads(last)["outcome"] == "failed")


FAILING = [world for world in sorted(worlds()) if failed(world)]


def compare(name: str, lines: list[str], request: pytest.FixtureRequest) -> None:
    """Against the file of that name; `--snapshot-update` writes it."""
    path = TEXTS / f"{name}.txt"
    text = "\n".join(lines).rstrip() + "\n"
    if request.config.getoption("--snapshot-update"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == (path.read_text() if path.exists() else ""), f"{path} is another"


async def settled(pilot: Any) -> None:
    """Nothing is left to be painted, and no finder is at work."""
    await pilot.app.workers.wait_for_complete()
    await until(pilot, lambda: not getattr(pilot.app.screen, "busy", False))
    same, before = 0, []
    while same < 4:
        pilot.app.showing.drain()
        await pilot.pause(0.03)
        now = seen(pilot.app)
        same, before = (same + 1 if now == before else 0), now


@pytest.mark.parametrize("name", PAGES)
def test_in_colour_at_80_by_24(name: str, snap_compare: Any) -> None:
    assert snap_compare(pages()[name](), terminal_size=(80, 24), run_before=settled)


@pytest.mark.parametrize("name", WIDE)
def test_in_colour_at_140_by_40(name: str, snap_compare: Any) -> None:
    assert snap_compare(pages()[name](), terminal_size=(140, 40), run_before=settled)


@pytest.mark.parametrize("name", PAGES)
async def test_without_colour_in_ascii(
    name: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """NO_COLOR leaves no colour at all, and every sign that we draw is one that any terminal has."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("AIRGAP_WIZARD_GLYPHS", "ascii")
    shown = pages()[name]()
    async with shown.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        lines = seen(shown)
        assert {c for line in lines for c in line if ord(c) > 126} <= set("“”…–×→"), (
            "signs of ours, not words"
        )
        compare(f"{name}-ascii", lines, request)
        assert not coloured(shown)


def coloured(shown: Wizard) -> set[str]:
    """Colours on the screen other than the terminal's own two."""
    found = set()
    for strip in shown.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            for colour in (style.color, style.bgcolor) if style else ():
                if colour is not None and not colour.is_default:
                    found.add(f"{colour.name} of {segment.text[:20]!r}")
    return found


async def test_what_each_failing_world_is_told_as(request: pytest.FixtureRequest) -> None:
    """One failure page for each world that fails, tall enough for all of it."""
    shown = app(None, world="healthy")()
    async with shown.run_test(size=(80, 70)) as pilot:
        page = Failure(Recorded("healthy"))
        await shown.push_screen(page)
        for world in FAILING:
            page.watched = Recorded(world)
            page.redraw()
            page.rewrite()
            await pilot.pause()
            lines = seen(shown)
            assert any("do: " in line for line in lines), world
            title = str(page.query_one("#what").said).splitlines()[0][2:]  # type: ignore[attr-defined]
            said = " ".join(" ".join(lines).split())
            assert said.count(title) == 1, f"{world}: its title is told once"
            compare(f"failure-{world}", lines, request)


def test_the_signs_are_ascii() -> None:
    """Every sign of the ASCII set."""
    signs = [getattr(ASCII, name) for name in ASCII.__slots__]
    assert all(sign.isascii() for sign in signs)
