"""Sittings on rehearsed worlds, and a pilot that waits for conditions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same on any machine: no animation, UTF-8, true colour, a state folder of one's own, small worlds."""
    for name in ("NO_COLOR", "AIRGAP_WIZARD_THEME", "AIRGAP_WIZARD_GLYPHS", "AIRGAP_WIZARD_CURSOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("AIRGAP_WIZARD_REHEARSAL", "tiny")


async def until(pilot: Any, condition: Callable[[], Any], seconds: float = 120.0) -> Any:
    """Wait for a condition, with the app running; fails with the screen as it is."""
    import time

    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain; the page is\n" + "\n".join(
            seen(pilot.app)
        )
        await pilot.pause(0.05)
    return value


def seen(app: Any) -> list[str]:
    """The screen as lines of text."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]
