"""Who may import whom: the contracts hold, forbid what they say, and light commands stay light."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
]

# one forbidden import for each contract: module file → line
BAD = {
    "events, problems and secrets stand below everything": (
        "wizard/engine/stop.py",
        "import wizard.answers.model",
    ),
    "answers know no adapter": ("wizard/answers/checks.py", "import wizard.oci.reference"),
    "only oci moves bytes over HTTP, only cluster speaks to Kubernetes": (
        "wizard/facts/dns.py",
        "import kubernetes",
    ),
    "checks judge facts and touch nothing": ("wizard/checks/disk_free.py", "import subprocess"),
    "no terminal in the service layer": ("wizard/reports/units.py", "import textual"),
    "screens act on nothing": ("screens/keys.py", "import wizard.oci.copy"),
    "nothing imports the command line": ("wizard/model/names.py", "import wizard.cli.main"),
    "the simulation stays out of the real path": ("wizard/steps/preflight.py", "import wizard.rehearsal"),
}


def lint(folder: Path) -> str:
    """What the linter says, names of broken contracts and the lines among it."""
    program = Path(sys.executable).with_name("lint-imports")
    env = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    done = subprocess.run(
        [program, "--no-cache"], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_each_contract_has_a_bad_import_here():
    assert set(BAD) == set(CONTRACTS)


def test_a_bad_import_breaks_each_contract_and_is_named_with_its_line(tmp_path: Path):
    """The whole tree with one bad import for each contract: all are broken, each names file and line."""
    for package in ("wizard", "screens", "assets"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, line in BAD.values():
        path = tmp_path / file
        path.write_text(f"{path.read_text()}\n\n{line}\n")
    said = lint(tmp_path)
    for contract, (file, line) in BAD.items():
        assert f"{contract} BROKEN" in said, said[-3000:]
        module = file.removesuffix(".py").replace("/", ".")
        target = line.removeprefix("import ")
        assert f"{module} -> {target} (l." in said, (contract, said[-3000:])


HEAVY = ("textual", "rich", "kubernetes", "oras", "pydantic", "cryptography", "cheroot", "nacl", "aiohttp")


@pytest.mark.parametrize(
    "argv",
    [["--version"], ["--help"], ["run", "--help"], ["answers", "check", "F"], ["explain", "disk-full"]],
    ids=" ".join,
)
def test_light_commands_import_nothing_heavy(argv: list[str], tmp_path: Path):
    answers = tmp_path / "answers.yaml"
    answers.write_text(
        "apiVersion: airgap-wizard/v1\njourney: install\nregistry: {host: r.example}\n"
        "cluster: {storageClass: fast}\nchart: {source: ./chart}\n"
    )
    code = (
        "import sys, json, runpy, io, contextlib\n"
        f"sys.argv = {['airgap-wizard', *(str(answers) if a == 'F' else a for a in argv)]!r}\n"
        "out = io.StringIO()\n"
        "with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):\n"
        "    runpy.run_module('wizard', run_name='__main__')\n"
        f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
