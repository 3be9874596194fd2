"""Places: what a person writes for a store and something in it: a reference, or layout:DIR[:TAG]."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.engine.problems import Problem, Remedy
from wizard.oci.layout import Layout
from wizard.oci.reference import Reference, is_tag
from wizard.oci.store import Store

if TYPE_CHECKING:
    from wizard.oci.copy import Job
    from wizard.oci.transport import Transport

_LAYOUT = "layout:"
_LOOPBACK = ("localhost", "127.", "[::1]")


@dataclass(frozen=True, slots=True)
class Place:
    """A registry reference, or a layout folder with the name of an image in it ("" = the only one)."""

    text: str
    reference: Reference | None = None
    folder: Path | None = None
    tag: str = ""

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Parse one side of SRC=DST. Raises Problem `reference-invalid` (exit 2)."""
        if not text.startswith(_LAYOUT):
            reference = Reference.parse(text)
            return cls(text, reference, None, reference.digest or reference.tag)
        rest = text.removeprefix(_LAYOUT)
        folder, colon, tag = rest.rpartition(":")
        if not colon or "/" in tag:
            folder, tag = rest, ""
        if not folder or (tag and not is_tag(tag)) or (colon and not tag and folder != rest):
            raise _unreadable(text, "write layout:DIR or layout:DIR:TAG")
        return cls(text, None, Path(folder), tag)

    @property
    def loopback(self) -> bool:
        """True for a registry on this machine."""
        return self.reference is not None and self.reference.registry.startswith(_LOOPBACK)

    def store(self, transport: "Transport", *, create: bool = False) -> Store:
        """The store. Raises Problem `layout-invalid` where a folder to read from is no layout."""
        if self.reference is not None:
            return transport.repository(self.reference)
        assert self.folder is not None
        return Layout(self.folder, create=create)

    def job(self, target: "Place", transport: "Transport") -> "Job":
        """The job that copies from here to there; a target without a tag gets this one's."""
        from wizard.oci.copy import Job

        ref = self.tag or ("latest" if self.reference is not None else "")
        own = self.reference.tag if self.reference is not None else self.tag
        there = target.tag or own or (self.reference.digest if self.reference is not None else "")
        if target.reference is not None and not there:
            there = "latest"
        store = target.store(transport, create=True)
        name = store.name + ("@" if ":" in there else ":") + there if there else store.name
        return Job(
            self.store(transport), ref, store, there, title=self.text, destination=name.partition("@")[0]
        )


def pair(text: str) -> tuple[Place, Place]:
    """Parse SRC=DST. Raises Problem `reference-invalid` (exit 2)."""
    source, equals, target = text.partition("=")
    if not equals or not source or not target:
        raise _unreadable(text, "write SRC=DST, for example ghcr.io/a/b:1=registry.example/b:1")
    return Place.parse(source), Place.parse(target)


def _unreadable(text: str, do: str) -> Problem:
    return Problem(
        "reference-invalid",
        f"{text!r} does not name an image",
        remedies=(Remedy(do),),
        evidence={"reference": text},
        exit_code=2,
    )
