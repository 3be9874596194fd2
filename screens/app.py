"""The wizard: pages over a draft of answers, and over the journal of the run that is watched."""

import os
import time
from typing import Any, ClassVar

from textual import events
from textual.app import App, SuspendNotSupported
from textual.filter import Monochrome
from textual.screen import Screen

from screens import crash, glyphs, theme
from screens.dialogs import Ask, Confirm, Dialog, Message, Pick, Secrets
from screens.draft import Draft, spine
from screens.frame import Page
from screens.keys import ACTIONS, KEYS
from screens.session import Session
from screens.watched import CHUNK, Watched
from screens.widgets import scrolling
from wizard.answers.dump import dump
from wizard.answers.fields import table
from wizard.engine.folder import Options, RunFolder, make_run_folder
from wizard.engine.launch import ask_to_stop, launch
from wizard.engine.problems import Problem
from wizard.engine.redact import redactor

TICK = 0.1
"""Seconds between two looks at the journal."""
SMALLEST = (80, 24)
LOOKS = (("preflight",), ("mirror-probe", "preflight"))
"""Runs of these steps alone are looks at the site: the checklist shows them."""


class LeaveUnsaved(Confirm):
    """The question before leaving; it is asked once."""


class Wizard(App[int]):
    """`session` is what was handed in; `draft` the answers; `watched` the run whose pages are shown."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = [*(k.binding for k in KEYS), ACTIONS.binding]
    TITLE = "airgap-wizard"
    CSS = """
    * { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; scrollbar-color: $primary;
        scrollbar-background: $background; scrollbar-color-hover: $primary; scrollbar-color-active: $primary;
        scrollbar-background-hover: $background; scrollbar-background-active: $background; }
    Input { scrollbar-size-horizontal: 0; border: none; padding: 0; height: 1; background: $panel; color: $foreground; }
    Input:focus { border: none; background-tint: $background 0%; }
    Input:ansi { background: ansi_default; color: ansi_default; }
    Input:ansi > .input--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
    Input:ansi > .input--placeholder { color: ansi_default; }
    OptionList { border: none; padding: 0; background: $background; color: $foreground; }
    OptionList:focus { border: none; background-tint: $background 0%; }
    OptionList > .option-list--option-highlighted { color: $foreground; background: $panel; text-style: none; }
    OptionList:focus > .option-list--option-highlighted { color: $block-cursor-foreground;
        background: $block-cursor-background; text-style: bold; }
    OptionList:ansi:focus > .option-list--option-highlighted { text-style: reverse bold; }
    OptionList > .option-list--option-disabled { color: $secondary; text-style: bold; }
    DataTable, DataTable:focus { background: $background; background-tint: $background 0%; color: $foreground; }
    DataTable > .datatable--header { background: $background; color: $secondary; text-style: bold underline; }
    DataTable > .datatable--cursor { background: $panel; color: $foreground; text-style: none; }
    DataTable:focus > .datatable--cursor { color: $block-cursor-foreground; background: $block-cursor-background; }
    DataTable:ansi:focus > .datatable--cursor { text-style: reverse; }
    DataTable:ansi > .datatable--header { background: ansi_default; color: ansi_default; text-style: bold underline; }
    """

    def __init__(
        self, session: Session, *, watch: Watched | None = None, clock: Any = time.time, now_glyphs: str = "",
        now_theme: str = "",
    ) -> None:  # fmt: skip
        self.glyphs = {"ascii": glyphs.ASCII, "unicode": glyphs.UNICODE}.get(now_glyphs) or glyphs.choose()
        self._first_theme = now_theme or theme.choose()
        scrolling.use(self.glyphs is glyphs.ASCII)
        super().__init__()
        # NO_COLOR is answered by a theme without colours; Textual's own answer is a filter that paints black and greys
        self._filters = [f for f in self._filters if not isinstance(f, Monochrome)]
        self.session = session
        self.draft = Draft(session.answers, session.file, saved=None if session.fresh else session.answers)
        self.watched: Watched | None = None
        self._opens = watch
        self.checked: Watched | None = None
        """The last look at the site (F5), for the Review page."""
        self.clock = clock

    # ---- beginning and end

    def on_mount(self) -> None:
        """The first page, and the pulse that everything live is fed by."""
        for known, _ in theme.THEMES.values():
            self.register_theme(known)
        self.theme = self._first_theme
        self._show_cursor()
        self.begin()
        self.run_worker(self._prime, thread=True, exit_on_error=False)
        if self._opens:
            self.show_run(self._opens)
        self.set_interval(TICK, self.drain)

    def _prime(self) -> None:
        """Import what plans the journey, and read the sites, while the first page is read."""
        self.session.steps(self.session.answers)
        self.session.sites()

    def begin(self) -> None:
        """The first page."""
        from screens.pages.welcome import Welcome

        self.push_screen(Welcome())

    def _show_cursor(self) -> None:
        """Without colours the terminal's own cursor shows the focus; elsewhere only where it is asked for."""
        wanted = self.theme in ("none", "16") or bool(os.environ.get("AIRGAP_WIZARD_CURSOR"))
        if self._driver is not None and not self.is_headless:
            self._driver.write("\x1b[?25h" if wanted else "\x1b[?25l")

    def use(self, session: Session) -> None:
        """Another session: the rehearsal of a site, chosen on the first page."""
        self.session = session
        self.draft = Draft(session.answers, session.file, saved=None if session.fresh else session.answers)
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

    # ---- the spine

    def sections(self) -> list[str]:
        """The sections that this journey's steps ask for, in the order of the pages."""
        asked = [path for step in self.session.steps(self.draft.answers) for path in step.asks]
        return spine(asked)

    def go_on(self, page: Screen[Any]) -> None:
        """From the first page through the sections to Review."""
        from screens.pages.form import FormPage
        from screens.pages.review import Review

        order = self.sections()
        here = page.section if isinstance(page, FormPage) else ""
        later = order[order.index(here) + 1 :] if here in order else order
        if later:
            number = order.index(later[0]) + 1
            self.push_screen(FormPage(later[0], position=f"{number}/{len(order) + 1}"))
        else:
            self.push_screen(Review())

    def to_review(self, section: str = "") -> None:
        """Back to the hub, wherever one is, and into one of its sections."""
        from screens.pages.form import FormPage
        from screens.pages.review import Review

        while len(self.screen_stack) > 2 and not isinstance(self.screen, Review):
            self.pop_screen()
        if not isinstance(self.screen, Review):
            self.push_screen(Review())
        if section:
            self.push_screen(FormPage(section, hub=True))

    # ---- runs

    @property
    def run_goes_on(self) -> bool:
        """True while the run that is watched runs, and is more than a look."""
        return self.watched is not None and self.watched.going and self.watched.options.only not in LOOKS

    def start(self, options: Options, *, sure: bool = False) -> None:
        """Begin a run: what it changes is confirmed, passwords are asked for, then it is launched and shown."""
        draft = self.draft
        flaws = draft.flaws()
        if flaws:
            lines = "\n".join(f"{f.path}: {f.said}" for f in flaws[:10])
            self.push_screen(
                Message("These answers cannot be run yet", f"{lines}\n\nReview leads to each of them.")
            )
            return
        if not sure and not options.dry and self.changes(options):
            self._confirm(options)
            return
        names = draft.prompts()
        if names:
            ask = [(path, table()[path].ask.label) for path in names]

            def given(values: dict[str, str] | None) -> None:
                if values:
                    self._launch(options, values)

            self.push_screen(Secrets(ask), given)
        else:
            self._launch(options, {})

    def look_at_the_site(self) -> None:
        """F5: the checks alone. What has to be seen from inside the cluster needs the probe's image in the registry."""
        answers = self.draft.answers
        ids = [step.id for step in self.session.steps(answers)]
        if "preflight" not in ids:
            self.notify_line(f"{answers.journey} has no checks of its own before it begins")
            return

        def begin(only: tuple[str, ...]) -> None:
            self.start(Options(str(answers.journey), only=only, rehearse=self.session.world), sure=True)

        def chosen(how: str | None) -> None:
            if how:
                begin(("mirror-probe", "preflight") if how == "all" else ("preflight",))

        if "mirror-probe" not in ids:
            begin(("preflight",))
            return
        rows = [
            ("all", f"Everything: push the probe's image to {answers.registry.host} first"),
            ("some", "Push nothing: what only the probe can see stays UNKNOWN if it is not there yet"),
        ]
        self.push_screen(
            Pick("How closely?", rows, "Experiments run in a namespace of their own and are removed again."),
            chosen,
        )

    def changes(self, options: Options) -> list[str]:
        """What the run would change, in sentences."""
        steps = self.session.steps(self.draft.answers)
        chosen = [s for s in steps if not options.only or s.id in options.only]
        return list(dict.fromkeys(s.changes for s in chosen if s.changes))

    def _confirm(self, options: Options) -> None:
        answers = self.draft.answers
        where = self.session.target(answers)
        rehearsal = options.rehearse
        lines = [
            f"on      {where}",
            f"from    registry {answers.registry.host}" if answers.registry.host else "",
            "",
            "This run",
            *(f"  - {text}" for text in self.changes(options)),
            "",
            f"REHEARSAL: the site {rehearsal} is simulated, nothing real is touched." if rehearsal else
            "What is done already is recognised and left as it is.",
        ]  # fmt: skip
        title = f"{'Rehearse: ' if rehearsal else ''}{options.journey} now?"

        def answered(yes: bool | None) -> None:
            if yes:
                self.start(options, sure=True)

        self.push_screen(Confirm(title[:1].upper() + title[1:], lines, "Yes, begin"), answered)

    def _launch(self, options: Options, prompted: dict[str, str]) -> None:
        try:
            folder = make_run_folder(options, dump(self.draft.answers))
            launch(folder, prompted)
        except Problem as problem:
            self.tell(problem)
            return
        self.show_run(Watched(folder, options))

    def show_run(self, watched: Watched) -> None:
        """Its live page: the checklist for a mere look, else progress."""
        from screens.pages.checks import Checks
        from screens.pages.progress import Progress

        self.watched = watched
        self.drain()
        look = watched.options.only in LOOKS
        if look:
            if watched.options.checks and self.checked and self.checked is not watched:
                watched.before = self.checked.verdicts
            self.checked = watched
        page: Page = Checks(watched) if look else Progress(watched)
        if isinstance(self.screen, Checks | Progress):
            self.switch_screen(page)
        else:
            self.push_screen(page)

    def drain(self) -> None:
        """Read what is new of the watched run, and let the page in front show it."""
        if self.watched is None:
            return
        count = self.watched.read() if not self.watched.state.over else 0
        from screens.pages.live import LivePage
        from screens.pages.review import Review

        page = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(page, LivePage | Review) and page.ready and page.query("#keys"):
            page.follow()
        if count > CHUNK // 1000:
            self.call_later(self.drain)

    def stop_run(self) -> None:
        """Ask the run to stop, after asking whether that is meant."""
        watched = self.watched
        if watched is None or not watched.going:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                try:
                    ask_to_stop(watched.folder)
                except (OSError, ValueError):
                    return
                self.notify_line("asked to stop at the next safe point …")

        lines = ["It stops at the next safe point. What is done stays done: to run again is to resume."]
        self.push_screen(Confirm("Stop this run?", lines, "Yes, stop it"), answered)

    def take_answers_of(self, folder: RunFolder) -> None:
        """The answers of a run, if they are not the ones in hand."""
        from wizard.answers.load import load

        try:
            answers = load(folder.answers)
        except Problem as problem:
            self.tell(problem)
            return
        if answers != self.draft.answers and not self.draft.changed:
            self.draft = Draft(answers, self.draft.file, saved=answers)

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

    def _page(self) -> Page | None:
        return self.screen if isinstance(self.screen, Page) else None

    def action_next(self) -> None:
        """F8."""
        if (page := self._page()) and page.offers("next"):
            page.press_next()

    async def action_back(self) -> None:
        """F7, Escape. The keys of the app come before those of a dialog: it is answered with no."""
        if isinstance(self.screen, Dialog):
            self.screen.action_no()
            return
        if (page := self._page()) and page.offers("back"):
            page.press_back()

    def action_help(self) -> None:
        """F1."""
        from screens.pages.help import Help

        if (page := self._page()) and not isinstance(page, Help):
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
        page = self._page()
        if page is not None and hasattr(page, "press_again"):
            page.press_again()

    def action_runs(self) -> None:
        """F6."""
        from screens.pages.runs import Runs

        if self._page() and not isinstance(self.screen, Runs):
            self.push_screen(Runs())

    def action_save(self) -> None:
        """F2."""
        self.save()

    def save(self) -> None:
        """Write the answers to a file that `run --answers-file` reads."""
        if self.draft.pending:
            self.push_screen(Message("Not saved", "Some values are no values yet; Review leads to them."))
            return
        before = str(self.draft.file or "answers.yaml")
        text = "The answers as YAML. Replay them without a terminal:\nairgap-wizard --answers-file FILE\n"

        def named(path: str | None) -> None:
            from pathlib import Path

            if not path:
                return
            try:
                self.draft.save(Path(path))
                self.notify_line(f"saved: {self.draft.file}")
            except OSError as error:
                self.push_screen(Message("Not saved", f"{path}: {error.strerror or error}"))

        self.push_screen(Ask("Save the answers", text, before, "Save"), named)

    def action_report(self) -> None:
        """F9."""
        if self.watched and self.session.report:
            self.notify_line("gathering what is known of this run and its site …")
            self.run_worker(self._report, thread=True, exclusive=True, group="report", exit_on_error=False)

    def _report(self) -> None:
        assert self.watched is not None and self.session.report is not None
        try:
            path = str(self.session.report(self.watched.folder))
        except (Problem, OSError) as error:
            self.call_from_thread(self.push_screen, Message("No report", redactor.text(str(error))))
            return
        text = (
            f"{path}\n\nRedacted: passwords, tokens and questions were taken out before it was written. Carry it to "
            f"whoever helps, or read it here: airgap-wizard diagnose --bundle {path}"
        )
        self.call_from_thread(self.push_screen, Message("Support bundle written", text, copy=path))

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
        """F10: a run goes on; unsaved answers are mentioned first."""
        if isinstance(self.screen, LeaveUnsaved):
            return
        going = self.watched is not None and self.watched.going
        if not going and self.draft.changed and not self.session.world and self.screen_stack[1:]:
            self._leave_unsaved()
            return
        self.exit(0)

    def _leave_unsaved(self) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self.exit(0)

        lines = ["The answers have changed and are in no file. F2 saves them."]
        self.push_screen(LeaveUnsaved("Leave without saving?", lines, "Leave"), answered)

    def action_command_palette(self) -> None:
        """Ctrl+P."""
        from screens.pages.actions import Actions

        def chosen(name: str | None) -> None:
            if name:
                self._act(name)

        if not isinstance(self.screen, Dialog):
            self.push_screen(Actions(self.named_actions()), chosen)

    def named_actions(self) -> list[tuple[str, str]]:
        """Every action that makes sense now: (name, what it does)."""
        page = self._page()
        rows: list[tuple[str, str]] = []
        if page is not None:
            rows += [(f"page:{n}", label) for n, label in page.buttons() if n not in ("next", "back")]
            rows += [(k.action, f"{k.label} ({k.cap}): {k.help}") for k in KEYS if page.offers(k.action)]
        rows += [(f"theme:{name}", f"Colours: {label}") for name, (_, label) in theme.THEMES.items()]
        rows += [("glyphs:unicode", "Signs: Unicode"), ("glyphs:ascii", "Signs: ASCII")]
        rows += [(f"section:{s}", f"Edit: {s}") for s in self.sections()]
        return rows

    def _act(self, name: str) -> None:
        kind, _, rest = name.partition(":")
        page = self._page()
        if kind == "page" and page is not None:
            page.press(rest)
        elif kind == "theme":
            self.wear(rest)
        elif kind == "glyphs":
            self.draw_with(rest)
        elif kind == "section":
            self.to_review(rest)
        else:
            self.call_later(self.run_action, kind)

    def wear(self, name: str) -> None:
        """Other colours."""
        self.theme = name
        self._show_cursor()

    def draw_with(self, name: str) -> None:
        """Other signs."""
        self.glyphs = glyphs.ASCII if name == "ascii" else glyphs.UNICODE
        scrolling.use(name == "ascii")
        for screen in self.screen_stack:
            if isinstance(screen, Page) and hasattr(screen, "redraw"):
                screen.redraw()
            screen.refresh(layout=True)
            for widget in screen.query("*"):
                widget.refresh()
