"""Copying between stores: digests kept, nothing sent twice, the tag last (S1.20, S1.22)."""

import json
from pathlib import Path

import pytest

from tests.oci.conftest import OCI_INDEX, place_image, tree
from tests.oci.fake_registry import FakeRegistry
from wizard.engine.events import Move, Moved
from wizard.engine.problems import Problem
from wizard.oci.copy import Copier, Job, copy
from wizard.oci.layout import Layout
from wizard.oci.reference import Reference
from wizard.oci.transport import Transport


def test_an_index_is_copied_with_all_platforms_and_its_digest(
    registry: FakeRegistry, transport: Transport, moves: list[Moved]
) -> None:
    """S1.20: byte for byte, so that the digest is the same."""
    digest = place_image(registry, "from/app", "1.0")
    source = transport.repository(Reference.parse("reg.test/from/app"))
    target = transport.repository(Reference.parse("reg.test/team/app"))
    done = copy(source, "1.0", target, "1.0", report=moves.append)
    assert done.digest == digest == registry.tags["team/app", "1.0"]
    assert registry.manifests["team/app", digest] == registry.manifests["from/app", digest]
    assert done.platforms == ("linux/amd64", "linux/arm64")
    assert {m.platform for m in moves if m.item != m.target} == {"linux/amd64", "linux/arm64"}


def test_the_second_copy_sends_nothing(registry: FakeRegistry, transport: Transport) -> None:
    """Not a byte, not a manifest."""
    place_image(registry, "from/app", "1.0")
    source = transport.repository(Reference.parse("reg.test/from/app"))
    target = transport.repository(Reference.parse("reg.test/team/app"))
    first = copy(source, "1.0", target, "1.0")
    registry.requests.clear()
    second = copy(source, "1.0", target, "1.0")
    assert first.changed and not second.changed
    assert second.sent == 0 and second.present == first.sent + first.present
    assert not {"PUT", "POST", "PATCH"} & {r.method for r in registry.requests}


def test_within_one_registry_blobs_are_mounted(
    registry: FakeRegistry, transport: Transport, moves: list[Moved]
) -> None:
    """The registry has the bytes already."""
    place_image(registry, "from/app", "1.0")
    source = transport.repository(Reference.parse("reg.test/from/app"))
    target = transport.repository(Reference.parse("reg.test/team/app"))
    done = copy(source, "1.0", target, "1.0", report=moves.append)
    assert done.sent == 0
    assert {m.move for m in moves if m.move.over and m.item != m.target} == {Move.MOUNTED}
    assert (moves[-1].item, moves[-1].move, moves[-1].digest) == (
        moves[-1].target,
        Move.VERIFIED,
        done.digest,
    )
    assert not registry.seen("GET", "/blobs/sha256")


def test_through_a_layout_and_back(registry: FakeRegistry, transport: Transport, tmp_path: Path) -> None:
    """S1.22: the doubly isolated path; the folder's names are fit for FAT."""
    digest = place_image(registry, "from/app", "1.0")
    source = transport.repository(Reference.parse("reg.test/from/app"))
    carried = Layout(tmp_path / "stick", create=True)
    assert copy(source, "1.0", carried, "1.0").digest == digest
    assert not [name for name in tree(tmp_path) if ":" in name or name.endswith(".partial")]
    assert Layout(tmp_path / "stick").tags() == ["1.0"]
    registry.owned.clear()
    registry.manifests.clear()
    target = transport.repository(Reference.parse("reg.test/team/app"))
    done = copy(Layout(tmp_path / "stick"), "1.0", target, "2.0")
    assert done.digest == digest == registry.tags["team/app", "2.0"]


def test_the_tag_moves_last(registry: FakeRegistry, transport: Transport) -> None:
    """What is under a tag is always whole."""
    place_image(registry, "from/app", "1.0")
    source = transport.repository(Reference.parse("reg.test/from/app"))
    target = transport.repository(Reference.parse("reg.test/team/app"))
    copy(source, "1.0", target, "1.0")
    written = [r.path for r in registry.requests if r.method in ("PUT", "POST")]
    assert written[-1].endswith("/manifests/1.0")


def test_a_blob_that_is_not_what_it_says_moves_no_tag(
    registry: FakeRegistry, transport: Transport, tmp_path: Path
) -> None:
    """One flipped bit in the source."""
    place_image(registry, "from/app", "1.0", ("linux/amd64",))
    damaged = max(registry.blobs, key=lambda digest: len(registry.blobs[digest]))
    registry.blobs[damaged] = b"\xff" + registry.blobs[damaged][1:]
    source = transport.repository(Reference.parse("reg.test/from/app"))
    carried = Layout(tmp_path / "stick", create=True)
    with pytest.raises(Problem) as caught:
        copy(source, "1.0", carried, "1.0")
    assert caught.value.code == "digest-mismatch"
    assert not (tmp_path / "stick" / "index.json").exists()
    assert not carried.blob_path(damaged).exists()


def test_chosen_platforms_keep_the_index_where_it_may_be_sparse(
    registry: FakeRegistry, transport: Transport
) -> None:
    """The index stays byte-exact; only the chosen image is carried."""
    registry.wants_children = False
    digest = place_image(registry, "from/app", "1.0")
    source = transport.repository(Reference.parse("reg.test/from/app"))
    target = transport.repository(Reference.parse("reg.test/team/app"))
    done = copy(source, "1.0", target, "1.0", platforms=["linux/arm64"])
    assert done.digest == digest
    assert done.platforms == ("linux/arm64",)
    assert len([1 for name, _ in registry.manifests if name == "team/app"]) == 2


def test_a_registry_that_wants_every_platform_says_so(registry: FakeRegistry, transport: Transport) -> None:
    """The remedy names the answer to change."""
    place_image(registry, "from/app", "1.0")
    source = transport.repository(Reference.parse("reg.test/from/app"))
    target = transport.repository(Reference.parse("reg.test/team/app"))
    with pytest.raises(Problem) as caught:
        copy(source, "1.0", target, "1.0", platforms=["linux/arm64"])
    assert caught.value.code == "index-incomplete-refused"
    assert "all" in caught.value.remedies[0].text
    assert ("team/app", "1.0") not in registry.tags


def test_a_platform_that_does_not_exist(registry: FakeRegistry, transport: Transport) -> None:
    """It says which do."""
    place_image(registry, "from/app", "1.0")
    source = transport.repository(Reference.parse("reg.test/from/app"))
    target = transport.repository(Reference.parse("reg.test/team/app"))
    with pytest.raises(Problem) as caught:
        copy(source, "1.0", target, "1.0", platforms=["linux/s390x"])
    assert caught.value.code == "platform-not-found" and "team/app" not in caught.value.title
    assert "reg.test/from/app@sha256:" in caught.value.title
    assert "linux/amd64" in caught.value.detail


def test_one_bad_image_does_not_stop_the_others(registry: FakeRegistry, transport: Transport) -> None:
    """Each job has its own end."""
    place_image(registry, "from/app", "1.0")
    source = transport.repository(Reference.parse("reg.test/from/app"))
    target = transport.repository(Reference.parse("reg.test/team/app"))
    bad, good = Copier().copy_all([Job(source, "9.9", target, "9.9"), Job(source, "1.0", target, "1.0")])
    assert isinstance(bad, Problem) and bad.code == "tag-not-found"
    assert "1.0" in bad.detail
    assert not isinstance(good, Problem)


def test_a_nested_index(registry: FakeRegistry, transport: Transport) -> None:
    """An index in an index."""
    inner = place_image(registry, "from/app", "inner")
    body, _ = registry.manifests["from/app", inner]
    outer = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [{"mediaType": OCI_INDEX, "digest": inner, "size": len(body)}],
        }
    ).encode()
    digest = registry.put_image("from/app", "outer", outer, OCI_INDEX)
    source = transport.repository(Reference.parse("reg.test/from/app"))
    target = transport.repository(Reference.parse("reg.test/team/app"))
    assert copy(source, "outer", target, "1").digest == digest
    assert ("team/app", inner) in registry.manifests


def test_schema_1_is_refused_with_a_reason(registry: FakeRegistry, transport: Transport) -> None:
    """Its digest cannot be kept."""
    kind = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    registry.put_image("from/app", "old", b'{"schemaVersion":1,"name":"x"}', kind)
    source = transport.repository(Reference.parse("reg.test/from/app"))
    target = transport.repository(Reference.parse("reg.test/team/app"))
    with pytest.raises(Problem) as caught:
        copy(source, "old", target, "old")
    assert caught.value.code == "manifest-schema1-refused"
