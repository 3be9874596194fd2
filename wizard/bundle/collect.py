"""From images, models, a chart and files to a bill of materials, and the means to open every byte of it.

The order is fixed by what is collected, never by the clock, the network or a cache: the same inputs give the same
bytes.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import wizard
from wizard.bundle.artefacts import Made
from wizard.bundle.bom import INDEX, LAYOUT, REFERRER, Base, Bom, Entry, Item
from wizard.model import manifest as model_types
from wizard.model.source import BytesReader
from wizard.oci import media
from wizard.oci.copy import chosen
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import digest_of, is_digest
from wizard.oci.manifest import Manifest
from wizard.oci.reference import Reference
from wizard.oci.referrers import companions
from wizard.oci.store import Opener, Store
from wizard.oci.walk import DEEPEST, walk

MARK = b'{"imageLayoutVersion":"1.0.0"}'
CONTAINERD_NAME = "io.containerd.image.name"
_PURPOSE = {"model": "layer", "chart": "chart", "file": "file", "companion": "signature", "image": "layer"}


@dataclass(slots=True)
class _Found:
    entry: Entry
    of: set[int] = field(default_factory=set)


class Collector:
    """Adds up what a bundle will carry. Fetches manifests alone; blobs are opened when the archive is written."""

    def __init__(self, jobs: int = 8) -> None:
        self._jobs = jobs
        self._items: list[Item] = []
        self._manifests: dict[str, _Found] = {}
        self._blobs: dict[str, _Found] = {}
        self.openers: dict[str, Opener] = {}

    @property
    def payload(self) -> int:
        """Bytes of everything so far."""
        return sum(found.entry.size for found in (*self._manifests.values(), *self._blobs.values()))

    def image(
        self,
        store: Store,
        ref: str,
        source: str,
        target: str,
        platforms: Sequence[str] = (),
        licence: str = "",
    ) -> Item:
        """An image with its companions (signatures, attestations, SBOMs). Raises what the store raises."""
        with ThreadPoolExecutor(self._jobs, "collect") as budget:
            digests = self._tree(budget, store, ref, "image", source, target, platforms, licence)
            first = self._items[-1]
            self._companions(budget, store, digests, source, first.repository, 0)
        return first

    def _companions(
        self,
        budget: ThreadPoolExecutor,
        store: Store,
        digests: list[str],
        source: str,
        repository: str,
        depth: int,
    ) -> None:
        if depth >= DEEPEST:
            return
        known = {(item.target, item.digest) for item in self._items}
        for ref in sorted(companions(budget, store, digests)):
            root = store.manifest(ref)
            tag = f"{REFERRER}{root.digest.partition(':')[2][:40]}" if is_digest(ref) else ref
            target = f"{repository}:{tag}"
            if (target, root.digest) in known:  # another tag of the same image brought it
                continue
            name = Reference.parse(source).name
            below = self._tree(
                budget,
                store,
                ref,
                "companion",
                f"{name}@{ref}" if is_digest(ref) else f"{name}:{ref}",
                target,
                (),
                "",
                subject=_subject(root, ref),
            )
            self._companions(budget, store, below, source, repository, depth + 1)

    def _tree(
        self,
        budget: ThreadPoolExecutor,
        store: Store,
        ref: str,
        kind: str,
        source: str,
        target: str,
        platforms: Sequence[str],
        licence: str,
        subject: str = "",
    ) -> list[str]:
        root = store.manifest(ref)
        tree = walk(store, root, chosen(platforms), budget)
        kept = tuple(dict.fromkeys(tree.platforms)) if tree.left_out else ()
        place = self._item(kind, source, target, root, tree.size, kept, licence, subject)
        for level in tree.levels:
            for manifest in level:
                self._manifest(manifest, place, licence)
        for blob, platform in tree.blobs.values():
            self._blob(blob, kind, place, platform, licence, _opening(store, blob))
        return [root.digest, *(manifest.digest for manifest in tree.children)]

    def made(self, kind: str, made: Made, source: str, target: str, licence: str = "") -> Item:
        """A chart or a file."""
        manifest = made.manifest
        place = self._item(
            kind, source, target, manifest, sum(b.size for b in manifest.blobs), (), licence, ""
        )
        self._manifest(manifest, place, licence)
        for blob in manifest.blobs:
            self._blob(blob, kind, place, "", licence, made.openers[blob.digest])
        return self._items[place]

    def model(self, store: Store, digest: str, source: str, target: str, licence: str = "") -> Item:
        """A model's artefact."""
        manifest = store.manifest(digest)
        place = self._item(
            "model", source, target, manifest, sum(b.size for b in manifest.blobs), (), licence, ""
        )
        self._manifest(manifest, place, licence)
        for blob in manifest.blobs:
            self._blob(blob, "model", place, "", licence, _opening(store, blob))
        return self._items[place]

    def _item(
        self,
        kind: str,
        source: str,
        target: str,
        root: Manifest,
        total: int,
        platforms: tuple[str, ...],
        licence: str,
        subject: str,
    ) -> int:
        size = len(root.body)
        item = Item(
            kind,
            source,
            target,
            self._ref(target),
            root.digest,
            root.media_type,
            size,
            total,
            platforms,
            licence,
            subject,
        )
        self._items.append(item)
        return len(self._items) - 1

    def _ref(self, target: str) -> str:
        """A name for the image layout that every tool takes: no colon, no slash."""
        repository, _, tag = target.rpartition(":")
        name = re.sub(r"[^A-Za-z0-9._-]", "_", f"{repository.rpartition('/')[2]}-{tag}")
        taken = {item.ref for item in self._items}
        return name if name not in taken else re.sub(r"[^A-Za-z0-9._-]", "_", target)

    def _manifest(self, manifest: Manifest, place: int, licence: str) -> None:
        entry = Entry(
            Entry.blob_path(manifest.digest),
            manifest.digest,
            len(manifest.body),
            manifest.media_type,
            "manifest",
            licence=licence,
        )
        self._manifests.setdefault(manifest.digest, _Found(entry)).of.add(place)
        self.openers[manifest.digest] = _in_memory(manifest.body)

    def _blob(
        self, blob: Descriptor, kind: str, place: int, platform: str, licence: str, opener: Opener
    ) -> None:
        if blob.digest in self._manifests:
            return
        purpose = _PURPOSE[kind]
        if blob.media_type == model_types.MODEL:
            purpose = "weights"
        elif (
            "config" in blob.media_type
            or blob.media_type == media.OCI_EMPTY
            or ".container.image." in blob.media_type
        ):
            purpose = "config"
        entry = Entry(
            Entry.blob_path(blob.digest), blob.digest, blob.size, blob.media_type, purpose, platform, licence
        )
        self._blobs.setdefault(blob.digest, _Found(entry)).of.add(place)
        self.openers.setdefault(blob.digest, opener)

    def bom(
        self,
        name: str,
        version: str,
        *,
        chart: Mapping[str, Any] | None = None,
        sweep: Mapping[str, Any] | None = None,
        base: Base | None = None,
        held: Mapping[str, Set[str]] | None = None,
    ) -> Bom:
        """The bill of materials. `held` are the blobs that the target of a delta has, by repository: left out."""
        index = self._index()
        head = [_document(LAYOUT, MARK, "application/vnd.oci.layout.header.v1+json", "layout")]
        head.append(_document(INDEX, index, media.OCI_INDEX, "index"))
        self.openers[head[0].digest], self.openers[head[1].digest] = _in_memory(MARK), _in_memory(index)
        manifests = [replace(found.entry, of=tuple(sorted(found.of))) for found in self._manifests.values()]
        blobs = [
            replace(found.entry, of=tuple(sorted(found.of)))
            for digest, found in self._blobs.items()
            if digest not in self._manifests
        ]
        there = held if base is not None and held else {}
        absent = [
            blob
            for blob in blobs
            if blob.purpose != "chart"  # small, and read from the bundle itself when it is installed
            and any(blob.digest in there.get(r, ()) for r in self._homes(blob))
        ]
        left_out = {blob.digest for blob in absent}
        return Bom(
            name,
            version,
            (*head, *manifests, *(blob for blob in blobs if blob.digest not in left_out)),
            tuple(self._items),
            tuple(absent),
            base,
            chart or {},
            sweep or {},
            f"airgap-wizard {wizard.__version__}",
        )

    def _homes(self, entry: Entry) -> set[str]:
        return {self._items[place].repository for place in entry.of}

    def _index(self) -> bytes:
        rows = []
        for item in self._items:
            row: dict[str, Any] = {"mediaType": item.media_type, "digest": item.digest, "size": item.size}
            if not item.by_digest:
                row["annotations"] = {media.REF_NAME: item.ref}
                if item.kind == "image":
                    row["annotations"][CONTAINERD_NAME] = item.source
            rows.append(row)
        document = {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": rows}
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _document(path: str, body: bytes, media_type: str, purpose: str) -> Entry:
    return Entry(path, digest_of(body), len(body), media_type, purpose)


def _in_memory(body: bytes) -> Opener:
    make: Callable[[int], BytesReader] = lambda offset: BytesReader(body[offset:])  # noqa: E731
    return make


def _opening(store: Store, blob: Descriptor) -> Opener:
    return lambda offset: store.open_blob(blob, offset)


def _subject(root: Manifest, ref: str) -> str:
    if root.subject is not None:
        return root.subject.digest
    found = ref.partition(".")[0].replace("-", ":", 1)
    return found if is_digest(found) else ""
