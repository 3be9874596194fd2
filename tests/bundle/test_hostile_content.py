"""Content that is not what was signed: nothing of it is kept, and nothing after it is used."""

import pytest

from tests.bundle.loading import Target
from tests.bundle.making import Made, Watched, flip
from wizard.bundle.archive.opening import open_bundle
from wizard.bundle.archive.reading import verify_all
from wizard.engine.problems import Problem


@pytest.mark.parametrize("where", ["start", "middle", "end"])
@pytest.mark.parametrize("purpose", ["layer", "weights", "config", "chart", "file"])
def test_one_byte_of_a_blob_changed(where: str, purpose: str, made: Made, target: Target) -> None:
    """Nothing of the blob is kept, no manifest or tag of the whole bundle is published."""
    place = next(p for p in made.shape.places if p.entry.purpose == purpose)
    size = place.entry.size
    flip(made.path, place.start + {"start": 0, "middle": size // 2, "end": size - 1}[where])
    with open_bundle(made.path, made.policy) as bundle:
        with pytest.raises(Problem) as caught:
            target.pusher(bundle).push()
        assert caught.value.code == "bundle-blob-damaged"
        assert caught.value.evidence["entry"] == place.entry.path
        with pytest.raises(Problem) as caught:
            verify_all(bundle)
        assert caught.value.code == "bundle-blob-damaged"
    assert target.manifests() == set()
    assert place.entry.digest.partition(":")[2] not in target.blobs()


def test_a_manifest_changed(made: Made, target: Target) -> None:
    place = next(p for p in made.shape.places if p.entry.purpose == "manifest")
    flip(made.path, place.start + 20)
    with open_bundle(made.path, made.policy) as bundle, pytest.raises(Problem) as caught:
        target.pusher(bundle).push()
    assert caught.value.code == "bundle-blob-damaged"
    assert target.manifests() == set()


def test_nothing_after_a_damaged_blob_is_used(made: Made, target: Target) -> None:
    """With one load at a time, the blobs that follow are not even read."""
    places = [p for p in made.shape.places if p.entry.purpose not in ("layout", "index", "manifest")]
    flip(made.path, places[2].start)
    medium = Watched(made.path)
    with open_bundle(medium, made.policy) as bundle:
        medium.reads.clear()
        with pytest.raises(Problem):
            target.pusher(bundle, jobs=1).push()
    assert medium.furthest <= places[3].start
    assert target.blobs() == {p.entry.digest.partition(":")[2] for p in places[:2]}
