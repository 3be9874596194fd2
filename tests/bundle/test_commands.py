"""`bundle …` and `registry serve --bundle` as people type them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bundle.loading import registry
from tests.bundle.making import Made, day
from tests.real.registry import Registry
from wizard.bundle.bom_json import from_bytes
from wizard.cli.main import dispatch
from wizard.oci.digest import digest_of

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def key(made: Made, tmp_path: Path) -> Path:
    """The signer's key as a file, and the policy beside it."""
    from wizard.bundle.keys.private import write_pair

    (tmp_path / "trust.yaml").write_text(
        "apiVersion: airgap-wizard/trust/v1\nauthorities:\n  vendor:\n    keys:\n"
        f'      - {{file: vendor.pub, notAfter: "{day(30)}"}}\n'
    )
    return write_pair(made.key, tmp_path / "vendor", None)[0]


def call(capsys: Capture, *argv: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = dispatch([str(word) for word in argv])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_verify(made: Made, key: Path, capsys: Capture, state: Path) -> None:
    """S2.16, S2.19, S2.21: no policy, no start; what was accepted is told and on record."""
    trust = key.with_name("trust.yaml")
    code, out, err = call(capsys, "bundle", "verify", made.path)
    assert (code, out) == (2, "") and "trust-missing" in err
    code, out, err = call(capsys, "bundle", "verify", made.path, "--trust", trust, "--output", "json")
    assert code == 0
    row = json.loads(out)
    assert row["bytesVerified"] == made.bom.payload and row["digest"] == made.bom.digest
    assert f"accepted signature: vendor {made.key.public.fingerprint}" in err
    line = json.loads((state / "accepted.jsonl").read_text())
    assert (
        line["accepted"][0]["fingerprint"] == made.key.public.fingerprint
        and line["digest"] == made.bom.digest
    )
    code, out, _ = call(capsys, "bundle", "verify", made.path, "--trust", trust, "--quick")
    assert code == 0 and "signatures and structure verified" in out


def test_sign_and_show(made: Made, key: Path, tmp_path: Path, capsys: Capture) -> None:
    """S2.18, S5.3, S5.31: another authority signs as well; the set can be listed."""
    assert (
        dispatch(
            ["keys", "generate", "--output", str(tmp_path / "site"), "--type", "ed25519", "--no-password"]
        )
        == 0
    )
    before = made.path.read_bytes()
    code, out, _ = call(capsys, "bundle", "sign", made.path, "--key", tmp_path / "site.key", "--dry-run")
    assert code == 0 and out.strip() == made.bom.digest and made.path.read_bytes() == before
    code, _, err = call(
        capsys, "bundle", "sign", made.path, "--key", tmp_path / "site.key", "--authority", "site"
    )
    assert code == 0 and "signed opencost-ai 0.1.0" in err
    code, out, err = call(capsys, "bundle", "show", made.path, "--trust", key.with_name("trust.yaml"))
    assert code == 0 and "NOT VERIFIED" not in err
    for word in (
        "opencost-ai 0.1.0",
        made.bom.digest,
        "ghcr.io/opencost/gateway:1.0",
        "granite4.1:8b",
        "Apache-2.0",
        "site",
    ):
        assert word in out
    code, out, err = call(capsys, "bundle", "show", made.path, "--unverified", "--output", "json")
    assert "NOT VERIFIED" in err
    assert len(json.loads(out)["signatures"]) == 2 and json.loads(out)["accepted"] == []
    code, _, err = call(capsys, "bundle", "show", made.path)
    assert code == 2 and "trust-missing" in err


def test_what_cosign_needs_comes_out_exactly(
    made: Made, key: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    trust = str(key.with_name("trust.yaml"))
    assert dispatch(["bundle", "show", str(made.path), "--trust", trust, "--output", "bom"]) == 0
    body = capfdbinary.readouterr().out
    assert body == made.bom.body and from_bytes(body).digest == digest_of(body)
    words = ["bundle", "show", str(made.path), "--trust", trust, "--format", "signature", "--authority"]
    assert dispatch([*words, "vendor"]) == 0
    signature = capfdbinary.readouterr().out.decode().strip()
    assert made.key.public.fits(signature, body)
    assert dispatch([*words, "nobody"]) == 3


def test_a_signature_made_elsewhere_is_added_if_it_fits(
    made: Made, key: Path, tmp_path: Path, capsys: Capture
) -> None:
    from wizard.bundle.keys.private import PrivateKey

    other = PrivateKey.make()
    (tmp_path / "other.pub").write_text(other.public.pem)
    (tmp_path / "sig").write_text(other.sign(made.bom.body) + "\n")
    words = ("bundle", "sign", made.path, "--key", tmp_path / "other.pub", "--signature", tmp_path / "sig")
    assert call(capsys, *words)[0] == 0
    (tmp_path / "sig").write_text(other.sign(b"something else"))
    code, _, err = call(capsys, *words)
    assert code == 3 and "bundle-signature-wrong" in err
    code, _, err = call(
        capsys, "bundle", "sign", made.path, "--key", key, "--certificate", tmp_path / "other.pub"
    )
    assert code == 2 and "there is no certificate in it" in err


def test_split_join_diff(made: Made, key: Path, tmp_path: Path, capsys: Capture) -> None:
    trust, stick = key.with_name("trust.yaml"), tmp_path / "stick"
    words = ("bundle", "split", made.path, "--size", "100kB", "--to", stick, "--key", key)
    code, out, _ = call(capsys, *words, "--dry-run")
    assert code == 0 and "a head and 3 volumes" in out and not stick.exists()
    code, out, err = call(capsys, *words)
    assert code == 0 and len(out.splitlines()) == 4 and "onto every medium" in err
    code, out, _ = call(capsys, "bundle", "join", stick, "--output", tmp_path / "j.airgap", "--trust", trust)
    assert code == 0 and (tmp_path / "j.airgap").read_bytes() == made.path.read_bytes()
    code, out, _ = call(capsys, "bundle", "diff", made.path, stick, "--trust", trust, "--output", "json")
    assert code == 0 and json.loads(out)["changes"] == []
    code, _, err = call(capsys, "bundle", "show", stick / "demo.volumes", "--unverified")
    assert code == 2 and "once its index is accepted" in err
    (stick / "demo.v002").unlink()
    code, _, err = call(capsys, "bundle", "verify", stick, "--trust", trust)
    assert code == 5 and "volume 2 of 3, demo.v002, is not here" in err


def test_push_and_receipts(made: Made, key: Path, tmp_path: Path, capsys: Capture, state: Path) -> None:
    """S5.6, S5.25: loaded, read back, and a receipt in the state folder."""
    trust = key.with_name("trust.yaml")
    with registry(tmp_path / "registry") as target:
        words = target.push(made.path, trust, "--key", key)
        code, out, _ = call(capsys, *words, "--dry-run", "--output", "json")
        assert code == 0 and json.loads(out)["bytesToSend"] > 0 and target.files() == set()
        code, out, err = call(capsys, *words, "--output", "json")
        assert code == 0, err
        row = json.loads(out)
        assert len(row["items"]) == 5 and Path(row["receipt"]).is_relative_to(state / "receipts")
        code, out, _ = call(capsys, *words)
        assert f"{target.host}/opencost-ai/gateway@{made.images['gateway'].digest}" in out.splitlines()
    code, _, err = call(capsys, *words)
    assert code == 5 and "registry-refused" in err


def test_custody(made: Made, key: Path, capsys: Capture) -> None:
    """S3.10."""
    words = ("bundle", "receipt", made.path, "--trust", key.with_name("trust.yaml"))
    code, out, _ = call(capsys, *words)
    assert code == 0 and "0 links" in out
    assert call(capsys, *words, "--key", key, "--action", "handed-over", "--note", "to B. Bearer")[0] == 0
    code, out, _ = call(capsys, *words, "--output", "json")
    assert [link["action"] for link in json.loads(out)["links"]] == ["handed-over"]
    file = made.path.with_name("demo.airgap.custody")
    file.write_bytes(file.read_bytes() * 2)
    code, _, err = call(capsys, *words)
    assert code == 3 and "custody-broken" in err


def test_a_bundle_is_served_where_it_lies(made: Made, key: Path, tmp_path: Path) -> None:
    """S2.6, S5.5: a throwaway registry out of the file; refused without a policy; read-only; a damaged blob is cut off."""
    trust = key.with_name("trust.yaml")
    argv = [
        sys.executable,
        "-m",
        "wizard",
        "registry",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--bundle",
        str(made.path),
    ]
    refused = subprocess.run(argv, capture_output=True, text=True)
    assert refused.returncode == 2 and "trust-missing" in refused.stderr
    layer = next(p for p in made.shape.places if p.entry.purpose == "layer")
    served = _serve([*argv, "--trust", str(trust)])
    try:
        host = served[1]
        client = Registry("ours", host, tmp_path, tmp_path)
        assert client.tags("opencost-ai/gateway") == ["1.0"]
        for name in (
            "opencost-ai/gateway",
            "opencost/gateway",
        ):  # as the answers name it, and as a node's mirror asks
            got = client.request("GET", f"/v2/{name}/manifests/1.0")
            assert (got.status, digest_of(got.body)) == (200, made.images["gateway"].digest)
        blob = client.request("GET", f"/v2/opencost-ai/gateway/blobs/{layer.entry.digest}")
        assert digest_of(blob.body) == layer.entry.digest
        part = client.request(
            "GET", f"/v2/opencost-ai/gateway/blobs/{layer.entry.digest}", headers={"Range": "bytes=5-9"}
        )
        assert (part.status, part.body) == (206, blob.body[5:10])
        assert client.request("GET", f"/v2/ollama-model/x/blobs/{layer.entry.digest}").status == 404
        assert client.request("POST", "/v2/opencost-ai/gateway/blobs/uploads/", body=b"").status == 405
        weights = next(p for p in made.shape.places if p.entry.purpose == "weights")
        with made.path.open("r+b") as file:
            file.seek(weights.start)
            file.write(b"x")
        model = made.bom.find("granite4.1:8b")
        assert model is not None
        for _ in range(2):
            answer = client.request("GET", f"/v2/{model.repository}/blobs/{weights.entry.digest}")
            assert answer.status == 500 and b"not what the signed bill of materials says" in answer.body
    finally:
        served[0].terminate()
        served[0].wait(10)
        assert served[0].stdout is not None
        served[0].stdout.close()
    assert not (tmp_path / "registry.json").exists()


def _serve(argv: list[str]) -> tuple["subprocess.Popen[str]", str]:
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("registry-serving "), line
    return process, line.split("url=http://")[1].split()[0]


def test_everything_has_its_help(capsys: Capture) -> None:
    for words in (["bundle"], *(["bundle", w] for w in ("create", "sign", "verify", "show", "diff", "split", "join",
                                                       "push", "serve", "receipt")), ["keys"], ["keys", "generate"]):  # fmt: skip
        with pytest.raises(SystemExit) as ended:
            dispatch([*words, "--help"])
        assert ended.value.code == 0
        assert "usage: airgap-wizard" in capsys.readouterr().out


def test_create_as_it_is_typed(tmp_path: Path, key: Path) -> None:
    """`bundle create`: a run of its own process, on the rehearsed connected side; the file verifies."""
    from tests.cli.conftest import Program

    program = Program(tmp_path / "state")
    words = (
        "bundle",
        "create",
        "--rehearse",
        "healthy",
        "--set",
        f"media.key={key}",
        "--set",
        "images.platforms=linux/amd64",
    )
    dry = program(*words, "--output", tmp_path / "dry.airgap", "--dry-run")
    assert dry.returncode == 0 and "write" in dry.stdout and not (tmp_path / "dry.airgap").exists()
    made = program(*words, "--output", tmp_path / "made.airgap")
    assert made.returncode == 0, made.stdout + made.stderr
    verified = program(
        "bundle", "verify", tmp_path / "made.airgap", "--trust", key.with_name("trust.yaml"), "--quick"
    )
    assert verified.returncode == 0 and "opencost-ai 0.1.0+airgap.3" in verified.stdout
    shown = program("bundle", "show", tmp_path / "made.airgap", "--trust", key.with_name("trust.yaml"))
    assert "[linux/amd64]" in shown.stdout
