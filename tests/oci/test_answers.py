"""Registries that answer wrongly: each ends in a right result, or in a problem that names host, object and remedy."""

import gzip
import json
import time
from pathlib import Path

import pytest

from tests.oci.conftest import BLOB, DESCRIPTOR, OCI_MANIFEST, place_image, put
from tests.oci.fake_registry import FakeRegistry, Handler, answer, hang_up, sha256
from wizard.engine.events import Move
from wizard.engine.problems import Problem
from wizard.oci.descriptor import Descriptor
from wizard.oci.download import download
from wizard.oci.manifest import LARGEST, Manifest
from wizard.oci.media import DOCKER_INDEX, DOCKER_MANIFEST
from wizard.oci.registry import Repository


def get(app: Repository, out: Path, blob: Descriptor = DESCRIPTOR) -> bytes:
    download(out, blob, lambda offset: app.open_blob(blob, offset))
    return out.read_bytes()


def code_of(act: object, *arguments: object) -> Problem:
    with pytest.raises(Problem) as caught:
        act(*arguments)  # type: ignore[operator]
    assert caught.value.remedies
    return caught.value


# --- manifests


def test_a_manifest_that_breaks_off(registry: FakeRegistry, app: Repository) -> None:
    """Asked for again."""
    digest = place_image(registry, "team/app", "1.0")
    registry.when("GET", "/manifests/1.0", answer(200, b'{"half', Content_Length="5000"), 1)
    registry.rules[-1].act = _closing(registry.rules[-1].act)
    assert app.manifest("1.0").digest == digest


def _closing(act: object) -> object:
    def both(handler: Handler) -> None:
        act(handler)  # type: ignore[operator]
        handler.hang_up()

    return both


def test_a_manifest_that_always_breaks_off(registry: FakeRegistry, app: Repository) -> None:
    """In the end it is said."""
    registry.when("GET", "/manifests/", _closing(answer(200, b'{"half', Content_Length="5000")), 99)  # type: ignore[arg-type]
    assert code_of(app.manifest, "1.0").code == "registry-cut"


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b'{"schemaVersion":2}',
        b'{"layers":[{"digest":"sha256:../../x","size":1}]}',
        b"[" * 100_000,
    ],
)
def test_a_manifest_that_is_none(body: bytes, registry: FakeRegistry, app: Repository) -> None:
    """Never believed, whatever its type says."""
    kind = OCI_MANIFEST if b"layers" in body or body[:1] in b"[n" else "application/json"
    registry.put_image("team/app", "1.0", body, kind)
    assert code_of(app.manifest, "1.0").code == "manifest-invalid"


def test_a_manifest_over_the_limit(registry: FakeRegistry, app: Repository) -> None:
    """4 MiB is what registries accept."""
    registry.put_image("team/app", "1.0", b" " * (LARGEST + 1), OCI_MANIFEST)
    assert code_of(app.manifest, "1.0").code == "manifest-too-large"


@pytest.mark.parametrize("kind", [DOCKER_MANIFEST, DOCKER_INDEX])
def test_a_registry_that_takes_oci_types_alone(kind: str, registry: FakeRegistry, app: Repository) -> None:
    """S1.12: zot as it is delivered answers 415 to Docker's types; what to change there is said."""
    said = b'{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid"}]}'
    registry.when("PUT", "/manifests/", answer(415, said), 2)
    body = json.dumps({"schemaVersion": 2, "mediaType": kind, "layers": [], "manifests": []}).encode()
    problem = code_of(app.put_manifest, Manifest(body, kind), "1.0")
    assert problem.code == "registry-refuses-docker-types"
    assert app.name in problem.title and kind in problem.detail and "MANIFEST_INVALID" in problem.detail
    assert "docker2s2" in problem.remedies[0].text
    other = Manifest(body, OCI_MANIFEST)  # with an OCI type it is something else
    assert code_of(app.put_manifest, other, "1.0").code == "registry-refused-request"


def test_a_body_without_end(registry: FakeRegistry, app: Repository) -> None:
    """Not read to its end, and not into memory."""

    def endless(handler: Handler) -> None:
        handler.reply(200, b"", {"Content-Type": OCI_MANIFEST, "Transfer-Encoding": "chunked"}, length=False)
        piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        while True:
            handler.wfile.write(piece)

    registry.when("GET", "/manifests/", endless)
    assert code_of(app.manifest, "1.0").code == "manifest-too-large"


def test_a_decompression_bomb_is_not_decompressed(registry: FakeRegistry, app: Repository) -> None:
    """We ask for identity; what comes compressed all the same is not valid."""
    bomb = gzip.compress(b" " * 50_000_000)
    registry.when("GET", "/manifests/", answer(200, bomb, Content_Type=OCI_MANIFEST, Content_Encoding="gzip"))
    assert code_of(app.manifest, "1.0").code == "manifest-invalid"
    assert registry.requests[-1].headers["Accept-Encoding"] == "identity"


def test_a_digest_header_that_is_wrong(registry: FakeRegistry, app: Repository) -> None:
    """The bytes count, and a header that contradicts them is said."""
    digest = place_image(registry, "team/app", "1.0")
    body, kind = registry.manifests["team/app", digest]
    wrong = answer(200, body, Content_Type=kind, Docker_Content_Digest="sha256:" + "0" * 64)
    registry.when("GET", "/manifests/1.0", wrong, 1)
    assert app.manifest("1.0").digest == digest, "once is weather"
    registry.when("GET", "/manifests/1.0", wrong, 99)
    problem = code_of(app.manifest, "1.0")
    assert problem.code == "digest-mismatch" and digest in problem.detail


def test_html_instead_of_json(registry: FakeRegistry, app: Repository) -> None:
    """A captive portal, a login page, a wrong port."""
    page = answer(200, b"<!DOCTYPE html><html>log in</html>", Content_Type="text/html")
    registry.when("GET", "/manifests/", page, 9)
    registry.when("GET", "/blobs/", page, 9)
    registry.when("GET", "/tags/", page, 9)
    assert code_of(app.manifest, "1.0").code == "registry-broken"
    assert code_of(app.open_blob, DESCRIPTOR).code == "registry-broken"
    assert code_of(app.tags).code == "registry-broken"


def test_a_missing_tag_names_the_nearest(registry: FakeRegistry, app: Repository) -> None:
    """What is there, nearest first."""
    for tag in ("v0.1.0", "v0.1.1", "nightly"):
        place_image(registry, "team/app", tag)
    problem = code_of(app.manifest, "v0.1.2")
    assert problem.code == "tag-not-found" and "v0.1" in problem.remedies[0].text
    assert app.resolve("v0.1.2") is None


def test_a_registry_that_leaves_the_digest_out_of_its_answers(
    registry: FakeRegistry, app: Repository
) -> None:
    """Some old ones do: then the body says it."""
    digest = place_image(registry, "team/app", "1.0")
    registry.when("HEAD", "/manifests/", answer(200, Content_Type=OCI_MANIFEST))
    found = app.resolve("1.0")
    assert found is not None and found.digest == digest


# --- lists


def test_tags_over_many_pages(registry: FakeRegistry, app: Repository) -> None:
    """Link headers are followed."""
    registry.page = 7
    for number in range(30):
        registry.put_image("team/app", f"t{number:02}", b"{}", OCI_MANIFEST)
    assert app.tags() == [f"t{number:02}" for number in range(30)]
    assert len(registry.seen("GET", "/tags/")) == 5


def test_a_tag_list_that_goes_in_circles(registry: FakeRegistry, app: Repository) -> None:
    """A page with nothing new is the last one."""
    circle = answer(200, b'{"tags":["a","b"]}', Link='</v2/team/app/tags/list?last=b>; rel="next"')
    registry.when("GET", "/tags/", circle, 9999)
    assert app.tags() == ["a", "b"]
    assert len(registry.requests) == 2


def test_a_link_to_another_scheme(registry: FakeRegistry, app: Repository) -> None:
    """file:// and the like are no pages."""
    registry.when("GET", "/tags/", answer(200, b'{"tags":["a"]}', Link='<file:///etc/passwd>; rel="next"'))
    assert code_of(app.tags).code == "registry-redirect-refused"


# --- blobs


def test_a_blob_with_a_wrong_length(registry: FakeRegistry, app: Repository, tmp_path: Path) -> None:
    """Said before a byte is kept."""
    registry.put_blob("team/app", BLOB)
    blob = Descriptor("x", DESCRIPTOR.digest, len(BLOB) + 5)
    problem = code_of(get, app, tmp_path / "out", blob)
    assert problem.code == "blob-truncated"
    assert not (tmp_path / "out").exists()


def test_a_blob_without_end(registry: FakeRegistry, app: Repository, tmp_path: Path) -> None:
    """The disk is not filled with it."""

    def endless(handler: Handler) -> None:
        handler.reply(200, b"", {"Transfer-Encoding": "chunked"}, length=False)
        while True:
            handler.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    registry.when("GET", "/blobs/", endless)
    small = Descriptor("x", sha256(b"y"), 1000)
    assert code_of(get, app, tmp_path / "out", small).code == "blob-truncated"
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) < 1_000_000


def test_a_missing_blob(app: Repository, tmp_path: Path) -> None:
    """A manifest names it, the content is gone."""
    assert code_of(get, app, tmp_path / "out").code == "blob-not-found"


# --- uploads


def test_403_on_a_mount_is_no_reason_not_to_send(registry: FakeRegistry, app: Repository, file: Path) -> None:
    """A mount is a favour."""
    registry.when("POST", r"mount=", answer(403, b'{"errors":[{"code":"DENIED"}]}'))
    assert put(app, file, mount_from="other/place") is Move.COPIED


def test_a_mount_that_begins_an_upload_is_used(registry: FakeRegistry, app: Repository, file: Path) -> None:
    """202 to a mount: one request saved."""
    assert put(app, file, mount_from="other/place") is Move.COPIED
    assert len(registry.seen("POST")) == 1


def test_404_on_the_upload_location(registry: FakeRegistry, app: Repository, file: Path) -> None:
    """The session was purged: another begins."""
    registry.when("PUT", "/uploads/", answer(404, b'{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}'))
    registry.when("GET", "/uploads/", answer(404))
    assert put(app, file) is Move.COPIED
    assert len(registry.seen("POST")) == 2


def test_413_makes_pieces(registry: FakeRegistry, app: Repository, file: Path) -> None:
    """A proxy before the registry with a body limit: smaller pieces until they pass, remembered for the host."""

    def limit(handler: Handler) -> bool:
        if handler.left > 700_000:
            handler.close_connection = True
            handler.left = 0
            handler.reply(413, b"<html>413 Request Entity Too Large</html>", {"Content-Type": "text/html"})
            return False
        return True

    registry.when("PUT", "/uploads/", limit, 99)
    registry.when("PATCH", "/uploads/", limit, 99)
    assert put(app, file) is Move.COPIED
    assert registry.blobs[DESCRIPTOR.digest] == BLOB
    assert 0 < app.client.piece <= 700_000
    assert len(registry.seen("POST")) == 1


def test_413_for_everything(registry: FakeRegistry, app: Repository, file: Path) -> None:
    """Then the proxy's limit is named."""
    registry.when("PUT", "/uploads/", answer(413), 99)
    registry.when("PATCH", "/uploads/", answer(413), 99)
    problem = code_of(put, app, file)
    assert problem.code == "registry-too-large" and "client_max_body_size" in problem.remedies[0].text


def test_a_refusal_in_the_middle_of_a_body_is_heard(
    registry: FakeRegistry, app: Repository, file: Path
) -> None:
    """The registry says why and hangs up: not "connection reset", but its words."""

    def refuse(handler: Handler) -> None:
        handler.rfile.read(1000)
        handler.left = 0
        handler.close_connection = True
        handler.reply(403, b'{"errors":[{"code":"DENIED","message":"quota of project exceeded"}]}')

    registry.when("PUT", "/uploads/", refuse, 9)
    problem = code_of(put, app, file)
    assert problem.code == "registry-forbidden" and "quota of project exceeded" in problem.detail


def test_a_registry_that_names_plain_http_behind_a_tls_proxy(app: Repository) -> None:
    """Old ones build their Location from what they see; ours stays on the base that we reach them at."""
    base = app.client.site.base
    assert app.client.location("x", "/v2/u/1") == f"{base}/v2/u/1"
    host = base.removeprefix("http://").partition(":")[0]
    assert app.client.location("x", f"https://{host}/v2/u/1?a=b") == f"{base}/v2/u/1?a=b"
    assert code_of(app.client.location, "x", None).code == "registry-broken"
    assert code_of(app.client.location, "x", "ftp://elsewhere/x").code == "registry-redirect-refused"


# --- limits and bursts


def test_429_with_retry_after(registry: FakeRegistry, app: Repository) -> None:
    """Obeyed: not a second too early."""
    digest = place_image(registry, "team/app", "1.0")
    registry.when("GET", "/manifests/", answer(429, Retry_After="1"), 1)
    began = time.monotonic()
    assert app.manifest("1.0").digest == digest
    assert time.monotonic() - began >= 1.0


def test_429_with_a_date(registry: FakeRegistry, app: Repository) -> None:
    """The other form of Retry-After; one in the past means now."""
    digest = place_image(registry, "team/app", "1.0")
    registry.when("GET", "/manifests/", answer(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), 2)
    assert app.manifest("1.0").digest == digest


def test_429_without_retry_after(registry: FakeRegistry, app: Repository) -> None:
    """Backoff of our own."""
    digest = place_image(registry, "team/app", "1.0")
    registry.when("GET", "/manifests/", answer(429), 3)
    assert app.manifest("1.0").digest == digest


def test_429_for_an_hour_is_told_at_once(registry: FakeRegistry, app: Repository) -> None:
    """Nobody waits an hour before a silent screen."""
    registry.when(
        "GET", "/manifests/", answer(429, b'{"errors":[{"code":"TOOMANYREQUESTS"}]}', Retry_After="3600")
    )
    problem = code_of(app.manifest, "1.0")
    assert problem.code == "registry-rate-limited" and "TOOMANYREQUESTS" in problem.detail
    assert len(registry.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_burst_of_5xx(status: int, registry: FakeRegistry, app: Repository, file: Path) -> None:
    """Every kind of request comes through."""
    for method in ("HEAD", "POST", "PUT"):
        registry.when(method, "/blobs/", answer(status), 2)
    assert put(app, file) is Move.COPIED
    for method in ("HEAD", "GET", "PUT"):
        registry.when(method, "/manifests/", answer(status), 2)
    config = registry.put_blob("team/app", b"{}")
    body = json.dumps({"schemaVersion": 2, "config": config, "layers": []}).encode()
    registry.put_image("team/app", "1.0", body, OCI_MANIFEST)
    app.put_manifest(app.manifest("1.0"), "2.0")
    assert app.resolve("2.0") is not None


def test_5xx_that_does_not_go_away(registry: FakeRegistry, app: Repository) -> None:
    """The registry's own words, and how often it was tried."""
    registry.when("GET", "/manifests/", answer(503, b"storage is on fire"), 99)
    problem = code_of(app.manifest, "1.0")
    assert problem.code == "registry-broken" and "storage is on fire" in problem.detail
    assert problem.evidence["tries"] == 4


def test_a_connection_that_closes_without_a_word(registry: FakeRegistry, app: Repository) -> None:
    """Tried again."""
    digest = place_image(registry, "team/app", "1.0")
    registry.when("GET", "/manifests/", hang_up, 2)
    assert app.manifest("1.0").digest == digest


def test_507_is_a_full_registry(registry: FakeRegistry, app: Repository, file: Path) -> None:
    """No retry will help."""
    registry.when("PUT", "/uploads/", answer(507, b"no space left on device"), 9)
    assert code_of(put, app, file).code == "registry-full"


# --- redirects


def test_a_redirect_loop(registry: FakeRegistry, app: Repository) -> None:
    """A handful is followed, then it is said."""
    registry.when("GET", "/blobs/", lambda h: h.reply(307, b"", {"Location": h.path}), 99)
    assert code_of(app.open_blob, DESCRIPTOR).code == "registry-redirect-refused"
    assert len(registry.requests) <= 6


def test_a_redirect_to_another_scheme(registry: FakeRegistry, app: Repository) -> None:
    """No files, no gopher."""
    registry.when("GET", "/blobs/", answer(302, Location="file:///etc/shadow"))
    assert code_of(app.open_blob, DESCRIPTOR).code == "registry-redirect-refused"


def test_path_tricks_in_names_never_reach_the_disk() -> None:
    """A digest is its grammar or nothing."""
    from wizard.oci.descriptor import Malformed

    for digest in (
        "sha256:../../../etc/passwd",
        "sha256:" + "a" * 63 + "/",
        "sha256:" + "A" * 64,
        "../x:y",
        "",
    ):
        with pytest.raises(Malformed):
            Descriptor.from_json({"mediaType": "x", "digest": digest, "size": 1})
