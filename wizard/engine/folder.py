"""A run folder: answers as used, options, journal, evidence and summary of one run.

    answers.yaml  options.json  journal.jsonl  evidence.json  summary.txt  pid  process.log

Run folders live in `$AIRGAP_WIZARD_STATE` (default `$XDG_STATE_HOME/airgap-wizard`, then
`~/.local/state/airgap-wizard`) under `runs/`, readable to their owner alone.
"""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from wizard.engine.problems import Problem, Remedy

SPARE = 64 * 1024
"""Bytes of the spare file: enough for the end of a run, its problem and its remedies."""


def state_home() -> Path:
    """The folder that everything of ours that outlives a process is kept in."""
    if own := os.environ.get("AIRGAP_WIZARD_STATE"):
        return Path(own)
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "airgap-wizard"


@dataclass(frozen=True, slots=True)
class Options:
    """How a run was launched: everything beside the answers that decides what it does."""

    journey: str
    only: tuple[str, ...] = ()
    start: str = ""
    until: str = ""
    dry: bool = False
    rehearse: str = ""
    strict: bool = False
    said: tuple[str, ...] = ()
    """The words that named the answers (`--answers-file`, `--set`, `--rehearse`), for commands that people are shown."""
    checks: tuple[str, ...] = ()
    """With the step preflight alone: ask only these checks."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths of one run."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def answers(self) -> Path:
        return self.path / "answers.yaml"

    @property
    def options_file(self) -> Path:
        return self.path / "options.json"

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"

    @property
    def evidence(self) -> Path:
        return self.path / "evidence.json"

    @property
    def summary(self) -> Path:
        return self.path / "summary.txt"

    @property
    def pid_file(self) -> Path:
        return self.path / "pid"

    @property
    def spare(self) -> Path:
        """Room kept for the last words of a run whose disk is full."""
        return self.path / ".spare"

    @property
    def process_log(self) -> Path:
        return self.path / "process.log"

    def options(self) -> Options:
        """As launched. Raises Problem `run-folder-damaged`."""
        try:
            data = json.loads(self.options_file.read_text())
            lists = {name: tuple(data.get(name, ())) for name in ("only", "said", "checks")}
            return Options(**{**data, **lists})
        except (OSError, ValueError, KeyError, TypeError) as error:
            import shlex

            raise Problem(
                "run-folder-damaged",
                f"{self.options_file} cannot be read",
                detail=str(error),
                remedies=(
                    Remedy("see which runs there are", "airgap-wizard runs"),
                    Remedy(
                        "run the answers again",
                        f"airgap-wizard run --answers-file {shlex.quote(str(self.answers))}",
                    ),
                ),
                exit_code=2,
            ) from None


def write_atomic(path: Path, text: str | bytes, mode: int = 0o600) -> None:
    """Write whole or not at all: temporary file beside it, fsync, rename."""
    import tempfile  # not above: whoever only asks where the folder is does not wait for it

    data = text.encode() if isinstance(text, str) else text
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def make_run_folder(options: Options, answers: str, where: Path | None = None) -> RunFolder:
    """A new run folder with the answers as they will be used. Raises Problem `run-folder-refused`."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    path = where or state_home() / "runs" / f"{stamp}-{options.journey}-{os.urandom(2).hex()}"
    folder = RunFolder(path)
    try:
        if folder.journal.exists():
            raise FileExistsError(f"there is a run in it already: {folder.journal}")
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomic(folder.answers, answers)
        write_atomic(folder.options_file, json.dumps(asdict(options)))
        write_atomic(folder.spare, bytes(SPARE))
    except OSError as error:
        raise Problem(
            "run-folder-refused",
            f"the run folder {path} cannot be made",
            detail=str(error),
            remedies=(
                Remedy("name a folder that can be written, empty or new, with --run-dir"),
                Remedy("or keep all runs elsewhere", "export AIRGAP_WIZARD_STATE=$HOME/airgap-wizard"),
            ),
            exit_code=2,
        ) from None
    return folder


def run_folders() -> list[RunFolder]:
    """All runs in the state folder, oldest first."""
    home = state_home() / "runs"
    if not home.is_dir():
        return []
    return sorted((RunFolder(p) for p in home.iterdir() if (p / "options.json").exists()), key=_made)


def _made(folder: RunFolder) -> tuple[str, int, str]:
    """When it was made: the second is in its name, and within it the options tell by when they were written."""
    try:
        written = folder.options_file.stat().st_mtime_ns
    except OSError:  # removed meanwhile
        written = 0
    return folder.id[: len("20260101-000000")], written, folder.id


def find_run(name: str) -> RunFolder:
    """The run of that id (or unambiguous end of one), that folder, or the newest. Raises Problem `run-not-found`."""
    if name and (Path(name) / "options.json").exists():
        return RunFolder(Path(name).resolve())
    known = run_folders()
    found = [f for f in known if f.id == name or (name and f.id.endswith(name))] if name else known[-1:]
    if len(found) == 1:
        return found[0]
    title = (
        f"{len(found)} runs match {name!r}"
        if found
        else f"there is no run {name!r}"
        if name
        else "no run yet"
    )
    raise Problem(
        "run-not-found",
        title,
        detail="newest: " + ", ".join(f.id for f in known[-3:])
        if known
        else f"looked in {state_home() / 'runs'}",
        remedies=(Remedy("see which runs there are", "airgap-wizard runs"),),
        exit_code=2,
    )
