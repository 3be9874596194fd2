"""From an artefact to a store: byte for byte, resumable, never half visible."""

import fcntl
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.model.stores import PARAMS, SYSTEM, TEMPLATE, FakeStore, tiny_gguf
from wizard.engine.events import Move, Moved, Outcome
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop
from wizard.model import manifest as m
from wizard.model.artefact import MODELFILE, ORIGINAL, plan_artefact
from wizard.model.names import ModelName
from wizard.model.pull import installed, pull_artefact
from wizard.model.push import push_artefact
from wizard.model.store import describe, verify_store
from wizard.oci import media
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import digest_of
from wizard.oci.layout import Layout
from wizard.oci.manifest import Manifest
from wizard.oci.problems import blob_not_found
from wizard.oci.store import BlobReader

NAME = ModelName.parse("granite4.1:8b")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout", create=True)


@pytest.fixture
def pushed(store: FakeStore, layout: Layout) -> str:
    """The digest of a pushed model with every kind of layer."""
    store.model(origin="/from/here", gguf=tiny_gguf(padding=400_000))
    return push_artefact(plan_artefact(describe(store.root, NAME)), layout, "1").digest


def put(layout: Layout, data: bytes, media_type: str, title: str = "") -> Descriptor:
    """A blob in a layout, written by the test."""
    digest = digest_of(data)
    path = layout.blob_path(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Descriptor(media_type, digest, len(data), {media.TITLE: title} if title else {})


def put_manifest(
    layout: Layout,
    config: Descriptor,
    layers: list[Descriptor],
    media_type: str = media.OCI_MANIFEST,
    **rest: object,
) -> str:
    """A manifest under the tag `1`."""
    body = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": config.to_json(),
        "layers": [one.to_json() for one in layers],
        **rest,
    }
    layout.put_manifest(Manifest(json.dumps(body).encode(), media_type), "1")
    return "1"


def empty(layout: Layout) -> Descriptor:
    """The config that `oras push --artifact-type` writes."""
    return put(layout, b"{}", media.OCI_EMPTY)


class Faulty(Layout):
    """A layout whose blobs can be cut, and that counts what it gives."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.cut: dict[str, int] = {}
        self.asked: list[tuple[str, int]] = []

    def open_blob(self, blob: Descriptor, offset: int = 0) -> BlobReader:
        self.asked.append((blob.digest, offset))
        reader = super().open_blob(blob, offset)
        if (left := self.cut.get(blob.digest)) is not None:
            return _Cut(reader, left, blob.digest)
        return reader


class _Cut:
    def __init__(self, reader: BlobReader, left: int, digest: str) -> None:
        self._reader, self._left, self._digest = reader, left, digest

    def readinto(self, view: memoryview) -> int:
        if not self._left:
            raise blob_not_found("a registry that died", self._digest)
        count = self._reader.readinto(view[: self._left])
        self._left -= count
        return count

    def close(self) -> None:
        self._reader.close()

    def __enter__(self) -> "_Cut":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def test_the_store_on_the_other_side_is_byte_identical(
    store: FakeStore, layout: Layout, pushed: str, tmp_path: Path
) -> None:
    """Every blob and the manifest, `from` key and all; nothing else is left in the folder."""
    other = FakeStore(tmp_path / "other")
    done = pull_artefact(layout, "1", other.root)
    assert (done.outcome, done.artefact, str(done.model.name)) == (Outcome.DONE, pushed, "granite4.1:8b")
    assert other.files() == store.files()
    assert done.moved == done.model.manifest.size
    verify_store(other.root, NAME)


def test_a_pull_by_digest_under_another_name(
    store: FakeStore, layout: Layout, pushed: str, tmp_path: Path
) -> None:
    """S1.45: rolling back is pulling the previous reference."""
    done = pull_artefact(layout, pushed, tmp_path / "other", ModelName.parse("mine:2"))
    assert done.model.manifest.raw == describe(store.root, NAME).manifest.raw
    assert str(done.model.name) == "mine:2"


def test_a_second_pull_moves_nothing(layout: Layout, pushed: str, tmp_path: Path) -> None:
    """S1.45: an unchanged model is a no-op."""
    assert installed(layout, "1", tmp_path / "other") is None
    pull_artefact(layout, "1", tmp_path / "other")
    found = installed(layout, "1", tmp_path / "other")
    assert found is not None and found.name == NAME
    seen: list[Moved] = []
    again = pull_artefact(layout, "1", tmp_path / "other", report=seen.append)
    assert (again.outcome, again.moved) == (Outcome.ALREADY, 0)
    assert {event.move for event in seen if event.move.over} == {Move.PRESENT}


def test_a_damaged_blob_is_fetched_anew(
    store: FakeStore, layout: Layout, pushed: str, tmp_path: Path
) -> None:
    other = FakeStore(tmp_path / "other")
    model = pull_artefact(layout, "1", other.root).model
    raw = model.gguf.read_bytes()
    model.gguf.write_bytes(b"GGUF" + bytes(len(raw) - 4))
    seen: list[Moved] = []
    done = pull_artefact(layout, "1", other.root, report=seen.append)
    assert (done.outcome, done.moved) == (Outcome.DONE, len(raw))
    weights = [event for event in seen if event.item.startswith("model")]
    assert [event.done for event in weights] == sorted(event.done for event in weights)
    assert (weights[-1].move, weights[-1].tries) == (Move.COPIED, 1)
    assert other.files() == store.files()


def test_blobs_of_another_model_are_not_fetched(
    store: FakeStore, layout: Layout, pushed: str, tmp_path: Path
) -> None:
    other = FakeStore(tmp_path / "other")
    weights = other.blob(tiny_gguf(padding=400_000))["size"]
    assert pull_artefact(layout, "1", other.root).moved == describe(store.root, NAME).manifest.size - weights


def test_a_cut_pull_goes_on_where_it_stopped_and_nothing_was_visible(
    store: FakeStore, layout: Layout, pushed: str, tmp_path: Path
) -> None:
    other = FakeStore(tmp_path / "other")
    source = Faulty(layout.folder)
    weights = describe(store.root, NAME).manifest.model.digest
    source.cut[weights] = 300_000
    with pytest.raises(Problem, match="blob-not-found"):
        pull_artefact(source, "1", other.root)
    assert not list(other.root.glob("blobs/*"))
    assert not (other.root / "manifests").exists()
    source.cut.clear()
    source.asked.clear()
    pull_artefact(source, "1", other.root)
    assert dict(source.asked)[weights] == 300_000
    assert other.files() == store.files()


def test_a_stopped_pull_leaves_a_store_as_it_was(
    store: FakeStore, layout: Layout, pushed: str, tmp_path: Path
) -> None:
    other = FakeStore(tmp_path / "other")
    other.model("old:1")
    before = other.files()
    stop = Stop()

    def report(event: Moved) -> None:
        if event.item.startswith("model") and event.move is Move.ACTIVE:
            stop.set()

    with pytest.raises(Stopped):
        pull_artefact(layout, "1", other.root, report=report, stop=stop)
    assert {
        path: data for path, data in other.files().items() if not path.startswith(".airgap-wizard")
    } == before
    pull_artefact(layout, "1", other.root)
    assert other.files() == {**before, **store.files()}


def test_content_that_is_not_what_the_digest_says(
    layout: Layout, pushed: str, store: FakeStore, tmp_path: Path
) -> None:
    digest = describe(store.root, NAME).manifest.model.digest
    path = layout.blob_path(digest)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(Problem, match="digest-mismatch"):
        pull_artefact(layout, "1", tmp_path / "other")
    assert not list((tmp_path / "other").glob("blobs/*"))


def test_two_runs_do_not_write_at_once(layout: Layout, pushed: str, tmp_path: Path) -> None:
    folder = tmp_path / "other" / ".airgap-wizard"
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Problem, match="model-store-busy"):
            pull_artefact(layout, "1", tmp_path / "other")
    pull_artefact(layout, "1", tmp_path / "other")


def test_no_room_is_known_before_anything_is_written(
    layout: Layout, pushed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.model.incoming.free_space", lambda _: 1000)
    with pytest.raises(Problem, match="disk-full"):
        pull_artefact(layout, "1", tmp_path / "other")
    assert not list((tmp_path / "other").rglob("sha256-*"))


def test_a_store_that_is_a_file(layout: Layout, pushed: str, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("")
    with pytest.raises(Problem, match="folder-not-writable"):
        pull_artefact(layout, "1", tmp_path / "other")


def test_an_artefact_without_one_of_its_layers_is_refused(
    store: FakeStore, layout: Layout, tmp_path: Path
) -> None:
    artefact = plan_artefact(describe(store.root, store.model()))
    push_artefact(artefact, layout, "0")
    assert artefact.manifest.config
    put_manifest(
        layout,
        artefact.manifest.config,
        [one for one in artefact.manifest.layers if one.media_type != m.PARAMS],
    )
    with pytest.raises(Problem, match="artefact-not-a-model") as caught:
        pull_artefact(layout, "1", tmp_path / "other", NAME)
    assert "which is no layer of it" in caught.value.detail


# --- artefacts of others ---------------------------------------------------------------------------------------


def test_what_ollama_itself_pushes_is_read(store: FakeStore, layout: Layout, tmp_path: Path) -> None:
    """An artefact in Ollama's own registry is its manifest: written as it is."""
    model = describe(store.root, store.model(pretty=True))
    for layer in model.manifest.blobs:
        put(layout, model.blob(layer).read_bytes(), layer.media_type)
    layout.put_manifest(Manifest(model.manifest.raw, m.MANIFEST_TYPE), "1")
    other = FakeStore(tmp_path / "other")
    done = pull_artefact(layout, "1", other.root, NAME)
    assert (done.outcome, done.notes) == (Outcome.DONE, ())
    assert other.files() == store.files()


MODELFILE_TEXT = f'FROM ./x.gguf\nTEMPLATE """{TEMPLATE}"""\nSYSTEM """{SYSTEM}"""\nPARAMETER temperature 0.7\nPARAMETER num_ctx 4096\nPARAMETER stop <|end|>\nPARAMETER stop " a b"\nLICENSE one\nLICENSE two\n'  # fmt: skip


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("typed", [False, True])
def test_what_oras_push_made_is_read(layout: Layout, tmp_path: Path, reverse: bool, typed: bool) -> None:
    """S1.25: an empty config, layers in any order, told apart by media type or by their names."""
    plain = "application/octet-stream"
    layers = [
        put(layout, tiny_gguf(), m.MODEL if typed else plain, "some-model.gguf"),
        put(layout, MODELFILE_TEXT.encode(), MODELFILE if typed else plain, "operator's own.Modelfile"),
        put(layout, b"read me", plain, "README.md"),
    ]
    put_manifest(
        layout,
        empty(layout),
        layers[::-1] if reverse else layers,
        artifactType="application/vnd.ollama.image.config+json",
    )
    done = pull_artefact(layout, "1", tmp_path / "other", NAME)
    model = verify_store(tmp_path / "other", NAME)
    assert [layer.kind for layer in model.manifest.layers] == [
        "model",
        "template",
        "system",
        "license",
        "license",
        "params",
    ]
    (template,), (system,) = model.manifest.of(m.TEMPLATE), model.manifest.of(m.SYSTEM)
    assert (model.read(template).decode(), model.read(system).decode()) == (TEMPLATE, SYSTEM)
    assert json.loads(model.read(model.manifest.of(m.PARAMS)[0])) == PARAMS
    config = json.loads(model.read(model.manifest.config))
    assert (config["model_family"], config["model_format"], config["model_type"]) == ("llama", "gguf", "32")
    assert config["rootfs"]["diff_ids"] == [layer.digest for layer in model.manifest.layers]
    assert done.notes == ()
    assert installed(layout, "1", tmp_path / "other", NAME) == model
    assert pull_artefact(layout, "1", tmp_path / "other", NAME).outcome is Outcome.ALREADY


def test_without_a_modelfile_nothing_is_invented(layout: Layout, tmp_path: Path) -> None:
    """S1.25: one is synthesised; what is missing is said."""
    put_manifest(layout, empty(layout), [put(layout, tiny_gguf(), m.MODEL, "x.gguf")])
    done = pull_artefact(layout, "1", tmp_path / "other", NAME)
    assert [layer.kind for layer in done.model.manifest.layers] == ["model"]
    assert any("no Modelfile" in note for note in done.notes)
    assert any("no TEMPLATE" in note for note in done.notes)


def test_layers_win_over_the_modelfile_and_adapters_are_found_by_name(layout: Layout, tmp_path: Path) -> None:
    layers = [
        put(layout, tiny_gguf(), m.MODEL, "x.gguf"),
        put(
            layout,
            b"FROM ./x.gguf\nFROM ./eyes.bin\nTEMPLATE old\nADAPTER ./lora.bin\n",
            MODELFILE,
            "x.Modelfile",
        ),
        put(layout, b"new", m.TEMPLATE),
        put(layout, b"adapter", "application/octet-stream", "lora.bin"),
        put(layout, b"projector", "application/octet-stream", "eyes.bin"),
    ]
    put_manifest(layout, empty(layout), layers)
    model = pull_artefact(layout, "1", tmp_path / "other", NAME).model
    assert [(layer.kind, model.read(layer)) for layer in model.manifest.layers[1:]] == [
        ("adapter", b"adapter"),
        ("projector", b"projector"),
        ("template", b"new"),
    ]


def test_a_name_is_asked_for_where_the_artefact_says_none(layout: Layout, tmp_path: Path) -> None:
    put_manifest(layout, empty(layout), [put(layout, tiny_gguf(), m.MODEL, "x.gguf")])
    with pytest.raises(Problem, match="model-name-not-valid") as caught:
        pull_artefact(layout, "1", tmp_path / "other")
    assert (caught.value.exit_code, caught.value.remedies[0].command) == (2, "--name granite4.1:8b")


def test_weights_that_are_no_gguf_never_become_a_model(layout: Layout, tmp_path: Path) -> None:
    put_manifest(layout, empty(layout), [put(layout, b"not a GGUF at all", m.MODEL, "x.gguf")])
    with pytest.raises(Problem, match="model-not-gguf"):
        pull_artefact(layout, "1", tmp_path / "other", NAME)
    assert not (tmp_path / "other" / "manifests").exists()
    assert not list((tmp_path / "other" / "blobs").iterdir())


def image(layout: Layout) -> None:
    put_manifest(layout, empty(layout), [put(layout, b"layer", "application/vnd.oci.image.layer.v1.tar")])


def index(layout: Layout) -> None:
    layout.put_manifest(Manifest(b'{"schemaVersion":2,"manifests":[]}', media.OCI_INDEX), "1")


def two(layout: Layout) -> None:
    put_manifest(layout, empty(layout), [put(layout, tiny_gguf(n), m.MODEL, f"{n}.gguf") for n in (1, 2)])


def huge(layout: Layout) -> None:
    large = Descriptor(ORIGINAL, "sha256:" + "0" * 64, 1 << 40)
    put_manifest(layout, empty(layout), [put(layout, tiny_gguf(), m.MODEL, "x.gguf"), large])


@pytest.mark.parametrize(
    ("make", "says"),
    [(image, "image.layer.v1.tar"), (index, "an index"), (two, "2 of its layers"), (huge, "at most")],
)
def test_what_is_no_model_is_refused(
    layout: Layout, tmp_path: Path, make: Callable[[Layout], None], says: str
) -> None:
    make(layout)
    with pytest.raises(Problem, match="artefact-not-a-model") as caught:
        pull_artefact(layout, "1", tmp_path / "other", NAME)
    assert says in caught.value.detail
