"""Whatever else comes: one changed byte anywhere, noise, hostile text; the reader refuses and never crashes."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bundle.hostile import head_of
from tests.bundle.making import Made, flip
from wizard.bundle import signatures
from wizard.bundle.archive.head import read_head
from wizard.bundle.archive.medium import FileMedium
from wizard.bundle.archive.opening import open_bundle
from wizard.bundle.archive.reading import verify_all
from wizard.bundle.archive.writer import rewrite_signatures
from wizard.bundle.signatures import ROOM
from wizard.engine.problems import Problem


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_changed_byte_anywhere_is_found(master: Made, tmp_path: Path, data: st.DataObject) -> None:
    """Anywhere in the file but in the room for signatures, where it is found or does not matter."""
    path = tmp_path / "spoiled.airgap"
    shutil.copyfile(master.path, path)
    offset = data.draw(st.integers(0, master.shape.size - 1))
    flip(path, offset)
    try:
        with open_bundle(path, master.policy) as bundle:
            verify_all(bundle)
    except Problem as problem:
        assert problem.code.startswith("bundle-"), problem
        return
    finally:
        path.unlink()
    # the text around the signatures is not signed: a key's hint, white space
    assert master.shape.signatures + 512 <= offset < master.shape.payload


@given(
    head=st.binary(max_size=1500),
    cut=st.integers(0, 400_000),
    patch=st.binary(min_size=1, max_size=700),
    at=st.integers(0, 400_000),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_reader_refuses_and_never_crashes(
    master: Made, tmp_path: Path, head: bytes, cut: int, patch: bytes, at: int
) -> None:
    """Noise in front, cut anywhere, overwritten anywhere."""
    path = tmp_path / "noise.airgap"
    whole = master.path.read_bytes()
    for content in (head, head + whole[512:], whole[:cut], whole[:at] + patch + whole[at + len(patch) :]):
        path.write_bytes(content)
        try:
            with open_bundle(path, master.policy) as bundle:
                verify_all(bundle)
        except Problem as problem:
            assert problem.code.startswith("bundle-")


@given(content=st.binary(max_size=3000))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hostile_text_for_the_signatures(made: Made, content: bytes) -> None:
    with made.path.open("r+b") as file:
        file.seek(made.shape.signatures + 512)
        file.write(content.ljust(ROOM))
    with pytest.raises(Problem) as caught:
        open_bundle(made.path, made.policy)
    assert caught.value.code in (
        "bundle-malformed",
        "bundle-unsigned",
        "bundle-signer-unknown",
        "bundle-signature-wrong",
    )


def test_the_head_can_be_signed_again_after_all_that(made: Made) -> None:
    """A room for signatures that was torn by a crash is no loss: the bundle is signed again."""
    with made.path.open("r+b") as file:
        file.seek(made.shape.signatures + 512)
        file.write(bytes(ROOM))
    with pytest.raises(Problem):
        open_bundle(made.path, made.policy)
    body = head_of(made.path)
    rewrite_signatures(made.path, len(body), (signatures.sign(made.key, body, "vendor"),))
    medium = FileMedium(made.path)
    assert read_head(medium).bom == body
    medium.close()
    open_bundle(made.path, made.policy).close()
