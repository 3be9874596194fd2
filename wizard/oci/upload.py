"""Sending a blob: HEAD, mount, one streaming pass with the hash beside it, and the rest after a cut.

Specification: distribution-spec, push.md. A registry that keeps what it got before a cut is asked how much that is,
and gets only the remainder; the location is remembered across restarts (uploads.py).
"""

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from wizard.engine.events import Move
from wizard.engine.problems import Problem
from wizard.oci import problems
from wizard.oci.answer import Answer
from wizard.oci.auth import scope
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import Hash, InlineHash, hasher
from wizard.oci.progress import Progress
from wizard.oci.store import Opener
from wizard.oci.transport import Send, Stream

if TYPE_CHECKING:
    from wizard.oci.registry import Repository

_SAID = 64 * 1024
_RESUMABLE = {
    "registry-cut",
    "registry-stalled",
    "registry-broken",
    "registry-rate-limited",
    "registry-not-found",
}


def upload(
    repository: "Repository", blob: Descriptor, opener: Opener, progress: Progress, *, mount_from: str = ""
) -> Move:
    """Bring a blob into a repository. Returns how it got there; raises Problem, Stopped."""
    progress.total = blob.size
    if repository.has_blob(blob):
        progress.end(Move.PRESENT)
        return Move.PRESENT
    known = repository.transport.uploads.get(repository.name, blob.digest)
    begun = ""
    if mount_from and not known and mount_from != repository.repository:
        begun = _mount(repository, blob, mount_from)
        if begun == _MOUNTED:
            progress.end(Move.MOUNTED)
            return Move.MOUNTED
    _Upload(repository, blob, opener, progress).run(begun)
    progress.end(Move.COPIED)
    return Move.COPIED


_MOUNTED = "mounted"


def _mount(repository: "Repository", blob: Descriptor, source: str) -> str:
    """Try a cross-repository mount. _MOUNTED, or the location of the upload that it began instead, or ""."""
    query = urlencode({"mount": blob.digest, "from": source})
    asked = f"blob {blob.digest} of {repository.name}"
    try:
        answer = repository.client.ask(
            "POST",
            repository.client.url(f"{repository.repository}/blobs/uploads/?{query}"),
            asked=asked,
            scopes=tuple(sorted({*repository.push, scope(source, "pull")})),
            expect=(201, 202),
        )
    except Problem as problem:
        # a mount is a favour: 401 and 403 on it say nothing about the upload itself
        if "status" in problem.evidence or problem.code == "registry-refused-credentials":
            return ""
        raise
    answer.peek(_SAID)
    if answer.status == 201:
        return _MOUNTED
    return repository.client.location(asked, answer.headers.get("Location"))


class _Upload:
    """One blob on its way. The hash runs over the bytes once, whatever is sent how often."""

    def __init__(
        self, repository: "Repository", blob: Descriptor, opener: Opener, progress: Progress
    ) -> None:
        self._repository, self._client, self._blob = repository, repository.client, blob
        self._opener, self._progress = opener, progress
        self._asked = f"blob {blob.digest} of {repository.name}"
        self._hash: Hash = hasher(blob.digest, blob.size)
        self._checked = False
        self._location = ""
        self._offset = 0

    def run(self, begun: str) -> None:
        """All of it. Raises Problem, Stopped."""
        transport = self._repository.transport
        uploads = transport.uploads
        name, digest = self._repository.name, self._blob.digest
        known = "" if begun else uploads.get(name, digest)
        if begun:
            self._began(begun)
        elif not (known and self._ask_where(known)):
            self._start()
        failed, best = 0, self._offset
        try:
            while True:
                try:
                    self._send()
                    break
                except Problem as problem:
                    failed = 0 if self._offset > best else failed + 1
                    if not self._may_go_on(problem) or failed >= transport.retries.tries:
                        raise
                    self._progress.retry()
                    transport.stop.wait(transport.retries.delay(max(failed - 1, 0)))
                    if not self._ask_where(self._location):
                        self._start()
                    best = max(best, self._offset)
            uploads.drop(name, digest)
        finally:
            self._hash.close()

    def _may_go_on(self, problem: Problem) -> bool:
        return problem.code in _RESUMABLE or problem.evidence.get("status") in (404, 416)

    def _began(self, location: str) -> None:
        self._location, self._offset = location, 0
        self._repository.transport.uploads.keep(self._repository.name, self._blob.digest, location)

    def _start(self) -> None:
        answer = self._client.ask(
            "POST",
            self._client.url(f"{self._repository.repository}/blobs/uploads/"),
            asked=self._asked,
            scopes=self._repository.push,
            expect=(202,),
            progress=self._progress,
        )
        answer.peek(_SAID)
        self._began(self._client.location(self._asked, answer.headers.get("Location")))

    def _ask_where(self, location: str) -> bool:
        """Ask how much the registry has; False where the upload is gone, and another has to begin."""
        if not location:
            return False
        try:
            answer = self._client.ask(
                "GET", location, asked=self._asked, scopes=self._repository.push, expect=(200, 202, 204)
            )
        except Problem as problem:
            if "status" in problem.evidence and problem.code not in ("registry-refused-credentials",):
                self._repository.transport.uploads.drop(self._repository.name, self._blob.digest)
                return False
            raise
        answer.peek(_SAID)
        offset = _range_end(answer)
        if offset is None or offset > self._blob.size:
            return False
        self._location = self._client.location(self._asked, answer.headers.get("Location") or location)
        self._offset = offset
        self._progress.at(offset)
        return True

    def _send(self) -> None:
        size, begin = self._blob.size, self._offset
        separator = "&" if urlsplit(self._location).query else "?"
        headers = {"Content-Type": "application/octet-stream"}
        if begin:
            headers["Content-Range"] = f"{begin}-{size - 1}"
        answer = self._client.ask(
            "PUT",
            f"{self._location}{separator}{urlencode({'digest': self._blob.digest})}",
            asked=self._asked,
            scopes=self._repository.push,
            headers=headers,
            body=Stream(size - begin, lambda send: self._feed(send, begin, size)),
            expect=(200, 201, 202, 204),
            tries=1,
            progress=self._progress,
        )
        said = answer.headers.get("Docker-Content-Digest", "")
        answer.peek(_SAID)
        if (
            said
            and said != self._blob.digest
            and said.partition(":")[0] == self._blob.digest.partition(":")[0]
        ):
            raise problems.digest_mismatch(
                f"{self._asked}, as the registry stored it,", self._blob.digest, said
            )

    def _feed(self, send: Send, begin: int, end: int) -> None:
        """Send bytes [begin, end), and hash those that were not hashed yet. The last piece waits for the verdict."""
        if self._checked:
            # all of it was hashed on an earlier try, only the answer was lost
            self._hash = InlineHash()
            self._hash.count = self._blob.size
        running, size = self._hash, self._blob.size
        at = min(running.count, begin)
        self._progress.at(begin)
        with self._opener(at) as source:
            while at < end:
                buffer = running.buffer()
                count = source.readinto(buffer[: min(len(buffer), end - at)])
                if not count:
                    running.feed(buffer[:0])
                    raise problems.truncated(self._asked, size, at)
                fresh = max(0, min(count, running.count - at))
                running.feed(buffer[fresh:count])
                at += count
                if at == size:
                    self._verify()
                old = max(0, begin - (at - count))
                if old < count:
                    send(buffer[old:count])
                    self._progress.advance(count - old)
        if not size:
            self._verify()

    def _verify(self) -> None:
        if self._checked:
            return
        got = self._hash.digest()
        if got != self._blob.digest:
            raise problems.digest_mismatch(self._asked, self._blob.digest, got)
        self._checked = True


def _range_end(answer: Answer) -> int | None:
    """How many bytes an upload has: `Range: 0-N` means N + 1, except that 0-0 also means none."""
    said = answer.headers.get("Range", "").removeprefix("bytes=")
    first, dash, last = said.partition("-")
    if not dash or first != "0" or not last.isdigit():
        return 0 if not said else None
    return int(last) + 1 if last != "0" else 0
