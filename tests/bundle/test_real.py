"""The bundle in other people's hands: oras, skopeo, crane, regctl and tar read it, cosign signs and verifies it."""

import base64
import json
from pathlib import Path

import pytest

from tests.bundle.loading import Target
from tests.bundle.making import Made, make_bundle
from tests.real.registry import Registry
from tests.real.run import run, said
from wizard.bundle.archive.opening import open_bundle
from wizard.bundle.keys.private import PrivateKey, write_pair
from wizard.cli.main import dispatch
from wizard.engine.secrets import Secret
from wizard.oci.digest import digest_of
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport

pytestmark = pytest.mark.real

#: cosign looks for its public roots whatever it is told; this keeps it on this machine.
NOWHERE = {"HTTPS_PROXY": "http://127.0.0.1:1", "COSIGN_PASSWORD": "correct horse"}


@pytest.fixture
def unpacked(made: Made, tmp_path: Path) -> Path:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    run("tar", "-xf", made.path, "-C", folder)
    return folder


def test_oras_and_skopeo_read_the_file_itself(made: Made, tmp_path: Path) -> None:
    digest = made.images["gateway"].digest
    found = said("oras", "manifest", "fetch", "--oci-layout", f"{made.path}:gateway-1.0", "--descriptor")
    assert json.loads(found)["digest"] == digest
    out = tmp_path / "out"
    run("oras", "copy", "-r", "--from-oci-layout", f"{made.path}:gateway-1.0", "--to-oci-layout", f"{out}:x")
    assert said("regctl", "image", "digest", f"ocidir://{out}:x") == digest
    raw = run("skopeo", "inspect", "--raw", f"oci-archive:{made.path}:bridge-1.0").stdout
    assert digest_of(raw.encode()) == made.images["bridge"].digest


def test_oras_pulls_a_file_under_its_name(made: Made, tmp_path: Path) -> None:
    """S5.15: what is no image is an artefact by digest, and comes out as the file it was."""
    run("oras", "pull", "--oci-layout", f"{made.path}:helm-1", "-o", tmp_path / "pulled")
    assert (tmp_path / "pulled" / "helm").read_bytes() == b"#!/bin/true\n" * 500


def test_crane_and_regctl_read_it_unpacked(
    made: Made, unpacked: Path, referrers_registry: Registry, repository: str
) -> None:
    assert (
        said("regctl", "image", "digest", f"ocidir://{unpacked}:gateway-1.0") == made.images["gateway"].digest
    )
    run("crane", "push", "--insecure", "--index", unpacked, f"{referrers_registry.host}/{repository}:all")
    for image in made.images.values():
        name = f"{referrers_registry.host}/{repository}@{image.digest}"
        assert said("crane", "digest", "--insecure", name) == image.digest


def test_a_load_is_seen_by_others(
    made: Made, plain_registry: Registry, repository: str, tmp_path: Path
) -> None:
    """S1.20, S5.6: real registries hold every digest, as crane and skopeo see them."""
    host = plain_registry.host
    with (
        Transport(Sites({host: Site(host, f"http://{host}", anonymous=True)}), environ={}) as transport,
        open_bundle(made.path, made.policy) as bundle,
    ):
        target = Target(host, tmp_path, transport)
        pushed = target.pusher(bundle).push()
        again = target.pusher(bundle).push()
    assert again.sent == 0 and len(pushed.items) == 5
    for one in pushed.items:
        assert said("crane", "digest", "--insecure", one.target) == one.item.digest
    raw = run(
        "skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{host}/opencost-ai/gateway:1.0"
    ).stdout
    assert digest_of(raw.encode()) == made.images["gateway"].digest


def test_helm_pulls_the_chart_from_where_it_was_loaded(tmp_path: Path, referrers_registry: Registry) -> None:
    """The artefact is what `helm push` makes."""
    from wizard.bundle import signatures
    from wizard.bundle.archive.writer import write_bundle
    from wizard.bundle.artefacts import chart_artefact
    from wizard.bundle.collect import Collector
    from wizard.cluster.chart.pack import pack

    meta = {"apiVersion": "v2", "name": "tiny", "version": "1.2.3+airgap.1"}
    tgz = pack({"Chart.yaml": json.dumps(meta).encode(), "values.yaml": b"{}\n"}, "tiny")
    collector = Collector()
    collector.made("chart", chart_artefact(tgz, meta), "tiny", "site/charts/tiny:1.2.3_airgap.1")
    key = PrivateKey.make()
    policy = make_bundle(tmp_path / "p", key).policy
    bom = collector.bom("tiny", "1")
    path = tmp_path / "tiny.airgap"
    write_bundle(path, bom, collector.openers, (signatures.sign(key, bom.body),))
    host = referrers_registry.host
    with (
        Transport(Sites({host: Site(host, f"http://{host}", anonymous=True)}), environ={}) as transport,
        open_bundle(path, policy) as bundle,
    ):
        Target(host, tmp_path, transport).pusher(bundle).push()
    run("helm3", "pull", f"oci://{host}/site/charts/tiny", "--version", "1.2.3+airgap.1", "--plain-http", "-d", tmp_path,
        env={"HELM_CACHE_HOME": str(tmp_path / "cache"), "HELM_CONFIG_HOME": str(tmp_path / "config")})  # fmt: skip
    assert (tmp_path / "tiny-1.2.3+airgap.1.tgz").read_bytes() == tgz


# --- cosign


@pytest.fixture
def extracted(made: Made, tmp_path: Path) -> Path:
    """The exact bytes that are signed, as `bundle show --output bom` gives them."""
    path = tmp_path / "bom.json"
    path.write_bytes(made.bom.body)
    return path


def test_cosign_accepts_our_signature(made: Made, extracted: Path, tmp_path: Path) -> None:
    """S2.13: `cosign verify-blob` over the bill of materials, with the key that `keys generate` would write."""
    write_pair(made.key, tmp_path / "vendor", Secret("correct horse"))
    (tmp_path / "bom.sig").write_text(made.key.sign(made.bom.body))
    words = ["verify-blob", "--key", tmp_path / "vendor.pub", "--signature", tmp_path / "bom.sig"]
    offline = ["--private-infrastructure=true", "--offline"]
    assert "Verified OK" in run("cosign", *words, *offline, extracted, env=NOWHERE).stderr
    extracted.write_bytes(made.bom.body.replace(b"gateway", b"getaway", 1))
    assert run("cosign", *words, *offline, extracted, env=NOWHERE, check=False).returncode != 0


def test_we_accept_cosigns_signature_and_keys(made: Made, extracted: Path, tmp_path: Path) -> None:
    """cosign makes the key and the signature; the bundle is then accepted by that key alone."""
    run("cosign", "generate-key-pair", "--output-key-prefix", tmp_path / "theirs", env=NOWHERE)
    run("cosign", "sign-blob", "--key", tmp_path / "theirs.key", "--tlog-upload=false", "--yes",
        "--output-signature", tmp_path / "theirs.sig", extracted, env=NOWHERE)  # fmt: skip
    sign = ["bundle", "sign", str(made.path), "--key", str(tmp_path / "theirs.pub")]
    assert dispatch([*sign, "--signature", str(tmp_path / "theirs.sig")]) == 0
    policy = tmp_path / "theirs.yaml"
    policy.write_text(
        "apiVersion: airgap-wizard/trust/v1\nauthorities:\n  vendor:\n    keys:\n"
        "      - {file: theirs.pub, notAfter: 2099-12-31}\n"
    )
    assert dispatch(["bundle", "verify", str(made.path), "--trust", str(policy)]) == 0


def test_cosign_signs_with_a_key_of_ours(made: Made, extracted: Path, tmp_path: Path) -> None:
    private, public = write_pair(made.key, tmp_path / "ours", Secret("correct horse"))
    run("cosign", "sign-blob", "--key", private, "--tlog-upload=false", "--yes", "--output-signature",
        tmp_path / "sig", extracted, env=NOWHERE)  # fmt: skip
    assert made.key.public.fits((tmp_path / "sig").read_text().strip(), made.bom.body)
    assert said("cosign", "public-key", "--key", private, env=NOWHERE) == public.read_text().strip()


def test_we_open_a_key_of_cosigns(tmp_path: Path) -> None:
    run("cosign", "generate-key-pair", "--output-key-prefix", tmp_path / "theirs", env=NOWHERE)
    key = PrivateKey.read(tmp_path / "theirs.key", Secret(NOWHERE["COSIGN_PASSWORD"]))
    assert key.public.pem == (tmp_path / "theirs.pub").read_text()


@pytest.mark.parametrize("reader", ["openssl", "cosign"])
def test_a_file_beside_the_bundle_is_verified_with_what_is_there(reader: str, tmp_path: Path) -> None:
    """`keys sign`: the program itself, checked on a target that has nothing of ours yet."""
    key = PrivateKey.make()
    private, public = write_pair(key, tmp_path / "k", None)
    file = tmp_path / "airgap-wizard"
    file.write_bytes(b"\x7fELF" * 5000)
    assert dispatch(["keys", "sign", str(file), "--key", str(private)]) == 0
    if reader == "cosign":
        words = [
            "verify-blob",
            "--key",
            public,
            "--signature",
            f"{file}.sig",
            "--private-infrastructure=true",
        ]
        run("cosign", *words, "--offline", file, env=NOWHERE)
        return
    (tmp_path / "s").write_bytes(base64.b64decode((tmp_path / "airgap-wizard.sig").read_bytes()))
    words = ["dgst", "-sha256", "-verify", public, "-signature", tmp_path / "s", file]
    assert said("openssl", *words) == "Verified OK"
    file.write_bytes(file.read_bytes() + b"x")
    assert run("openssl", *words, check=False).returncode == 1
