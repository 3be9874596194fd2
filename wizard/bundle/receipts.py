"""Receipts: what was loaded where, by whom, when; signed by the target's own key and chained.

A receipt is what a delta builds on, and the last link of the chain of custody. All are kept in the state folder,
one file each, in order.
"""

import platform
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.bundle import envelope, problems
from wizard.bundle.bom import Base, Bom, Step
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.push import Pushed
from wizard.bundle.trust.policy import Policy
from wizard.bundle.trust.verdict import Accepted, accept
from wizard.engine.folder import state_home
from wizard.oci.digest import digest_of, is_digest
from wizard.oci.files import make_folder, write_atomic

KIND = "application/vnd.airgap-wizard.receipt.v1+json"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One load. `series` are the bundles of this target, oldest first, this one last; `held` digests by repository."""

    registry: str
    series: tuple[Step, ...]
    held: Mapping[str, frozenset[str]] = field(repr=False)
    items: Mapping[str, str] = field(repr=False)
    host: str = ""
    at: str = ""
    previous: str = ""
    digest: str = ""

    @property
    def bundle(self) -> Step:
        """What was loaded."""
        return self.series[-1]

    @property
    def base(self) -> Base:
        """What a delta for this target says of its base."""
        return Base(self.digest, self.series)


def now_text(now: float | None = None) -> str:
    """UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() if now is None else now))


def make_receipt(
    bom: Bom, registry: str, pushed: Pushed, key: PrivateKey, previous: Receipt | None, authority: str = ""
) -> envelope.Envelope:
    """The signed receipt of a load; `previous` is the target's last one."""
    this = Step(bom.digest, bom.name, bom.version)
    before = previous.series if previous is not None else ()
    value = {
        "registry": registry,
        "series": [_step(step) for step in (*(s for s in before if s.bom != this.bom), this)],
        "held": {name: sorted(digests) for name, digests in pushed.blobs.items()},
        "items": {one.item.target: one.item.digest for one in pushed.items},
        "host": platform.node(),
        "at": now_text(),
        "previous": previous.digest if previous is not None else "",
    }
    return envelope.seal(KIND, value, key, authority)


def _step(step: Step) -> dict[str, str]:
    return {"bom": step.bom, "name": step.name, "version": step.version}


def read_receipt(path: Path, policy: Policy, now: float) -> tuple[Receipt, tuple[Accepted, ...]]:
    """Read and judge; one trusted signature is enough. Raises Problem `receipt-invalid` and those of `accept`."""
    sealed = _read(path)
    accepted = accept(str(path), sealed.signed_bytes, sealed.signatures, policy, now, partial=True)
    return _receipt(path, sealed), accepted


def _read(path: Path) -> envelope.Envelope:
    try:
        with path.open("rb") as file:
            return envelope.from_bytes(file.read(envelope.MOST + 1), KIND)
    except (OSError, envelope.Damaged) as error:
        raise problems.receipt_invalid(path, str(error)) from None


def _receipt(path: Path, sealed: envelope.Envelope) -> Receipt:
    try:
        return _understand(sealed.value(), digest_of(sealed.payload))
    except (envelope.Damaged, KeyError, TypeError, ValueError, AttributeError) as error:
        raise problems.receipt_invalid(path, f"{error or type(error).__name__}") from None


def _understand(data: Mapping[str, Any], digest: str) -> Receipt:
    series = tuple(Step(_digest(s["bom"]), _text(s["name"]), _text(s["version"])) for s in data["series"])
    if not series:
        raise ValueError("its series is empty")
    held = {_text(name): frozenset(map(_digest, found)) for name, found in data["held"].items()}
    items = {_text(target): _digest(found) for target, found in data["items"].items()}
    previous = data["previous"]
    return Receipt(
        _text(data["registry"]),
        series,
        held,
        items,
        _text(data["host"]),
        _text(data["at"]),
        _digest(previous) if previous else "",
        digest,
    )


def _digest(value: Any) -> str:
    if not isinstance(value, str) or not is_digest(value):
        raise ValueError("a digest in it is none")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > 1024:
        raise ValueError("a text in it is none")
    return value


class Receipts:
    """The receipts of one target on this machine, oldest first."""

    def __init__(self, registry: str, folder: Path | None = None) -> None:
        name = re.sub(r"[^A-Za-z0-9.-]", "_", registry)
        self.folder = (folder or state_home() / "receipts") / name

    def paths(self) -> list[Path]:
        """Their files."""
        try:
            return sorted(p for p in self.folder.iterdir() if re.match(r"\d{6}-.*\.json\Z", p.name))
        except OSError:
            return []

    def all(self) -> list[Receipt]:
        """What they say. They are our own notes: read for the chain and for messages, and not judged here."""
        return [_receipt(path, _read(path)) for path in self.paths()]

    def last(self) -> Receipt | None:
        """The newest."""
        paths = self.paths()
        return _receipt(paths[-1], _read(paths[-1])) if paths else None

    def keep(self, sealed: envelope.Envelope) -> Path:
        """Write the next one; its file."""
        make_folder(self.folder)
        receipt = _receipt(self.folder, sealed)
        stem = re.sub(r"[^A-Za-z0-9.+-]", "_", f"{receipt.bundle.name}-{receipt.bundle.version}")
        path = self.folder / f"{len(self.paths()) + 1:06d}-{stem}.json"
        write_atomic(path, sealed.to_bytes())
        return path

    def lost(self, bom: Bom) -> list[str]:
        """Bundles of a delta's series that were never loaded here, "NAME VERSION", oldest first."""
        if bom.base is None:
            return []
        loaded = {step.bom for receipt in self.all() for step in receipt.series}
        return [f"{step.name} {step.version}" for step in bom.base.series if step.bom not in loaded]
