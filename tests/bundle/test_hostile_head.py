"""A bill of materials or signatures that are not what was signed: refused before a byte of the payload is read (S2.14, S2.15)."""

import os
import tarfile
from pathlib import Path

import pytest

from tests.bundle.hostile import refuse, seal
from tests.bundle.loading import Target
from tests.bundle.making import Made, Watched, flip, write_policy
from wizard.bundle import signatures
from wizard.bundle.archive import tarhead
from wizard.bundle.archive.opening import open_bundle
from wizard.bundle.archive.shape import BOM_NAME
from wizard.bundle.archive.writer import head_bytes
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.signatures import ROOM
from wizard.bundle.trust.policy import read_policy
from wizard.engine.problems import Problem


@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_one_byte_of_the_bill_changed(where: str, made: Made, target: Target) -> None:
    size = len(made.bom.body)
    flip(made.path, 512 + {"first": 0, "middle": size // 2, "last": size - 1}[where])
    assert refuse(made.path, made.policy, target).code == "bundle-signature-wrong"


def test_every_byte_of_the_bill_counts(made: Made, target: Target) -> None:
    for offset in range(0, len(made.bom.body), 97):
        flip(made.path, 512 + offset)
        with pytest.raises(Problem) as caught:
            open_bundle(made.path, made.policy)
        assert caught.value.code == "bundle-signature-wrong"
        flip(made.path, 512 + offset)
    open_bundle(made.path, made.policy).close()


def test_a_bill_of_ten_million_lines(tmp_path: Path, target: Target, master: Made) -> None:
    """Its header says how large it is: refused before it is read, in no time and no memory."""
    path = tmp_path / "huge.airgap"
    size = 10_000_000 * 80
    with path.open("wb") as file:
        file.write(tarhead.header(BOM_NAME, size))
        file.truncate(512 + size + 1024 + ROOM)  # sparse
    medium = Watched(path)
    with pytest.raises(Problem) as caught:
        open_bundle(medium, master.policy)
    assert caught.value.code == "bundle-bom-invalid" and "it was not read" in caught.value.detail
    assert medium.reads == [(0, 512)]
    assert target.files() == set()


def test_ten_million_lines_that_are_signed(tmp_path: Path, target: Target) -> None:
    """Signed by somebody trusted, and as large as the bound lets it be: not canonical, so refused."""
    key = PrivateKey.make()
    body = b'{"a":[' + b"1,\n" * 2_000_000 + b"1]}"
    path = tmp_path / "lines.airgap"
    path.write_bytes(head_bytes(path, body, (signatures.sign(key, body),)) + bytes(4096))
    policy = read_policy(write_policy(tmp_path, {"vendor": key}))
    assert refuse(path, policy, target).code == "bundle-bom-invalid"


def _rename(made: Made, offset: int, name: bytes) -> None:
    """Another name in the header at `offset`, its checksum mended: what a liar would write."""
    with made.path.open("r+b") as file:
        file.seek(offset)
        block = bytearray(file.read(512))
        block[0:100] = name.ljust(100, b"\0")
        seal(block)
        file.seek(offset)
        file.write(block)


def test_another_first_entry(made: Made, target: Target) -> None:
    _rename(made, 0, b"airgap/../bom.json")
    assert refuse(made.path, made.policy, target).code == "bundle-not-one"


def test_another_second_entry(made: Made, target: Target) -> None:
    _rename(made, made.shape.signatures, b"airgap/evil")
    assert refuse(made.path, made.policy, target).code == "bundle-malformed"


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b'{"signatures":{}}', b'{"signatures":[1]}', b"[" * ROOM, b"\xff" * 9],
    ids=range(6),
)
def test_signatures_that_are_none(content: bytes, made: Made, target: Target) -> None:
    with made.path.open("r+b") as file:
        file.seek(made.shape.signatures + 512)
        file.write(content.ljust(ROOM, b" "))
    assert refuse(made.path, made.policy, target).code == "bundle-malformed"


def test_things_that_are_no_bundle(tmp_path: Path, master: Made, target: Target) -> None:
    empty, noise, plain = tmp_path / "empty", tmp_path / "noise", tmp_path / "plain.tar"
    empty.write_bytes(b"")
    noise.write_bytes(os.urandom(2000))
    with tarfile.open(plain, "w") as tar:
        tar.add(noise, "noise")
    for path in (empty, noise, plain):
        assert refuse(path, master.policy, target).code == "bundle-not-one"


def test_devices_and_pipes_are_not_read(tmp_path: Path, master: Made) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(Problem) as caught:
            open_bundle(path, master.policy)
        assert caught.value.code == "bundle-not-one"
    with pytest.raises(Problem) as caught:
        open_bundle(tmp_path / "none", master.policy)
    assert (caught.value.code, caught.value.exit_code) == ("bundle-not-found", 2)
