"""`python -m tests.packaging.wheels PLATFORM TAR`: the wheels that the program needs on the other platform, as one tar.

Exactly the versions and digests of requirements.lock, without what only development needs. The same lock and the same
index give the same bytes. Installing them there, with no network:

    tar xf airgap-wizard-wheels-linux-arm64.tar
    pip install --no-index --find-links wheels --require-hashes -r wheels/requirements.txt
    pip install --no-index --no-deps airgap_wizard-*.whl
"""

import argparse
import io
import os
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
_TAGS = ("manylinux_2_17_{0}", "manylinux2014_{0}", "manylinux_2_28_{0}", "manylinux_2_34_{0}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def plain(name: str) -> str:
    """A distribution's name as packaging compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def other() -> str:
    """The platform that this machine is not."""
    return next(name for name, machine in MACHINES.items() if machine != platform.machine())


def locked(text: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Name → (its lines with version and digests, the names of what needs it), of a file that pip-compile wrote."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for block in re.split(r"\n(?=[a-z0-9])", text):
        if not re.match(r"[a-z0-9][^\n]*==", block):
            continue
        lines = block.splitlines()
        entry = "\n".join(line for line in lines if not line.lstrip().startswith("#")).rstrip()
        words = [line.replace("#", " ").replace("via", " ", 1).strip() for line in lines if "#" in line]
        needs = frozenset(plain(word.split()[0]) for word in words if word)
        name = _NAME.match(block)
        assert name is not None
        found[plain(name[0])] = (entry, needs)
    return found


def runtime(lock: Mapping[str, tuple[str, frozenset[str]]], roots: Iterable[str]) -> list[str]:
    """The names that are needed to run, sorted: the roots, and whatever they need."""
    kept = {plain(root) for root in roots}
    while True:
        more = {name for name, (_, by) in lock.items() if by & kept} - kept
        if not more:
            return sorted(kept)
        kept |= more


def roots() -> list[str]:
    """The program's own dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [name[0] for text in project["dependencies"] if (name := _NAME.match(text))]


def download(requirements: Path, folder: Path, target: str, version: str) -> str:
    """Fetch them; "" or what pip says is missing."""
    tags = [word for tag in _TAGS for word in ("--platform", tag.format(MACHINES[target]))]
    abi = "cp" + version.replace(".", "")
    words = [
        "--abi",
        abi,
        "--abi",
        "abi3",
        "--abi",
        "none",
        "--python-version",
        version,
        "--implementation",
        "cp",
    ]
    pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*pip, "--require-hashes", "--only-binary=:all:", *tags, *words, "-r", requirements, "-d", folder],
        capture_output=True,
        text=True,
    )
    return "" if done.returncode == 0 else done.stderr.strip() or f"pip ended with {done.returncode}"


def pack(files: Iterable[Path], path: Path) -> None:
    """wheels/NAME of every file, in order, without times and owners; visible when it is whole."""
    part = path.with_name(f".{path.name}.part")
    with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as tar:
        for file in sorted(files, key=lambda f: f.name):
            body = file.read_bytes()
            row = tarfile.TarInfo(f"wheels/{file.name}")
            row.size, row.mode = len(body), 0o644
            tar.addfile(row, io.BytesIO(body))
    os.replace(part, path)


def main(argv: list[str] | None = None) -> int:
    """0, or 1 where the index lacks a wheel: it is named, and no tar is left."""
    p = argparse.ArgumentParser(prog="python -m tests.packaging.wheels")
    p.add_argument("platform", choices=[*MACHINES, "other"])
    p.add_argument("tar", type=Path)
    p.add_argument("--python", default="3.11", help="the target's Python (default 3.11)")
    args = p.parse_args(argv)
    target = other() if args.platform == "other" else args.platform
    lock = locked((ROOT / "requirements.lock").read_text())
    names = runtime(lock, roots())
    with tempfile.TemporaryDirectory() as home:
        folder, wanted = Path(home) / "wheels", Path(home) / "requirements.txt"
        folder.mkdir()
        wanted.write_text("".join(f"{lock[name][0]}\n" for name in names))
        why = download(wanted, folder, target, args.python)
        if why:
            args.tar.unlink(missing_ok=True)
            sys.stderr.write(
                f"*** no wheels for {target}, Python {args.python}: the package index lacks one, or is not reached.\n"
                f"{why}\n*** {args.tar} was not made; the executable does not need it.\n"
            )
            return 1
        args.tar.parent.mkdir(parents=True, exist_ok=True)
        pack([*folder.iterdir(), wanted], args.tar)
    sys.stdout.write(f"{args.tar}: {len(names)} wheels for {target}, Python {args.python}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
