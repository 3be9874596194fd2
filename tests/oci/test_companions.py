"""What speaks of an image travels with it: cosign's tags, referrers with and without the API, also after a kill."""

import json

import pytest

from tests.oci.conftest import OCI_MANIFEST, place_image
from tests.oci.fake_registry import FakeRegistry, answer
from wizard.engine.problems import Problem
from wizard.oci.copy import copy
from wizard.oci.reference import Reference
from wizard.oci.registry import Repository
from wizard.oci.transport import Transport


@pytest.fixture
def source(transport: Transport) -> Repository:
    return transport.repository(Reference.parse("reg.test/from/app"))


@pytest.fixture
def target(transport: Transport) -> Repository:
    return transport.repository(Reference.parse("reg.test/team/app"))


def attach(registry: FakeRegistry, subject: str, word: bytes) -> str:
    """A manifest in from/app that refers to `subject`; its digest."""
    size = len(registry.manifests["from/app", subject][0])
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "test/note",
        "config": registry.put_blob("from/app", b"{}"),
        "layers": [registry.put_blob("from/app", word)],
        "subject": {"mediaType": OCI_MANIFEST, "digest": subject, "size": size},
    }
    body = json.dumps(manifest).encode()
    digest = registry.put_image("from/app", "placed", body, OCI_MANIFEST)
    del registry.tags["from/app", "placed"]
    return digest


def test_cosign_tags_are_carried(registry: FakeRegistry, source: Repository, target: Repository) -> None:
    """.sig, .att and .sbom, of the index and of an image in it; the image's own tag stays the last word of its digest."""
    root = place_image(registry, "from/app", "1.0")
    child = source.manifest("1.0").children[0].digest
    wanted = {}
    for of in (root, child):
        for end in (".sig", ".att", ".sbom"):
            layers = [registry.put_blob("from/app", f"{of}{end}".encode())]
            config = registry.put_blob("from/app", b"{}")
            made = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers}
            tag = of.replace(":", "-") + end
            wanted[tag] = registry.put_image("from/app", tag, json.dumps(made).encode(), OCI_MANIFEST)
    copy(source, "1.0", target, "1.0", referrers=True)
    there = {tag: digest for (name, tag), digest in registry.tags.items() if name == "team/app"}
    assert there == {"1.0": root, **wanted}
    assert all(registry.owned["from/app"] >= registry.owned[name] for name in ("team/app",))


@pytest.mark.parametrize("api", [True, False])
def test_referrers_are_found_at_the_target(
    api: bool, registry: FakeRegistry, source: Repository, target: Repository
) -> None:
    """With the API, and by the fallback tag where there is none: two of them, neither lost."""
    root = place_image(registry, "from/app", "1.0")
    notes = {attach(registry, root, b"one"), attach(registry, root, b"two")}
    registry.referrers_api = api
    if not api:
        for digest in notes:
            source.put_manifest(source.manifest(digest))
    copy(source, "1.0", target, "1.0", referrers=True)
    assert {one.digest for one in target.referrers(root)} == notes
    assert {one.artifact_type for one in target.referrers(root, "test/note")} == {"test/note"}
    assert target.referrers(root, "test/other") == []


def test_a_referrer_that_was_copied_and_not_listed(
    registry: FakeRegistry, source: Repository, target: Repository
) -> None:
    """Killed between the two: the next run lists it, though all its content is there."""
    root = place_image(registry, "from/app", "1.0")
    note = attach(registry, root, b"one")
    registry.referrers_api = False
    source.put_manifest(source.manifest(note))
    tag = root.replace(":", "-")
    registry.when("PUT", f"/team/app/manifests/{tag}", answer(403), 1)
    with pytest.raises(Problem):
        copy(source, "1.0", target, "1.0", referrers=True)
    assert ("team/app", note) in registry.manifests and target.referrers(root) == []
    copy(source, "1.0", target, "1.0", referrers=True)
    assert [one.digest for one in target.referrers(root)] == [note]
    registry.requests.clear()
    copy(source, "1.0", target, "1.0", referrers=True)
    assert not registry.seen("PUT") and not registry.seen("POST"), "the next run has nothing to do"
