"""All the checks together: ids, pages, needs, and that none passes on missing facts."""

import re
from pathlib import Path

import pytest

from tests.checks.tables import unknown_without
from wizard.checks.base import Check, Moment
from wizard.checks.registry import CHECKS, at, needed
from wizard.facts.registry import GATHERERS

EXPLAIN = Path(__file__).parents[2] / "assets" / "explain"


def test_ids_are_unique_kebab_case() -> None:
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", check) for check in ids)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_missing_fact_is_never_a_pass(check: Check) -> None:
    unknown_without(check)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_need_can_be_gathered_and_the_seed_is_named(check: Check) -> None:
    assert set(check.needs) | set(check.helped_by) <= set(GATHERERS)
    assert re.match(r"S\d+\.\d+|design|facts", check.seed)
    assert check.when


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_is_explained(check: Check) -> None:
    page = (EXPLAIN / f"{check.id}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {check.id}\nkind: check\n")
    assert f"seed: {check.seed}" in page
    for part in ("## What it means", "## How it is established", "## What to do"):
        assert part in page


def test_moments() -> None:
    assert {check.id for check in at(Moment.BEFORE)} >= {"kubernetes-version", "cni-enforces-policy"}
    assert len(needed(CHECKS)) == len(set(needed(CHECKS)))
