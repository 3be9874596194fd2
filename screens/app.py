"""The wizard: pages over a draft of answers, and over the journal of the run that is watched."""

import time
from typing import Any, ClassVar

from textual import events
from textual.app import App, SuspendNotSupported
from textual.filter import Monochrome

from screens import crash, glyphs, theme
from screens.dialogs import Dialog, Message
from screens.draft import Draft
from screens.frame import Page
from screens.keeping import Keeping, LeaveUnsaved
from screens.keys import ACTIONS, KEYS
from screens.launching import Launching
from screens.looks import Looks
from screens.palette import Palette
from screens.session import Opened, Session
from screens.showing import Showing
from screens.spine import Spine
from screens.style import CSS
from screens.watched import Watched
from screens.widgets import scrolling
from wizard.engine.folder import RunFolder
from wizard.engine.problems import Problem
from wizard.engine.redact import redactor

TICK = 0.1
"""Seconds between two looks at the journal."""
SMALLEST = (80, 24)


class Wizard(App[int]):
    """`session` is what was handed in; `draft` the answers; `watched` the run whose pages are shown.

    What it can do stands in rooms of one idea each: `spine` (the way through the pages), `launching` (begin and stop
    runs), `showing` (the run that is watched), `keeping` (save, leave), `looks` (colours, signs), `palette` (Ctrl+P).
    """

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = [*(k.binding for k in KEYS), ACTIONS.binding]
    TITLE = "airgap-wizard"
    CSS = CSS

    def __init__(
        self, session: Session, *, watch: Watched | None = None, clock: Any = time.time, now_glyphs: str = "",
        now_theme: str = "", opened: Opened | None = None,
    ) -> None:  # fmt: skip
        self.glyphs = {"ascii": glyphs.ASCII, "unicode": glyphs.UNICODE}.get(now_glyphs) or glyphs.choose()
        self._first_theme = now_theme or theme.choose()
        scrolling.use(self.glyphs is glyphs.ASCII)
        super().__init__()
        # NO_COLOR is answered by a theme without colours; Textual's own answer is a filter that paints black and greys
        self._filters = [f for f in self._filters if not isinstance(f, Monochrome)]
        self.session = session
        self.draft = Draft.begun(session)
        if opened is not None:
            # one came to read: there is nothing to save before one has typed
            self.draft.saved = session.answers
        self.watched: Watched | None = None
        self._opens, self._opened = watch, opened
        self.checked: Watched | None = None
        """The last look at the site (F5), for the Review page."""
        self.clock = clock
        self.spine, self.launching, self.showing = Spine(self), Launching(self), Showing(self)
        self.keeping, self.looks, self.palette = Keeping(self), Looks(self), Palette(self)

    # ---- beginning and end

    def on_mount(self) -> None:
        """The first page, and the pulse that everything live is fed by."""
        for known, _ in theme.THEMES.values():
            self.register_theme(known)
        self.theme = self._first_theme
        self.looks.show_cursor()
        self.begin()
        self.run_worker(self._prime, thread=True, exit_on_error=False)
        if self._opens:
            self.showing.show(self._opens)
        if self._opened:
            self.read(self._opened)
        self.set_interval(TICK, self.showing.drain)

    def _prime(self) -> None:
        """Import what plans the journey, and read the sites, while the first page is read."""
        self.session.steps(self.session.answers)
        self.session.sites()

    def begin(self) -> None:
        """The first page."""
        from screens.pages.welcome import Welcome

        self.push_screen(Welcome())

    def use(self, session: Session) -> None:
        """Another session: the rehearsal of a site, chosen on the first page."""
        self.session = session
        self.draft = Draft.begun(session)
        self.watched = self.checked = None
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.begin()

    def _fatal_error(self) -> None:
        """A bug: Textual would print the values of variables; we print none."""
        self.bell()
        self._exit_renderables.append(crash.page())
        self._close_messages_no_wait()

    def on_resize(self, event: events.Resize) -> None:
        """A terminal that is too small is told so, readably, for as long as it is."""
        from screens.pages.small import Small

        small = event.size.width < SMALLEST[0] or event.size.height < SMALLEST[1]
        if small and not isinstance(self.screen, Small):
            self.push_screen(Small())
        elif not small and isinstance(self.screen, Small):
            self.pop_screen()

    def read(self, opened: Opened) -> None:
        """The pages of a support bundle."""
        from screens.pages.parcel import Parcel

        self.push_screen(Parcel(opened))

    # ---- words

    def tell(self, problem: Problem) -> None:
        """A problem in a dialog."""
        remedies = "\n".join(
            f"do: {r.text}" + (f"\n    $ {r.command}" if r.command else "") for r in problem.remedies
        )
        text = "\n\n".join(filter(None, (problem.title, problem.detail, remedies)))
        self.push_screen(Message(problem.code, redactor.text(text)))

    def notify_line(self, text: str) -> None:
        """A line on the page in front."""
        if isinstance(self.screen, Page):
            self.screen.notice(text)

    def copy(self, text: str) -> None:
        """Into the terminal's clipboard, never a secret."""
        self.copy_to_clipboard(redactor.text(text))
        self.notify_line("copied (if this terminal lets programs copy)")

    # ---- actions of the keys

    @property
    def page(self) -> Page | None:
        """The page in front; None where a dialog is."""
        return self.screen if isinstance(self.screen, Page) else None

    def action_next(self) -> None:
        """F8."""
        if (page := self.page) and page.offers("next"):
            page.press_next()

    async def action_back(self) -> None:
        """F7, Escape. The keys of the app come before those of a dialog: it is answered with no."""
        if isinstance(self.screen, Dialog):
            self.screen.action_no()
            return
        if (page := self.page) and page.offers("back"):
            page.press_back()

    def action_help(self) -> None:
        """F1."""
        from screens.pages.help import Help

        if (page := self.page) and not isinstance(page, Help):
            self.push_screen(Help.for_page(page))

    def action_log(self) -> None:
        """F3."""
        from screens.pages.log import LogPage

        if self.watched and not isinstance(self.screen, LogPage):
            self.push_screen(LogPage(self.watched))

    def action_look(self) -> None:
        """F4."""
        from screens.pages.look import Look

        self.push_screen(Look())

    def action_again(self) -> None:
        """F5."""
        page = self.page
        if page is not None and hasattr(page, "press_again"):
            page.press_again()

    def action_runs(self) -> None:
        """F6."""
        from screens.pages.runs import Runs

        if self.page and not isinstance(self.screen, Runs):
            self.push_screen(Runs())

    def action_save(self) -> None:
        """F2."""
        self.keeping.save()

    def action_report(self) -> None:
        """F9."""
        from screens.pages.support import Support

        if (page := self.page) and (folder := page.folder) and page.offers("report"):
            self.push_screen(Support(folder))

    def shell(self, folder: RunFolder | None) -> None:
        """A shell in this terminal; the wizard waits, a run goes on."""
        if self.session.shell is None:
            return
        try:
            with self.suspend():
                self.session.shell(folder)
        except SuspendNotSupported:
            self.push_screen(Message("No shell here", "This terminal cannot be given to a shell."))

    def action_leave(self) -> None:
        """F10."""
        if not isinstance(self.screen, LeaveUnsaved):
            self.keeping.leave()

    def action_command_palette(self) -> None:
        """Ctrl+P."""
        if not isinstance(self.screen, Dialog):
            self.palette.open()
