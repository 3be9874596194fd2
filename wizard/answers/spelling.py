"""Keys that do not exist, and what was probably meant by them."""

from wizard.answers.checks import nearest
from wizard.answers.fields import sections, table
from wizard.answers.flaws import Flaw, quoted


def keys(section: str) -> tuple[str, ...]:
    """The keys of a section; of the document for "", and for what is no section."""
    mine = tuple(field.key for field in table().values() if section and field.section == section)
    return mine or ("apiVersion", "journey", *sections())


def unknown(path: str) -> tuple[Flaw, tuple[str, ...]]:
    """An unknown key, and the paths that may have been meant: a sibling by spelling, or the owners of the name."""
    head, _, rest = path.partition(".")
    section, key = (head, rest) if rest and head in sections() else ("", head)
    known = keys(section)
    plain = key.replace("_", "").replace("-", "").lower()
    near = next((k for k in known if k.lower() == plain), "") or nearest(key, known)
    if near:
        full = f"{section}.{near}" if section else f"{near}.{rest}" if rest else near
        alike = next(
            (f" (it holds {c}, U+{ord(c):04X})" for c in key if c.isprintable() and not c.isascii()), ""
        )
        return Flaw("unknown key" + alike, hint=f"did you mean {printable(full)}?"), (full,)
    owners = tuple(field.path for field in table().values() if field.key.lower() == plain)
    if owners:
        return Flaw("unknown key here", hint=f"did you mean {' or '.join(owners)}?"), owners
    return Flaw("unknown key", f"one of {', '.join(known)}"), ()


def printable(path: str) -> str:
    """A path as written, or quoted where it would upset a terminal."""
    return path if path.isprintable() and len(path) <= 80 else quoted(path)
