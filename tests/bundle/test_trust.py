"""The trust policy, and the verdict over signatures (S2.15–S2.20)."""

import socket
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.bundle.certs import issue, key_usage
from tests.bundle.making import DAY, NOW, day, make_bundle, write_policy
from wizard.bundle import signatures
from wizard.bundle.archive.opening import open_bundle
from wizard.bundle.archive.reading import verify_all
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.signatures import Signature
from wizard.bundle.trust import audit
from wizard.bundle.trust.policy import Policy, read_policy
from wizard.bundle.trust.verdict import Accepted, accept
from wizard.engine.problems import Problem

DATA = b'{"bill":"of materials"}'
VENDOR, SITE, STRANGER = PrivateKey.make(), PrivateKey.make("ed25519"), PrivateKey.make()


def by(*keys: PrivateKey) -> list[Signature]:
    return [signatures.sign(key, DATA) for key in keys]


def refused(signed: list[Signature], policy: Policy, now: float = NOW, data: bytes = DATA) -> Problem:
    with pytest.raises(Problem) as caught:
        accept("b.airgap", data, signed, policy, now)
    assert caught.value.exit_code == 3
    return caught.value


def policy(folder: Path, **options: Any) -> Policy:
    return read_policy(write_policy(folder, {"vendor": VENDOR}, **options))


def test_a_trusted_signature_is_accepted_and_named(tmp_path: Path) -> None:
    """S2.13, S2.19: the accepted fingerprint is told."""
    (found,) = accept("b", DATA, by(STRANGER, VENDOR), policy(tmp_path), NOW)
    assert (found.authority, found.fingerprint) == ("vendor", VENDOR.public.fingerprint)
    assert VENDOR.public.fingerprint in str(found) and "valid until" in str(found)


def test_nobody_to_trust_means_nothing_starts(tmp_path: Path) -> None:
    """S2.16."""
    empty = tmp_path / "empty.yaml"
    empty.write_text("apiVersion: airgap-wizard/trust/v1\nauthorities: {}\n")
    for path in (None, tmp_path / "none.yaml", tmp_path):
        with pytest.raises(Problem) as caught:
            read_policy(path)
        assert (caught.value.code, caught.value.exit_code) == ("trust-missing", 2)
    with pytest.raises(Problem) as caught:
        read_policy(empty)
    assert caught.value.code == "trust-policy-invalid"


def test_what_is_unsigned_or_signed_by_strangers(tmp_path: Path) -> None:
    """S2.15: both are rejected, and there is no way around it."""
    assert refused([], policy(tmp_path)).code == "bundle-unsigned"
    problem = refused(by(STRANGER), policy(tmp_path))
    assert problem.code == "bundle-signer-unknown"
    assert (
        STRANGER.public.fingerprint[:23] in problem.detail
        and VENDOR.public.fingerprint[:23] in problem.detail
    )


def test_one_byte_less_or_more_is_another_document(tmp_path: Path) -> None:
    for data in (DATA[:-1], DATA + b" ", b"", DATA.replace(b"bill", b"bilL")):
        assert refused(by(VENDOR), policy(tmp_path), data=data).code == "bundle-signature-wrong"


def test_a_signature_that_claims_another_algorithm(tmp_path: Path) -> None:
    (good,) = by(VENDOR)
    other = Signature(good.fingerprint, "ed25519", good.signature)
    assert refused([other], policy(tmp_path)).code == "bundle-signature-wrong"
    borrowed = Signature(good.fingerprint, good.algorithm, by(STRANGER)[0].signature)
    assert refused([borrowed], policy(tmp_path)).code == "bundle-signature-wrong"


def test_keys_have_their_time(tmp_path: Path) -> None:
    """S2.20: past notAfter, before notBefore; at the moments themselves too."""
    found = policy(tmp_path, begins=day(-1), ends=day(1))
    until = found.authorities[0].keys[0].not_after
    since = found.authorities[0].keys[0].not_before
    accept("b", DATA, by(VENDOR), found, until - 1)
    accept("b", DATA, by(VENDOR), found, since)
    assert refused(by(VENDOR), found, until).code == "bundle-key-expired"
    assert refused(by(VENDOR), found, since - 1).code == "bundle-key-not-yet-valid"


def test_a_day_ends_at_its_end(tmp_path: Path) -> None:
    found = policy(tmp_path, begins="2027-03-01", ends="2027-03-01")
    trusted = found.authorities[0].keys[0]
    assert trusted.not_after - trusted.not_before == DAY


def test_a_clock_of_1970_is_named(tmp_path: Path) -> None:
    for now in (0.0, 3600.0, 946684800.0):
        assert refused(by(VENDOR), policy(tmp_path), now).code == "clock-implausible"


def test_clock_skew_is_told(tmp_path: Path) -> None:
    """The policy's file is newer than the clock says it is."""
    found = policy(tmp_path, begins=day(-2))
    problem = refused(by(VENDOR), found, NOW - 40 * DAY)
    assert problem.code == "bundle-key-not-yet-valid"
    assert "the clock seems to be behind" in problem.detail and "40 days later" in problem.detail


def test_the_vendor_and_whoever_else_is_required(tmp_path: Path) -> None:
    """S2.18."""
    found = read_policy(write_policy(tmp_path, {"vendor": VENDOR, "site": SITE}, site="required: true"))
    assert len(accept("b", DATA, by(VENDOR, SITE), found, NOW)) == 2
    for keys, who in (((VENDOR,), "site"), ((SITE,), "vendor")):
        problem = refused(by(*keys), found)
        assert (problem.code, problem.evidence["authority"]) == ("bundle-authority-missing", who)
    optional = read_policy(write_policy(tmp_path, {"vendor": VENDOR, "site": SITE}))
    assert [a.authority for a in accept("b", DATA, by(VENDOR), optional, NOW)] == ["vendor"]
    assert refused(by(SITE), optional).code == "bundle-authority-missing"


def test_a_threshold_counts_different_keys(tmp_path: Path) -> None:
    text = write_policy(tmp_path, {"vendor": VENDOR}).read_text()
    (tmp_path / "second.pub").write_text(SITE.public.pem)
    text += f'      - {{file: second.pub, notAfter: "{day(9)}"}}\n    threshold: 2\n'
    (tmp_path / "two.yaml").write_text(text)
    found = read_policy(tmp_path / "two.yaml")
    assert len(accept("b", DATA, by(VENDOR, SITE), found, NOW)) == 2
    problem = refused([*by(VENDOR), *by(VENDOR)], found)
    assert problem.code == "bundle-authority-missing" and "wants 2 of its keys, 1 signed" in problem.detail


def test_a_revoked_key(tmp_path: Path) -> None:
    found = policy(tmp_path, extra=f"revoked: ['{VENDOR.public.fingerprint}']\n")
    assert refused(by(VENDOR), found).code == "bundle-key-revoked"


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("[]", 0, "no mapping"),
        ("a: b\n  c: d: e", 2, "no YAML"),
        ("apiVersion: x\nauthorities: {}", 1, "known: airgap-wizard/trust/v1"),
        ("apiVersion: airgap-wizard/trust/v1", 1, "lacks authorities"),
        ("V\nauthorities:\n  site:\n    keys: [{file: k.pub, notAfter: 2027-01-01}]", 1, "no authority 'vendor'"),
        ("V\nauthorities:\n  vendor:\n    required: false\n    keys: []", 4, "the vendor's signature always is"),
        ("V\nauthorities:\n  vendor:\n    keys: []", 4, "no keys and no certificates"),
        ("V\nauthorities:\n  vendor:\n    keys: [{file: k.pub}]", 4, "lacks notAfter"),
        ("V\nauthorities:\n  vendor:\n    keys: [{file: none.pub, notAfter: 2027-01-01}]", 4, "cannot be read"),
        ("V\nauthorities:\n  vendor:\n    keys: [{file: bad.pub, notAfter: 2027-01-01}]", 4, "no PEM public key"),
        ("V\nauthorities:\n  vendor:\n    keys: [{file: k.pub, notAfter: soon}]", 4, "write a day"),
        ("V\nauthorities:\n  vendor:\n    keys: [{file: k.pub, notAfter: 2027-01-01T00:00:00}]", 4, "time zone"),
        ("V\nauthorities:\n  vendor:\n    keys:\n    - file: k.pub\n      notAfter: 2027-01-01\n      until: 1", 7, "'until' is not known"),
        ("V\nauthorities:\n  vendor:\n    keys: [{file: k.pub, notBefore: 2028-01-01, notAfter: 2027-01-01}]", 4, "notBefore after notAfter"),
        ("V\nauthorities:\n  vendor:\n    threshold: 2\n    keys: [{file: k.pub, notAfter: 2027-01-01}]", 4, "wants 2 signatures and has 1 keys"),
        ("V\nauthorities:\n  vendor:\n    threshold: 0\n    keys: [{file: k.pub, notAfter: 2027-01-01}]", 4, "no positive whole number"),
        ("V\nauthorities:\n  vendor: &a\n    keys: [{file: k.pub, notAfter: 2027-01-01}]\n  site: *a", 5, "alias"),
        ("V\nauthorities:\n  vendor:\n    keys: [{file: k.pub, notAfter: 2027-01-01}]\n  site:\n    keys: [{file: k.pub, notAfter: 2027-01-01}]", 1, "one key: one signature would count for both"),
        ("V\nauthorities:\n  vendor:\n    keys: [{file: k.pub, notAfter: 2027-01-01}]\n  vendor:\n    keys: []", 5, "stands twice"),
        ("V\nauthorities:\n  vendor:\n    keys: [{file: k.pub, notAfter: 2027-01-01}]\nrevoked: [abc]", 6, "no fingerprint"),
        ("V\nauthorities:\n  vendor:\n    certificates: [{file: k.pub}]", 4, "no certificate in it"),
    ],
)  # fmt: skip
def test_a_policy_that_is_none_is_refused_with_its_line(
    text: str, line: int, why: str, tmp_path: Path
) -> None:
    (tmp_path / "k.pub").write_text(VENDOR.public.pem)
    (tmp_path / "bad.pub").write_text("nonsense")
    path = tmp_path / "trust.yaml"
    path.write_text(text.replace("V\n", "apiVersion: airgap-wizard/trust/v1\n"))
    with pytest.raises(Problem) as caught:
        read_policy(path)
    assert caught.value.code == "trust-policy-invalid"
    assert why in caught.value.title
    if "fingerprint" not in why:
        assert caught.value.evidence["line"] == line


# --- certificates


def certified(folder: Path, roots: str, name: str = "certs.yaml") -> Policy:
    (folder / "roots.pem").write_text(roots)
    path = folder / name
    path.write_text(
        "apiVersion: airgap-wizard/trust/v1\nauthorities:\n  vendor:\n    certificates: [{file: roots.pem}]\n"
    )
    return read_policy(path)


def signed_by(holder: Any, *chain: Any) -> list[Signature]:
    return [signatures.sign(holder.signer, DATA, "", [holder.pem, *(c.pem for c in chain)])]


def test_a_chain_leads_to_the_policys_certificate(tmp_path: Path) -> None:
    """S2.18, S2.20: certificates bring their own dates; the earliest end counts."""
    root = issue("root", ca=True, ends=400)
    middle = issue("middle", root, ca=True, ends=50, path=0)
    leaf = issue("signer", middle, usage=key_usage(), purposes=[x509.oid.ExtendedKeyUsageOID.CODE_SIGNING])
    found = certified(tmp_path, root.pem)
    (accepted,) = accept("b", DATA, signed_by(leaf, middle), found, NOW)
    assert accepted.subject == "CN=signer"
    assert accepted.until == pytest.approx(middle.certificate.not_valid_after_utc.timestamp())
    assert refused(signed_by(leaf, middle), found, NOW + 60 * DAY).code == "bundle-key-expired"
    assert refused(signed_by(leaf, middle), found, NOW - 20 * DAY).code == "bundle-key-not-yet-valid"


def test_the_signers_own_certificate_can_be_pinned(tmp_path: Path) -> None:
    leaf = issue("pinned")
    found = certified(tmp_path, leaf.pem)
    assert accept("b", DATA, signed_by(leaf), found, NOW)[0].fingerprint == leaf.signer.public.fingerprint


def test_chains_that_do_not_hold(tmp_path: Path) -> None:
    root, false_root = issue("root", ca=True), issue("root", ca=True)
    no_ca = issue("no ca", root)
    narrow = issue("narrow", root, ca=True, path=0)
    below = issue("below", narrow, ca=True)
    no_sign = issue("no sign", root, ca=True, usage=key_usage(cert_sign=False))
    chains = [
        signed_by(issue("self")),
        signed_by(issue("forged", false_root), false_root),
        signed_by(issue("by no ca", no_ca), no_ca),
        signed_by(issue("too deep", below), below, narrow),
        signed_by(issue("by no signer", no_sign), no_sign),
        signed_by(issue("for no signing", root, usage=key_usage(digital=False))),
        signed_by(issue("for servers", root, purposes=[x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])),
        signed_by(issue("strange", root, strange=True)),
        [signatures.sign(STRANGER, DATA, "", ["no pem"])],
        [signatures.sign(STRANGER, DATA, "", ["-----BEGIN CERTIFICATE-----" + "A" * 20_000])],
    ]
    found = certified(tmp_path, root.pem)
    for chain in chains:
        assert refused(chain, found).code == "bundle-signer-unknown", chain


def test_a_certificate_of_somebody_else_helps_nobody(tmp_path: Path) -> None:
    """The stranger shows the vendor's certificate beside a signature of its own."""
    root = issue("root", ca=True)
    leaf = issue("signer", root)
    stolen = [signatures.sign(STRANGER, DATA, "vendor", [leaf.pem])]
    assert refused(stolen, certified(tmp_path, root.pem)).code == "bundle-signature-wrong"


def test_what_was_accepted_is_on_record(tmp_path: Path) -> None:
    """S2.19: auditable later; another policy or another document is not on it."""
    assert not audit.recorded("sha256:a", "sha256:p")
    audit.record(
        "bundle x", "sha256:a", "sha256:p", [Accepted("vendor", "SHA256:f", "ed25519", "", NOW)], NOW
    )
    assert audit.recorded("sha256:a", "sha256:p")
    assert not audit.recorded("sha256:a", "sha256:q") and not audit.recorded("sha256:b", "sha256:p")
    assert "SHA256:f" in audit.audit_file().read_text()


def test_nothing_is_fetched_to_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S2.17: keys and certificates are files of the policy; no name is looked up, no connection is made, no URL is one."""

    def refuse(*words: object, **more: object) -> None:
        raise AssertionError(f"the network was asked for {words}")

    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    made = make_bundle(tmp_path / "made")
    with open_bundle(made.path, made.policy) as bundle:
        assert verify_all(bundle) == made.bom.payload
    file = tmp_path / "made" / "trust.yaml"
    file.write_text(file.read_text().replace("vendor.pub", "https://keys.example/vendor.pub"))
    with pytest.raises(Problem) as caught:
        read_policy(file)
    assert caught.value.exit_code == 2 and "keys.example" in f"{caught.value.title} {caught.value.detail}"
