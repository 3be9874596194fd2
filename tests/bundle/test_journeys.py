"""`stage` and `install` as journeys: collected, swept, written, carried, accepted, loaded, installed, proved."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.journeys import Site
from tests.bundle.making import flip
from tests.rehearsal.opened import CHART
from wizard.bundle.archive.head import read_head
from wizard.bundle.archive.medium import FileMedium
from wizard.bundle.archive.opening import open_bundle
from wizard.bundle.bom import Bom
from wizard.bundle.bom_json import from_bytes
from wizard.bundle.trust.policy import read_policy
from wizard.bundle.volumes.split import split
from wizard.engine.events import Event, Move, Moved, Outcome, Said
from wizard.oci.digest import digest_of


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A bundle made once by the journey; tests that change it copy the folder."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("staged")
        patch.setenv("AIRGAP_WIZARD_STATE", str(folder / "state"))
        site = Site(folder / "site")
        ran = site.travel("stage")
        assert ran.code == 0, ran.words
        yield site


@pytest.fixture
def site(staged: Site, tmp_path: Path) -> Site:
    """The other side of the gap: the bundle was carried there, with the policy and the key for receipts."""
    found = Site(tmp_path / "site")
    for name in ("site.airgap", "trust.yaml", "vendor.pub", "vendor.key"):
        shutil.copy(staged.folder / name, found.folder)
    found.key = staged.key
    return found


def bom_of(path: Path) -> Bom:
    medium = FileMedium(path)
    try:
        return from_bytes(read_head(medium).bom)
    finally:
        medium.close()


def said(ran: Any) -> str:
    return "\n".join(event.text for event in ran.events if isinstance(event, Said))


def outcomes(ran: Any) -> dict[str, Outcome]:
    return {name: step.outcome for name, step in ran.state.steps.items()}


def test_what_is_staged(staged: Site) -> None:
    """S1.1, S2.11, S2.13: images for both platforms, the model, the mended chart; signed; nothing about the day."""
    with open_bundle(staged.bundle, read_policy(staged.trust)) as bundle:
        bom = bundle.bom
        assert bundle.accepted[0].fingerprint == staged.key.public.fingerprint
    assert (bom.name, bom.version) == ("opencost-ai", "0.1.0+airgap.3")
    kinds = [item.kind for item in bom.items]
    assert kinds.count("image") == 4 and kinds.count("model") == 1 and kinds.count("chart") == 1
    assert {"linux/amd64", "linux/arm64"} <= {entry.platform for entry in bom.entries}
    assert [fix["id"] for fix in bom.chart["fixes"]] == ["bridge-command", "claim-template-labels"]
    assert all(fix["reason"] and fix["versions"] for fix in bom.chart["fixes"])
    assert bom.sweep["references"] >= 3 and bom.sweep["exceptions"] == []
    model = bom.find("granite4.1:8b")
    assert model is not None and model.licence == "Apache-2.0"


def test_staged_again_is_the_same_to_the_byte(
    staged: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S5.1: another day, another machine, another cache: the same bytes; and again here: nothing is done."""
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(staged.folder.parent / "state"))
    again = staged.travel("stage")
    assert (
        outcomes(again)["collect-images"] is Outcome.ALREADY
        and outcomes(again)["make-bundle"] is Outcome.ALREADY
    )
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "other-state"))
    other = Site(tmp_path / "other")
    shutil.copy(staged.folder / "vendor.key", other.folder)
    assert other.travel("stage").code == 0
    assert digest_of(other.bundle.read_bytes()) == digest_of(staged.bundle.read_bytes())


def test_the_content_cache_serves_the_next_build(
    staged: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """facts 2: resumable, cached by content across builds; what is cached is not fetched again."""
    state = tmp_path / "state"
    shutil.copytree(staged.folder.parent / "state" / "cache", state / "cache")
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(state))
    for path in (state / "cache" / "images" / "blobs" / "sha256").iterdir():
        if path.stat().st_size > 4096:
            path.unlink()  # one large blob was lost
            break
    other = Site(tmp_path / "other")
    shutil.copy(staged.folder / "vendor.key", other.folder)
    ran = other.travel("stage")
    assert ran.code == 0 and outcomes(ran)["collect-images"] is Outcome.DONE
    fetched = [
        event.digest
        for event in ran.events
        if isinstance(event, Moved) and event.step == "collect-images" and event.move is Move.COPIED
    ]
    assert fetched == [f"sha256:{path.name}"], "the lost one alone was fetched again"
    assert other.bundle.read_bytes() == staged.bundle.read_bytes()


def test_an_install_out_of_the_bundle_alone(site: Site) -> None:
    """S2.23, S2.24, S1.22: a public registry without the images and an Ollama store that is not there change nothing."""
    ran = site.travel(
        "install", "image-missing", **{"model.store": str(site.folder / "nowhere"), "chart.source": ""}
    )
    assert ran.code == 0, ran.words
    assert f"accepted signature: vendor {site.key.public.fingerprint}" in said(ran)
    bom = bom_of(site.bundle)
    evidence = ran.state.steps["mirror-images"].evidence["images"]
    for name in ("gateway", "bridge", "ollama", "probe"):
        item = bom.find(evidence[name]["source"])
        assert item is not None and item.digest == evidence[name]["digest"]
    values = ran.state.steps["write-values"].evidence["chart"]
    assert values["version"] == "0.1.0+airgap.3"
    loaded = ran.state.steps["load-bundle"].evidence
    assert len(loaded["items"]) == len(bom.items)
    assert (
        json.loads(Path(loaded["receiptFile"]).read_text())["signatures"][0]["keyid"]
        == site.key.public.fingerprint
    )
    again = site.travel(
        "install", "image-missing", **{"model.store": str(site.folder / "nowhere"), "chart.source": ""}
    )
    assert again.code == 0 and again.state.bytes_copied == 0
    assert outcomes(again)["accept-bundle"] is outcomes(again)["load-bundle"] is Outcome.ALREADY


def test_an_install_straight_from_volumes(site: Site) -> None:
    split(site.bundle, 150_000, site.folder / "stick", site.key)
    site.bundle.unlink()
    index = site.folder / "stick" / "site.volumes"
    ran = site.travel("install", until="load-bundle", **{"media.bundle": str(index)})
    assert ran.code == 0, ran.words
    (site.folder / "stick" / "site.v001").unlink()
    ran = site.travel("install", until="load-bundle", state="elsewhere", **{"media.bundle": str(index)})
    assert ran.problem == "volume-missing" and "site.v001" in ran.words


def test_volumes_on_several_media(site: Site) -> None:
    """S3.9: each stick has the index and the head; a run finds the volumes on both, and waits for one by name."""
    stick, second, away = (site.folder / name for name in ("stick", "second", "away"))
    split(site.bundle, 150_000, stick, site.key)
    site.bundle.unlink()
    second.mkdir()
    away.mkdir()
    shutil.move(stick / "site.v001", second)
    shutil.move(stick / "site.v002", away)
    answers = {"media.bundle": str(stick), "media.volumes": str(second)}
    ran = site.travel("install", until="load-bundle", **answers)
    assert ran.problem == "volume-missing" and "site.v002" in ran.words and "site.v001" not in ran.words

    def bring(event: Event) -> None:
        if (
            isinstance(event, Said)
            and "insert the medium with site.v002" in event.text
            and any(away.iterdir())
        ):
            shutil.move(away / "site.v002", second)

    ran = site.travel("install", until="load-bundle", listen=bring, **answers, **{"media.wait": "true"})
    assert ran.code == 0, ran.words


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda s: s.trust.unlink(), "trust-missing"),
        (lambda s: flip(s.bundle, 600), "bundle-signature-wrong"),
        (lambda s: s.bundle.unlink(), "bundle-not-found"),
        (lambda s: s.bundle.write_bytes(s.bundle.read_bytes()[:-512]), "bundle-truncated"),
    ],
)
def test_nothing_is_contacted_for_a_bundle_that_is_refused(spoil: Any, code: str, site: Site) -> None:
    """S2.14–S2.16: the first step ends it, and the registry has seen nothing."""
    spoil(site)
    ran = site.travel("install")
    assert ran.problem == code
    assert (
        next(iter(outcomes(ran))) == "accept-bundle"
        and ran.state.steps["accept-bundle"].outcome is Outcome.FAILED
    )
    blobs = list((site.folder / "install" / "state").rglob("registry/blobs/*/*/*"))
    assert blobs == []


def test_a_layer_changed_on_the_way_is_named(site: Site) -> None:
    with open_bundle(site.bundle, read_policy(site.trust)) as bundle:
        place = next(p for p in bundle.shape.places if p.entry.purpose == "weights")
    flip(site.bundle, place.start + 9)
    ran = site.travel("install", until="load-bundle")
    assert ran.problem == "bundle-blob-damaged" and place.entry.path in ran.words


def test_what_the_answers_want_and_the_bundle_lacks(site: Site) -> None:
    """S5.25: an incomplete transfer is told in the first step."""
    ran = site.travel("install", **{"images.gateway": "ghcr.io/opencost/opencost-ai-gateway:v9"})
    assert ran.problem == "bundle-lacks" and "opencost-ai-gateway:v9" in ran.words
    ran = site.travel("install", **{"model.extra": "granite4.1:30b"})
    assert ran.problem == "bundle-lacks" and "granite4.1:30b" in ran.words


def test_a_tag_that_does_not_exist_says_which_do(tmp_path: Path) -> None:
    """facts 1b, kots#501: told before anything is fetched, with what there is."""
    ran = Site(tmp_path / "s").travel("stage", **{"images.bridge": "ghcr.io/jonigl/ollama-mcp-bridge:v0.3.0"})
    assert (ran.code, ran.problem) == (5, "tag-not-found")
    assert "v0.2.0" in ran.words
    assert not (tmp_path / "s" / "site.airgap").exists()


def test_a_reference_that_is_not_carried_fails_the_build(tmp_path: Path) -> None:
    """S2.12: an `image: nginx:latest` in a ConfigMap of the chart; nothing is written; an exception is recorded."""
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)
    (chart / "templates" / "extra.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\ndata:\n  pod.yaml: |\n    image: nginx:latest\n"
    )
    site = Site(tmp_path / "s", **{"chart.source": str(chart)})
    ran = site.travel("stage")
    assert (ran.code, ran.problem) == (3, "reference-not-carried")
    assert "templates/extra.yaml:7: nginx:latest (ConfigMap extra)" in ran.words
    assert not site.bundle.exists()
    ran = site.travel("stage", **{"media.exceptions": "nginx:latest because the page is never shown"})
    assert ran.code == 0, ran.words
    assert bom_of(site.bundle).sweep["exceptions"] == [
        {"reference": "nginx:latest", "reason": "the page is never shown"}
    ]


def test_files_are_carried_and_their_manifests_swept(tmp_path: Path) -> None:
    """S5.2, S5.15: any file, as an artefact by digest; a manifest among them is looked into."""
    tool, manifest = tmp_path / "helm", tmp_path / "more.yaml"
    tool.write_bytes(b"\x7fELF" * 999)
    manifest.write_text("kind: Pod\nspec: {containers: [{image: 'quay.io/x/y:1'}]}\n")
    site = Site(tmp_path / "s")
    ran = site.travel("stage", **{"media.files": f"{tool},{manifest}"})
    assert ran.problem == "reference-not-carried" and "more.yaml:2: quay.io/x/y:1" in ran.words
    ran = site.travel("stage", **{"media.files": str(tool)})
    assert ran.code == 0, ran.words
    item = bom_of(site.bundle).find("helm")
    assert item is not None and (item.kind, item.repository) == ("file", "opencost-ai/files/helm")
    ran = site.travel("stage", **{"media.files": str(tmp_path / "none")})
    assert ran.problem == "file-not-readable"


def test_a_chart_fix_can_be_left_out(tmp_path: Path) -> None:
    site = Site(tmp_path / "s")
    ran = site.travel("stage", **{"chart.keepDefects": "bridge-command"})
    assert ran.code == 0
    chart = bom_of(site.bundle).chart
    assert chart["defectsKept"] == ["bridge-command"] and chart["version"] == "0.1.0+airgap.2"


def test_a_wrong_password_or_a_missing_key_ends_it_early(tmp_path: Path) -> None:
    site = Site(tmp_path / "s")
    (site.folder / "vendor.key").write_text("no key")
    assert site.travel("stage").problem == "key-unusable"
    assert not site.bundle.exists()


def test_a_delta_from_the_sites_receipt(site: Site, tmp_path: Path) -> None:
    """S5.19–S5.25: full load, receipt home, a second bundle with what is new, loaded; refused where the base is not."""
    assert site.travel("install", until="load-bundle").code == 0
    receipt = next((tmp_path / "state" / "receipts").rglob("*.json"))
    home = Site(tmp_path / "home")
    for name in ("trust.yaml", "vendor.pub", "vendor.key"):
        shutil.copy(site.folder / name, home.folder)
    tool = tmp_path / "tool"
    tool.write_bytes(b"something new" * 1000)
    ran = home.travel("stage", **{"media.base": str(receipt), "media.files": str(tool)})
    assert ran.code == 0, ran.words
    bom = bom_of(home.bundle)
    assert bom.base is not None and bom.base.last.bom == bom_of(site.bundle).digest
    assert home.bundle.stat().st_size < site.bundle.stat().st_size
    shutil.copy(home.bundle, site.bundle)
    ran = site.travel("install", until="write-values", **{"chart.source": ""})
    assert ran.code == 0, ran.words
    ran = site.travel("install", until="write-values", state="another-site")
    assert (ran.code, ran.problem) == (3, "bundle-base-missing")
    assert ran.state.steps["accept-bundle"].outcome is Outcome.FAILED


def test_previews_say_what_will_happen(staged: Site) -> None:
    from wizard.steps import steps_of

    for journey in ("stage", "install"):
        answers = staged.answers(journey)
        lines = {step.id: step.preview(answers) for step in steps_of(journey)}
        assert all(lines.values())
    assert any("site.airgap" in line for line in lines["accept-bundle"])
    without = staged.answers("install", **{"media.bundle": ""})
    assert "no bundle is named" in steps_of("install")[0].preview(without)[0]
