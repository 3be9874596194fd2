"""Each failure provoked on a simulated site: the first cause named is the right one, and the document says so."""

from pathlib import Path

import pytest

from tests.diagnosis import table
from tests.diagnosis.provocations import PROVOCATIONS
from tests.diagnosis.provoke import provoke
from tests.diagnosis.site import case, names
from wizard.diagnosis.cause import Sure
from wizard.rehearsal.loader import worlds


@pytest.mark.parametrize("name", PROVOCATIONS)
def test_the_first_cause_named_is_the_right_one(name: str, tmp_path: Path) -> None:
    """S4.16, S5.28 among them. What a run could only blame is told under its cause, not beside it."""
    p = PROVOCATIONS[name]
    found = provoke(p.path(tmp_path), tmp_path, p.only, p.sets, after=p.after).diagnosis
    codes = [cause.code for cause in found.causes]
    assert codes[:1] == ([p.first] if p.first else []), codes
    assert not found.notes
    wanted = {p.first, *p.also} - {""}
    # an install without its model lacks the model as well; nothing else is made up
    assert set(codes) <= wanted | {"model-absent"}, codes
    for cause in found.causes:
        assert cause.proofs and cause.remedies, cause.code
        assert cause.sure is not Sure.POSSIBLE
    assert table.row(p.what, p.first, p.first, table.SIMULATED) in table.DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["pull-401", "x509-unknown-ca", "node-away", "pods-image-gone", "later-registry-down"]
)
def test_pseudonyms_hide_names_and_no_cause(name: str, tmp_path: Path) -> None:
    p = PROVOCATIONS[name]
    found = provoke(p.path(tmp_path), tmp_path, p.only, p.sets, after=p.after, pseudonyms=True)
    assert found.first == p.first
    text = b"".join(found.bundle.files.values()).decode()
    assert "registry.internal.example" not in text and "node-b" not in text


def test_every_world_is_diagnosed() -> None:
    """api-blinks ends green, sooner or later: there is nothing to name in it."""
    assert set(worlds()) <= set(PROVOCATIONS) | {"api-blinks"}


def test_the_document_has_a_row_for_every_case() -> None:
    text = table.DOCUMENT.read_text(encoding="utf-8")
    for name in names():
        found = case(name)
        assert (
            table.row(found["title"], found["first"], found["first"], f"recorded: {found['origin']}") in text
        ), f"{name}: run python -m tests.diagnosis"
    total = len(PROVOCATIONS) + len(names())
    assert table.summary(total, total) in text
    for what, first in table.real().items():
        assert table.row(what, first, first, table.REAL) in text, f"{what}: run python -m tests.diagnosis"
