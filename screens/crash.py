"""The last page: a bug of ours, told without the value of a single variable."""

import sys
import time

from rich.text import Text

from wizard.engine.folder import state_home, write_atomic
from wizard.engine.run import bug


def page() -> Text:
    """What is printed after the screen was given back; the same is written to a file, whose place it says."""
    error = sys.exc_info()[1]
    fault = bug(error if error is not None else RuntimeError("the error is gone"))
    lines = [f"airgap-wizard: {fault.title}", f"  {fault.detail}", ""]
    try:
        home = state_home()
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = home / f"crash-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.txt"
        write_atomic(path, "\n".join(lines) + "\n")
        lines.append(f"  this is kept in {path}")
    except OSError:
        pass
    lines += [
        "  A run that was going on goes on: airgap-wizard attach",
        "  The same without screens:        airgap-wizard --answers-file F",
        "",
    ]
    return Text("\n".join(lines))
