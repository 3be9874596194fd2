"""Loading into a registry: only what is missing, read back; receipts, deltas and the chain of custody."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bundle.loading import Target, registry
from tests.bundle.making import NOW, Made, make_bundle
from tests.real.images import make_image
from wizard.bundle import custody, envelope, signatures
from wizard.bundle.archive.opening import open_bundle
from wizard.bundle.archive.writer import write_bundle
from wizard.bundle.bom_json import from_bytes
from wizard.bundle.collect import Collector
from wizard.bundle.cyclonedx import cyclonedx
from wizard.bundle.diff import difference
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.receipts import KIND, Receipt, Receipts, make_receipt, read_receipt
from wizard.engine.events import Move, Moved
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop
from wizard.oci import media
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import digest_of
from wizard.oci.layout import Layout
from wizard.oci.manifest import Manifest


def test_everything_is_there_and_the_second_time_nothing_is_sent(made: Made, target: Target) -> None:
    """S5.6, S5.8: pushed and read back; a repetition is a look."""
    with open_bundle(made.path, made.policy) as bundle:
        would, there = target.pusher(bundle).preview()
        assert there == 0 and target.files() == set()
        first = target.pusher(bundle).push()
        before = target.files()
        second = target.pusher(bundle).push()
        assert target.pusher(bundle).preview() == (0, would)
    assert first.sent == would and (second.sent, second.present) == (0, would)
    assert target.files() == before
    for name, image in made.images.items():
        found = target.repository(f"opencost-ai/{name}").resolve("1.0")
        assert found is not None and found.digest == image.digest
    assert {one.item.kind for one in first.items} == {"image", "model", "chart", "file"}


def test_what_the_registry_has_is_not_read_from_the_bundle(made: Made, target: Target) -> None:
    with open_bundle(made.path, made.policy) as bundle:
        target.pusher(bundle).push()
        kept = target.repository("opencost-ai/gateway").manifest("1.0")
        layer = target.repository("opencost-ai/gateway").manifest(kept.children[0].digest).layers[-1]
    events: list[Moved] = []
    with open_bundle(made.path, made.policy) as bundle:
        target.pusher(bundle, report=events.append).push()
    moves = {moved.move for moved in events if layer.digest in moved.item}
    assert moves == {Move.PRESENT}


def test_a_restarted_registry_needs_no_second_load(made: Made, tmp_path: Path) -> None:
    """S2.9: what was loaded is on the registry's volume; started again over it, everything is there and is served."""
    with registry(tmp_path / "volume") as first, open_bundle(made.path, made.policy) as bundle:
        sent = first.pusher(bundle).push().sent
        assert sent > 0
    with registry(tmp_path / "volume") as again, open_bundle(made.path, made.policy) as bundle:
        assert again.pusher(bundle).complete()
        assert again.pusher(bundle).push().sent == 0


def test_a_stop_ends_it_before_a_manifest(made: Made, target: Target) -> None:
    stop = Stop()

    def report(moved: Moved) -> None:
        if moved.move is Move.COPIED:
            stop.set()

    with open_bundle(made.path, made.policy) as bundle:
        with pytest.raises(Stopped):
            target.pusher(bundle, report=report, stop=stop, jobs=1).push()
        assert target.manifests() == set()
        assert target.pusher(bundle).push().present > 0, "what had arrived is not sent again"


def test_a_rollback_seeds_the_registry_from_the_retained_bundle(tmp_path: Path, target: Target) -> None:
    """S5.27: the older bundle, kept, brings back what its tags named; what both have is not sent."""
    key = PrivateKey.make()
    old, new = (
        make_bundle(tmp_path / "one", key),
        make_bundle(tmp_path / "two", key, seed="two", version="0.2.0"),
    )
    for made in (old, new, old):
        with open_bundle(made.path, made.policy) as bundle:
            pushed = target.pusher(bundle).push()
        now = target.repository("opencost-ai/gateway").resolve("1.0")
        assert now is not None and now.digest == made.images["gateway"].digest
    assert pushed.sent == 0, "its blobs were still there"


def _with_companions(folder: Path) -> tuple[Layout, str]:
    """An image with a referrer and cosign's tags."""
    image = make_image(folder, compressed=False, layers=(5000,))
    layout = Layout(folder)
    payload, empty = b"an SBOM", media.EMPTY_BLOB
    for data in (payload, empty):
        path = layout.blob_path(digest_of(data))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    body = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "artifactType": "application/spdx+json",
        "config": Descriptor(media.OCI_EMPTY, digest_of(empty), 2).to_json(),
        "layers": [Descriptor("application/spdx+json", digest_of(payload), len(payload)).to_json()],
        "subject": {k: image.index[k] for k in ("mediaType", "digest", "size")},
    }
    referrer = Manifest(json.dumps(body).encode(), media.OCI_MANIFEST)
    layout.put_manifest(referrer, referrer.digest)
    del body["subject"]
    tagged = Manifest(json.dumps(body, indent=1).encode(), media.OCI_MANIFEST)
    layout.put_manifest(tagged, f"{image.digest.replace(':', '-')}.sig")
    return layout, image.digest


def test_signatures_and_referrers_cross_with_their_image(tmp_path: Path, target: Target) -> None:
    """facts 2, 7: cosign's tags and OCI 1.1 referrers, there and here."""
    layout, digest = _with_companions(tmp_path / "image")
    collector = Collector()
    collector.image(layout, "1.0", "ghcr.io/a/b:1.0", "site/b:1.0")
    bom = collector.bom("demo", "1")
    assert [(i.kind, i.by_digest, i.subject) for i in bom.items[1:]] == [
        ("companion", False, digest),
        ("companion", True, digest),
    ]
    key = PrivateKey.make()
    made = make_bundle(tmp_path / "policy", key)
    path = tmp_path / "b.airgap"
    write_bundle(path, bom, collector.openers, (signatures.sign(key, bom.body),))
    with open_bundle(path, made.policy) as bundle:
        target.pusher(bundle).push()
    repository = target.repository("site/b")
    (referrer,) = repository.referrers(digest)
    assert referrer.artifact_type == "application/spdx+json"
    assert repository.tags() == ["1.0", f"{digest.replace(':', '-')}.sig"]


def test_one_image_under_two_tags_carries_its_signatures_once(tmp_path: Path) -> None:
    """Both tags find the same companions, for the same place in the target: the bundle names each once."""
    layout, digest = _with_companions(tmp_path / "image")
    collector = Collector()
    for tag in ("1.0", "1"):
        collector.image(layout, digest, f"ghcr.io/a/b:{tag}", f"site/b:{tag}")
    bom = collector.bom("demo", "1")
    assert [i.target for i in bom.items if i.kind == "image"] == ["site/b:1.0", "site/b:1"]
    assert len([i for i in bom.items if i.kind == "companion"]) == 2
    assert from_bytes(bom.body) == bom


def test_only_some_platforms(tmp_path: Path, target: Target) -> None:
    """S2.11: what was left out is left out on the other side too, and the index keeps its digest."""
    image = make_image(tmp_path / "image", compressed=False, layers=(5000,))
    collector = Collector()
    item = collector.image(Layout(image.folder), "1.0", "ghcr.io/a/b:1.0", "site/b:1.0", ("linux/arm64",))
    assert item.platforms == ("linux/arm64",) and item.digest == image.digest
    bom = collector.bom("demo", "1")
    left_out = image.manifests["linux/amd64"]["digest"]
    assert left_out not in bom.by_digest
    both = Collector()
    assert both.image(Layout(image.folder), "1.0", "ghcr.io/a/b:1.0", "site/b:1.0").platforms == ()


# --- receipts and deltas


def load(made: Made, target: Target, key: PrivateKey, folder: Path) -> Receipt:
    receipts = Receipts(target.host, folder)
    with open_bundle(made.path, made.policy) as bundle:
        pushed = target.pusher(bundle).push(lambda: receipts.lost(bundle.bom))
        path = receipts.keep(make_receipt(bundle.bom, target.host, pushed, key, receipts.last()))
    return read_receipt(path, made.policy, NOW)[0]


def delta(folder: Path, key: PrivateKey, receipt: Receipt, seed: str, version: str) -> Made:
    return make_bundle(folder, key, seed=seed, version=version, base=receipt.base, held=receipt.held)


def test_a_delta_has_what_the_target_lacks(tmp_path: Path, target: Target) -> None:
    """facts 2 (hauler#237): built on the target's signed receipt; loaded, the target has all of it."""
    key = PrivateKey.make()
    one = make_bundle(tmp_path / "one", key)
    first = load(one, target, key, tmp_path / "receipts")
    assert first.bundle.bom == one.bom.digest and first.items["opencost-ai/gateway:1.0"]
    two = delta(tmp_path / "two", key, first, "two", "0.2.0")
    full = make_bundle(tmp_path / "full", key, seed="two", version="0.2.0")
    assert two.path.stat().st_size < full.path.stat().st_size
    assert {e.purpose for e in two.bom.absent} == {"weights", "file", "config", "layer"}
    second = load(two, target, key, tmp_path / "receipts")
    assert [step.version for step in second.series] == ["0.1.0", "0.2.0"]
    assert second.previous == first.digest
    with open_bundle(full.path, full.policy) as bundle:
        assert target.pusher(bundle).preview()[0] == 0, "a full load would send nothing"


def test_a_delta_is_refused_before_any_write_where_its_base_is_not(tmp_path: Path, target: Target) -> None:
    key = PrivateKey.make()
    with registry(tmp_path / "elsewhere") as other:
        first = load(make_bundle(tmp_path / "one", key), other, key, tmp_path / "theirs")
    two = delta(tmp_path / "two", key, first, "two", "0.2.0")
    with pytest.raises(Problem) as caught:
        load(two, target, key, tmp_path / "receipts")
    assert (caught.value.code, caught.value.exit_code) == ("bundle-base-missing", 3)
    assert "opencost-ai 0.1.0" in caught.value.title and caught.value.evidence["lost"] == [
        "opencost-ai 0.1.0"
    ]
    assert target.files() == set()


def test_a_lost_delta_of_a_series_is_named(tmp_path: Path, target: Target) -> None:
    """1, 2 (lost), 3: the third says that the second is missing, by name."""
    key = PrivateKey.make()
    one = make_bundle(tmp_path / "one", key)
    with registry(tmp_path / "lab") as lab:
        receipt = load(one, lab, key, tmp_path / "lab-receipts")
        receipt = load(
            delta(tmp_path / "two", key, receipt, "two", "0.2.0"), lab, key, tmp_path / "lab-receipts"
        )
        three = delta(tmp_path / "three", key, receipt, "two", "0.3.0")
        load(three, lab, key, tmp_path / "lab-receipts")
    load(one, target, key, tmp_path / "receipts")
    before = target.files()
    with pytest.raises(Problem) as caught:
        load(three, target, key, tmp_path / "receipts")
    assert caught.value.code == "bundle-base-missing"
    assert caught.value.evidence["lost"] == ["opencost-ai 0.2.0"]
    assert "load opencost-ai 0.2.0 first" in caught.value.remedies[0].text
    assert target.files() == before


def test_receipts_that_prove_nothing(tmp_path: Path, made: Made, target: Target) -> None:
    stranger = PrivateKey.make()
    with open_bundle(made.path, made.policy) as bundle:
        pushed = target.pusher(bundle).push()
        by_stranger = make_receipt(bundle.bom, target.host, pushed, stranger, None)
        good = make_receipt(bundle.bom, target.host, pushed, made.key, None)
    path = tmp_path / "receipt.json"
    changed = replace(good, payload=good.payload.replace(b'"host":"', b'"host":"x'))
    of_another_kind = envelope.seal("text/plain", {}, made.key)
    empty = envelope.seal(KIND, {"series": []}, made.key)
    for sealed, code in (
        (by_stranger, "bundle-signer-unknown"),
        (changed, "bundle-signature-wrong"),
        (of_another_kind, "receipt-invalid"),
        (empty, "receipt-invalid"),
    ):
        path.write_bytes(sealed.to_bytes())
        with pytest.raises(Problem) as caught:
            read_receipt(path, made.policy, NOW)
        assert caught.value.code == code
    for noise in (b"", b"null", b'{"payloadType":"' + KIND.encode() + b'"}', b"[" * 100_000):
        path.write_bytes(noise)
        with pytest.raises(Problem) as caught:
            read_receipt(path, made.policy, NOW)
        assert caught.value.code == "receipt-invalid"


# --- custody, difference, export


def test_a_chain_of_custody_is_recorded_and_verified(made: Made) -> None:
    """S3.10."""
    path, digest = custody.chain_file(made.path), made.bom.digest
    for action, note in (("made", ""), ("handed-over", "to A. Courier"), ("received", "from A. Courier")):
        custody.add_link(path, digest, action, note, made.key)
    links = custody.read_chain(path, digest, made.policy, NOW)
    assert [link.action for link in links] == ["made", "handed-over", "received"]
    assert links[2].previous == links[1].digest and links[1].note == "to A. Courier"
    assert links[0].by.authority == "vendor" and links[0].host


def test_a_broken_chain_is_named_with_its_link(made: Made) -> None:
    path, digest = custody.chain_file(made.path), made.bom.digest
    assert custody.read_chain(path, digest, made.policy, NOW) == []
    for number in range(3):
        custody.add_link(path, digest, "received", str(number), made.key)
    lines = path.read_bytes().splitlines(keepends=True)
    custody.add_link(path, digest, "received", "by a stranger", PrivateKey.make())
    stranger = path.read_bytes().splitlines(keepends=True)[-1]
    foreign = path.with_name("foreign")
    custody.add_link(foreign, "sha256:" + "0" * 64, "made", "", made.key)
    for broken, link, why in (
        ([lines[0], lines[2]], 2, "taken out"),
        (lines[1:], 1, "taken out"),
        ([lines[1], lines[0]], 1, "taken out"),
        ([*lines, stranger], 4, "nobody whom"),
        ([foreign.read_bytes()], 1, "another bundle"),
        ([lines[0].replace(b'"sig":"M', b'"sig":"N')], 1, "does not fit"),
        ([b"{}\n"], 1, "no document"),
    ):
        path.write_bytes(b"".join(broken))
        with pytest.raises(Problem) as caught:
            custody.read_chain(path, digest, made.policy, NOW)
        assert caught.value.code == "custody-broken"
        assert caught.value.evidence["link"] == link and why in caught.value.detail


def test_what_changed_between_two(master: Made, tmp_path: Path) -> None:
    other = make_bundle(tmp_path, seed="two")
    found = difference(master.bom, other.bom)
    assert [(c.how, c.kind, c.source) for c in found.changes] == [
        ("changed", "image", "ghcr.io/opencost/bridge:1.0"),
        ("changed", "image", "ghcr.io/opencost/gateway:1.0"),
    ]
    assert found.new_bytes > 0 and found.kept_bytes > 0
    same = difference(master.bom, master.bom)
    assert same.changes == () and same.new_bytes == 0
    less = replace(master.bom, items=master.bom.items[1:])
    assert [c.how for c in difference(master.bom, less).changes] == ["removed"]
    assert [c.how for c in difference(less, master.bom).changes] == ["added"]


def test_the_export_is_valid_cyclonedx(master: Made) -> None:
    """S2.13: judged by the schema of CycloneDX 1.6 itself."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = json.dumps(cyclonedx(master.bom))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    data = json.loads(text)
    assert {c["type"] for c in data["components"]} == {
        "container",
        "machine-learning-model",
        "application",
        "file",
    }
    assert text == json.dumps(cyclonedx(master.bom)), "a function of the bill alone"
