"""From a failing site to a whole install with keys alone, by nothing but what the failure page offers."""

import pytest

from screens.app import Wizard
from screens.pages.diagnosis import Diagnose
from screens.pages.failure import Failure
from screens.pages.progress import Progress
from screens.pages.review import Review
from screens.pages.verification import Verification
from screens.widgets.push import Push
from tests.screens.conftest import seen, until
from wizard.cli import sitting

WORLDS = {
    "token-missing": "opencost-ai-auth is missing",
    "pull-401": "refuses the credentials",
    "no-storageclass": "StorageClass",
    "release-stuck": "pending-install",
    "tools-zero": "tools",
    "egress-open": "egress",
}
"""World → words of the first cause that its Diagnose page names."""


@pytest.mark.parametrize("world", WORLDS)
async def test_a_failing_site_is_understood_mended_and_installed_from_its_page(world: str) -> None:
    """What and what to do are on the page; F5 names the cause; Mended leads to an install that is proved."""
    app = Wizard(sitting.rehearsal(world))
    async with app.run_test(size=(80, 24)) as pilot:

        async def press(label: str) -> None:
            """Right until the button has the focus, then Enter."""
            screen = app.screen
            for _ in screen.query(Push):
                if isinstance(screen.focused, Push) and screen.focused.label == label:
                    break
                await pilot.press("right")
            assert isinstance(screen.focused, Push) and screen.focused.label == label, label
            await pilot.press("enter")

        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, Review) and app.screen.focused)
        await press("Begin the run")
        await until(pilot, lambda: app.screen.query("#push-yes") and app.screen.focused)
        await press("Yes, begin")
        await until(pilot, lambda: isinstance(app.screen, Progress) and app.screen.ready)
        await until(pilot, lambda: app.watched and app.watched.state.over)
        assert app.watched and app.watched.state.exit_code in (3, 5)
        await until(pilot, lambda: app.screen.next_label == "What happened")  # type: ignore[attr-defined]
        await press("What happened")
        await until(pilot, lambda: isinstance(app.screen, Failure) and app.screen.focused)
        text = str(app.screen.query_one("#rest").said)  # type: ignore[attr-defined]
        assert "do: " in text and "$ " in text
        await press("Diagnose")
        page = await until(
            pilot, lambda: isinstance(app.screen, Diagnose) and app.screen.found and app.screen
        )
        await until(pilot, lambda: not page.busy and "as it is now" in "\n".join(seen(app)))
        assert WORLDS[world].lower() in page.found.causes[0].title.lower(), page.found.causes[0].title
        await pilot.press("f7")
        await until(pilot, lambda: isinstance(app.screen, Failure) and isinstance(app.screen.focused, Push))
        await press("Mended")
        await until(pilot, lambda: app.screen.query("#push-yes") and app.screen.focused)
        await press("Yes, begin")
        await until(pilot, lambda: isinstance(app.screen, Progress) and app.screen.rehearsal == "healthy")
        await until(pilot, lambda: app.watched and app.watched.state.over)
        assert app.watched.state.exit_code == 0
        await until(pilot, lambda: app.screen.next_label == "Results")  # type: ignore[attr-defined]
        await press("Results")
        await until(pilot, lambda: isinstance(app.screen, Verification))
