"""One repository of one registry, over the distribution API (distribution-spec 1.1)."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from wizard.engine.events import Move
from wizard.engine.problems import Problem
from wizard.oci import media, problems
from wizard.oci.answer import Answer, TooLong
from wizard.oci.auth import scope
from wizard.oci.blob_reader import RegistryBlob
from wizard.oci.descriptor import Descriptor, Malformed
from wizard.oci.digest import is_digest, same_digest
from wizard.oci.manifest import LARGEST, Manifest, guess_media_type
from wizard.oci.numbers import number
from wizard.oci.progress import Progress
from wizard.oci.store import BlobReader, Opener

if TYPE_CHECKING:
    from wizard.oci.transport import Transport

_ACCEPT = {"Accept": media.ACCEPT}
_PAGES = 1000  # pages of a tag list that are read before it is called endless
_TAGS = 200_000
_VAGUE = {"", "application/json", "text/plain", "application/octet-stream"}


class Repository:
    """A Store over HTTP. Thread-safe; it holds no connection of its own."""

    def __init__(self, transport: "Transport", host: str, repository: str) -> None:
        self.transport, self.host, self.repository = transport, host, repository
        self.client = transport.client(host)

    @property
    def name(self) -> str:
        """HOST/REPOSITORY."""
        return f"{self.host}/{self.repository}"

    @property
    def pull(self) -> tuple[str, ...]:
        """Scopes for reading."""
        return (scope(self.repository, "pull"),)

    @property
    def push(self) -> tuple[str, ...]:
        """Scopes for writing."""
        return (scope(self.repository, "pull,push"),)

    def _manifest_url(self, ref: str) -> str:
        return self.client.url(f"{self.repository}/manifests/{quote(ref, safe=':')}")

    def blob_url(self, digest: str) -> str:
        """Where a blob is."""
        return self.client.url(f"{self.repository}/blobs/{digest}")

    def resolve(self, ref: str) -> Descriptor | None:
        """HEAD; where the registry leaves something out, GET."""
        asked = f"manifest {ref} of {self.name}"
        with self.client.ask(
            "HEAD",
            self._manifest_url(ref),
            asked=asked,
            scopes=self.pull,
            headers=_ACCEPT,
            expect=(200, 404, 405),
        ) as answer:
            if answer.status == 404:
                return None
            digest = answer.headers.get("Docker-Content-Digest", "")
            size = number(answer.headers.get("Content-Length", ""))
            kind = _kind(answer)
        if is_digest(ref):
            digest = ref
        if not is_digest(digest) or size is None or kind in _VAGUE:
            try:
                return self.manifest(ref).descriptor
            except Problem as problem:
                if problem.code == "tag-not-found":
                    return None
                raise
        return Descriptor(kind, digest, size)

    def manifest(self, ref: str) -> Manifest:
        """GET, verified. A body that fails its digest is asked for once more before it is called wrong."""
        try:
            return self._manifest(ref)
        except Problem as problem:
            if problem.code != "digest-mismatch":
                raise
            return self._manifest(ref)

    def _manifest(self, ref: str) -> Manifest:
        asked = f"manifest {ref} of {self.name}"
        body, answer = self._document(self._manifest_url(ref), asked, ref, _ACCEPT)
        if answer.status == 404:
            raise problems.tag_not_found(self.name, ref, self._tags_for_message())
        if problems.is_html(answer.headers, body):
            raise problems.broken(self.host, asked, "it answered 200 with a web page")
        expected = ref if is_digest(ref) else answer.headers.get("Docker-Content-Digest", "")
        found = Manifest(body, _kind(answer), expected if same_digest(body, expected) else "")
        if expected and found.digest != expected:
            raise problems.digest_mismatch(asked, expected, found.digest)
        try:
            if found.media_type in _VAGUE:
                found = Manifest(body, guess_media_type(body), found.digest)
            if found.media_type not in media.SCHEMA1:
                found.check()
        except Malformed as error:
            raise problems.manifest_invalid(self.name, ref, error) from None
        return found

    def _document(self, url: str, asked: str, ref: str, headers: dict[str, str]) -> tuple[bytes, Answer]:
        retries = self.transport.retries
        for attempt in range(retries.tries):
            with self.client.ask(
                "GET", url, asked=asked, scopes=self.pull, headers=headers, expect=(200, 404)
            ) as answer:
                try:
                    return answer.read(LARGEST), answer
                except TooLong:
                    raise problems.manifest_too_large(self.name, ref, LARGEST + 1, LARGEST) from None
                except OSError as error:
                    if attempt + 1 == retries.tries:
                        raise problems.from_os_error(error, self.host, self.client.site.base) from None
            self.transport.stop.wait(retries.delay(attempt))
        raise AssertionError("the last try returns or raises")

    def _tags_for_message(self) -> list[str]:
        try:
            return self.tags()
        except Problem:
            return []

    def has_blob(self, blob: Descriptor) -> bool:
        """HEAD. A blob of another size than its descriptor's is damaged, so not there: it is sent again."""
        return self.held(blob) == blob.size

    def held(self, blob: Descriptor) -> int:
        """Bytes that the registry has under the digest, -1 where none. Where it does not say, it has them all."""
        asked = f"blob {blob.digest} of {self.name}"
        with self.client.ask(
            "HEAD", self.blob_url(blob.digest), asked=asked, scopes=self.pull, expect=(200, 404)
        ) as answer:
            if answer.status != 200:
                return -1
            # some answer HEAD with 0 for "I do not say"; a coding's length is not the blob's
            said = number(answer.headers.get("Content-Length", "")) or blob.size
            return blob.size if "Content-Encoding" in answer.headers else said

    def open_blob(self, blob: Descriptor, offset: int = 0) -> BlobReader:
        """A reader that mends itself: after a cut it asks for the rest."""
        return RegistryBlob(self, blob, offset)

    def put_blob(
        self, blob: Descriptor, opener: Opener, progress: Progress | None = None, *, mount_from: str = ""
    ) -> Move:
        """HEAD, mount, then one streaming pass (see upload.py)."""
        from wizard.oci.upload import upload

        return upload(self, blob, opener, progress or Progress(), mount_from=mount_from)

    def put_manifest(self, manifest: Manifest, ref: str = "") -> Descriptor:
        """PUT under a tag or by digest; the registry must name the same digest."""
        ref = ref or manifest.digest
        asked = f"manifest {ref} of {self.name}"
        try:
            answer = self.client.ask(
                "PUT",
                self._manifest_url(ref),
                asked=asked,
                scopes=self.push,
                headers={"Content-Type": manifest.media_type},
                body=manifest.body,
                expect=(200, 201, 202),
            )
        except Problem as problem:
            if problem.evidence.get("status") == 415 and "vnd.docker." in manifest.media_type:
                said = str(problem.evidence.get("said", ""))
                raise problems.docker_types(self.name, ref, manifest.media_type, said) from None
            raise
        with answer:
            said = answer.headers.get("Docker-Content-Digest", "")
            noted = "OCI-Subject" in answer.headers
            answer.peek(LARGEST)
        if not is_digest(said) or not said.startswith(manifest.digest.partition(":")[0] + ":"):
            # it did not say what it stored: ask
            known = self.resolve(ref)
            said = known.digest if known is not None else "nothing"
        if said != manifest.digest:
            raise problems.digest_mismatch(f"{asked}, as the registry stored it,", manifest.digest, said)
        if (
            not noted
            and manifest.media_type in media.MANIFESTS | media.INDEXES
            and manifest.subject is not None
        ):
            self._note(manifest, manifest.subject.digest)
        return manifest.descriptor

    def _note(self, manifest: Manifest, subject: str) -> None:
        """A registry without the referrers API: the client keeps the list, under a tag (distribution-spec, push.md)."""
        tag = subject.replace(":", "-", 1)
        with self.client.lists:
            kept = [one for one in self._fallback(subject, "") if one.digest != manifest.digest]
            entry = replace(
                manifest.descriptor, artifact_type=manifest.artifact_type, annotations=manifest.annotations
            )
            index = {
                "schemaVersion": 2,
                "mediaType": media.OCI_INDEX,
                "manifests": [one.to_json() for one in (*kept, entry)],
            }
            self.put_manifest(Manifest(json.dumps(index).encode(), media.OCI_INDEX), tag)

    def delete(self, ref: str) -> bool:
        """Delete a manifest by digest, or a tag. False where it was not there. Raises Problem (405: not allowed there)."""
        with self.client.ask(
            "DELETE",
            self._manifest_url(ref),
            asked=f"deletion of {ref} in {self.name}",
            scopes=(scope(self.repository, "delete"),),
            expect=(200, 202, 204, 404),
        ) as answer:
            answer.peek(LARGEST)
            return answer.status != 404

    def tags(self) -> list[str]:
        """All pages of the tag list; [] where the repository does not exist."""
        found: set[str] = set()
        url = self.client.url(f"{self.repository}/tags/list")
        asked = f"tag list of {self.name}"
        for _ in range(_PAGES):
            body, answer = self._document(url, asked, "tags/list", {})
            if answer.status == 404:
                break
            try:
                page = json.loads(body)["tags"] or []
                fresh = {str(tag) for tag in page} - found
            except (ValueError, KeyError, TypeError, RecursionError):
                raise problems.broken(self.host, asked, "its answer is no tag list") from None
            found |= fresh
            following = _next(answer)
            if not following or not fresh or len(found) > _TAGS:
                break
            url = self.client.location(asked, following)
        return sorted(found)

    def referrers(self, digest: str, artifact_type: str = "") -> list[Descriptor]:
        """The referrers API (all pages), else the fallback tag `sha256-…`."""
        query = "?" + urlencode({"artifactType": artifact_type}) if artifact_type else ""
        url = self.client.url(f"{self.repository}/referrers/{digest}{query}")
        asked = f"referrers of {digest} in {self.name}"
        found: dict[str, Descriptor] = {}
        for _ in range(_PAGES):
            try:
                body, answer = self._document(url, asked, digest, {"Accept": media.OCI_INDEX})
            except Problem as problem:
                if problem.evidence.get("status") in (400, 405, 501):
                    return self._fallback(digest, artifact_type)
                raise
            if answer.status == 404 or _kind(answer) != media.OCI_INDEX:
                return self._fallback(digest, artifact_type)
            try:
                page = Manifest(body, media.OCI_INDEX).children
            except Malformed as error:
                raise problems.broken(self.host, asked, str(error)) from None
            fresh = [one for one in page if one.digest not in found]
            found.update({one.digest: one for one in fresh})
            following = _next(answer)
            if not following or not fresh:
                break
            url = self.client.location(asked, following)
        return [one for one in found.values() if not artifact_type or one.artifact_type == artifact_type]

    def _fallback(self, digest: str, artifact_type: str) -> list[Descriptor]:
        try:
            index = self.manifest(digest.replace(":", "-", 1))
        except Problem as problem:
            if problem.code == "tag-not-found":
                return []
            raise
        return [one for one in index.children if not artifact_type or one.artifact_type == artifact_type]


def _kind(answer: Answer) -> str:
    return answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _next(answer: Answer) -> str:
    for link in answer.headers.get_all("Link") or []:
        for part in link.split(","):
            target, _, words = part.partition(";")
            if 'rel="next"' in words or "rel=next" in words:
                return target.strip().removeprefix("<").removesuffix(">")
    return ""
