"""Content discovery and management (distribution-spec 1.1)."""

import json
from typing import Any

import pytest

from tests.oci_server.client import EMPTY, OCI_IMAGE, OCI_INDEX, Client, descriptor, digest_of, image

SBOM = "application/vnd.example.sbom.v1"
SIGNATURE = "application/vnd.example.signature.v1"


def test_tags_are_sorted_and_paged(client: Client) -> None:
    for tag in ("v2", "v10", "V1", "a", "_x"):
        client.push_image("a/b", tag)
    everything = ["V1", "_x", "a", "v10", "v2"]
    answer = client.ask("GET", "/v2/a/b/tags/list")
    assert answer.json == {"name": "a/b", "tags": everything}
    assert answer.headers["Link"] is None
    seen, path = [], "/v2/a/b/tags/list?n=2"
    while path:
        answer = client.ask("GET", path)
        seen.append(answer.json["tags"])
        link = answer.headers["Link"]
        assert link is None or link.endswith('>; rel="next"')
        path = link.partition(">")[0].lstrip("<") if link else ""
    assert seen == [["V1", "_x"], ["a", "v10"], ["v2"]]
    assert client.ask("GET", "/v2/a/b/tags/list?last=a").json["tags"] == ["v10", "v2"]
    assert client.ask("GET", "/v2/a/b/tags/list?last=nothing-like-it").json["tags"] == ["v10", "v2"]
    none = client.ask("GET", "/v2/a/b/tags/list?n=0")
    assert (none.json["tags"], none.headers["Link"]) == ([], None)


@pytest.mark.parametrize("n", ["-1", "x", "1e3", "٣", "9" * 30])
def test_a_page_size_that_is_no_number_is_400(client: Client, n: str) -> None:
    client.push_image("a/b", "v1")
    from urllib.parse import quote

    assert client.ask("GET", f"/v2/a/b/tags/list?n={quote(n)}").status == 400


def test_an_unknown_repository_has_no_tag_list(client: Client) -> None:
    assert client.ask("GET", "/v2/no/such/tags/list").code == "NAME_UNKNOWN"


def test_the_catalogue_lists_repositories(client: Client) -> None:
    for name in ("z", "a/b", "a", "a/b/c"):
        client.push_image(name, "v1")
    assert client.ask("GET", "/v2/_catalog").json["repositories"] == ["a", "a/b", "a/b/c", "z"]
    assert client.ask("GET", "/v2/_catalog?n=2&last=a").json["repositories"] == ["a/b", "a/b/c"]


def refer(client: Client, subject: dict[str, Any], name: str, **fields: Any) -> str:
    """Push a referrer; returns its digest."""
    body = json.dumps(image(subject=subject, annotations={"name": name}, **fields)).encode()
    answer = client.push_manifest("a/b", digest_of(body), body)
    assert (answer.status, answer.headers["OCI-Subject"]) == (201, subject["digest"])
    return digest_of(body)


def listed(client: Client, subject: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    """The referrers as the API lists them."""
    answer = client.ask("GET", f"/v2/a/b/referrers/{subject['digest']}{query}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, OCI_INDEX)
    assert (answer.json["schemaVersion"], answer.json["mediaType"]) == (2, OCI_INDEX)
    assert (answer.headers["OCI-Filters-Applied"] == "artifactType") == bool(query)
    return list(answer.json["manifests"])


def test_referrers_come_before_and_after_their_subject(client: Client) -> None:
    client.push_blob("a/b", EMPTY)
    body = json.dumps(image()).encode()
    subject = descriptor(OCI_IMAGE, body)
    before = refer(client, subject, "before", artifactType=SBOM)
    assert [item["digest"] for item in listed(client, subject)] == [before]
    assert client.push_manifest("a/b", "v1", body).status == 201
    after = refer(client, subject, "after", artifactType=SIGNATURE)
    plain = refer(client, subject, "plain")
    index_body = json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "subject": subject}
    ).encode()
    answer = client.push_manifest("a/b", digest_of(index_body), index_body, OCI_INDEX)
    assert answer.headers["OCI-Subject"] == subject["digest"]
    found = {item["digest"]: item for item in listed(client, subject)}
    assert set(found) == {before, after, plain, digest_of(index_body)}
    assert found[before]["artifactType"] == SBOM
    assert found[before]["annotations"] == {"name": "before"}
    assert found[before]["mediaType"] == OCI_IMAGE
    # Without an artifactType an image shows its config's type, an index shows none.
    assert found[plain]["artifactType"] == "application/vnd.oci.empty.v1+json"
    assert "artifactType" not in found[digest_of(index_body)]
    filtered = listed(client, subject, f"?artifactType={SIGNATURE}")
    assert [item["digest"] for item in filtered] == [after]


def test_nothing_refers_to_an_unknown_subject(client: Client) -> None:
    assert listed(client, descriptor(OCI_IMAGE, b"unknown")) == []
    assert client.ask("GET", "/v2/a/b/referrers/sha256:abc").code == "DIGEST_INVALID"


def test_a_deleted_referrer_is_no_longer_listed(client: Client) -> None:
    client.push_blob("a/b", EMPTY)
    subject = descriptor(OCI_IMAGE, b"subject")
    gone = refer(client, subject, "gone")
    stays = refer(client, subject, "stays")
    assert client.ask("DELETE", f"/v2/a/b/manifests/{gone}").status == 202
    assert [item["digest"] for item in listed(client, subject)] == [stays]


def test_delete_a_tag_then_the_manifest_with_its_tags(client: Client) -> None:
    digest = client.push_image("a/b", "v1", b"layer")
    for tag in ("v2", "v3"):
        client.push_image("a/b", tag, b"layer")
    other = client.push_image("a/b", "other", b"different")
    assert client.ask("DELETE", "/v2/a/b/manifests/v1").status == 202
    assert client.ask("GET", "/v2/a/b/manifests/v1").status == 404
    assert client.ask("GET", f"/v2/a/b/manifests/{digest}").status == 200
    assert client.ask("DELETE", f"/v2/a/b/manifests/{digest}").status == 202
    for reference in ("v2", "v3", digest):
        assert client.ask("GET", f"/v2/a/b/manifests/{reference}").status == 404
        assert client.ask("DELETE", f"/v2/a/b/manifests/{reference}").status == 404
    assert client.ask("GET", "/v2/a/b/tags/list").json["tags"] == ["other"]
    assert client.ask("GET", f"/v2/a/b/manifests/{other}").status == 200
    assert client.ask("DELETE", "/v2/no/such/manifests/v1").code == "NAME_UNKNOWN"


def test_delete_a_blob(client: Client) -> None:
    digest = client.push_blob("a/b", b"bytes")
    assert client.ask("DELETE", f"/v2/a/b/blobs/{digest}").status == 202
    for method in ("GET", "DELETE"):
        assert client.ask(method, f"/v2/a/b/blobs/{digest}").code == "BLOB_UNKNOWN"
