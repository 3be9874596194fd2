"""The links that the program itself adds to the chain of custody: made, loaded; wherever the chain can be written (S3.10)."""

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.loading import Target
from tests.bundle.making import Made, make_bundle
from wizard.bundle import custody, handover
from wizard.bundle.keys.private import PrivateKey, write_pair
from wizard.cli.main import dispatch
from wizard.engine.problems import Problem


def actions(path: Path, made: Made) -> list[str]:
    return [link.action for link in custody.read_chain(path, made.bom.digest, made.policy, time.time())]


def loaded(made: Made, aside: Path) -> Path:
    note = "into registry.internal.example"
    return handover.loaded(made.path, made.bom.digest, note, made.key, made.policy, time.time(), aside)


def test_a_chain_is_begun_once(made: Made) -> None:
    """S3.10: who made it is the first link; made again, the same, nothing is added."""
    path = handover.begin(made.path, made.bom.digest, made.key, "vendor")
    assert path == custody.chain_file(made.path)
    handover.begin(made.path, made.bom.digest, made.key)
    assert actions(path, made) == ["made"]


def test_the_chain_of_another_bundle_is_kept(made: Made, tmp_path: Path) -> None:
    """A newer bundle under the same name begins its own; the older one's is evidence still."""
    path = handover.begin(made.path, made.bom.digest, made.key)
    newer = make_bundle(tmp_path / "newer", made.key, seed="two")
    handover.begin(made.path, newer.bom.digest, made.key)
    assert actions(path, newer) == ["made"]
    assert actions(path.with_name(f"{path.name}.{made.bom.digest[7:19]}"), made) == ["made"]


def test_a_medium_that_cannot_be_written(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link goes into the folder of the receipts, joined to the ones that came with the bundle, and on from there."""
    beside = handover.begin(made.path, made.bom.digest, made.key)
    before, really = beside.read_bytes(), os.open

    def read_only(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if Path(path) == beside and flags & os.O_WRONLY:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return really(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", read_only)
    aside = tmp_path / "receipts"
    assert loaded(made, aside) == loaded(made, aside) == aside / beside.name
    assert actions(aside / beside.name, made) == ["made", "loaded", "loaded"]
    assert beside.read_bytes() == before


def test_nobody_signs_a_chain_that_is_broken(made: Made, tmp_path: Path) -> None:
    path = handover.begin(
        made.path, made.bom.digest, PrivateKey.make()
    )  # by somebody the site does not trust
    before = path.read_bytes()
    with pytest.raises(Problem, match="custody-broken"):
        loaded(made, tmp_path / "receipts")
    assert path.read_bytes() == before and not (tmp_path / "receipts").exists()
    path.write_bytes(b"{}\n")
    with pytest.raises(Problem, match="custody-broken"):
        handover.begin(made.path, made.bom.digest, made.key)


def test_a_push_adds_its_link(
    made: Made, target: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """S3.10: `bundle push --key` and `bundle split` carry the chain on; a broken one is told and stops no load."""
    key = write_pair(made.key, tmp_path / "vendor", None)[0]
    words = ["--trust", made.policy.path.as_posix(), "--key", str(key), "--quiet"]
    handover.begin(made.path, made.bom.digest, made.key)
    split = ["bundle", "split", str(made.path), "--size", "100kB", "--to", str(tmp_path / "stick")]
    assert dispatch([*split, "--key", str(key), "--quiet"]) == 0
    assert "its .custody" in capsys.readouterr().err
    push = ["bundle", "push", str(tmp_path / "stick"), "--to", target.host, "--plain-http", *words]
    assert dispatch(push) == 0
    chain = tmp_path / "stick" / "demo.volumes.custody"
    assert f"chain of custody: {chain}" in capsys.readouterr().err
    links = custody.read_chain(chain, made.bom.digest, made.policy, time.time())
    assert [link.action for link in links] == ["made", "loaded"]
    assert target.host in links[-1].note and "receipt sha256:" in links[-1].note
    chain.write_bytes(chain.read_bytes().splitlines(keepends=True)[1])
    assert dispatch([word for word in push if word != "--quiet"]) == 0
    assert "no link was added to the chain of custody" in capsys.readouterr().err
    assert len(chain.read_bytes().splitlines()) == 1


def test_a_run_is_told_of_several_media(tmp_path: Path) -> None:
    """S3.9: `run --media DIR --wait` as it is typed, said back by the preview; a folder's name may hold a comma."""
    from tests.cli.conftest import Program

    media = [tmp_path / "second, of two", tmp_path / "third"]
    words = [word for folder in media for word in ("--media", str(folder))]
    sets = (
        "--set",
        f"media.bundle={tmp_path / 'b.volumes'}",
        "--set",
        f"media.trust={tmp_path / 'trust.yaml'}",
    )
    only = ("--only", "accept-bundle", "--dry-run")
    done = Program(tmp_path / "state")("run", "--rehearse", "healthy", *words, "--wait", *sets, *only)
    assert done.returncode == 0, done.stderr
    for folder in media:
        assert f"look for its volumes in {folder} too" in done.stdout
    assert "wait for the medium of a volume that is missing" in done.stdout
