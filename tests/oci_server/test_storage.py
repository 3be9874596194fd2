"""The folder: several processes, links, deletes, crashes at any moment, foreign and unusable folders."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oci_server.client import Client, digest_of
from wizard.engine.problems import Problem
from wizard.oci.server import Limits, RegistryServer
from wizard.oci.server.folder import FolderStorage
from wizard.oci.server.names import Digest
from wizard.oci.server.opening import open_folder
from wizard.oci.server.storage import Manifest, WrongDigest

LIMITS = Limits()


class Bytes:
    """A source from memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def readinto(self, buffer: memoryview) -> int:
        """Some of it."""
        piece, self._data = self._data[: len(buffer)], self._data[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def push(storage: FolderStorage, repository: str, data: bytes) -> Digest:
    """One whole upload."""
    digest = Digest.of(data)
    upload = storage.begin(repository, "sha256")
    upload.append(Bytes(data), 0)
    upload.finish(digest)
    return digest


def read(storage: FolderStorage, repository: str, digest: Digest) -> bytes | None:
    """A whole blob."""
    blob = storage.blob(repository, digest)
    if blob is None:
        return None
    try:
        return b"".join(os.pread(part.fd, part.length, part.offset) for part in blob.slices(0, blob.size))
    finally:
        blob.close()


def test_the_bytes_are_there_once_and_go_with_the_last_repository(tmp_path: Path) -> None:
    storage = open_folder(tmp_path, LIMITS)
    digest = push(storage, "a/b", b"layer")
    push(storage, "c/d", b"layer")
    assert storage.mount("e", digest, "c/d")
    where = storage.bytes_path(digest)
    assert where.stat().st_nlink == 4
    for repository in ("a/b", "c/d"):
        assert storage.delete_blob(repository, digest)
    assert read(storage, "e", digest) == b"layer"
    assert storage.delete_blob("e", digest)
    assert not where.exists()
    assert not storage.delete_blob("e", digest)
    assert list((tmp_path / "uploads").iterdir()) == list((tmp_path / "tmp").iterdir()) == []


def test_an_open_blob_stays_readable_while_it_is_deleted(tmp_path: Path) -> None:
    storage = open_folder(tmp_path, LIMITS)
    digest = push(storage, "a", b"layer")
    blob = storage.blob("a", digest)
    assert blob is not None
    storage.delete_blob("a", digest)
    assert [os.pread(part.fd, 99, part.offset) for part in blob.slices(0, blob.size)] == [b"layer"]
    blob.close()


def test_a_session_goes_on_after_a_restart(tmp_path: Path) -> None:
    """S2.9: a restart needs no re-hydration; a session's bytes and offset are on disk."""
    data = os.urandom(500_000)
    upload = open_folder(tmp_path, LIMITS).begin("a", "sha256")
    assert upload.append(Bytes(data[:300_000]), 0) == 300_000
    again = open_folder(tmp_path, LIMITS)
    assert again.upload("b", upload.id) is None
    found = again.upload("a", upload.id)
    assert found is not None
    assert found.size == 300_000
    found.append(Bytes(data[300_000:]), 300_000)
    found.finish(Digest.of(data))
    assert read(again, "a", Digest.of(data)) == data


def test_two_processes_take_turns_in_one_session(tmp_path: Path) -> None:
    """The running hash of each is of no use to the other, and neither is fooled by it."""
    data = os.urandom(400_000)
    first, second = open_folder(tmp_path, LIMITS), open_folder(tmp_path, LIMITS)
    upload = first.begin("a", "sha256")
    for number, storage in enumerate((first, second, first, second)):
        turn = storage.upload("a", upload.id)
        assert turn is not None
        turn.append(Bytes(data[number * 100_000 : (number + 1) * 100_000]), number * 100_000)
    last = first.upload("a", upload.id)
    assert last is not None
    last.finish(Digest.of(data))
    assert read(second, "a", Digest.of(data)) == data


def test_a_file_that_changed_under_a_session_is_not_accepted_after_a_restart(tmp_path: Path) -> None:
    upload = open_folder(tmp_path, LIMITS).begin("a", "sha256")
    upload.append(Bytes(b"0" * 1000), 0)
    path = next((tmp_path / "uploads").iterdir())
    path.write_bytes(b"1" * 1000)
    again = open_folder(tmp_path, LIMITS)
    found = again.upload("a", upload.id)
    assert found is not None
    with pytest.raises(WrongDigest):
        found.finish(Digest.of(b"0" * 1000))
    assert read(again, "a", Digest.of(b"0" * 1000)) is None


@pytest.mark.parametrize("victim", ["fsync", "link", "replace", "unlink"])
def test_a_failure_at_any_call_leaves_before_or_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, victim: str
) -> None:
    """Every fsync, link, rename and unlink of a push fails once: no half blob, and a second try succeeds."""

    class Power(BaseException):
        """The machine goes down."""

    storage = open_folder(tmp_path, LIMITS)
    real: Callable[..., object] = getattr(os, victim)
    data = os.urandom(10_000)
    digest = Digest.of(data)
    for fatal in range(100):
        calls = 0

        def failing(*args: object, fatal: int = fatal, **more: object) -> object:
            nonlocal calls
            calls += 1
            if calls > fatal:
                raise Power
            return real(*args, **more)

        name = f"r{fatal}"
        with monkeypatch.context() as patch:
            patch.setattr(os, victim, failing)
            try:
                push(storage, name, data)
                survived = True
            except Power:
                survived = False
        after = open_folder(tmp_path, LIMITS)
        assert read(after, name, digest) in (None, data)
        if survived:
            assert read(after, name, digest) == data
            break
        push(after, name, data)
        assert read(after, name, digest) == data
    assert survived
    assert fatal > 0 or victim == "replace"


def test_many_threads_push_one_blob_while_others_delete_it(tmp_path: Path) -> None:
    storages = [open_folder(tmp_path, LIMITS), open_folder(tmp_path, LIMITS)]
    data = os.urandom(200_000)
    digest = Digest.of(data)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            storage = storages[number % 2]
            for _ in range(15):
                push(storage, f"r{number}", data)
                assert read(storage, f"r{number}", digest) == data
                storage.mount(f"m{number}", digest, None)
                assert storage.delete_blob(f"r{number}", digest)
                assert read(storage, f"m{number}", digest) in (None, data)
                storage.delete_blob(f"m{number}", digest)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    push(storages[0], "last", data)
    assert read(storages[1], "last", digest) == data


def test_many_clients_push_the_same_image(server: RegistryServer) -> None:
    data = os.urandom(1_000_000)
    digests: list[str] = []

    def work() -> None:
        with Client(server.url) as client:
            digests.append(client.push_image("a/b", "v1", data))

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(digests)) == 1 and len(digests) == 12
    with Client(server.url) as client:
        assert client.ask("GET", f"/v2/a/b/blobs/{digest_of(data)}").body == data


def test_abandoned_uploads_are_removed(tmp_path: Path) -> None:
    storage = open_folder(tmp_path, LIMITS)
    old, new = storage.begin("a", "sha256"), storage.begin("a", "sha256")
    for path in (tmp_path / "uploads").iterdir():
        if path.name.startswith(old.id):
            os.utime(path, (1, 1))
    (tmp_path / "tmp" / "left").write_bytes(b"x")
    os.utime(tmp_path / "tmp" / "left", (1, 1))
    assert storage.purge(3600) == 2
    assert storage.upload("a", old.id) is None
    assert storage.upload("a", new.id) is not None


def test_a_full_disk_is_507_and_the_session_goes_on_later(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from wizard.oci.server import uploads

    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]

    def full(fd: int, data: memoryview) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "write_all", full)
        answer = client.ask("PATCH", location, b"x" * 1000)
        assert (answer.status, answer.code) == (507, "DENIED")
    assert client.ask("PATCH", location, b"x" * 1000).status == 202
    assert client.ask("PUT", f"{location}?digest={digest_of(b'x' * 1000)}").status == 201


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(Problem) as caught:
        open_folder(tmp_path, LIMITS)
    assert (caught.value.code, caught.value.exit_code) == ("registry-storage-foreign", 2)
    assert "holiday.jpg" in caught.value.detail
    assert sorted(os.listdir(tmp_path)) == ["holiday.jpg"]


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    open_folder(tmp_path, LIMITS)
    for text in ('{"kind": "airgap-wizard-registry", "layout": 2}', "not JSON", ""):
        (tmp_path / "registry.json").write_text(text)
        with pytest.raises(Problem) as caught:
            open_folder(tmp_path, LIMITS)
        assert caught.value.code == "registry-storage-foreign"


def test_a_fresh_volume_and_an_interrupted_start_are_fine(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "blobs").mkdir()
    open_folder(tmp_path, LIMITS)
    assert (tmp_path / "registry.json").exists()


def test_a_read_only_registry_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        open_folder(tmp_path / "none", LIMITS, read_only=True)
    assert caught.value.code == "registry-storage-foreign"
    assert not (tmp_path / "none").exists()


def test_a_storage_that_is_a_file_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Problem) as caught:
        open_folder(tmp_path / "file" / "storage", LIMITS)
    assert (caught.value.code, caught.value.exit_code) == ("registry-storage-unusable", 5)
    assert caught.value.remedies


def test_a_filesystem_without_hard_links_is_unusable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    with pytest.raises(Problem) as caught:
        open_folder(tmp_path, LIMITS)
    assert caught.value.code == "registry-storage-unusable"
    assert any("hard links" in remedy.text for remedy in caught.value.remedies)


def test_pushing_again_heals_bytes_of_the_wrong_length(tmp_path: Path) -> None:
    storage = open_folder(tmp_path, LIMITS)
    digest = push(storage, "a", b"layer" * 100)
    os.truncate(storage.bytes_path(digest), 7)
    assert push(storage, "b", b"layer" * 100) == digest
    assert read(storage, "b", digest) == b"layer" * 100
    push(storage, "a", b"layer" * 100)
    assert read(storage, "a", digest) == b"layer" * 100


def test_an_upload_that_is_cancelled_while_it_comes_stops(server: RegistryServer, client: Client) -> None:
    """It must not go on filling a file that nobody can see."""
    from tests.oci_server.raw import connected, until

    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    with connected(server.url) as sock:
        sock.sendall(
            f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n".encode() + b"x" * 99
        )
        while client.ask("GET", location).headers["Range"] != "0-98":
            pass
        assert client.ask("DELETE", location).status == 204
        sock.sendall(b"x" * 1000)
        assert until(sock, b"\r\n\r\n").startswith(b"HTTP/1.1 404 ")


def whole(storage: FolderStorage, repository: str, subject: Digest) -> None:
    """Nothing that can be seen names what is not there."""
    for tag in storage.tags(repository):
        named = storage.resolve(repository, tag)
        assert named is not None
        assert storage.manifest(repository, named) is not None
    for descriptor in storage.referrers(repository, subject):
        digest = Digest.parse(descriptor["digest"])
        assert digest is not None
        assert storage.manifest(repository, digest) is not None


@pytest.mark.parametrize("victim", ["fsync", "replace", "unlink", "open"])
def test_a_failure_in_a_manifest_names_nothing_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, victim: str
) -> None:
    """Push and delete of a tagged referrer, cut at every system call of a kind in turn."""

    class Power(BaseException):
        """The machine goes down."""

    real: Callable[..., object] = getattr(os, victim)
    subject = Digest.of(b"subject")
    storage = open_folder(tmp_path, LIMITS)
    fatal = calls = 0

    def failing(*args: object, **more: object) -> object:
        nonlocal calls
        calls += 1
        if calls > fatal:
            raise Power
        return real(*args, **more)

    ended = False
    while not ended:
        name, body = f"r{fatal}", b'{"number": %d}' % fatal
        manifest = Manifest(Digest.of(body), "application/vnd.oci.image.manifest.v1+json", body)
        descriptor = {"digest": str(manifest.digest)}
        for action in ("push", "delete"):
            calls = 0
            with monkeypatch.context() as patch:
                patch.setattr(os, victim, failing)
                try:
                    if action == "push":
                        storage.put_manifest(name, manifest, ["v1", "v2"], subject, descriptor)
                    else:
                        storage.delete_manifest(name, manifest.digest)
                    ended = True
                except Power:
                    ended = False
            whole(storage, name, subject)
            if action == "push":
                storage.put_manifest(name, manifest, ["v1", "v2"], subject, descriptor)
                assert storage.tags(name) == ["v1", "v2"]
                assert storage.referrers(name, subject) == [descriptor]
        if not ended:
            storage.delete_manifest(name, manifest.digest)
        whole(storage, name, subject)
        fatal += 1
        assert fatal < 100
    assert storage.tags(name) == [] == storage.referrers(name, subject)
