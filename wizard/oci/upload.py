"""Bringing a blob into a repository: is it there, can it be mounted, does it fit one request, else a session.

Specification: distribution-spec, push.md. The session (upload_session.py) streams, resumes and cuts into pieces.
"""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from wizard.engine.events import Move
from wizard.engine.problems import Problem
from wizard.oci import problems
from wizard.oci.auth import scope
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import digest_of
from wizard.oci.progress import Progress
from wizard.oci.store import Opener
from wizard.oci.upload_session import SAID, UploadSession, begun_at

if TYPE_CHECKING:
    from wizard.oci.registry import Repository

_ONE_POST = (
    128 * 1024
)  # bytes of the largest blob that is sent with the very first request, where a registry can


def upload(
    repository: "Repository", blob: Descriptor, opener: Opener, progress: Progress, *, mount_from: str = ""
) -> Move:
    """Bring a blob into a repository. Returns how it got there; raises Problem, Stopped."""
    progress.total = blob.size
    held = repository.held(blob)
    if held == blob.size:
        progress.end(Move.PRESENT)
        return Move.PRESENT
    begun = ""
    if held < 0 and mount_from and mount_from != repository.repository:
        mounted, begun = _mount(repository, blob, mount_from)
        if mounted:
            progress.end(Move.MOUNTED)
            return Move.MOUNTED
    done = False
    if not begun and blob.size <= _ONE_POST and repository.client.one_post:
        done, begun = _post(repository, blob, opener, progress)
    if not done:
        UploadSession(repository, blob, opener, progress).run(begun)
    if held >= 0 and not repository.has_blob(blob):
        # it keeps what it had, whatever is sent: no tag may speak of this
        raise problems.damaged(repository.name, blob.digest, blob.size, held)
    progress.end(Move.COPIED)
    return Move.COPIED


def _mount(repository: "Repository", blob: Descriptor, source: str) -> tuple[bool, str]:
    """Try a cross-repository mount: whether it worked, else the location of the upload that was begun instead."""
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
        # a mount is a favour: a refusal of it says nothing about the upload itself
        if "status" in problem.evidence or problem.code == "registry-refused-credentials":
            return False, ""
        raise
    answer.peek(SAID)
    if answer.status == 201:
        return True, ""
    return False, begun_at(repository.client, asked, answer)


def _post(repository: "Repository", blob: Descriptor, opener: Opener, progress: Progress) -> tuple[bool, str]:
    """The whole blob in the first request (push.md, "Single POST"); registries that cannot begin an upload."""
    asked = f"blob {blob.digest} of {repository.name}"
    data = bytearray()
    view = memoryview(bytearray(blob.size + 1))
    with opener(0) as source:
        while len(data) <= blob.size and (count := source.readinto(view)):
            data += view[:count]
    if len(data) != blob.size:
        raise problems.truncated(asked, blob.size, len(data))
    got = digest_of(bytes(data), blob.digest.partition(":")[0])
    if got != blob.digest:
        raise problems.digest_mismatch(asked, blob.digest, got)
    query = urlencode({"digest": blob.digest})
    try:
        answer = repository.client.ask(
            "POST",
            repository.client.url(f"{repository.repository}/blobs/uploads/?{query}"),
            asked=asked,
            scopes=repository.push,
            headers={"Content-Type": "application/octet-stream"},
            body=bytes(data),
            expect=(201, 202),
            progress=progress,
        )
    except Problem as problem:
        if problem.evidence.get("status") in (400, 404, 405, 411, 413, 415, 501):
            repository.client.one_post = False
            return False, ""
        raise
    answer.peek(SAID)
    if answer.status == 201:
        progress.advance(blob.size)
        return True, ""
    repository.client.one_post = False
    return False, begun_at(repository.client, asked, answer)
