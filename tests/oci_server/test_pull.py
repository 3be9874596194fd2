"""Pull: manifests, blobs, ranges, conditions (distribution-spec 1.1, workflow Pull)."""

import pytest

from tests.oci_server.client import OCI_IMAGE, Client, digest_of

DATA = bytes(range(256)) * 40


def test_base_endpoint_answers(client: Client) -> None:
    answer = client.ask("GET", "/v2/")
    assert answer.status == 200
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


def test_manifest_by_tag_and_digest_is_byte_exact(client: Client) -> None:
    digest = client.push_image("team/app", "v1", DATA)
    for reference in ("v1", digest):
        answer = client.ask("GET", f"/v2/team/app/manifests/{reference}")
        assert answer.status == 200
        assert digest_of(answer.body) == digest == answer.headers["Docker-Content-Digest"]
        assert answer.headers["Content-Type"] == OCI_IMAGE
        head = client.ask("HEAD", f"/v2/team/app/manifests/{reference}")
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Length"] == str(len(answer.body))
        assert head.headers["Docker-Content-Digest"] == digest


def test_blob_whole_and_head(client: Client) -> None:
    digest = client.push_blob("team/app", DATA)
    answer = client.ask("GET", f"/v2/team/app/blobs/{digest}")
    assert (answer.status, answer.body) == (200, DATA)
    assert answer.headers["Docker-Content-Digest"] == digest
    head = client.ask("HEAD", f"/v2/team/app/blobs/{digest}")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(DATA)))


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("0-0", 0, 1),
        ("5-99", 5, 100),
        ("10000-", 10000, 10240),
        ("-7", 10233, 10240),
        ("10-99999", 10, 10240),
    ],
)
def test_a_byte_range_is_served(client: Client, asked: str, start: int, stop: int) -> None:
    digest = client.push_blob("team/app", DATA)
    answer = client.ask("GET", f"/v2/team/app/blobs/{digest}", headers={"Range": f"bytes={asked}"})
    assert (answer.status, answer.body) == (206, DATA[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(DATA)}"


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=99999-100000", "bytes=-0", "bytes=500-0"])
def test_a_range_that_the_blob_does_not_have_is_416(client: Client, asked: str) -> None:
    digest = client.push_blob("team/app", DATA)
    answer = client.ask("GET", f"/v2/team/app/blobs/{digest}", headers={"Range": asked})
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(
    "asked", ["bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes=a-b", "bytes=0-" + "9" * 40]
)
def test_what_is_no_single_range_gives_the_whole(client: Client, asked: str) -> None:
    digest = client.push_blob("team/app", DATA)
    answer = client.ask("GET", f"/v2/team/app/blobs/{digest}", headers={"Range": asked})
    assert (answer.status, answer.body) == (200, DATA)


def test_conditions_on_the_digest(client: Client) -> None:
    digest = client.push_blob("team/app", DATA)
    path = f"/v2/team/app/blobs/{digest}"
    assert client.ask("GET", path, headers={"If-None-Match": f'"{digest}"'}).status == 304
    assert client.ask("GET", path, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status == 200
    assert client.ask("GET", path, headers={"Range": "bytes=0-1", "If-Range": f'"{digest}"'}).status == 206


def test_what_is_not_there_is_404_with_its_code(client: Client) -> None:
    client.push_image("team/app", "v1")
    missing = digest_of(b"nobody has this")
    assert client.ask("GET", "/v2/team/app/manifests/v2").code == "MANIFEST_UNKNOWN"
    assert client.ask("GET", f"/v2/team/app/manifests/{missing}").code == "MANIFEST_UNKNOWN"
    assert client.ask("GET", f"/v2/team/app/blobs/{missing}").code == "BLOB_UNKNOWN"
    assert client.ask("GET", "/v2/team/other/manifests/v1").code == "NAME_UNKNOWN"
    for path in ("manifests/v2", f"manifests/{missing}", f"blobs/{missing}"):
        head = client.ask("HEAD", f"/v2/team/app/{path}")
        assert (head.status, head.body) == (404, b"")


def test_a_blob_is_visible_only_where_it_was_pushed(client: Client) -> None:
    digest = client.push_blob("team/app", DATA)
    assert client.ask("GET", f"/v2/team/other/blobs/{digest}").status == 404
