"""The failure page: what, why, what to do, the command to run, where everything is kept."""

import textwrap
from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.widget import Widget

from screens.pages.live import LivePage
from screens.widgets.causes import remedy
from screens.widgets.text import Words, cut, joined
from wizard.engine.commands import Commands
from wizard.engine.events import Finding, Grade, Outcome, Remedy
from wizard.engine.folder import Options


class Failure(LivePage):
    """Everything a tired person needs, in the order they need it."""

    topic = "failure"
    next_label = "Retry"
    back_label = "Back"
    again_label = "Diagnose"
    DEFAULT_CSS = """
    Failure VerticalScroll { height: 1fr; }
    Failure #what { text-style: bold; color: $error; }
    """

    @property
    def heading(self) -> str:  # type: ignore[override]
        """Failed, stopped or killed."""
        if self.watched.died:
            return "The run was killed"
        return "Stopped" if self.watched.state.outcome is Outcome.STOPPED else "Failed"

    def body(self) -> Iterable[Widget]:
        """What, why, what to do, where."""
        with VerticalScroll(id="all"):
            yield Words(id="what")
            yield Words(id="rest")

    def buttons(self) -> list[tuple[str, str]]:
        rows = [("next", "Retry"), ("edit", "Edit")]
        if self.rehearsal and self.rehearsal != "healthy":
            rows.append(("mended", "Mended"))
        if self.wizard.session.diagnose:
            rows.append(("again", self.again_label))
        if self.watched.state.findings:
            rows.append(("verdicts", "Verdicts"))
        rows.append(("explain", "Explain"))
        if self.commands() and not self.rehearsal:  # nobody types them on a simulated site
            rows.append(("copy", "Copy"))
        if self.wizard.session.shell:
            rows.append(("shell", "Shell"))
        return rows

    def on_mount(self) -> None:
        self.redraw()
        self.query_one("#push-next").focus()

    def redraw(self) -> None:
        """All of it."""
        watched, state = self.watched, self.watched.state
        self.query_one("#why", Words).say(
            "What is done stays done: Retry recognises it and goes on from here."
            + (" “Mended” runs the same answers on the healthy site, as if you had mended this one."
               if self.rehearsal and self.rehearsal != "healthy" else "")
        )  # fmt: skip
        signs = self.wizard.glyphs
        fault = state.problem
        if watched.died:
            title = "The run was killed: its journal has no end (a power cut, or the out-of-memory killer)."
        elif fault:
            title = fault.title
        else:
            title = "The run was stopped, as somebody asked."
        failed = self.failed()
        head, _, names = title.rpartition(": ")
        if head and set(names.split(", ")) == {f.check for f in failed}:
            title = head  # each of them is named below
        step = next((s for s in state.steps.values() if s.problem), None)
        self.query_one("#what", Words).say(
            f"{signs.failed} {title}" + (f"\n  in step: {step.title}" if step else "")
        )
        parts: list[str | tuple[str, str]] = []
        if fault and fault.detail and not failed:
            parts += ["\n", ("Why", "bold"), f"\n{indent(fault.detail)}\n"]
        for finding in failed:
            parts += self.verdict(finding)
        remedies = self.remedies()
        if remedies:
            parts += ["\n", ("What to do", "bold"), "\n", "".join(map(self.remedy, remedies))]
        parts += self.unknowns([f for f in state.findings if f.grade is Grade.UNKNOWN])
        parts += ["\n", ("Where it is kept", "bold"), f"\n  {watched.folder.path}\n"]
        if fault:
            parts.append(f"  in full: airgap-wizard explain {fault.code}\n")
        self.query_one("#rest", Words).say(joined(*parts))

    def failed(self) -> list[Finding]:
        """Verdicts that are no pass."""
        return [f for f in self.watched.state.findings if f.grade is Grade.FAIL]

    def remedies(self) -> list[Remedy]:
        """What to do about the run as a whole, without what its verdicts say already."""
        fault = self.watched.state.problem
        given = told(self.failed())
        return [r for r in (fault.remedies if fault else self.again_remedies()) if r not in given]

    def commands(self) -> list[str]:
        """Every command that stands on the page, in its order."""
        shown = [*told(self.failed()), *self.remedies()]
        return [each.command for each in shown if each.command]

    def unknowns(self, findings: list[Finding]) -> list[str | tuple[str, str]]:
        """What could not be looked at, as loud as a failure and a line each: often they share the cause above."""
        if not findings:
            return []
        signs = self.wizard.glyphs
        parts: list[str | tuple[str, str]] = ["\n", ("Not known, which is no pass", "bold"), "\n"]
        for finding in findings:
            why = " ".join((finding.detail or finding.title).split())
            room = max(30, self.size.width - 18 - len(finding.check))
            parts += [
                (f"  {signs.grade(finding.grade)}", "bold"),
                f"  {finding.check}: {cut(why, room, signs.ellipsis)}\n",
            ]
        return parts

    def verdict(self, finding: Finding) -> list[str | tuple[str, str]]:
        """A verdict that is no pass: what, what to do about it, and of the rest as much as one can take in."""
        sign = self.wizard.glyphs.grade(finding.grade)
        room = 4
        wrapped = textwrap.wrap(" ".join(finding.detail.split()), max(40, self.size.width - 6))
        if len(wrapped) > room:
            wrapped[room - 1 :] = [f"{self.wizard.glyphs.ellipsis} (Verdicts, Enter: in full)"]
        detail = "".join(f"  {line}\n" for line in wrapped)
        return [
            "\n",
            (f"{sign}  {finding.check}", "bold"),
            f"\n  {finding.title}\n",
            "".join(map(self.remedy, finding.remedies)),
            (detail, "$secondary"),
        ]

    def remedy(self, each: Remedy) -> str:
        """A sentence and its command, each on a line of its own."""
        return remedy(each, max(40, self.size.width - 4))

    def again_remedies(self) -> tuple[Remedy, ...]:
        """For a run without a fault: run it again."""
        options = self.watched.options
        again = Commands.of(options, self.watched.folder.answers).again(options)
        return (Remedy("run the same answers again; what is done is recognised", again),)

    def press_next(self) -> None:
        """The same options again."""
        self.use_its_answers()
        self.wizard.launching.start(self.watched.options)

    def press_edit(self) -> None:
        """The hub, with the answers of this run."""
        self.use_its_answers()
        self.wizard.spine.to_review()

    def press_mended(self) -> None:
        """The same answers in the healthy world."""
        self.use_its_answers()
        options = self.watched.options
        self.wizard.launching.start(Options(options.journey, rehearse="healthy", strict=options.strict))

    def use_its_answers(self) -> None:
        """A run that was attached to brings its own answers."""
        self.wizard.showing.take_answers_of(self.watched.folder)

    def press_again(self) -> None:
        """F5: why, from the run and from its site as it is now."""
        from screens.pages.diagnosis import Diagnose

        self.app.push_screen(Diagnose(self.watched.folder))

    def offers(self, action: str) -> bool:
        """Where nothing can look, there is no key for it."""
        return super().offers(action) and not (action == "again" and self.wizard.session.diagnose is None)

    def press_shell(self) -> None:
        """In this terminal."""
        self.wizard.shell(self.watched.folder)

    def press_verdicts(self) -> None:
        """All verdicts, with their evidence."""
        from screens.pages.verification import Verification

        self.app.push_screen(Verification(self.watched))

    def press_copy(self) -> None:
        """Its commands, as they are typed: on the page they are indented."""
        self.wizard.copy("\n".join(self.commands()))

    def press_explain(self) -> None:
        """The page of the problem."""
        from screens.pages.help import Help
        from screens.widgets.findings import explained

        fault = self.watched.state.problem
        code = fault.code if fault else "run-died"
        self.app.push_screen(Help(code, explained(code) or "There is no page for it."))


def indent(text: str) -> str:
    """Two spaces before each line; a list in one line becomes lines."""
    return "\n".join(f"  {line}" for line in text.splitlines())


def told(findings: list[Finding]) -> list[Remedy]:
    """Remedies that a verdict has given already."""
    return [r for f in findings for r in f.remedies]
