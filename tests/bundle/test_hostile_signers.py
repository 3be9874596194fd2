"""Bundles signed by nobody, by the wrong ones, or at the wrong time: refused before a byte of the payload is read (S2.14, S2.15)."""

from pathlib import Path

from tests.bundle.hostile import refuse
from tests.bundle.loading import Target
from tests.bundle.making import DAY, NOW, Made, day, make_bundle, write_policy
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.trust.policy import read_policy


def test_unsigned(tmp_path: Path, target: Target) -> None:
    made = make_bundle(tmp_path / "x", signed=False)
    assert refuse(made.path, made.policy, target).code == "bundle-unsigned"


def test_signed_by_an_unknown_key(made: Made, target: Target, tmp_path: Path) -> None:
    other = read_policy(write_policy(tmp_path, {"vendor": PrivateKey.make()}))
    assert refuse(made.path, other, target).code == "bundle-signer-unknown"


def test_signed_by_an_expired_key_or_one_that_is_not_valid_yet(
    made: Made, target: Target, tmp_path: Path
) -> None:
    """S2.20."""
    expired = read_policy(write_policy(tmp_path, {"vendor": made.key}, ends=day(-1)))
    assert refuse(made.path, expired, target).code == "bundle-key-expired"
    early = read_policy(write_policy(tmp_path, {"vendor": made.key}, begins=day(1)))
    assert refuse(made.path, early, target).code == "bundle-key-not-yet-valid"


def test_without_a_required_authority(made: Made, target: Target, tmp_path: Path) -> None:
    """S2.18: the vendor signed, the site must have as well; the other way round too."""
    site = PrivateKey.make()
    both = read_policy(write_policy(tmp_path, {"vendor": made.key, "site": site}, site="required: true"))
    assert refuse(made.path, both, target).code == "bundle-authority-missing"
    vendor = read_policy(write_policy(tmp_path, {"vendor": site, "site": made.key}))
    assert refuse(made.path, vendor, target).code == "bundle-authority-missing"


def test_a_clock_in_1970(made: Made, target: Target) -> None:
    problem = refuse(made.path, made.policy, target, now=12 * 3600.0)
    assert problem.code == "clock-implausible"
    assert "1970" in problem.title


def test_a_clock_before_the_policy(made: Made, target: Target) -> None:
    problem = refuse(made.path, made.policy, target, now=NOW - 100 * DAY)
    assert problem.code == "bundle-key-not-yet-valid" and "clock seems to be behind" in problem.detail
