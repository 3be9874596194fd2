"""Beginning a run and asking it to stop: what it changes is confirmed, passwords are asked for, then it is launched."""

from dataclasses import replace
from typing import TYPE_CHECKING

from screens.dialogs import Confirm, Message, Pick, Secrets
from screens.watched import Watched
from wizard.answers.dump import dump
from wizard.answers.fields import table
from wizard.engine.folder import Options, make_run_folder
from wizard.engine.launch import ask_to_stop, launch
from wizard.engine.problems import Problem

if TYPE_CHECKING:
    from screens.app import Wizard


class Launching:
    """Nothing is begun, and nothing is stopped, without a question that names it."""

    def __init__(self, app: "Wizard") -> None:
        self.app = app

    def start(self, options: Options, *, sure: bool = False) -> None:
        """Begin a run: what it changes is confirmed, passwords are asked for, then it is launched and shown."""
        draft = self.app.draft
        flaws = draft.flaws()
        if flaws:
            lines = "\n".join(f"{f.path}: {f.said}" for f in flaws[:10])
            self.app.push_screen(
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

            self.app.push_screen(Secrets(ask), given)
        else:
            self._launch(options, {})

    def look_at_the_site(self) -> None:
        """F5: the checks alone. What has to be seen from inside the cluster needs the probe's image in the registry."""
        answers = self.app.draft.answers
        ids = [step.id for step in self.app.session.steps(answers)]
        if "preflight" not in ids:
            self.app.notify_line(f"{answers.journey} has no checks of its own before it begins")
            return

        def begin(only: tuple[str, ...]) -> None:
            self.start(Options(str(answers.journey), only=only, rehearse=self.app.session.world), sure=True)

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
        self.app.push_screen(
            Pick("How closely?", rows, "Experiments run in a namespace of their own and are removed again."),
            chosen,
        )

    def changes(self, options: Options) -> list[str]:
        """What the run would change, in sentences."""
        steps = self.app.session.steps(self.app.draft.answers)
        chosen = [s for s in steps if not options.only or s.id in options.only]
        return list(dict.fromkeys(s.changes for s in chosen if s.changes))

    def _confirm(self, options: Options) -> None:
        answers = self.app.draft.answers
        where = self.app.session.target(answers)
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

        self.app.push_screen(Confirm(title[:1].upper() + title[1:], lines, "Yes, begin"), answered)

    def _launch(self, options: Options, prompted: dict[str, str]) -> None:
        draft = self.app.draft
        options = replace(options, said=draft.said(options.rehearse))
        try:
            folder = make_run_folder(options, dump(draft.answers))
            launch(folder, prompted)
        except Problem as problem:
            self.app.tell(problem)
            return
        self.app.showing.show(Watched(folder, options))

    def stop_run(self) -> None:
        """Ask the run to stop, after asking whether that is meant."""
        watched = self.app.watched
        if watched is None or not watched.going:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                try:
                    ask_to_stop(watched.folder)
                except (OSError, ValueError):
                    return
                self.app.notify_line("asked to stop at the next safe point …")

        lines = ["It stops at the next safe point. What is done stays done: to run again is to resume."]
        self.app.push_screen(Confirm("Stop this run?", lines, "Yes, stop it"), answered)
