"""The sweep of a bundle's build: every image reference in what it carries is carried and pinned, or the build fails (S2.12)."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

import yaml

from wizard.cluster.chart.model import Chart
from wizard.cluster.references import Found, references
from wizard.cluster.values.rendered import documents
from wizard.engine.problems import Problem, Remedy
from wizard.oci.reference import Reference


@dataclass(frozen=True, slots=True)
class Manifest:
    """One parsed document: `source` is the file it came from, `text` that file's own text (a template's, not rendered)."""

    source: str
    text: str
    obj: object
    first: int = 1
    """The line of the file that the document begins on."""

    def line(self, needle: str) -> int:
        """The first line of the file, from the document's on, that has `needle`; 0 where none has."""
        lines = self.text.splitlines()
        for start in (self.first - 1, 0):
            for number, line in enumerate(lines[start:], start + 1):
                if needle in line:
                    return number
        return 0

    def at(self, found: Found) -> str:
        """FILE:LINE of a reference, or of the key it stands under."""
        name = found.reference.partition("@")[0]
        bare = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
        for needle in (found.reference, name, bare, f"{found.path[-1]}:" if found.path else ""):
            if needle and (number := self.line(needle)):
                return f"{self.source}:{number}"
        return self.source

    @property
    def title(self) -> str:
        """KIND NAME."""
        if not isinstance(self.obj, Mapping):
            return "a document"
        meta = self.obj.get("metadata")
        name = meta.get("name", "?") if isinstance(meta, Mapping) else "?"
        return f"{self.obj.get('kind', 'object')} {name}"


@dataclass(frozen=True, slots=True)
class Loose:
    """A reference that would look for its image outside."""

    where: str
    reference: str
    owner: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reference} ({self.owner}) {self.why}"


@dataclass(frozen=True, slots=True)
class Swept:
    """What was looked at, and what was excepted with its reason."""

    documents: int
    references: int
    exceptions: Mapping[str, str]
    unused: tuple[str, ...]


def rendered(chart: Chart, manifests: str) -> Iterator[Manifest]:
    """The documents that the chart renders to, each with the template it came from."""
    for source, text in documents(manifests):
        # a template's lines are not those of what it renders to: the reference is looked for in the template
        yield from _parsed(f"{chart.name}/{source}", chart.text(source) or text, text)


def beside(chart: Chart) -> Iterator[Manifest]:
    """What Helm installs without rendering it: custom resource definitions."""
    for name in sorted(chart.files):
        if "crds" in name.split("/") and name.endswith((".yaml", ".yml", ".json")):
            yield from in_file(f"{chart.name}/{name}", chart.text(name))


def in_file(name: str, text: str) -> Iterator[Manifest]:
    """The documents of a YAML file. Raises Problem `sweep-not-yaml`."""
    first = 1
    for part in text.split("\n---"):
        yield from _parsed(name, text, part, first)
        first += part.count("\n") + 1


def _parsed(name: str, text: str, document: str, first: int = 1) -> Iterator[Manifest]:
    try:
        for obj in yaml.safe_load_all(document.removeprefix("---")):
            if obj is not None:
                yield Manifest(name, text, obj, first)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = first + mark.line if mark else first
        raise Problem(
            "sweep-not-yaml",
            f"{name}:{line} is no YAML, so its image references cannot be seen",
            detail=str(getattr(error, "problem", None) or error),
            remedies=(Remedy("mend the file, or leave it out of what is carried"),),
            exit_code=3,
        ) from None


def sweep(
    manifests: Iterable[Manifest], carried: Mapping[str, Set[str]], exceptions: Mapping[str, str]
) -> Swept:
    """Look at every reference. `carried` are tags and digests by repository (HOST/PATH); `exceptions` reasons by reference.

    Raises Problem `reference-not-carried` (exit 3) that names every one with file and line.
    """
    loose: list[Loose] = []
    count = seen = 0
    used: set[str] = set()
    for manifest in manifests:
        count += 1
        for found in references(manifest.obj):
            seen += 1
            why = _why(found.reference, carried)
            if why and found.reference in exceptions:
                used.add(found.reference)
            elif why:
                loose.append(Loose(manifest.at(found), found.reference, manifest.title, why))
    if loose:
        raise _refused(list(dict.fromkeys(loose)))
    kept = {name: reason for name, reason in exceptions.items() if name in used}
    return Swept(count, seen, kept, tuple(name for name in exceptions if name not in used))


def _why(text: str, carried: Mapping[str, Set[str]]) -> str:
    """What is wrong with a reference; "" where nothing is."""
    try:
        reference = Reference.parse(text)
    except Problem:
        return "is no image reference that can be resolved"
    known = carried.get(reference.name)
    if known is None:
        return "is not carried"
    if reference.digest:
        return "" if reference.digest in known else "is carried, but not with this digest"
    if (reference.tag or "latest") in known:
        digests = sorted(one for one in known if ":" in one)
        return (
            f"is carried, but not pinned: write {reference.name}@{digests[0]}" if digests else "is not pinned"
        )
    return "is not carried with this tag"


def _refused(loose: list[Loose]) -> Problem:
    lines = "\n".join(str(one) for one in loose[:50])
    more = f"\n… and {len(loose) - 50} more" if len(loose) > 50 else ""
    return Problem(
        "reference-not-carried",
        f"{len(loose)} image references would look for their image outside",
        detail=lines + more,
        remedies=(
            Remedy(
                "carry the image: add it to images.extra in the answers, and name it by digest where it is used"
            ),
            Remedy(
                "or say why it is not needed: media.exceptions, as `REFERENCE because REASON`",
                docs="reference-not-carried",
            ),
        ),
        evidence={"references": [{"where": one.where, "reference": one.reference} for one in loose]},
        exit_code=3,
    )
