"""Uploads where the registry is odd: pieces with a least size, sessions elsewhere, logins and limits in mid-blob."""

import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.oci.conftest import BLOB, DESCRIPTOR, QUICK, data, put
from tests.oci.fake_registry import FakeRegistry, Handler, answer, fake_registry, sha256
from tests.oci.fake_state import Act
from wizard.engine.events import Move
from wizard.engine.problems import Problem
from wizard.engine.secrets import Secret
from wizard.oci.descriptor import Descriptor, Malformed
from wizard.oci.download import download
from wizard.oci.layout import FileBlob
from wizard.oci.reference import Reference
from wizard.oci.registry import Repository
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport


def logged_in(registry: FakeRegistry) -> Transport:
    site = Site("reg.test", f"http://{registry.host}", username="ci", password=Secret("s3cret-word"))
    return Transport(Sites({"reg.test": site}), retries=QUICK, stall=2.0, environ={})


def begins(**headers: str) -> Act:
    """Begin an upload as the fake does, with these headers besides."""

    def act(handler: Handler) -> None:
        registry = handler.registry
        number = registry.number()
        registry.uploads[number] = bytearray()
        registry.sessions[number] = threading.Lock()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.reply(202, b"", {**handler._where("team/app", number), **named})

    return act


@pytest.mark.parametrize("way", ["begun", "mount"])
def test_pieces_are_never_smaller_than_the_registry_takes(
    way: str, registry: FakeRegistry, app: Repository, file: Path
) -> None:
    """OCI-Chunk-Min-Length counts, however the session began: below it nothing is tried after a 413."""
    registry.when("POST", "/uploads/", begins(OCI_Chunk_Min_Length="900000"), 9)

    def limit(handler: Handler) -> bool:
        if handler.left <= 500_000:
            return True
        handler.close_connection = True
        handler.left = 0
        handler.reply(413)
        return False

    registry.when("PUT", "/uploads/", limit, 99)
    registry.when("PATCH", "/uploads/", limit, 99)
    with pytest.raises(Problem) as caught:
        put(app, file, mount_from="other/place" if way == "mount" else "")
    assert caught.value.code == "registry-too-large"
    assert min(int(r.headers["Content-Length"]) for r in registry.seen("PATCH")) >= 900_000


def test_a_registry_that_takes_a_piece_and_keeps_none(
    registry: FakeRegistry, app: Repository, file: Path
) -> None:
    """Every piece is accepted, and the offset stays where it was: that is said, not repeated for ever."""
    app.client.piece = 500_000
    count = iter(range(1000))

    def forgetful(handler: Handler) -> bool:
        if next(count) == 0:
            return True
        number = handler.path.partition("?")[0].rpartition("/")[2]
        handler.reply(202, b"", handler._where("team/app", number))
        return False

    registry.when("PATCH", "/uploads/", forgetful, 100)
    with pytest.raises(Problem) as caught:
        put(app, file)
    assert caught.value.code == "registry-broken" and "500000" in caught.value.detail
    assert len(registry.seen("PATCH")) < 20


@pytest.mark.parametrize("way", ["location", "redirect"])
def test_an_upload_elsewhere_carries_no_credentials(way: str, registry: FakeRegistry, file: Path) -> None:
    """Object storage takes the bytes: its URL carries its own signature, our password is none of its business."""
    registry.auth = "basic"
    with fake_registry() as store, logged_in(registry) as transport:

        def keep(handler: Handler) -> None:
            store.blobs[DESCRIPTOR.digest] = handler.drain()
            handler.reply(201)

        store.when("PUT", "/bucket", keep)
        target = f"http://{store.host}/bucket?X-Amz-Signature=abc"
        if way == "location":
            registry.when("POST", "/uploads/", _logged_in(answer(202, Location=target)), 9)
        else:
            registry.when("PUT", "/uploads/", _logged_in(answer(307, Location=target)), 9)
        assert put(transport.repository(Reference.parse("reg.test/team/app")), file) is Move.COPIED
        assert store.blobs[DESCRIPTOR.digest] == BLOB
        assert all("Authorization" not in asked.headers for asked in store.requests)


def _logged_in(act: Act) -> Act:
    def both(handler: Handler) -> bool:
        if "Authorization" not in handler.headers:
            return True
        act(handler)
        return False

    return both


def test_a_location_that_writes_out_the_port(registry: FakeRegistry) -> None:
    """HOST and HOST:443 are the same registry: it gets its credentials."""
    for base, url in (
        ("https://reg.test", "https://reg.test:443/v2/u"),
        ("https://reg.test:443", "https://reg.test/v2/u"),
        ("http://reg.test", "http://REG.test:80/v2/u"),
    ):
        with Transport(Sites({"reg.test": Site("reg.test", base)}), environ={}) as transport:
            assert transport.client("reg.test")._ours(urlsplit(url))
            assert not transport.client("reg.test")._ours(urlsplit("https://reg.test:8443/v2/u"))


def test_a_token_that_is_refused_in_mid_blob(registry: FakeRegistry, file: Path) -> None:
    """Revoked while bytes flow: another is fetched, and the same session goes on."""
    registry.auth = "bearer"

    def revoke(handler: Handler) -> bool:
        registry.tokens.clear()
        handler.rfile.read(700_000)
        handler.left = 0
        handler.close_connection = True
        offer = f'Bearer realm="http://{registry.host}/token",service="fake"'
        handler.reply(401, b"{}", {"WWW-Authenticate": offer})
        return False

    registry.when("PUT", "/uploads/", revoke, 1)
    with logged_in(registry) as transport:
        assert put(transport.repository(Reference.parse("reg.test/team/app")), file) is Move.COPIED
    assert registry.blobs[DESCRIPTOR.digest] == BLOB
    assert len(registry.seen("GET", "/token")) == 3


def test_retry_after_is_obeyed_in_mid_upload(registry: FakeRegistry, app: Repository, file: Path) -> None:
    """Not a second too early, as for every other request."""
    registry.when("PUT", "/uploads/", answer(429, Retry_After="1"), 1)
    began = time.monotonic()
    assert put(app, file) is Move.COPIED
    assert time.monotonic() - began >= 1.0
    assert registry.blobs[DESCRIPTOR.digest] == BLOB


def test_a_limit_of_an_hour_in_mid_upload_is_told_at_once(
    registry: FakeRegistry, app: Repository, file: Path
) -> None:
    registry.when("PUT", "/uploads/", answer(429, Retry_After="3600"), 99)
    with pytest.raises(Problem) as caught:
        put(app, file)
    assert caught.value.code == "registry-rate-limited" and "3600" in caught.value.detail
    assert len(registry.seen("PUT")) == 1


def test_a_wrong_digest_header_at_the_end(registry: FakeRegistry, app: Repository, file: Path) -> None:
    """The registry says that it stored something else: no success is told."""

    def lie(handler: Handler) -> None:
        handler.drain()
        handler.reply(201, b"", {"Docker-Content-Digest": "sha256:" + "0" * 64})

    registry.when("PUT", "/uploads/", lie, 9)
    with pytest.raises(Problem) as caught:
        put(app, file)
    assert caught.value.code == "digest-mismatch" and "as the registry stored it" in caught.value.title


def half(registry: FakeRegistry) -> None:
    """What a crash leaves: the blob is there, and is not all there."""
    registry.put_blob("team/app", BLOB)
    registry.blobs[DESCRIPTOR.digest] = BLOB[:1000]


def test_a_blob_that_is_there_in_part_is_sent_again(
    registry: FakeRegistry, app: Repository, file: Path
) -> None:
    """ "It is there" is believed with the right length only."""
    half(registry)
    assert not app.has_blob(DESCRIPTOR)
    assert put(app, file, mount_from="team/other") is Move.COPIED
    assert registry.blobs[DESCRIPTOR.digest] == BLOB
    assert put(app, file) is Move.PRESENT


@pytest.mark.parametrize("length", ["0", ""])
def test_a_length_that_is_not_told_is_believed(
    length: str, registry: FakeRegistry, app: Repository, file: Path
) -> None:
    """Some answer HEAD without one, or with 0."""
    headers = {"Content_Length": length} if length else {}
    registry.when("HEAD", "/blobs/", lambda h: h.reply(200, b"", headers, length=False), 9)
    if length:
        registry.rules[-1].act = answer(200, b"", **headers)
    assert put(app, file) is Move.PRESENT


def test_a_registry_that_keeps_a_damaged_blob(registry: FakeRegistry, app: Repository, file: Path) -> None:
    """It says 201 and keeps what it had, as those do that store by digest: told, with the way out."""
    half(registry)

    def keep(handler: Handler) -> None:
        handler.drain()
        handler.reply(201)

    registry.when("PUT", "/uploads/", keep, 9)
    with pytest.raises(Problem) as caught:
        put(app, file)
    assert caught.value.code == "registry-blob-damaged" and "1000 bytes of 2000000" in caught.value.detail


@pytest.mark.parametrize("size", [1000, 500_000, 20_000_000])
def test_a_registry_of_http_1_0(
    size: int, registry: FakeRegistry, app: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection for each request, as behind old proxies: blobs of every way of sending, up and down."""
    monkeypatch.setattr(Handler, "protocol_version", "HTTP/1.0")
    content = data(size, 4)
    (tmp_path / "blob").write_bytes(content)
    blob = Descriptor("x", sha256(content), size)
    assert app.put_blob(blob, lambda offset: FileBlob(tmp_path / "blob", offset)) is Move.COPIED
    assert app.put_blob(blob, lambda offset: FileBlob(tmp_path / "blob", offset)) is Move.PRESENT
    download(tmp_path / "out", blob, lambda offset: app.open_blob(blob, offset))
    assert (tmp_path / "out").read_bytes() == content == registry.blobs[blob.digest]


NUMBERS = ["\xb2", "9" * 5000, "-1", "1e3", "0x10", "Wed, 21 Oct 99999999999 07:28:00 GMT"]


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_that_are_none(text: str, registry: FakeRegistry, app: Repository, file: Path) -> None:
    """In every header that we read one from: no crash, and the bytes arrive."""
    registry.when("HEAD", "/blobs/", answer(404, Retry_After=text), 1)
    registry.when("POST", "/uploads/", answer(503, Retry_After=text), 1)
    registry.when("POST", "/uploads/", begins(OCI_Chunk_Min_Length=text), 1)
    registry.when("PUT", "/uploads/", answer(503, Retry_After=text), 1)
    registry.when("GET", "/uploads/", answer(204, Range=f"0-{text}"), 1)
    assert put(app, file) is Move.COPIED
    assert registry.blobs[DESCRIPTOR.digest] == BLOB


def test_a_token_that_lives_longer_than_numbers_go(registry: FakeRegistry, app: Repository) -> None:
    registry.auth = "bearer"
    registry.when("GET", "/token", answer(200, b'{"token": "x", "expires_in": 1%s}' % (b"0" * 400)))
    with pytest.raises(Problem) as caught:
        app.manifest("1.0")
    assert caught.value.code == "registry-broken"


def test_a_size_that_no_disk_has() -> None:
    for size in (2**63, 10**400, -1, True):
        with pytest.raises(Malformed):
            Descriptor.from_json({"mediaType": "x", "digest": DESCRIPTOR.digest, "size": size})


ODD = ["http://[", "http://h:abc/x", "http://h:99999/x", "http://h:0/x", "http://h /x", "http://\x7f/x"]


@pytest.mark.parametrize("location", ODD)
@pytest.mark.parametrize("where", ["redirect", "upload", "link", "realm"])
def test_an_address_that_is_none(
    location: str, where: str, registry: FakeRegistry, app: Repository, file: Path
) -> None:
    """Whatever a registry sends for an address ends in a problem, never in a crash."""
    registry.when("GET", "/blobs/", answer(307, Location=location), 9)
    registry.when("POST", "/uploads/", answer(202, Location=location), 9)
    if where == "link":
        registry.when("GET", "/tags/", answer(200, b'{"tags":["a"]}', Link=f'<{location}>; rel="next"'), 9)
    elif where == "realm":
        registry.when("GET", "/v2/", answer(401, WWW_Authenticate=f'Bearer realm="{location}"'), 9)
    with pytest.raises(Problem) as caught:
        if where == "redirect":
            app.open_blob(DESCRIPTOR)
        elif where == "upload":
            put(app, file)
        else:
            app.tags()
    assert caught.value.code == "registry-redirect-refused"
    assert "reg.test" in caught.value.title and caught.value.remedies


def test_an_address_with_odd_bytes(registry: FakeRegistry, app: Repository) -> None:
    """Encoded as browsers do it: no bytes are lost, and nothing crashes."""
    registry.when("GET", "/blobs/", answer(307, Location="/b\xc3\xbc cket?a=%20"), 1)
    registry.when("GET", "/b%C3%BC%20cket", answer(200, BLOB), 1)
    with app.open_blob(DESCRIPTOR) as reader:
        view = memoryview(bytearray(1000))
        assert reader.readinto(view) == 1000 and bytes(view) == BLOB[:1000]


def test_a_token_that_cannot_be_sent(registry: FakeRegistry, app: Repository) -> None:
    """Letters that no header can carry."""
    registry.auth = "bearer"
    registry.when("GET", "/token", answer(200, b'{"token": "\\u2192"}'))
    with pytest.raises(Problem) as caught:
        app.manifest("1.0")
    assert caught.value.code == "registry-broken"
