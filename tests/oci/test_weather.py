"""Bad links: cuts, stalls, flipped bits, crawling; each ends in the right bytes or in a problem with a remedy."""

import errno
import os
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oci.conftest import QUICK, data
from tests.oci.fake_registry import FakeRegistry, Handler, sha256
from tests.oci.fault_proxy import Fault, FaultProxy, fault_proxy
from wizard.engine.events import Move, Moved
from wizard.engine.problems import Problem
from wizard.oci.descriptor import Descriptor
from wizard.oci.download import download, partial_path
from wizard.oci.layout import FileBlob
from wizard.oci.progress import Progress
from wizard.oci.reference import Reference
from wizard.oci.registry import Repository
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport
from wizard.oci.upload_session import UploadSession

SIZE = 3_000_000
BLOB = data(SIZE, 7)
DESCRIPTOR = Descriptor("application/octet-stream", sha256(BLOB), SIZE)
QUARTERS = (SIZE // 4, SIZE // 4, SIZE // 4)


@pytest.fixture
def proxy(registry: FakeRegistry) -> Iterator[FaultProxy]:
    with fault_proxy(registry.host) as made:
        yield made


@pytest.fixture
def app(proxy: FaultProxy) -> Iterator[Repository]:
    """`reg.test/team/app`, reached through the bad link."""
    sites = Sites({"reg.test": Site("reg.test", f"http://{proxy.host}", anonymous=True)})
    with Transport(sites, retries=QUICK, stall=0.4, environ={}) as transport:
        yield transport.repository(Reference.parse("reg.test/team/app"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "blob"
    path.write_bytes(BLOB)
    return path


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("fault", [Fault.CUT, Fault.END, Fault.STALL])
def test_download_cut_at_every_quarter(
    fault: Fault, registry: FakeRegistry, proxy: FaultProxy, app: Repository, tmp_path: Path
) -> None:
    """Each cut costs what was in flight (two sockets' buffers), not what had arrived: from scratch it were 7.5 MB."""
    registry.put_blob("team/app", BLOB)
    proxy.arm("down", fault, *QUARTERS)
    download(tmp_path / "out", DESCRIPTOR, lambda offset: app.open_blob(DESCRIPTOR, offset))
    assert (tmp_path / "out").read_bytes() == BLOB
    assert proxy.spent
    assert proxy.passed["down"] < SIZE + 4 * 700_000
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.END, Fault.STALL])
def test_upload_cut_at_every_quarter(
    fault: Fault, registry: FakeRegistry, proxy: FaultProxy, app: Repository, file: Path, moves: list[Moved]
) -> None:
    """The registry is asked what it has, and gets the remainder; progress never runs backwards."""
    proxy.arm("up", fault, *QUARTERS)
    progress = Progress(moves.append, "blob", total=SIZE)
    assert app.put_blob(DESCRIPTOR, lambda offset: FileBlob(file, offset), progress) is Move.COPIED
    assert registry.blobs[DESCRIPTOR.digest] == BLOB
    assert proxy.spent
    assert len(registry.seen("POST")) == 1, "one session, resumed"
    received = sum(r.body_read for r in registry.seen("PUT"))
    assert received <= SIZE + 1000
    assert [m.done for m in moves] == sorted(m.done for m in moves)
    assert moves[-1].move is Move.COPIED and moves[-1].tries >= 3


@pytest.mark.usefixtures("either_way")
def test_a_bit_flipped_on_the_way_down(
    registry: FakeRegistry, proxy: FaultProxy, app: Repository, tmp_path: Path
) -> None:
    """Noticed, thrown away, fetched once more."""
    registry.put_blob("team/app", BLOB)
    proxy.arm("down", Fault.FLIP, SIZE // 2)
    download(tmp_path / "out", DESCRIPTOR, lambda offset: app.open_blob(DESCRIPTOR, offset))
    assert (tmp_path / "out").read_bytes() == BLOB
    assert len(registry.seen("GET", "/blobs/")) == 2


@pytest.mark.usefixtures("either_way")
def test_bits_that_flip_every_time(
    registry: FakeRegistry, proxy: FaultProxy, app: Repository, tmp_path: Path
) -> None:
    """Not endlessly: it is said, and nothing is kept."""
    registry.put_blob("team/app", BLOB)
    proxy.arm("down", Fault.FLIP, SIZE // 2, SIZE, SIZE)
    with pytest.raises(Problem) as caught:
        download(tmp_path / "out", DESCRIPTOR, lambda offset: app.open_blob(DESCRIPTOR, offset))
    assert caught.value.code == "digest-mismatch"
    assert not list(tmp_path.iterdir())


def test_a_bit_flipped_on_the_way_up(
    registry: FakeRegistry, proxy: FaultProxy, app: Repository, file: Path
) -> None:
    """The registry's own check finds it; the second session is clean."""
    proxy.arm("up", Fault.FLIP, SIZE // 2)
    app.put_blob(DESCRIPTOR, lambda offset: FileBlob(file, offset))
    assert registry.blobs[DESCRIPTOR.digest] == BLOB
    assert len(registry.seen("POST")) == 2


def test_a_dead_registry_is_named(
    registry: FakeRegistry, proxy: FaultProxy, app: Repository, file: Path
) -> None:
    """It stalls for ever: the problem says so, and how to go on."""
    proxy.arm("up", Fault.STALL, *[0] * 50)
    with pytest.raises(Problem) as caught:
        app.put_blob(DESCRIPTOR, lambda offset: FileBlob(file, offset))
    assert caught.value.code == "registry-stalled"
    assert "reg.test" in caught.value.title and caught.value.remedies


@pytest.mark.usefixtures("either_way")
def test_a_slow_transfer_is_no_stall(registry: FakeRegistry, proxy: FaultProxy, tmp_path: Path) -> None:
    """It takes longer than the stall time-out as a whole, but never goes silent that long."""
    small = data(8000, 8)
    blob = Descriptor("x", sha256(small), len(small))
    registry.put_blob("team/app", small)
    proxy.arm("down", Fault.CRAWL, 0)
    sites = Sites({"reg.test": Site("reg.test", f"http://{proxy.host}", anonymous=True)})
    with Transport(sites, retries=QUICK, stall=1.5, environ={}) as transport:
        app = transport.repository(Reference.parse("reg.test/team/app"))
        began = time.monotonic()
        download(tmp_path / "out", blob, lambda offset: app.open_blob(blob, offset))
    assert time.monotonic() - began > 1.5
    assert (tmp_path / "out").read_bytes() == small
    assert proxy.connections == 1


def test_a_slow_reader_on_the_other_side_is_no_stall(
    registry: FakeRegistry, proxy: FaultProxy, tmp_path: Path
) -> None:
    """Slow-loris towards the registry."""
    small = data(3000, 9)
    path = tmp_path / "blob"
    path.write_bytes(small)
    blob = Descriptor("x", sha256(small), len(small))
    proxy.arm("up", Fault.CRAWL, 0)
    sites = Sites({"reg.test": Site("reg.test", f"http://{proxy.host}", anonymous=True)})
    with Transport(sites, retries=QUICK, stall=5.0, environ={}) as transport:
        app = transport.repository(Reference.parse("reg.test/team/app"))
        app.put_blob(blob, lambda offset: FileBlob(path, offset))
    assert registry.blobs[blob.digest] == small


def test_a_registry_that_needs_time_at_the_end(registry: FakeRegistry, file: Path) -> None:
    """It has every byte, and hashes and stores them before it answers: that silence is no stall."""

    def think(handler: Handler) -> None:
        content = handler.drain()
        threading.Event().wait(1.0)
        registry.blobs[sha256(content)] = content
        handler.reply(201)

    registry.when("PUT", "/uploads/", think)
    with Transport(registry.sites(), retries=QUICK, stall=0.5, environ={}) as transport:
        app = transport.repository(Reference.parse("reg.test/team/app"))
        session = UploadSession(app, DESCRIPTOR, lambda offset: FileBlob(file, offset), Progress())
        session.settles = 20.0
        session.run("")
    assert len(registry.seen("PUT")) == 1


@pytest.mark.usefixtures("either_way")
def test_a_download_goes_on_after_the_process_died(
    registry: FakeRegistry, proxy: FaultProxy, app: Repository, tmp_path: Path
) -> None:
    """What is on disk is hashed again and completed."""
    registry.put_blob("team/app", BLOB)
    partial_path(tmp_path / "out").write_bytes(BLOB[:2_000_000])
    download(tmp_path / "out", DESCRIPTOR, lambda offset: app.open_blob(DESCRIPTOR, offset))
    assert (tmp_path / "out").read_bytes() == BLOB
    assert registry.seen("GET", "/blobs/")[0].headers["Range"] == "bytes=2000000-"


@pytest.mark.usefixtures("either_way")
def test_a_partial_file_of_something_else(registry: FakeRegistry, app: Repository, tmp_path: Path) -> None:
    """Found out at the end, and fetched anew."""
    registry.put_blob("team/app", BLOB)
    partial_path(tmp_path / "out").write_bytes(b"z" * 2_000_000)
    download(tmp_path / "out", DESCRIPTOR, lambda offset: app.open_blob(DESCRIPTOR, offset))
    assert (tmp_path / "out").read_bytes() == BLOB


@pytest.mark.usefixtures("either_way")
def test_a_registry_without_ranges(
    registry: FakeRegistry, proxy: FaultProxy, app: Repository, tmp_path: Path
) -> None:
    """It sends all of it again; the part we have is passed over."""
    registry.ranges = False
    registry.put_blob("team/app", BLOB)
    proxy.arm("down", Fault.CUT, SIZE // 2)
    download(tmp_path / "out", DESCRIPTOR, lambda offset: app.open_blob(DESCRIPTOR, offset))
    assert (tmp_path / "out").read_bytes() == BLOB


def test_a_disk_that_fills_up_while_the_kernel_writes(
    registry: FakeRegistry, app: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The problem is the disk's, not the registry's: it is not asked again, and nothing is visible."""
    monkeypatch.setattr("wizard.oci.download._LARGE", 0)
    registry.put_blob("team/app", BLOB)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(Problem) as caught:
            download(tmp_path / "out", DESCRIPTOR, lambda offset: app.open_blob(DESCRIPTOR, offset))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.code == "disk-full"
    assert len(registry.seen("GET", "/blobs/")) == 1
    assert not (tmp_path / "out").exists()
    download(tmp_path / "out", DESCRIPTOR, lambda offset: app.open_blob(DESCRIPTOR, offset))
    assert (tmp_path / "out").read_bytes() == BLOB


@pytest.mark.parametrize("end", ["socket", "file"])
def test_a_place_without_splice(
    end: str, registry: FakeRegistry, app: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sandbox, or a file system: the bytes go the long way, and none is lost that was in the pipe."""
    real, refusals = os.splice, []

    def splice(source: int, target: int, count: int, **options: int) -> int:
        if ("offset_dst" in options) == (end == "file"):
            refusals.append(count)
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(source, target, count, **options)

    monkeypatch.setattr("wizard.oci.download._LARGE", 0)
    monkeypatch.setattr(os, "splice", splice)
    registry.put_blob("team/app", BLOB)
    download(tmp_path / "out", DESCRIPTOR, lambda offset: app.open_blob(DESCRIPTOR, offset))
    assert (tmp_path / "out").read_bytes() == BLOB
    assert refusals and len(registry.seen("GET", "/blobs/")) == 1


@pytest.mark.usefixtures("either_way")
def test_a_registry_that_closes_after_every_answer(
    registry: FakeRegistry, app: Repository, tmp_path: Path
) -> None:
    """`Connection: close`, as from a proxy without keep-alive: slower, and right."""
    registry.put_blob("team/app", BLOB)

    def once(handler: Handler) -> None:
        handler.reply(200, BLOB, {"Connection": "close"})

    registry.when("GET", "/blobs/", once, 9)
    download(tmp_path / "out", DESCRIPTOR, lambda offset: app.open_blob(DESCRIPTOR, offset))
    assert (tmp_path / "out").read_bytes() == BLOB
