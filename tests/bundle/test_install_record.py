"""The signed install record: who proved what, and what becomes of it when somebody changes it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.making import NOW, day, write_policy
from tests.cli.conftest import Program
from wizard.bundle.install_record import read_record, seal_record, sealed_by
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.trust.policy import read_policy
from wizard.cluster.objects.names import Names
from wizard.engine.problems import Problem
from wizard.steps.record import record_object

RECORD: dict[str, Any] = {
    "release": "ai/opencost-ai",
    "at": "2026-01-02T03:04:05Z",
    "host": "jump-1",
    "rehearsal": "",
    "verify": {"checks": {"egress-refused": "pass", "nodes-pull-outside": "warn"}, "images": {"a": "ü"}},
}
KEY, VENDOR = PrivateKey.make(), PrivateKey.make()


def in_cluster(record: dict[str, Any], sealed: bytes) -> dict[str, Any]:
    """The ConfigMap as the API gives it."""
    return record_object(Names("ai", "opencost-ai"), record, sealed.decode())


def refused(data: bytes, policy: Path) -> str:
    with pytest.raises(Problem) as caught:
        read_record("r", data, read_policy(policy), NOW)
    assert caught.value.exit_code == 3
    return caught.value.code


def test_what_was_sealed_is_read_back_with_who_signed_it(tmp_path: Path) -> None:
    """S1.39: from the run folder's file and from the ConfigMap."""
    policy = read_policy(write_policy(tmp_path, {"vendor": VENDOR, "site": KEY}))
    sealed = seal_record(RECORD, KEY)
    for data in (sealed, json.dumps(in_cluster(RECORD, sealed), indent=1).encode()):
        found = read_record("r", data, policy, NOW)
        assert found.record == RECORD
        assert [one.authority for one in found.accepted] == ["site"]
    assert sealed_by(sealed, RECORD, KEY.public)
    assert not sealed_by(sealed, RECORD | {"at": "later"}, KEY.public)
    assert not sealed_by(sealed, RECORD, PrivateKey.make().public)
    assert not sealed_by(b"", RECORD, KEY.public)


def test_tampering_is_told(tmp_path: Path) -> None:
    """record-invalid: a verdict made better, in the clear, in what is sealed, or in both."""
    policy = write_policy(tmp_path, {"vendor": VENDOR, "site": KEY})
    better = RECORD | {"verify": {"checks": {"egress-refused": "pass", "nodes-pull-outside": "pass"}}}
    sealed = seal_record(RECORD, KEY)
    document = json.loads(sealed)
    payload = base64.b64decode(document["payload"]).replace(b"warn", b"pass")
    forged = json.dumps(document | {"payload": base64.b64encode(payload).decode()}).encode()
    assert refused(json.dumps(in_cluster(better, sealed)).encode(), policy) == "record-invalid"
    assert refused(forged, policy) == "bundle-signature-wrong"
    assert refused(json.dumps(in_cluster(RECORD, forged)).encode(), policy) == "bundle-signature-wrong"
    assert refused(seal_record(better, PrivateKey.make()), policy) == "bundle-signer-unknown"
    other = sealed.replace(b"install-record.v1", b"receipt.v1")
    for junk in (b"", b"[]", b"{", b'{"kind": "ConfigMap"}', b'{"kind": "ConfigMap", "data": {}}', other):
        assert refused(junk, policy) == "record-invalid", junk


def test_an_expired_key_and_no_policy(tmp_path: Path) -> None:
    sealed = seal_record(RECORD, KEY)
    policy = write_policy(tmp_path, {"vendor": VENDOR, "site": KEY}, begins=day(-9), ends=day(-1))
    assert refused(sealed, policy) == "bundle-key-expired"
    with pytest.raises(Problem) as caught:
        read_policy(None)
    assert caught.value.code == "trust-missing"


def test_a_record_that_nobody_signed_proves_nothing(tmp_path: Path) -> None:
    """record-unsigned: the ConfigMap of an install without a key, and the file that is for reading."""
    policy = write_policy(tmp_path, {"vendor": VENDOR, "site": KEY})
    assert refused(json.dumps(record_object(Names("a", "b"), RECORD)).encode(), policy) == "record-unsigned"
    assert refused(json.dumps(RECORD, indent=2).encode(), policy) == "record-unsigned"


def test_the_command(tmp_path: Path) -> None:
    """`record FILE` and `kubectl … -o json | record -`: exit 0 and what was proved, or 3 and why not."""
    policy, program = write_policy(tmp_path, {"vendor": VENDOR, "site": KEY}), Program(tmp_path / "state")
    path = tmp_path / "install-record.signed.json"
    path.write_bytes(seal_record(RECORD, KEY))
    done = program("record", path, "--trust", policy)
    assert done.returncode == 0, done.stderr
    assert "ai/opencost-ai: proved 2026-01-02T03:04:05Z from jump-1" in done.stdout
    assert f"signed by site {KEY.public.fingerprint}" in done.stdout
    assert "checks: 1 pass, 1 warn\n  warn     nodes-pull-outside" in done.stdout
    told = json.loads(program("record", path, "--trust", policy, "--output", "json").stdout)
    assert told["record"] == RECORD and told["signedBy"][0]["authority"] == "site"
    path.write_bytes(path.read_bytes()[:-9])
    done = program("record", path, "--trust", policy)
    assert (done.returncode, done.stdout) == (3, "") and "record-invalid" in done.stderr
    assert program("record", tmp_path / "nowhere", "--trust", policy).returncode == 3
    assert "trust-missing" in program("record", path).stderr
