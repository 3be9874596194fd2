"""Forty things broken at once on the real cluster: the first cause named of each is the right one, and it is named once."""

from collections.abc import Iterator, Mapping

import pytest

from tests.e2e.broken.all import BROKEN
from tests.e2e.broken.stage import Stage, staged
from tests.e2e.site import Site
from wizard.diagnosis.cause import Diagnosis, Sure

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def stage(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Every damage shows."""
    folder = tmp_path_factory.mktemp("broken")
    with staged(site.at(folder), folder, BROKEN) as made:
        yield made


@pytest.fixture(scope="module")
def diagnosed(stage: Stage) -> Mapping[str, Diagnosis]:
    """What is said of each."""
    return stage.diagnose_all()


@pytest.mark.parametrize("name", BROKEN)
def test_the_first_cause_named_is_the_right_one(name: str, diagnosed: Mapping[str, Diagnosis]) -> None:
    """S4.16, S5.28 among them. Nothing else is made up beside it."""
    broken, found = BROKEN[name], diagnosed[name]
    codes = [cause.code for cause in found.causes]
    assert codes[:1] == ([broken.first] if broken.first else []), _told(found)
    assert sorted(codes) == sorted({broken.first, *broken.also} - {""}), _told(found)
    assert not found.notes
    for cause in found.causes:
        assert cause.proofs and any(r.command for r in cause.remedies), cause
        assert cause.sure is not Sure.POSSIBLE


def _told(found: Diagnosis) -> str:
    return "\n".join(
        f"{c.sure} {c.code}: {c.title}\n    " + "\n    ".join(f"{p.about}: {p.words}" for p in c.proofs)
        for c in found.causes
    )
