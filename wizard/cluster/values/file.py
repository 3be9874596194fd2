"""The values file on disk: sealed with a digest of its own content, so that a change by hand is noticed and kept."""

import difflib
import hashlib
import re
import shlex
from enum import StrEnum
from pathlib import Path

from wizard.engine.folder import write_atomic
from wizard.engine.problems import Problem, Remedy

_SEAL = "# airgap-wizard-content: sha256:"
_MOST_DIFF = 60
_SECRETIVE = re.compile(r"((?:pass|secret|token|credential|api-?key)[\w-]*[\"']?\s*:\s*)\S.*", re.IGNORECASE)
"""What somebody wrote beside such a key is not repeated: the difference goes into the journal."""


class State(StrEnum):
    """What stands at the path now."""

    ABSENT = "absent"
    OURS = "ours"
    EDITED = "edited"
    FOREIGN = "foreign"


def seal(body: str, host: str) -> str:
    """The whole file: header, seal, body."""
    return (
        f"# Values for opencost-ai behind {host}. Written by airgap-wizard from its answers file and from the\n"
        "# digests recorded when the images were copied. Keep it in your GitOps repository.\n"
        "# To change it, change the answers and write it again, or lay a values file of your own over it\n"
        "# (chart.overrides in the answers). An edited file is recognised by the next line and never overwritten.\n"
        f"{_SEAL}{_digest(body)}\n\n{body}"
    )


def state(path: Path) -> State:
    """Whether the file is ours untouched, ours edited, or somebody else's. Line ends are not an edit."""
    try:
        text = _plain(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return State.ABSENT
    except (OSError, UnicodeDecodeError) as error:
        raise _unwritable(path, str(error)) from None
    head, seal_found, rest = text.partition(_SEAL)
    if not seal_found or any(line and not line.startswith("#") for line in head.split("\n")):
        return State.FOREIGN
    digest, _, body = rest.partition("\n\n")
    return State.OURS if digest == _digest(body) else State.EDITED


def write(path: Path, text: str) -> bool:
    """Write atomically; False where the file has exactly this content already.

    Raises Problem `values-edited` where somebody changed the file, or it is not ours: it is left as it is.
    Raises Problem `values-not-writable`.
    """
    now = state(path)
    if now is not State.ABSENT and same(path, text):
        return False
    if now in (State.EDITED, State.FOREIGN):
        raise _edited(path, now, text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text, 0o644)
    except OSError as error:
        raise _unwritable(path, str(error)) from None
    return True


def same(path: Path, text: str) -> bool:
    """Whether the file has this content, line ends aside. Raises OSError."""
    return _plain(path.read_text(encoding="utf-8")) == text


def sha256(path: Path) -> str:
    """The file's digest, for evidence."""
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _edited(path: Path, now: State, text: str) -> Problem:
    was = "was changed by hand" if now is State.EDITED else "was not written by airgap-wizard"
    lines = _difference(path, text) if now is State.EDITED else []
    if len(lines) > _MOST_DIFF:
        lines = [*lines[:_MOST_DIFF], f"… and {len(lines) - _MOST_DIFF} more lines"]
    return Problem(
        "values-edited",
        f"{path} {was}; it is left as it is",
        detail="\n".join(lines),
        remedies=(
            Remedy(
                "keep your changes: put only the keys you changed into a file of your own, name it as "
                "chart.overrides in the answers, then move this one away",
                f"mv {shlex.quote(str(path))} {shlex.quote(f'{path}.mine')}",
            ),
            Remedy("or drop them, and let the file be written anew", f"rm {shlex.quote(str(path))}"),
        ),
        evidence={"path": str(path), "state": now.value},
        exit_code=2,
    )


def _difference(path: Path, text: str) -> list[str]:
    old = _plain(path.read_text(encoding="utf-8", errors="replace")).splitlines()
    lines = difflib.unified_diff(
        old, text.splitlines(), f"{path} (as it is)", "as it would be", "", "", 1, ""
    )
    return [_SECRETIVE.sub(r"\1…", line) for line in lines]


def _unwritable(path: Path, why: str) -> Problem:
    return Problem(
        "values-not-writable",
        f"{path} cannot be written",
        detail=why,
        remedies=(Remedy("name a file in a folder that you may write to (chart.values in the answers)"),),
    )
