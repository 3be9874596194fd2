"""The run that is watched: its live page, what is new of it, and the answers it brings."""

from typing import TYPE_CHECKING

from screens.draft import Draft
from screens.frame import Page
from screens.watched import CHUNK, Watched
from wizard.engine.folder import RunFolder
from wizard.engine.problems import Problem

if TYPE_CHECKING:
    from screens.app import Wizard

LOOKS = (("preflight",), ("mirror-probe", "preflight"))
"""Runs of these steps alone are looks at the site: the checklist shows them."""


class Showing:
    """Any number of terminals may show the same run; none of them drives it."""

    def __init__(self, app: "Wizard") -> None:
        self.app = app

    @property
    def goes_on(self) -> bool:
        """True while the run that is watched runs, and is more than a look."""
        watched = self.app.watched
        return watched is not None and watched.going and watched.options.only not in LOOKS

    def show(self, watched: Watched) -> None:
        """Its live page: the checklist for a mere look, else progress."""
        from screens.pages.checks import Checks
        from screens.pages.progress import Progress

        self.app.watched = watched
        self.drain()
        look = watched.options.only in LOOKS
        if look:
            if watched.options.checks and self.app.checked and self.app.checked is not watched:
                watched.before = self.app.checked.verdicts
            self.app.checked = watched
        page: Page = Checks(watched) if look else Progress(watched)
        if isinstance(self.app.screen, Checks | Progress):
            self.app.switch_screen(page)
        else:
            self.app.push_screen(page)

    def drain(self) -> None:
        """Read what is new of the watched run, and let the page in front show it."""
        if self.app.watched is None:
            return
        count = self.app.watched.read() if not self.app.watched.state.over else 0
        from screens.pages.live import LivePage
        from screens.pages.review import Review

        page = self.app.screen_stack[-1] if self.app.screen_stack else None
        if isinstance(page, LivePage | Review) and page.ready and page.query("#keys"):
            page.follow()
        if count > CHUNK // 1000:
            self.app.call_later(self.drain)

    def take_answers_of(self, folder: RunFolder) -> None:
        """The answers of a run, if they are not the ones in hand."""
        from wizard.answers.load import load

        try:
            answers, said = load(folder.answers), folder.options().said
        except Problem as problem:
            self.app.tell(problem)
            return
        if answers != self.app.draft.answers and not self.app.draft.changed:
            self.app.draft = Draft(answers, self.app.draft.file, saved=answers, source=said)
