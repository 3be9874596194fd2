"""Push: every way a blob or a manifest may come (distribution-spec 1.1, workflow Push)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.oci_server.client import EMPTY, OCI_IMAGE, OCI_INDEX, Client, descriptor, digest_of, image

DATA = bytes(range(251)) * 1000
DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


def has(client: Client, repository: str, digest: str, data: bytes) -> bool:
    """The blob is there and is these bytes."""
    answer = client.ask("GET", f"/v2/{repository}/blobs/{digest}")
    return (answer.status, answer.body) == (200, data)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_post_then_put(client: Client, algorithm: str) -> None:
    begun = client.ask("POST", f"/v2/a/b/blobs/uploads/?digest-algorithm={algorithm}")
    assert begun.status == 202
    assert begun.headers["Range"] == "0-0"
    digest = digest_of(DATA, algorithm)
    done = client.ask("PUT", f"{begun.headers['Location']}?digest={digest}", DATA)
    assert (done.status, done.headers["Docker-Content-Digest"]) == (201, digest)
    assert client.ask("GET", done.headers["Location"]).body == DATA
    assert client.ask("GET", begun.headers["Location"]).status == 404


def test_sha512_without_the_hint(client: Client) -> None:
    assert has(client, "a/b", client.push_blob("a/b", DATA, "sha512"), DATA)


@pytest.mark.parametrize("data", [DATA, b""])
def test_one_post(client: Client, data: bytes) -> None:
    digest = digest_of(data)
    answer = client.ask("POST", f"/v2/a/b/blobs/uploads/?digest={digest}", data)
    assert answer.status == 201
    assert has(client, "a/b", digest, data)


def test_empty_blob_by_put(client: Client) -> None:
    assert has(client, "a/b", client.push_blob("a/b", b""), b"")


def test_chunks_with_content_range_and_the_last_one_in_put(client: Client) -> None:
    digest = digest_of(DATA)
    location = client.ask("POST", "/v2/a/b/blobs/uploads/", headers={"Content-Length": "0"}).headers[
        "Location"
    ]
    for start, stop in ((0, 100_000), (100_000, 200_000)):
        answer = client.ask("PATCH", location, DATA[start:stop], {"Content-Range": f"{start}-{stop - 1}"})
        assert (answer.status, answer.headers["Range"]) == (202, f"0-{stop - 1}")
        location = answer.headers["Location"]
        status = client.ask("GET", location)
        assert (status.status, status.headers["Range"]) == (204, f"0-{stop - 1}")
    last = {"Content-Range": f"200000-{len(DATA) - 1}"}
    assert client.ask("PUT", f"{location}?digest={digest}", DATA[200_000:], last).status == 201
    assert has(client, "a/b", digest, DATA)


def test_a_stream_in_chunked_transfer_coding(client: Client) -> None:
    def pieces() -> Iterator[bytes]:
        for start in range(0, len(DATA), 7001):
            yield DATA[start : start + 7001]

    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    answer = client.ask(
        "PATCH", location, pieces(), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert (answer.status, answer.headers["Range"]) == (202, f"0-{len(DATA) - 1}")
    digest = digest_of(DATA)
    assert client.ask("PUT", f"{answer.headers['Location']}?digest={digest}").status == 201
    assert has(client, "a/b", digest, DATA)


@pytest.mark.parametrize("start", [1, 99_999, 100_001, 200_000])
def test_a_chunk_out_of_order_is_416_and_harmless(client: Client, start: int) -> None:
    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    assert client.ask("PATCH", location, DATA[:100_000], {"Content-Range": "0-99999"}).status == 202
    for method in ("PATCH", "PUT"):
        target = location if method == "PATCH" else f"{location}?digest={digest_of(DATA)}"
        answer = client.ask(method, target, DATA[:10], {"Content-Range": f"{start}-{start + 9}"})
        assert (answer.status, answer.headers["Range"]) == (416, "0-99999")
    rest = client.ask("PATCH", location, DATA[100_000:])
    assert rest.status == 202
    assert client.ask("PUT", f"{location}?digest={digest_of(DATA)}").status == 201


@pytest.mark.parametrize("given", ["0", "a-b", "-5", "0-99999999999999999999999", "5-1"])
def test_a_bad_content_range_is_400(client: Client, given: str) -> None:
    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    assert client.ask("PATCH", location, b"x" * 10, {"Content-Range": given}).status == 400


def test_a_content_range_of_another_length_is_refused(client: Client) -> None:
    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    assert client.ask("PATCH", location, b"x" * 10, {"Content-Range": "0-10"}).code == "SIZE_INVALID"


def test_cancel(client: Client) -> None:
    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    assert client.ask("PATCH", location, DATA).status == 202
    assert client.ask("DELETE", location).status == 204
    for method in ("GET", "PATCH", "DELETE"):
        assert client.ask(method, location).code == "BLOB_UPLOAD_UNKNOWN"


def test_a_session_belongs_to_its_repository(client: Client) -> None:
    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    assert client.ask("PATCH", location.replace("/a/b/", "/a/c/"), DATA).code == "BLOB_UPLOAD_UNKNOWN"


def test_a_wrong_digest_leaves_nothing(client: Client) -> None:
    wrong = digest_of(b"something else")
    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    assert client.ask("PUT", f"{location}?digest={wrong}", DATA).code == "DIGEST_INVALID"
    assert client.ask("GET", location).status == 404
    assert client.ask("POST", f"/v2/a/b/blobs/uploads/?digest={wrong}", DATA).code == "DIGEST_INVALID"
    for digest in (wrong, digest_of(DATA)):
        assert client.ask("HEAD", f"/v2/a/b/blobs/{digest}").status == 404


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:zz", "sha256:" + "A" * 64, "md5:" + "0" * 32, "x"])
def test_an_unusable_digest_is_400(client: Client, digest: str) -> None:
    location = client.ask("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    assert client.ask("PUT", f"{location}?digest={digest}", DATA).code == "DIGEST_INVALID"
    assert client.ask("POST", f"/v2/a/b/blobs/uploads/?digest={digest}", DATA).code == "DIGEST_INVALID"
    assert client.ask("POST", f"/v2/a/b/blobs/uploads/?mount={digest}&from=a/c").code == "DIGEST_INVALID"


def test_mount_from_a_repository(client: Client) -> None:
    digest = client.push_blob("a/b", DATA)
    answer = client.ask("POST", f"/v2/c/d/blobs/uploads/?mount={digest}&from=a/b")
    assert (answer.status, answer.headers["Location"]) == (201, f"/v2/c/d/blobs/{digest}")
    assert has(client, "c/d", digest, DATA)


def test_mount_from_anywhere(client: Client) -> None:
    digest = client.push_blob("a/b", DATA)
    assert client.ask("POST", f"/v2/c/d/blobs/uploads/?mount={digest}").status == 201
    assert has(client, "c/d", digest, DATA)


def test_a_mount_of_what_is_not_there_begins_an_upload(client: Client) -> None:
    digest = client.push_blob("a/b", DATA)
    for source in ("&from=x/y", "&from=..%2F..", f"&from={'z' * 300}"):
        answer = client.ask("POST", f"/v2/c/d/blobs/uploads/?mount={digest}{source}")
        assert answer.status == 202
    assert client.ask("POST", f"/v2/c/d/blobs/uploads/?mount={digest_of(b'no')}").status == 202
    assert client.ask("PUT", f"{answer.headers['Location']}?digest={digest}", DATA).status == 201


def test_a_mounted_blob_outlives_its_source(client: Client) -> None:
    digest = client.push_blob("a/b", DATA)
    client.ask("POST", f"/v2/c/d/blobs/uploads/?mount={digest}&from=a/b")
    assert client.ask("DELETE", f"/v2/a/b/blobs/{digest}").status == 202
    assert client.ask("HEAD", f"/v2/a/b/blobs/{digest}").status == 404
    assert has(client, "c/d", digest, DATA)


def test_a_manifest_by_digest_and_by_tag(client: Client) -> None:
    client.push_blob("a/b", EMPTY)
    body = json.dumps(image()).encode()
    answer = client.push_manifest("a/b", digest_of(body), body)
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (201, digest_of(body))
    assert client.ask("GET", answer.headers["Location"]).body == body
    assert client.ask("GET", "/v2/a/b/tags/list").json["tags"] == []
    assert client.push_manifest("a/b", "v1", body).status == 201
    assert client.ask("GET", "/v2/a/b/tags/list").json["tags"] == ["v1"]


def test_a_manifest_by_sha512(client: Client) -> None:
    client.push_blob("a/b", EMPTY)
    body = json.dumps(image()).encode()
    digest = digest_of(body, "sha512")
    assert client.push_manifest("a/b", digest, body).headers["Docker-Content-Digest"] == digest
    assert client.ask("GET", f"/v2/a/b/manifests/{digest}").body == body
    assert client.ask("GET", f"/v2/a/b/manifests/{digest_of(body)}").status == 404


def test_tags_in_the_query(client: Client) -> None:
    client.push_blob("a/b", EMPTY)
    body = json.dumps(image()).encode()
    tags = [f"v{number}" for number in range(12)]
    answer = client.push_manifest("a/b", f"{digest_of(body)}?{'&'.join(f'tag={tag}' for tag in tags)}", body)
    assert answer.status == 201
    assert answer.headers["OCI-Tag"] == ", ".join(tags)
    assert client.ask("GET", "/v2/a/b/tags/list").json["tags"] == sorted(tags)


def test_a_tag_moves(client: Client) -> None:
    first = client.push_image("a/b", "v1", b"one")
    second = client.push_image("a/b", "v1", b"two")
    assert client.ask("HEAD", "/v2/a/b/manifests/v1").headers["Docker-Content-Digest"] == second
    assert client.ask("HEAD", f"/v2/a/b/manifests/{first}").status == 200


def test_docker_types_and_a_sparse_list(client: Client) -> None:
    client.push_blob("a/b", EMPTY)
    body = json.dumps({**image(), "mediaType": DOCKER_IMAGE}).encode()
    assert client.push_manifest("a/b", "docker", body, DOCKER_IMAGE).status == 201
    answer = client.ask("GET", "/v2/a/b/manifests/docker", headers={"Accept": OCI_INDEX})
    assert (answer.headers["Content-Type"], answer.body) == (DOCKER_IMAGE, body)
    children = [descriptor(DOCKER_IMAGE, body), descriptor(DOCKER_IMAGE, b"never pushed")]
    listing = {"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": children}
    assert client.push_manifest("a/b", "list", listing, DOCKER_LIST).status == 201
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children[1:]}
    assert client.push_manifest("a/b", "index", index, OCI_INDEX).status == 201


def test_the_type_may_come_from_the_header_or_the_body_alone(client: Client) -> None:
    client.push_blob("a/b", EMPTY)
    plain = image()
    del plain["mediaType"]
    assert client.push_manifest("a/b", "header", plain, f"{OCI_IMAGE}; charset=utf-8").status == 201
    body = json.dumps(image()).encode()
    assert client.ask("PUT", "/v2/a/b/manifests/body", body).status == 201
    for tag in ("header", "body"):
        assert client.ask("HEAD", f"/v2/a/b/manifests/{tag}").headers["Content-Type"] == OCI_IMAGE


def test_a_manifest_needs_its_blobs(client: Client) -> None:
    client.push_blob("a/b", EMPTY)
    client.push_blob("other/repo", b"layer")
    answer = client.push_manifest("a/b", "v1", image(b"layer"))
    assert (answer.status, answer.code) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert answer.json["errors"][0]["detail"] == [{"digest": digest_of(b"layer")}]
    assert client.ask("GET", "/v2/a/b/manifests/v1").status == 404


def test_layers_that_may_not_be_distributed_need_not_be_there(client: Client) -> None:
    client.push_blob("a/b", EMPTY)
    content = image()
    content["layers"] = [
        descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", b"one"),
        descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", b"two"),
    ]
    assert client.push_manifest("a/b", "v1", content).status == 201


BROKEN: list[tuple[str, Any, str]] = [
    ("not JSON", b"<html>", OCI_IMAGE),
    ("not an object", b"[]", OCI_IMAGE),
    ("deep", b"[" * 100_000, OCI_IMAGE),
    ("not UTF-8", b"\xff\xfe{}", OCI_IMAGE),
    ("another type", image(), OCI_INDEX),
    ("no type", b"{}", ""),
    ("no config", {"layers": []}, OCI_IMAGE),
    ("config is a list", {**image(), "config": []}, OCI_IMAGE),
    ("layers is an object", {**image(), "layers": {}}, OCI_IMAGE),
    ("layer without size", {**image(), "layers": [{"digest": digest_of(b"")}]}, OCI_IMAGE),
    ("layer of negative size", {**image(), "layers": [{"digest": digest_of(b""), "size": -1}]}, OCI_IMAGE),
    ("layer digest of a path", {**image(), "layers": [{"digest": "sha256:../../x", "size": 1}]}, OCI_IMAGE),
    ("subject is a string", {**image(), "subject": "sha256:1"}, OCI_IMAGE),
    ("manifests is a string", {"manifests": "x"}, OCI_INDEX),
    ("mediaType is a number", {**image(), "mediaType": 5}, OCI_IMAGE),
    ("schema 1", {"schemaVersion": 1}, "application/vnd.docker.distribution.manifest.v1+prettyjws"),
]


@pytest.mark.parametrize(
    ("content", "media_type"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_a_broken_manifest_is_refused(client: Client, content: Any, media_type: str) -> None:
    client.push_blob("a/b", EMPTY)
    answer = client.push_manifest("a/b", "v1", content, media_type)
    assert (answer.status, answer.code) == (400, "MANIFEST_INVALID")
    assert client.ask("GET", "/v2/a/b/manifests/v1").status == 404


def test_a_manifest_that_is_not_its_digest_is_refused(client: Client) -> None:
    client.push_blob("a/b", EMPTY)
    assert client.push_manifest("a/b", digest_of(b"other"), image()).code == "DIGEST_INVALID"


def test_four_mebibytes_of_manifest_are_accepted_and_more_are_not(client: Client) -> None:
    client.push_blob("a/b", EMPTY)
    body = json.dumps({**image(), "annotations": {"fill": ""}}).encode()
    limit = 4 * 1024 * 1024
    full = body.replace(b'"fill": ""', b'"fill": "' + b"x" * (limit - len(body)) + b'"')
    assert len(full) == limit
    assert client.push_manifest("a/b", "full", full).status == 201
    answer = client.push_manifest("a/b", "over", full + b" ")
    assert (answer.status, answer.code) == (413, "SIZE_INVALID")
