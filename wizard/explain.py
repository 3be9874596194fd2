"""The explanations under `assets/explain/`: one page for each problem code and check id, read from the package."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from wizard.answers.checks import nearest
from wizard.engine.problems import Problem, Remedy

PARTS = ("What it means", "How it is established", "What to do")
KINDS = ("check", "problem", "cause")


@dataclass(frozen=True, slots=True)
class Page:
    """One explanation. `seed` is the checklist line it comes from, `related` are other codes."""

    code: str
    kind: str
    seed: str
    related: tuple[str, ...]
    parts: Mapping[str, str]
    """Heading → text, in the order of `PARTS`."""

    @property
    def summary(self) -> str:
        """The first sentence of what it means."""
        text = " ".join(self.parts[PARTS[0]].split())
        return text.split(". ")[0].removesuffix(".") + "."


def parse(text: str) -> Page:
    """A page from its Markdown. Raises ValueError with what is wrong with it (a bug of ours, found by a test)."""
    head, *sections = text.split("\n## ")
    lines = [line for line in head.splitlines() if line.strip()]
    if not lines or not lines[0].startswith("# "):
        raise ValueError("the first line is no '# CODE'")
    fields = dict(line.split(":", 1) for line in lines[1:] if ":" in line)
    parts = {title: body.strip() for title, _, body in (s.partition("\n") for s in sections)}
    kind = fields.get("kind", "").strip()
    if kind not in KINDS:
        raise ValueError(f"kind: is {kind!r}, not one of {KINDS}")
    if tuple(parts) != PARTS or not all(parts.values()):
        raise ValueError(f"the parts are {tuple(parts)}, not {PARTS}, or one of them is empty")
    related = tuple(word for word in fields.get("related", "").replace(",", " ").split())
    return Page(lines[0][2:].strip(), kind, fields.get("seed", "").strip(), related, parts)


@functools.cache
def codes() -> tuple[str, ...]:
    """Every code there is a page for, sorted."""
    names = (entry.name for entry in files("assets").joinpath("explain").iterdir())
    return tuple(sorted(name.removesuffix(".md") for name in names if name.endswith(".md")))


def page(code: str) -> Page:
    """The page of a code. Raises Problem `code-unknown` (exit 2), with what was probably meant."""
    if code not in codes():
        near = nearest(code.lower().replace("_", "-"), codes())
        shown = code if code.isprintable() else "(unprintable)"
        raise Problem(
            "code-unknown",
            f"there is no page for {shown}",
            detail=f"did you mean {near}?" if near else "",
            remedies=(Remedy("list all codes", "airgap-wizard explain"),),
            exit_code=2,
        )
    return parse(files("assets").joinpath("explain", f"{code}.md").read_text(encoding="utf-8"))


def pages() -> tuple[Page, ...]:
    """All of them, by code."""
    return tuple(page(code) for code in codes())
