"""Read a bundle that may come from anywhere: nothing is unpacked, nothing is believed, everything is bounded."""

import hashlib
import json
import re
import tarfile
from pathlib import Path
from typing import IO

from wizard.engine.problems import Problem, Remedy
from wizard.support.format import MANIFEST, VERSION, Bundle, Manifest

MEMBERS = 4000
ONE = 16 << 20
ALL = 128 << 20
LARGEST = 256 << 20
_NAME = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[A-Za-z0-9_][A-Za-z0-9 _.@:+/-]{0,400}\Z")


def read(path: Path) -> Bundle:
    """The bundle, as far as it can be read; `notes` say what could not. Raises Problem `support-bundle-invalid`."""
    try:
        if path.stat().st_size > LARGEST:
            raise invalid(path, f"it is larger than {LARGEST >> 20} MiB; none of ours is")
        with path.open("rb") as file:
            return unpack(file, path)
    except OSError as error:
        raise invalid(path, str(error)) from None


def unpack(file: IO[bytes], path: Path) -> Bundle:
    """The same from an open file."""
    notes: list[str] = []
    members = _members(file, path, notes)
    manifest = _manifest(members.pop(MANIFEST, None), members, path, notes)
    for name, (size, digest) in manifest.files.items():
        data = members.get(name)
        if data is None:
            notes.append(f"{name} is missing")
        elif len(data) != size or "sha256:" + hashlib.sha256(data).hexdigest() != digest:
            notes.append(f"{name} is not what the manifest says: changed or cut off on its way")
    return Bundle(manifest, members, tuple(notes))


def _members(file: IO[bytes], path: Path, notes: list[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    total = 0
    try:
        # "r:" = uncompressed alone: a compressed one could be a bomb, and no bundle of ours is
        with tarfile.open(fileobj=file, mode="r:") as tar:
            for count, member in enumerate(tar):
                if count >= MEMBERS:
                    notes.append(f"more than {MEMBERS} members: the rest was not read")
                    break
                why = _unwelcome(member, total)
                if why:
                    notes.append(f"{member.name[:100]!r} was not read: {why}")
                    continue
                source = tar.extractfile(member)
                data = source.read(ONE) if source is not None else b""
                if len(data) < member.size:
                    notes.append(f"{member.name} is cut off")
                total += len(data)
                found.setdefault(member.name, data)
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
        if not found:
            raise invalid(path, f"it is not an uncompressed tar: {error}") from None
        notes.append(f"the file ends in its middle: {error}")
    return found


def _unwelcome(member: tarfile.TarInfo, total: int) -> str:
    if not member.isreg() or member.issparse():
        return "it is no regular file"
    if not _NAME.match(member.name):
        return "its name is no name of ours"
    if member.size > ONE:
        return f"it has {member.size} bytes, more than {ONE}"
    if total + member.size > ALL:
        return f"the bundle has more than {ALL} bytes"
    return ""


def _manifest(raw: bytes | None, members: dict[str, bytes], path: Path, notes: list[str]) -> Manifest:
    if raw is None:
        if not any(name.startswith(("run/", "cluster/", "registry/", "helm/", "host/")) for name in members):
            raise invalid(path, f"there is no {MANIFEST} in it, nor anything else that we know")
        notes.append(f"there is no {MANIFEST}: what could not be collected, and why, is not known")
        return Manifest()
    try:
        manifest = Manifest.of(json.loads(raw))
    except (ValueError, RecursionError) as error:
        notes.append(f"{MANIFEST} cannot be read: {error}")
        return Manifest()
    if manifest.version > VERSION:
        notes.append(
            f"its format is version {manifest.version}, this program knows {VERSION}: what is new in it is not read"
        )
    return manifest


def invalid(path: Path, why: str) -> Problem:
    """`support-bundle-invalid` (exit 2)."""
    return Problem(
        "support-bundle-invalid",
        f"{path} is not a support bundle",
        detail=why,
        remedies=(Remedy("make one", "airgap-wizard support-bundle --output FILE"),),
        exit_code=2,
    )
