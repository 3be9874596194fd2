"""The tests' own images: deterministic, and whole in the eyes of real clients."""

import base64
import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from tests.real.images import DOCKER_TYPES, OCI_TYPES, Types, make_image, push_image
from tests.real.programs import program_image
from tests.real.registries import olareg
from tests.real.registry import Registry
from tests.real.run import run, said

pytestmark = pytest.mark.real


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (make_image(tmp_path / name, seed="s") for name in ("a", "b"))
    assert first.digest == second.digest
    assert first.digest != make_image(tmp_path / "c", seed="t").digest


def test_every_blob_is_named_by_its_digest(tmp_path: Path) -> None:
    image = make_image(
        tmp_path, platforms=("linux/amd64", "linux/arm/v7"), layers=(3_000_000, 512, 7), shared=1
    )
    on_disk = {path.name: path.read_bytes() for path in (tmp_path / "blobs" / "sha256").iterdir()}
    assert all(hashlib.sha256(body).hexdigest() == name for name, body in on_disk.items())
    assert sum(map(len, on_disk.values())) == image.size
    # two configs, one shared layer, two layers for each platform
    assert len(image.blobs) == 2 + 1 + 2 * 2
    assert json.loads(image.path(image.digest).read_bytes())["manifests"][1]["platform"]["variant"] == "v7"


@pytest.mark.parametrize("types", [OCI_TYPES, DOCKER_TYPES], ids=["oci", "docker"])
def test_a_pushed_image_has_the_same_digest_everywhere(
    types: Types, plain_registry: Registry, repository: str, tmp_path: Path
) -> None:
    image = make_image(tmp_path, types=types, seed=repository)
    assert push_image(image, plain_registry, repository, "1.0", "latest") == image.digest
    reference = plain_registry.reference(repository, "1.0")
    assert plain_registry.manifest(repository, "latest").headers["docker-content-digest"] == image.digest
    assert said("crane", "digest", "--insecure", reference) == image.digest
    raw = run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{reference}").stdout
    assert f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}" == image.digest
    assert said("oras", "resolve", "--plain-http", reference) == image.digest
    run("crane", "validate", "--insecure", "--remote", reference)
    assert plain_registry.tags(repository) == ["1.0", "latest"]


def test_real_clients_read_the_layout(tmp_path: Path) -> None:
    image = make_image(tmp_path, compressed=False)
    assert said("regctl", "image", "digest", f"ocidir://{tmp_path}:1.0") == image.digest
    raw = run("skopeo", "inspect", "--raw", f"oci:{tmp_path}:1.0").stdout
    assert f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}" == image.digest


def test_push_goes_through_tls_and_password(
    secure_registry: Registry, repository: str, tmp_path: Path
) -> None:
    image = make_image(tmp_path / "image", platforms=("linux/amd64",), layers=(100,))
    push_image(image, secure_registry, repository, "1")
    config = tmp_path / "config.json"
    login = ["registry", "login", secure_registry.host, "-u", secure_registry.user, "--password-stdin"]
    run(
        "skopeo",
        "login",
        f"--cert-dir={_cert_dir(secure_registry, tmp_path)}",
        "--authfile",
        config,
        *login[2:],
        stdin=secure_registry.password,
    )
    reference = secure_registry.reference(repository, "1")
    trust = {"SSL_CERT_FILE": str(secure_registry.ca_file), "DOCKER_CONFIG": str(tmp_path)}
    assert said("crane", "digest", reference, env=trust) == image.digest


def _cert_dir(registry: Registry, folder: Path) -> Path:
    certs = folder / "certs"
    certs.mkdir()
    assert registry.ca_file
    (certs / "ca.crt").write_bytes(registry.ca_file.read_bytes())
    return certs


def test_an_image_of_programs_is_deterministic_and_whole(
    plain_olareg: Registry, repository: str, tmp_path: Path
) -> None:
    files = {"/usr/bin/hello": b"#!/bin/sh\necho hello\n", "/etc/passwd": b"root:x:0:0::/:/bin/sh\n"}
    made = [
        program_image(tmp_path / name, files, ["/usr/bin/hello"], links={"/bin": "usr/bin"}) for name in "ab"
    ]
    assert made[0].digest == made[1].digest
    push_image(made[0], plain_olareg, repository, "1.0")
    reference = plain_olareg.reference(repository, "1.0")
    run("crane", "validate", "--insecure", "--remote", reference)
    run("crane", "export", "--insecure", reference, tmp_path / "root.tar")
    with tarfile.open(tmp_path / "root.tar") as root:
        names = {member.name: (member.isdir(), member.uid, member.mtime) for member in root}
    assert names["usr/bin/hello"] == (False, 0, 0)
    assert names["tmp"][0]


def test_olareg_lists_referrers(plain_olareg: Registry, repository: str, tmp_path: Path) -> None:
    image = make_image(tmp_path / "image", layers=(64,))
    push_image(image, plain_olareg, repository, "1")
    (tmp_path / "note.txt").write_text("signed by nobody")
    kind = "application/vnd.example.note"
    subject = plain_olareg.reference(repository, image.digest)
    run(
        "oras",
        "attach",
        "--plain-http",
        "--artifact-type",
        kind,
        subject,
        "note.txt:text/plain",
        cwd=tmp_path,
    )
    referrers = plain_olareg.request("GET", f"/v2/{repository}/referrers/{image.digest}").json()["manifests"]
    assert [entry["artifactType"] for entry in referrers] == [kind]


def test_a_registry_with_bearer_tokens(tmp_path: Path) -> None:
    """olareg speaks the token protocol of the big registries: 401 with a realm, a token for a scope."""
    image = make_image(tmp_path / "image", layers=(64,))
    home = tmp_path / "server"
    home.mkdir()
    with olareg(home, users={"ci": "s3cret"}, tokens=True) as registry:
        refused = registry.anonymous().request("GET", "/v2/")
        assert refused.status == 401
        assert refused.headers["www-authenticate"].startswith("Bearer realm=")
        config = tmp_path / "config.json"
        pair = base64.b64encode(b"ci:s3cret").decode()
        config.write_text(json.dumps({"auths": {registry.host: {"auth": pair}}}))
        reference = registry.reference("team/app", "1.0")
        source = f"{image.folder}:1.0"
        run(
            "oras",
            "cp",
            "--to-plain-http",
            "--to-registry-config",
            config,
            "--from-oci-layout",
            source,
            reference,
        )
        found = said("crane", "digest", "--insecure", reference, env={"DOCKER_CONFIG": str(tmp_path)})
        assert found == image.digest
        assert run("crane", "digest", "--insecure", reference, check=False).returncode != 0
