"""One upload session: a blob streamed once, hashed beside it, resumed after a cut, cut into pieces where it must be.

A registry that keeps what it got is asked how much that is (GET on the location), and gets only the remainder. The
location is remembered across restarts (uploads.py). The hash runs over each byte once, however often it is sent.
"""

import os
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from wizard.engine.problems import Problem
from wizard.oci import problems
from wizard.oci.answer import Answer
from wizard.oci.budget import SMALL
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import CHUNK, Hash, InlineHash, hasher
from wizard.oci.file_hash import FileHash
from wizard.oci.files import FileBlob
from wizard.oci.numbers import number
from wizard.oci.progress import Progress
from wizard.oci.store import BlobReader, Opener
from wizard.oci.transport import Sink, Stream
from wizard.oci.uploads import WORTH

if TYPE_CHECKING:
    from wizard.oci.client import Client
    from wizard.oci.registry import Repository

SAID = 64 * 1024
"""Bytes of an answer's body that are read where only its head matters."""
_PIECE = 16 * 1024 * 1024  # bytes of the first piece that is tried after a 413
_LEAST = 256 * 1024
_SETTLES = 20_000_000  # bytes a second that a slow registry hashes and stores when it has all of a blob
_STRIDE = 1024 * 1024  # bytes between two looks at the clock, the stop flag and the registry's voice
_RESUMABLE = {"registry-cut", "registry-stalled", "registry-broken", "registry-rate-limited"}
_LOST = {400, 404, 409, 410, 416}  # answers to a location that say: this session is not as you think it is


class UploadSession:
    """One blob on its way into one repository."""

    def __init__(
        self, repository: "Repository", blob: Descriptor, opener: Opener, progress: Progress
    ) -> None:
        self._repository, self._client, self._blob = repository, repository.client, blob
        self._opener, self._progress = opener, progress
        self._asked = f"blob {blob.digest} of {repository.name}"
        self._hash: Hash | None = None
        self._file_hash: FileHash | None = None
        self._checked = False
        self._source: BlobReader | None = None
        self._source_at = 0
        self._location = ""
        self._offset = self._best = self._failed = 0
        self.settles = blob.size / _SETTLES
        """Seconds that the registry is given at the end, beyond a stall."""

    def run(self, begun: str) -> None:
        """Send it, from `begun` (the location of an upload just opened) or what is remembered. Raises Problem, Stopped."""
        try:
            if begun:
                self._began(begun)
            elif not self._ask_where(self._uploads_get()):
                self._start()
            while True:
                try:
                    self._send()
                    break
                except Problem as problem:
                    self._mend(problem)
            self._forget()
        finally:
            if self._hash is not None:
                self._hash.close()
            if self._file_hash is not None:
                self._file_hash.close()
            self._close_source()

    # --- the session

    def _uploads_get(self) -> str:
        if self._blob.size < WORTH:
            return ""
        return self._repository.transport.uploads.get(self._repository.name, self._blob.digest)

    def _began(self, location: str) -> None:
        self._location, self._offset = location, 0
        if self._blob.size >= WORTH:
            self._repository.transport.uploads.keep(self._repository.name, self._blob.digest, location)

    def _forget(self) -> None:
        if self._blob.size >= WORTH:
            self._repository.transport.uploads.drop(self._repository.name, self._blob.digest)

    def _start(self) -> None:
        answer = self._client.ask(
            "POST",
            self._client.url(f"{self._repository.repository}/blobs/uploads/"),
            asked=self._asked,
            scopes=self._repository.push,
            expect=(202,),
            progress=self._progress,
        )
        answer.peek(SAID)
        self._began(begun_at(self._client, self._asked, answer))

    def _ask_where(self, location: str) -> bool:
        """Ask how much the registry has; False where the session is gone, and another has to begin."""
        if not location:
            return False
        try:
            answer = self._client.ask(
                "GET",
                location,
                asked=self._asked,
                scopes=self._repository.push,
                expect=(200, 202, 204),
                progress=self._progress,
            )
        except Problem as problem:
            if "status" in problem.evidence and problem.code != "registry-refused-credentials":
                self._forget()
                return False
            raise
        answer.peek(SAID)
        offset = held(answer)
        if offset is None or offset > self._blob.size:
            self._forget()
            return False
        self._began(self._client.location(self._asked, answer.headers.get("Location") or location))
        self._offset = offset
        return True

    def _mend(self, problem: Problem) -> None:
        """Bring the session into a state to go on from, or raise the problem."""
        status = problem.evidence.get("status")
        retries = self._repository.transport.retries
        if (waits := problem.evidence.get("retryAfter")) and float(str(waits)) > retries.patience:
            raise problem  # nobody waits that long before a silent screen
        if status == 413 and self._smaller():
            if not self._ask_where(self._location):
                self._start()
            return
        if problem.code == "digest-mismatch":
            self._cancel()
        if problem.code not in _RESUMABLE and status not in _LOST:
            raise problem
        self._failed = 0 if self._offset > self._best else self._failed + 1
        self._best = max(self._best, self._offset)
        if self._failed >= retries.tries:
            raise problem
        self._progress.retry()
        self._progress.stop.wait(retries.delay(max(self._failed - 1, 0)))
        # a session that refuses us twice is not worth a third question
        if (self._failed > 1 and status in _LOST) or not self._ask_where(self._location):
            self._start()

    def _smaller(self) -> bool:
        """Send smaller pieces from now on, to this host; False where they are as small as they may be."""
        now = self._client.piece
        wanted = min(_PIECE, self._blob.size // 2) if not now else now // 2
        if wanted < max(_LEAST, self._client.shortest):
            return False
        self._client.piece = wanted
        return True

    def _cancel(self) -> None:
        try:
            answer = self._client.ask(
                "DELETE",
                self._location,
                asked=self._asked,
                scopes=self._repository.push,
                expect=range(600),
                tries=1,
            )
            answer.peek(SAID)
        except Problem:
            return  # the registry purges it one day
        finally:
            self._forget()

    # --- the bytes

    def _send(self) -> None:
        size = self._blob.size
        piece = max(self._client.piece, self._client.shortest) if self._client.piece else 0
        while piece and size - self._offset > piece:
            self._patch(self._offset, self._offset + piece)
        begin = self._offset
        headers = {"Content-Type": "application/octet-stream"}
        if begin and begin < size:
            headers["Content-Range"] = f"{begin}-{size - 1}"
        separator = "&" if urlsplit(self._location).query else "?"
        answer = self._client.ask(
            "PUT",
            f"{self._location}{separator}{urlencode({'digest': self._blob.digest})}",
            asked=self._asked,
            scopes=self._repository.push,
            headers=headers,
            body=Stream(size - begin, lambda send: self._feed(send, begin, size), self.settles),
            expect=(200, 201, 202, 204),
            tries=1,
            progress=self._progress,
        )
        said = answer.headers.get("Docker-Content-Digest", "")
        answer.peek(SAID)
        if (
            said
            and said != self._blob.digest
            and said.partition(":")[0] == self._blob.digest.partition(":")[0]
        ):
            raise problems.digest_mismatch(
                f"{self._asked}, as the registry stored it,", self._blob.digest, said
            )

    def _patch(self, begin: int, end: int) -> None:
        answer = self._client.ask(
            "PATCH",
            self._location,
            asked=self._asked,
            scopes=self._repository.push,
            headers={"Content-Type": "application/octet-stream", "Content-Range": f"{begin}-{end - 1}"},
            body=Stream(end - begin, lambda send: self._feed(send, begin, end)),
            expect=(200, 201, 202, 204),
            tries=1,
            progress=self._progress,
        )
        answer.peek(SAID)
        took = held(answer)
        self._began(self._client.location(self._asked, answer.headers.get("Location") or self._location))
        if took == begin and begin:
            raise problems.broken(
                self._client.host,
                self._asked,
                f"it accepted bytes {begin} to {end - 1}, and says that it still has no more than {begin}",
            )
        self._offset = took if took is not None and begin <= took <= end and took else end

    def _feed(self, send: Sink, begin: int, end: int) -> None:
        """Send bytes [begin, end), hashing those that were not hashed yet. The last piece waits for the verdict."""
        size = self._blob.size
        if send.plain and size > SMALL and isinstance(source := self._source_from(begin), FileBlob):
            self._feed_file(send, source.fileno(), begin, end)
            return
        if self._checked:
            # every byte was hashed on an earlier try: from now on they are only sent
            self._hash = InlineHash()
            self._hash.count = size
        running = self._hash = self._hash or hasher(self._blob.digest, size)
        at = min(running.count, begin)
        self._progress.at(begin)
        while at < end:
            source = self._source_from(at)
            buffer = running.buffer()
            try:
                count = source.readinto(buffer[: min(len(buffer), end - at)])
            except BaseException:
                running.feed(buffer[:0])
                self._close_source()
                raise
            fresh = max(0, min(count, running.count - at))
            running.feed(buffer[fresh:count])
            if not count:
                raise problems.truncated(self._asked, size, at)
            at += count
            self._source_at = at
            if at == size:
                self._verify()
            old = max(0, begin - (at - count))
            if old < count:
                send(buffer[old:count])
                self._progress.advance(count - old)
        if not size:
            self._verify()

    def _feed_file(self, send: Sink, handle: int, begin: int, end: int) -> None:
        """The same for a file without TLS: the kernel sends it, and a thread hashes it from the page cache."""
        size, last = self._blob.size, self._blob.size - CHUNK
        if self._file_hash is None and not self._checked:
            algorithm = self._blob.digest.partition(":")[0]
            self._file_hash = FileHash(handle, size, algorithm, self._progress.stop)
        self._progress.at(begin)
        try:
            while begin < end:
                if begin >= last:
                    self._verify()
                stop = last if begin < last else end
                count = min(_STRIDE, end - begin, stop - begin)
                send.file(handle, begin, count)
                begin += count
                self._progress.advance(count)
        except EOFError:
            raise problems.truncated(self._asked, size, os.fstat(handle).st_size) from None

    def _source_from(self, at: int) -> BlobReader:
        if self._source is None or self._source_at != at:
            self._close_source()
            self._source = self._opener(at)
            self._source_at = at
        return self._source

    def _close_source(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None

    def _verify(self) -> None:
        if self._checked:
            return
        running = self._file_hash or self._hash
        assert running is not None
        got = running.digest()
        if got != self._blob.digest:
            raise problems.digest_mismatch(self._asked, self._blob.digest, got)
        self._checked = True


def begun_at(client: "Client", asked: str, answer: Answer) -> str:
    """The location of the upload that an answer began. Notes the least size of pieces that the registry takes."""
    shortest = number(answer.headers.get("OCI-Chunk-Min-Length", ""))
    if shortest is not None:
        client.shortest = shortest
    return client.location(asked, answer.headers.get("Location"))


def held(answer: Answer) -> int | None:
    """How many bytes a session has: `Range: 0-N` means N + 1, except that 0-0 also means none. None = it did not say."""
    said = answer.headers.get("Range", "").removeprefix("bytes=").strip()
    if not said:
        return 0
    first, _, text = said.partition("-")
    last = number(text)
    if first != "0" or last is None:
        return None
    return last + 1 if last else 0
