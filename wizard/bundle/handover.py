"""Links that the program itself adds to the chain of custody: made, and loaded; beside the bundle where that can be written."""

import contextlib
import os
from pathlib import Path

from wizard.bundle.custody import about, add_link, chain_file, read_chain
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.trust.policy import Policy
from wizard.engine.problems import Problem
from wizard.oci.files import make_folder, write_atomic


def begin(bundle: Path, bom: str, key: PrivateKey, authority: str = "") -> Path:
    """The chain of a bundle that was just written: begun with "made", or left as it is where it is this bundle's already.

    The chain of another bundle that had this name is kept, under its digest. Raises Problem `custody-broken`,
    `disk-full`, `folder-not-writable`.
    """
    path = chain_file(bundle)
    old = about(path)
    if old == bom:
        return path
    if old:
        os.replace(path, path.with_name(f"{path.name}.{old.rpartition(':')[2][:12]}"))
    add_link(path, bom, "made", "", key, authority)
    return path


def loaded(
    bundle: Path, bom: str, note: str, key: PrivateKey, policy: Policy, now: float, aside: Path
) -> Path:
    """Add "loaded" to the chain; the file that has it. A medium that cannot be written leaves it in the folder `aside`.

    Raises Problem `custody-broken` (nobody signs a chain that is broken already), `disk-full`, `folder-not-writable`.
    """
    path = chain_file(bundle)
    kept = aside / path.name
    if about(kept) == bom:
        path = kept  # it went on there, the last time
    read_chain(path, bom, policy, now)
    try:
        add_link(path, bom, "loaded", note, key)
        return path
    except Problem as problem:
        if path == kept or problem.code not in ("folder-not-writable", "disk-full"):
            raise
    make_folder(aside)
    with contextlib.suppress(FileNotFoundError):
        write_atomic(kept, path.read_bytes())
    add_link(kept, bom, "loaded", note, key)
    return kept


def travel(bundle: Path, other: Path) -> Path | None:
    """The chain goes along with the volumes that a bundle was cut into; None where there is none yet."""
    path = chain_file(bundle)
    if not path.is_file():
        return None
    write_atomic(chain_file(other), path.read_bytes())
    return chain_file(other)
