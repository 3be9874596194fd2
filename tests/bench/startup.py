"""Starting: CPU seconds of `--version`, `--help` and `answers check` against a bare `python -c pass`."""

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from wizard.answers.example import example
from wizard.answers.model import Journey

ROOT = Path(__file__).parents[2]
RUNS = 15


def main() -> int:
    """Print the table; the target for `--version` is 2.5 × bare Python."""
    answers = ROOT / "build" / "bench-answers.yaml"
    answers.parent.mkdir(exist_ok=True)
    answers.write_text(example(Journey.INSTALL))
    program = [sys.executable, "-m", "wizard"]
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "--version": [*program, "--version"],
        "--help": [*program, "--help"],
        "answers check": [*program, "answers", "check", str(answers)],
        "run --help": [*program, "run", "--help"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, argv in commands.items():
            seconds[name].append(_cpu(argv))
    bare = statistics.median(seconds["python -c pass"])
    print("| command | CPU, median of", RUNS, "| × bare Python |\n| --- | --- | --- |")
    for name, found in seconds.items():
        middle = statistics.median(found)
        print(f"| `{name}` | {middle * 1000:.0f} ms | {middle / bare:.2f} |")
    return 0


def _cpu(argv: list[str]) -> float:
    """User and system seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env=env, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


if __name__ == "__main__":
    sys.exit(main())
