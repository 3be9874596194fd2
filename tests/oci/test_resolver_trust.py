"""Fallbacks under the trust policy of bundles: authorities, dates, thresholds, revocation (S2.17–S2.20, S2.26)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.bundle.certs import issue, key_usage
from tests.bundle.making import day, write_policy
from tests.oci.conftest import OCI_MANIFEST, QUICK, place_image
from tests.oci.fake_registry import FakeRegistry
from tests.oci.test_resolver import GATEWAY
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.trust.audit import audit_file
from wizard.bundle.trust.images import SignedImages
from wizard.bundle.trust.policy import read_policy
from wizard.cli.main import dispatch
from wizard.engine.problems import Problem
from wizard.oci.resolver import Resolver, Served
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport

VENDOR, SITE, STRANGER = PrivateKey.make(), PrivateKey.make("ed25519"), PrivateKey.make()
LOCAL = "inside.test/opencost-ai/{name}"


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture
def transport(registry: FakeRegistry) -> Iterator[Transport]:
    sites = {h: Site(h, f"http://{registry.host}", anonymous=True) for h in ("inside.test", "other.test")}
    with Transport(Sites(sites), retries=QUICK, environ={}) as made:
        yield made


def signed_by(registry: FakeRegistry, digest: str, *keys: PrivateKey, **annotations: str) -> None:
    """As `cosign sign` leaves it: one layer a signature."""
    repository, layers = "opencost/gateway", []
    for number, key in enumerate(keys):
        payload = json.dumps(
            {"critical": {"image": {"docker-manifest-digest": digest}}, "optional": {"n": number}}
        )
        layer = registry.put_blob(repository, payload.encode())
        layer["mediaType"] = "application/vnd.dev.cosign.simplesigning.v1+json"
        layer["annotations"] = {
            "dev.cosignproject.cosign/signature": key.sign(payload.encode()),
            **annotations,
        }
        layers.append(layer)
    config = registry.put_blob(repository, b"{}")
    body = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers}
    registry.put_image(repository, digest.replace(":", "-") + ".sig", json.dumps(body).encode(), OCI_MANIFEST)


def resolved(transport: Transport, policy: Path, **options: Any) -> Served:
    accept = SignedImages(read_policy(policy), **options)
    return Resolver(transport, LOCAL, ["other.test"], accept=accept).resolve(GATEWAY)


def refused(transport: Transport, policy: Path, **options: Any) -> str:
    with pytest.raises(Problem) as caught:
        resolved(transport, policy, **options)
    assert caught.value.code == "fallback-unsigned"
    return caught.value.detail


def test_what_the_vendor_signed_is_served_and_on_record(
    registry: FakeRegistry, transport: Transport, tmp_path: Path
) -> None:
    """S2.26, S2.19: the accepted fingerprint is auditable later, once."""
    digest = place_image(registry, "opencost/gateway", "1.0")
    signed_by(registry, digest, STRANGER, VENDOR)
    policy = write_policy(tmp_path, {"vendor": VENDOR})
    for _ in range(2):
        served = resolved(transport, policy)
        assert (served.layer, served.digest) == ("fallback-1", digest)
        assert served.signer == f"vendor {VENDOR.public.fingerprint}"
    (line,) = map(json.loads, audit_file().read_text().splitlines())
    assert line["digest"] == digest and line["accepted"][0]["fingerprint"] == VENDOR.public.fingerprint


def test_a_stranger_or_nobody(registry: FakeRegistry, transport: Transport, tmp_path: Path) -> None:
    """S2.26."""
    digest = place_image(registry, "opencost/gateway", "1.0")
    policy = write_policy(tmp_path, {"vendor": VENDOR})
    assert f"no accepted key has signed {digest}" in refused(transport, policy)
    signed_by(registry, digest, STRANGER)
    assert f"no accepted key has signed {digest}" in refused(transport, policy)
    signed_by(registry, "sha256:" + "0" * 64, VENDOR)
    assert f"no accepted key has signed {digest}" in refused(transport, policy)
    assert not audit_file().exists()


@pytest.mark.parametrize(
    ("dates", "says"),
    [
        ({"ends": day(-1)}, "past its time"),
        ({"begins": day(2)}, "not valid yet"),
        ({"extra": f"revoked: ['{VENDOR.public.fingerprint}']\n"}, "is revoked"),
    ],
)
def test_a_key_that_no_longer_counts(
    dates: dict[str, str], says: str, registry: FakeRegistry, transport: Transport, tmp_path: Path
) -> None:
    """S2.20: the reason is told."""
    signed_by(registry, place_image(registry, "opencost/gateway", "1.0"), VENDOR)
    assert says in refused(transport, write_policy(tmp_path, {"vendor": VENDOR}, **dates))


def test_every_required_authority_must_have_signed(
    registry: FakeRegistry, transport: Transport, tmp_path: Path
) -> None:
    """S2.18: the vendor alone is not enough, and neither is the site alone."""
    digest = place_image(registry, "opencost/gateway", "1.0")
    policy = write_policy(tmp_path, {"vendor": VENDOR, "site": SITE}, site="required: true")
    for alone, lacking in ((VENDOR, "site"), (SITE, "vendor")):
        signed_by(registry, digest, alone)
        assert f"lacks the signature of the authority {lacking}" in refused(transport, policy)
    signed_by(registry, digest, SITE, VENDOR)
    assert resolved(transport, policy).signer == (
        f"site {SITE.public.fingerprint}, vendor {VENDOR.public.fingerprint}"
    )


def test_a_certificate_that_comes_with_the_signature(
    registry: FakeRegistry, transport: Transport, tmp_path: Path
) -> None:
    """S2.18: cosign leaves the signer's certificate and its chain beside the signature."""
    root = issue("root", ca=True, ends=400)
    middle = issue("middle", root, ca=True, ends=50, path=0)
    leaf = issue("signer", middle, usage=key_usage(), purposes=[x509.oid.ExtendedKeyUsageOID.CODE_SIGNING])
    (tmp_path / "roots.pem").write_text(root.pem)
    policy = tmp_path / "trust.yaml"
    head = "apiVersion: airgap-wizard/trust/v1\nauthorities:\n  vendor:\n"
    policy.write_text(head + "    certificates: [{file: roots.pem}]\n")
    digest = place_image(registry, "opencost/gateway", "1.0")
    signed_by(registry, digest, leaf.signer)
    assert "no accepted key" in refused(transport, policy)
    chain = {"dev.sigstore.cosign/certificate": leaf.pem, "dev.sigstore.cosign/chain": middle.pem + root.pem}
    signed_by(registry, digest, leaf.signer, **chain)
    assert resolved(transport, policy).signer == f"vendor {leaf.signer.public.fingerprint}"
    signed_by(registry, digest, STRANGER, **chain)
    assert "no accepted key" in refused(transport, policy)


def test_a_clock_that_cannot_be_right(registry: FakeRegistry, transport: Transport, tmp_path: Path) -> None:
    """No expiry can be judged by it."""
    signed_by(registry, place_image(registry, "opencost/gateway", "1.0"), VENDOR)
    policy = write_policy(tmp_path, {"vendor": VENDOR})
    assert "clock" in refused(transport, policy, clock=lambda: 86400.0)


def test_the_command(registry: FakeRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """S2.16: `--trust` names a policy that is there; its verdict decides."""
    digest = place_image(registry, "opencost/gateway", "1.0")
    policy = write_policy(tmp_path, {"vendor": VENDOR})
    argv = ["resolve", "--plain-http", "--local", f"{registry.host}/inside/{{name}}"]
    argv += ["--fallback", registry.host, "--trust"]
    assert dispatch([*argv, str(tmp_path / "absent"), str(GATEWAY)]) == 2
    assert "trust-missing" in capsys.readouterr().err
    assert dispatch([*argv, str(policy), str(GATEWAY)]) == 5
    assert "fallback-unsigned" in capsys.readouterr().err
    signed_by(registry, digest, VENDOR)
    assert dispatch([*argv, str(policy), str(GATEWAY)]) == 0
    assert capsys.readouterr().out.endswith(f"@{digest}\n")
    with pytest.raises(SystemExit):
        dispatch([*argv, str(policy), "--key", "k.pub", str(GATEWAY)])
