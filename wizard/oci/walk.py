"""Walking an image: its manifests, children before parents, and every blob under them."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from wizard.oci import media, problems
from wizard.oci.descriptor import Descriptor, Malformed, Platform
from wizard.oci.manifest import Manifest
from wizard.oci.store import Store

DEEPEST = 8
"""Indexes inside indexes that are followed."""
_MOST = 10_000  # manifests under one reference: more is an attack, not an image
_ATTESTED = "vnd.docker.reference.digest"  # buildx puts attestations beside the image that they speak of


@dataclass(slots=True)
class Tree:
    """What was found. `levels` are manifests by depth, the root alone in the first."""

    levels: list[list[Manifest]] = field(default_factory=list)
    blobs: dict[str, tuple[Descriptor, str]] = field(default_factory=dict)
    """By digest: the descriptor, and the platform it was first seen under."""
    left_out: list[str] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)

    @property
    def root(self) -> Manifest:
        """What the reference named."""
        return self.levels[0][0]

    @property
    def children(self) -> list[Manifest]:
        """All manifests but the root, deepest first, each once."""
        return [manifest for level in reversed(self.levels[1:]) for manifest in level]

    @property
    def size(self) -> int:
        """Bytes of all blobs."""
        return sum(blob.size for blob, _ in self.blobs.values())


def walk(source: Store, root: Manifest, platforms: Sequence[Platform], budget: Executor) -> Tree:
    """Fetch every manifest under `root`; `platforms` limits indexes (() = all).

    Raises Problem `manifest-schema1-refused`, `manifest-invalid`, `platform-not-found` and what the source raises.
    """
    tree = Tree()
    level = [(root, "")]
    seen: set[str] = set()
    while level:
        if len(tree.levels) > DEEPEST:
            raise problems.manifest_invalid(source.name, root.digest, f"indexes lie more than {DEEPEST} deep")
        tree.levels.append([manifest for manifest, _ in level])
        wanted: dict[str, tuple[Descriptor, str]] = {}
        for manifest, platform in level:
            _known(source, manifest)
            for child in _choose(source, manifest, platforms, tree):
                where = str(child.platform) if child.platform else platform
                if child.digest not in seen:
                    wanted.setdefault(child.digest, (child, where))
            for blob in manifest.blobs:
                # foreign layers stay where they are: registries do not hold them
                if not (
                    blob.urls and ("foreign" in blob.media_type or "nondistributable" in blob.media_type)
                ):
                    tree.blobs.setdefault(blob.digest, (blob, platform))
        seen |= set(wanted)
        if len(seen) > _MOST:
            raise problems.manifest_invalid(source.name, root.digest, f"it has more than {_MOST} manifests")
        fetched = budget.map(source.manifest, wanted)
        level = [
            (_as_listed(source, child, found), p)
            for (child, p), found in zip(wanted.values(), fetched, strict=True)
        ]
    return tree


def _known(source: Store, manifest: Manifest) -> None:
    if manifest.media_type in media.SCHEMA1:
        raise problems.schema1(source.name, manifest.digest, manifest.media_type)
    if manifest.media_type not in media.INDEXES | media.MANIFESTS:
        raise problems.media_type_unknown(source.name, manifest.digest, manifest.media_type)


def _choose(source: Store, index: Manifest, platforms: Sequence[Platform], tree: Tree) -> list[Descriptor]:
    real = [c for c in index.children if c.platform and c.platform.os != "unknown"]
    chosen = list(index.children)
    if platforms and real:
        missing = [p for p in platforms if not any(c.platform and c.platform.matches(p) for c in real)]
        if missing:
            has = [str(c.platform) for c in real]
            raise problems.platform_not_found(source.name, index.digest, map(str, missing), has)
        chosen = [c for c in real if any(c.platform and c.platform.matches(p) for p in platforms)]
        digests = {c.digest for c in chosen}
        chosen += [c for c in index.children if c.annotations.get(_ATTESTED) in digests]
        tree.left_out += [str(c.platform or c.digest) for c in index.children if c not in chosen]
    tree.platforms += [str(c.platform) for c in chosen if c in real]
    return chosen


def _as_listed(source: Store, child: Descriptor, found: Manifest) -> Manifest:
    """The child as its parent describes it: size and media type have to agree."""
    if len(found.body) != child.size:
        raise problems.truncated(f"manifest {child.digest} of {source.name}", child.size, len(found.body))
    try:
        if child.media_type and child.media_type != found.media_type:
            found = Manifest(found.body, child.media_type, found.digest)
            found.check()
    except Malformed as error:
        raise problems.manifest_invalid(source.name, child.digest, error) from None
    return found
