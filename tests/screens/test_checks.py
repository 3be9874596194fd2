"""The checklist: a look at the site as a run of its own, and one check looked at again."""

from screens.app import Wizard
from screens.dialogs import Pick
from screens.pages.checks import Checks
from screens.pages.review import Review
from screens.watched import Watched
from screens.widgets.findings import Findings
from tests.screens.conftest import seen, until
from wizard.cli import sitting
from wizard.cli.main import dispatch
from wizard.engine.events import Grade
from wizard.engine.folder import run_folders


async def test_the_site_is_looked_at_and_one_check_again_with_keys_alone() -> None:
    """F5 on Review, then F5 on a check that failed: the others keep their verdicts, and each look is a run."""
    app = Wizard(sitting.rehearsal("quota-tight"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, Review) and app.screen.focused)
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(app.screen, Pick))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Checks) and app.screen.ready)
        first = app.watched
        assert first is not None
        await until(pilot, lambda: first.state.over)
        table = app.screen.query_one(Findings)
        await until(pilot, lambda: table.check_here == "quota-fits")
        assert "FAIL" in "\n".join(seen(app))
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(app.screen, Pick))
        await pilot.press("enter")
        await until(pilot, lambda: app.watched is not first)
        again = app.watched
        assert again is not None and again.options.checks == ("quota-fits",)
        await until(pilot, lambda: again.state.over)
        assert [f.check for f in again.state.findings] == ["quota-fits"]
        assert len(again.verdicts) == len(first.verdicts) > 10
        assert again.verdicts["quota-fits"].grade is Grade.FAIL
        await until(pilot, lambda: "17 pass, 1 FAIL" in "\n".join(seen(app)))
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(app.screen, Review))
        await until(pilot, lambda: "FAILED" in "\n".join(seen(app)))
    assert [f.options().checks for f in run_folders()] == [(), ("quota-fits",)]


def test_one_check_is_looked_at_again_from_the_command_line_too() -> None:
    """The wizard does nothing that `preflight --check` does not."""
    assert (
        dispatch(
            ["preflight", "--rehearse", "quota-tight", "--check", "quota-fits", "--check", "rbac-sufficient"]
        )
        == 3
    )
    watched = Watched(run_folders()[-1])
    watched.read()
    assert [f.check for f in watched.state.findings] == ["rbac-sufficient", "quota-fits"]
