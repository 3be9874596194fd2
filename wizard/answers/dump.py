"""Write answers as canonical, commented YAML: what a run folder keeps, and what the form saves."""

import re
from collections.abc import Mapping, Set
from typing import Any

import yaml
from yaml.reader import Reader

from wizard.answers.fields import Field, Kind, section_title, sections, table, values
from wizard.answers.model import API_VERSION, Answers

_PLAIN = re.compile(r"[A-Za-z0-9/.~][A-Za-z0-9 ._/@:+-]*\Z")


def dump(answers: Answers, *, comments: bool = True) -> str:
    """The answers as YAML, every value spelled out (a later version's defaults change nothing), secrets as
    references. `loads(dump(answers)) == answers`. An answer that is not given stands as a comment with its example.
    """
    return render(values(answers), comments=comments, journey=answers.journey)


def render(
    flat: Mapping[str, Any],
    *,
    comments: bool,
    journey: str,
    needs: bool = False,
    only: Set[str] | None = None,
) -> str:
    """YAML of flat values; with `needs`, answers that the journey cannot do without are marked. `only`: these paths."""
    lines = [f"apiVersion: {API_VERSION}", f"journey: {scalar(str(flat['journey']))}"]
    for section in sections():
        rows = [field for field in table().values() if field.section == section]
        if only is not None:
            rows = [field for field in rows if field.path in only]
            if not rows:
                continue
        body: list[str] = []
        for field in rows:
            value = flat[field.path]
            given = value is not None and not (value == "" and field.default == "")
            if comments:
                mark = " (needed)" if needs and field.needed(journey) else ""
                body.append(f"  # {field.ask.label}{mark}: {field.ask.why}")
            if given:
                body += _entry(field, value)
            elif comments:
                body += [f"  #{line[1:]}" for line in _entry(field, field.ask.example)]
        if comments:
            lines += ["", f"# {section_title(section)}"]
        if any(not line.startswith("  #") for line in body):
            lines += [f"{section}:", *body]
        elif comments:
            lines += [f"{section}: {{}}", *body] if not body else [f"{section}:", *body]
    return "\n".join(lines) + "\n"


def _entry(field: Field, value: Any) -> list[str]:
    if field.kind is Kind.TEXTS:
        if not value:
            return [f"  {field.key}: []"]
        return [f"  {field.key}:", *(f"    - {scalar(str(v))}" for v in value)]
    if field.kind is Kind.TOGGLE:
        return [f"  {field.key}: {'true' if value else 'false'}"]
    return [f"  {field.key}: {scalar(str(value))}"]


def scalar(text: str) -> str:
    """A YAML scalar that reads as exactly this text: plain where that is safe, else double-quoted."""
    plain = (
        _PLAIN.match(text)
        and ": " not in text
        and not text.endswith((":", " "))
        and not text.startswith("---")
        and _resolves_to_text(text)
    )
    return text if plain else '"' + "".join(_escaped(c) for c in text) + '"'


def _resolves_to_text(text: str) -> bool:
    tag = yaml.SafeLoader.yaml_implicit_resolvers.get(text[0], ()) if text else ()
    wild = yaml.SafeLoader.yaml_implicit_resolvers.get(None, ())
    return not any(pattern.match(text) for _, pattern in (*tag, *wild))


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    code = ord(char)
    surrogate = 0xD800 <= code <= 0xDFFF
    if char.isprintable() and not surrogate and not Reader.NON_PRINTABLE.match(char):
        return char
    return f"\\U{code:08X}" if code > 0xFFFF else f"\\u{code:04X}" if code > 0xFF else f"\\x{code:02X}"
