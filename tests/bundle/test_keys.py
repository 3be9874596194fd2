"""Keys: made, kept, read, shown; and signatures that fit or do not."""

import json
import stat
from pathlib import Path

import pytest

from wizard.bundle.keys import cosign_format
from wizard.bundle.keys.private import ALGORITHMS, PrivateKey, write_pair
from wizard.bundle.keys.public import NotAKey, PublicKey
from wizard.cli.main import dispatch
from wizard.engine.problems import Problem
from wizard.engine.secrets import Secret

DATA = b"bill of materials"


@pytest.mark.parametrize("kind", list(ALGORITHMS))
def test_a_pair_is_written_encrypted_and_read_again(kind: str, tmp_path: Path) -> None:
    """S2.17: the key is on disk for its owner alone, in cosign's form, and never overwritten."""
    key = PrivateKey.make(kind)
    private, public = write_pair(key, tmp_path / "site", Secret("correct horse"))
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert private.read_bytes().startswith(b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    again = PrivateKey.read(private, Secret("correct horse"))
    assert again.public == PublicKey.read(public) == key.public
    assert PublicKey.read(public).fits(again.sign(DATA), DATA)
    with pytest.raises(Problem) as caught:
        write_pair(key, tmp_path / "site", None)
    assert (caught.value.code, caught.value.exit_code) == ("key-exists", 2)


def test_a_wrong_password_is_told_as_one(tmp_path: Path) -> None:
    private, _ = write_pair(PrivateKey.make(), tmp_path / "k", Secret("correct horse"))
    for wrong in (None, Secret("battery staple")):
        with pytest.raises(Problem) as caught:
            PrivateKey.read(private, wrong)
        assert caught.value.code == "key-password-wrong"
        assert "correct horse" not in str(caught.value)


def test_keys_of_openssl_are_read_too(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as s

    key = PrivateKey.make()
    raw = key._key
    plain = tmp_path / "plain.pem"
    plain.write_bytes(raw.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
    assert PrivateKey.read(plain).public == key.public
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        raw.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b"pw-pw"))
    )
    assert PrivateKey.read(locked, Secret("pw-pw")).public == key.public
    for password in (None, Secret("other")):
        with pytest.raises(Problem) as caught:
            PrivateKey.read(locked, password)
        assert caught.value.code == "key-password-wrong"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nothing",
        b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
        b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nW10=\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
        b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\ne30=\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ],
)
def test_what_is_no_key_is_refused(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(text)
    with pytest.raises(Problem) as caught:
        PrivateKey.read(path, Secret("x-x-x"))
    assert (caught.value.code, caught.value.exit_code) == ("key-unusable", 2)
    with pytest.raises(Problem):
        PublicKey.read(path)


def test_parameters_that_would_eat_the_memory_are_refused(tmp_path: Path) -> None:
    """A hostile key file must not make scrypt take all memory."""
    import base64

    pem = cosign_format.encrypt(b"x", b"pw")
    body = json.loads(base64.b64decode(b"".join(pem.split(b"-----")[2].split())))
    body["kdf"]["params"]["N"] = 1 << 30
    text = base64.b64encode(json.dumps(body).encode()).decode()
    label = cosign_format.LABELS[0]
    with pytest.raises(cosign_format.Unreadable, match="scrypt parameters"):
        cosign_format.decrypt(f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n".encode(), b"pw")


def test_other_curves_are_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    with pytest.raises(NotAKey, match="secp384r1"):
        PublicKey.of(ec.generate_private_key(ec.SECP384R1()).public_key())
    with pytest.raises(NotAKey, match="RSA"):
        PublicKey.of(rsa.generate_private_key(65537, 2048).public_key())


@pytest.mark.parametrize("kind", list(ALGORITHMS))
def test_signatures_fit_their_bytes_alone(kind: str) -> None:
    key, other = PrivateKey.make(kind), PrivateKey.make(kind)
    made = key.sign(DATA)
    assert key.public.fits(made, DATA)
    assert key.sign(DATA) == made, "the same bytes give the same signature"
    assert not key.public.fits(made, DATA + b" ")
    assert not other.public.fits(made, DATA)
    for bad in ("", "!", made[:-4], "A" * 100, made + "\n", made * 50):
        assert not key.public.fits(bad, DATA)


def test_the_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`keys generate|show`: the password comes by reference, and is told nowhere."""
    monkeypatch.setenv("KEY_PASSWORD", "tr0ub4dor-3")
    prefix = str(tmp_path / "site")
    assert (
        dispatch(["keys", "generate", "--output", prefix, "--password", "env:KEY_PASSWORD", "--dry-run"]) == 0
    )
    assert not Path(prefix + ".key").exists()
    assert dispatch(["keys", "generate", "--output", prefix, "--password", "env:KEY_PASSWORD"]) == 0
    said = capsys.readouterr()
    assert "tr0ub4dor-3" not in said.out + said.err + Path(prefix + ".key").read_text()
    assert dispatch(["keys", "show", prefix + ".pub", "--output", "json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["fingerprint"] in said.err
    assert dispatch(["keys", "show", prefix + ".key", "--password", "env:KEY_PASSWORD"]) == 0
    assert row["fingerprint"] in capsys.readouterr().out


def test_a_literal_password_is_refused_and_not_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for argv in (["--password", "hunter2-hunter2"], []):
        assert dispatch(["keys", "generate", "--output", str(tmp_path / "k"), *argv]) == 2
        said = capsys.readouterr().err
        assert "secret-not-found" in said and "hunter2" not in said
    assert list(tmp_path.iterdir()) == []
    assert dispatch(["keys", "generate", "--output", str(tmp_path / "k"), "--no-password"]) == 0
    assert "not encrypted" in capsys.readouterr().err
