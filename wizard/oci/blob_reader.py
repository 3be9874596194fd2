"""Reading a blob from a registry: after a cut or a stall the rest is asked for, and the reader above notices nothing."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from wizard.oci import problems
from wizard.oci.answer import Answer
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import CHUNK
from wizard.oci.hose import Hose, Refused

if TYPE_CHECKING:
    from wizard.oci.registry import Repository


class RegistryBlob:
    """A BlobReader over ranged GETs. Gives up when several tries in a row bring no byte at all."""

    def __init__(self, repository: "Repository", blob: Descriptor, offset: int) -> None:
        self._repository, self._blob, self._at = repository, blob, offset
        self._asked = f"blob {blob.digest} of {repository.name}"
        self._answer: Answer | None = None
        self._failed = 0
        if offset < blob.size or blob.size == 0:
            self._answer = self._open()

    def _open(self) -> Answer:
        client = self._repository.client
        headers = {"Range": f"bytes={self._at}-"} if self._at else {}
        answer = client.ask(
            "GET",
            self._repository.blob_url(self._blob.digest),
            asked=self._asked,
            scopes=self._repository.pull,
            headers=headers,
            expect=(200, 206, 404, 416),
        )
        if answer.status == 404:
            answer.close()
            raise problems.blob_not_found(self._repository.name, self._blob.digest)
        if answer.status == 416:
            answer.close()
            raise problems.truncated(self._asked, self._blob.size, self._at)
        if answer.status == 200 and problems.is_html(answer.headers, b""):
            answer.close()
            raise problems.broken(client.host, self._asked, "it answered 200 with a web page")
        if answer.left is not None:
            begins = self._at if answer.status == 206 else 0
            if begins + answer.left != self._blob.size:
                answer.close()
                raise problems.truncated(self._asked, self._blob.size, begins + answer.left)
        if answer.status == 206:
            said = answer.headers.get("Content-Range", "")
            if not said.startswith(f"bytes {self._at}-"):
                answer.close()
                raise problems.broken(
                    client.host, self._asked, f"asked for bytes from {self._at}, it sent {said!r}"
                )
        elif self._at:
            self._skip(answer)
        return answer

    def _skip(self, answer: Answer) -> None:
        # a registry without ranges sends all of it again
        view, left = memoryview(bytearray(CHUNK)), self._at
        while left:
            count = answer.readinto(view[: min(left, CHUNK)])
            if not count:
                break
            left -= count

    def readinto(self, view: memoryview, /) -> int:
        """Fill the view; 0 at the end. Raises Problem, Stopped."""
        while True:
            try:
                if self._answer is None:
                    if self._at >= self._blob.size:
                        return 0
                    self._answer = self._open()
                count = self._answer.readinto(view)
            except OSError as error:
                self._again(error)
                continue
            if count:
                self._failed = 0
                self._at += count
            return count

    @property
    def pours(self) -> bool:
        """True where `pour` works now."""
        return self._answer is not None and self._answer.pours

    def pour(self, hose: Hose, handle: int) -> int:
        """Move some of the blob into an open file, to where it belongs there; 0 at the end.

        Raises Problem, Stopped, Unwritable. An answer that cannot be poured (after a redirect, say) is read, as where there is no splice.
        """
        while self._at < self._blob.size:
            try:
                self._answer = self._answer or self._open()
                if self._answer.pours and not hose.refused:
                    count = self._answer.pour(hose, handle, self._at)
                else:
                    scratch = memoryview(bytearray(CHUNK))
                    count = self._answer.readinto(scratch)
                    hose.write(bytes(scratch[:count]), handle, self._at)
            except Refused:
                continue
            except OSError as error:
                self._again(error)
                continue
            self._failed = 0
            self._at += count
            return count
        return 0

    def _again(self, error: OSError) -> None:
        self.close()
        transport = self._repository.transport
        self._failed += 1
        if self._failed >= transport.retries.tries:
            client = self._repository.client
            raise problems.from_os_error(error, client.host, client.site.base) from None
        transport.stop.wait(transport.retries.delay(self._failed - 1))

    def close(self) -> None:
        """Give up what is left."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
