"""The answers while they are edited: what was typed is kept as typed, also where it is no value yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from screens.session import Session
from wizard.answers.dump import dump
from wizard.answers.fields import Kind, Row, fields, section_title, sections, table, values
from wizard.answers.flaws import Flaw
from wizard.answers.form import check_value, edit, faults, value_text
from wizard.answers.model import Answers, Journey
from wizard.engine.folder import write_atomic
from wizard.engine.secrets import SecretRef

ORDER = ("media", "registry", "images", "model", "cluster", "chart", "proof")
"""The spine. A section that is not named here comes after these, before the proof."""


@dataclass
class Draft:
    """Answers being edited. `pending` are texts that are no values; they block a launch, never a look around."""

    answers: Answers
    file: Path | None = None
    pending: dict[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)
    """Answers that were filled in with what was found: path → where."""
    saved: Answers | None = None
    source: tuple[str, ...] = ()
    """The words of the command line that name what is `saved`."""

    @classmethod
    def begun(cls, session: Session) -> "Draft":
        """With what a sitting begins."""
        file, world = session.file, session.world
        source = ("--answers-file", str(file)) if file else ("--rehearse", world) if world else ()
        return cls(session.answers, file, saved=None if session.fresh else session.answers, source=source)

    def said(self, rehearse: str) -> tuple[str, ...]:
        """The words that name these answers for a run on that site; () where only the run's own copy has them."""
        if self.answers != self.saved or (self.source[:1] == ("--rehearse",) and self.source[1] != rehearse):
            return ()
        return self.source

    def rows(self, section: str) -> list[Row]:
        """The fields of a section, in the order they are declared."""
        return [r for r in fields(self.answers.journey, self.answers) if r.section == section]

    def text(self, path: str) -> str:
        """What stands in the form."""
        return self.pending.get(path, value_text(table()[path], values(self.answers)[path]))

    def shown(self, path: str) -> str:
        """What other pages than the form show: never a text that was refused as a secret's reference."""
        if path in self.pending and table()[path].kind is Kind.SECRET:
            return "(refused, not shown)"
        return self.text(path)

    def type(self, path: str, text: str) -> str:
        """Take what was typed; what is wrong with it, in the words of `answers check`, or ""."""
        if path in self.found and text != self.text(path):
            del self.found[path]
        wrong = check_value(path, text)
        if wrong:
            self.pending[path] = text
            return wrong
        self.pending.pop(path, None)
        self.answers = edit(self.answers, {path: text}, folder=Path.cwd())
        return ""

    def choose_journey(self, journey: str) -> None:
        """The same answers for another journey."""
        self.answers = replace(self.answers, journey=Journey(journey))

    def flaws(self) -> tuple[Flaw, ...]:
        """All that stands between these answers and a run."""
        typed = tuple(
            Flaw(check_value(path, text) or "not a value", path=path) for path, text in self.pending.items()
        )
        return (*typed, *(f for f in faults(self.answers) if f.path not in self.pending))

    def flaws_of(self, section: str) -> list[Flaw]:
        """Those of one section."""
        return [f for f in self.flaws() if f.path.partition(".")[0] == section]

    def prompts(self) -> list[str]:
        """Answers that are asked for when a run starts, and kept nowhere."""
        return [
            path
            for path, value in values(self.answers).items()
            if isinstance(value, SecretRef) and value.where == "prompt"
        ]

    @property
    def changed(self) -> bool:
        """True where the file does not hold these answers."""
        return self.saved != self.answers

    def save(self, path: Path) -> None:
        """Write them. Raises OSError."""
        path = path.expanduser().absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, dump(self.answers))
        self.file, self.saved, self.source = path, self.answers, ("--answers-file", str(path))


def spine(asked: Sequence[str]) -> list[str]:
    """The sections in the order of the pages, of those that the journey's steps ask for."""
    known = list(sections())
    order = [s for s in ORDER if s in known and s != "proof"]
    order += [s for s in known if s not in ORDER]
    order += [s for s in ("proof",) if s in known]
    wanted = {path.partition(".")[0] for path in asked} | {"media"}
    return [s for s in order if s in wanted or not asked]


def title_of(section: str) -> str:
    """The section's short title: the words before the colon of its one line."""
    return section_title(section).partition(":")[0].removesuffix(".")


def why_of(section: str) -> str:
    """What the section is for: the words after the colon."""
    text = section_title(section).partition(":")[2].strip()
    return (text[:1].upper() + text[1:]) if text else ""


def summary_of(draft: Draft, section: str) -> str:
    """The chosen values in a line: what is given, needed first; whatever is at its default is left out."""
    parts = []
    for row in draft.rows(section):
        text = draft.shown(row.path)
        if not text or (row.value == row.field.default and not row.needed):
            continue
        parts.append(f"{row.field.key}={text}" if row.field.kind.name == "TOGGLE" else text)
    return ", ".join(parts)
