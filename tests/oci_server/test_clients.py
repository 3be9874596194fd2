"""Real clients against our registry: what they push with one they read with another, digest by digest."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.certs import Authority
from tests.real.helm import Helm
from tests.real.images import Image, make_image
from tests.real.process import running
from tests.real.registries import bcrypt
from tests.real.registry import Registry
from tests.real.run import run, said
from tests.real.tools import need_root, tool
from wizard.oci.server import Access, RegistryServer, Tls, Trouble

pytestmark = pytest.mark.real

PASSWORD = "Tr0ub4dor&3"


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Registry]:
    """Our registry, plain HTTP."""
    events: list[Access | Trouble] = []
    with RegistryServer(tmp_path / "ours", log=events.append) as server:
        yield Registry("airgap-wizard", server.address, tmp_path / "ours", tmp_path / "log")
    assert [event for event in events if isinstance(event, Trouble) and event.detail] == []


@pytest.fixture
def secured(tmp_path: Path, private_ca: Authority) -> Iterator[Registry]:
    """Our registry as sites have them: TLS by a private CA, and a user with a password."""
    (tmp_path / "htpasswd").write_text(f"ci:{bcrypt(PASSWORD)}\n")
    pair = private_ca.default_server
    with RegistryServer(
        tmp_path / "secured", tls=Tls(pair.cert, pair.key), htpasswd=tmp_path / "htpasswd"
    ) as server:
        yield Registry(
            "airgap-wizard",
            server.address,
            tmp_path / "secured",
            tmp_path / "log",
            private_ca,
            None,
            "ci",
            PASSWORD,
        )


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Two platforms, as an OCI layout."""
    return make_image(tmp_path_factory.mktemp("image") / "layout", layers=(3_000_000, 40_000))


def login(registry: Registry, home: Path) -> dict[str, str]:
    """A docker config.json for the registry; the environment that points to it."""
    import base64

    home.mkdir()
    pair = base64.b64encode(f"{registry.user}:{registry.password}".encode()).decode()
    (home / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": pair}}}))
    return {"DOCKER_CONFIG": str(home), "SSL_CERT_FILE": str(registry.ca_file), "HOME": str(home)}


def test_skopeo_pushes_what_crane_and_regctl_read(ours: Registry, image: Image, tmp_path: Path) -> None:
    target = ours.reference("team/app", "1.0")
    run("skopeo", "copy", "--all", "--dest-tls-verify=false", f"oci:{image.folder}:1.0", f"docker://{target}")
    assert said("crane", "digest", "--insecure", target) == image.digest
    run("crane", "validate", "--insecure", "--remote", target)
    assert said("crane", "ls", "--insecure", ours.reference("team/app")) == "1.0"
    assert said("crane", "catalog", "--insecure", ours.host) == "team/app"
    inspected = json.loads(said("skopeo", "inspect", "--tls-verify=false", f"docker://{target}"))
    assert inspected["Digest"] == image.digest
    run(
        "skopeo",
        "copy",
        "--all",
        "--src-tls-verify=false",
        f"docker://{target}",
        f"oci:{tmp_path / 'back'}:1.0",
    )
    for descriptor in (*image.blobs, *image.manifests.values()):
        name = descriptor["digest"].partition(":")[2]
        assert hashlib.sha256((tmp_path / "back/blobs/sha256" / name).read_bytes()).hexdigest() == name


def test_crane_copies_to_a_real_registry_and_back(
    ours: Registry, plain_registry: Registry, repository: str, image: Image
) -> None:
    first, there, back = (
        ours.reference(repository, "1.0"),
        plain_registry.reference(repository, "1.0"),
        ours.reference(f"{repository}/back", "1.0"),
    )
    run("skopeo", "copy", "--all", "--dest-tls-verify=false", f"oci:{image.folder}:1.0", f"docker://{first}")
    run("crane", "copy", "--insecure", first, there)
    run("crane", "copy", "--insecure", there, back)
    assert (
        said("crane", "digest", "--insecure", there)
        == said("crane", "digest", "--insecure", back)
        == image.digest
    )
    run("crane", "delete", "--insecure", f"{ours.host}/{repository}/back@{image.digest}")
    assert run("crane", "digest", "--insecure", back, check=False).returncode != 0
    assert said("crane", "digest", "--insecure", first) == image.digest


def test_oras_pushes_attaches_discovers_and_pulls(ours: Registry, tmp_path: Path) -> None:
    plain = "--plain-http"
    (tmp_path / "model.gguf").write_bytes(os.urandom(5_000_000))
    (tmp_path / "sbom.json").write_text('{"bom": true}')
    target, copy = ours.reference("models/tiny", "1"), ours.reference("mirror/tiny", "1")

    def oras(*arguments: str) -> Any:
        done = run("oras", *arguments, cwd=tmp_path)
        return json.loads(done.stdout) if "json" in arguments else done.stdout

    oras("push", plain, target, "model.gguf:application/vnd.ollama.image.model")
    digest = said("oras", "resolve", plain, target)
    oras("attach", plain, target, "--artifact-type", "application/vnd.example.sbom", "sbom.json")
    found = oras("discover", plain, "--format", "json", target)
    assert [item["artifactType"] for item in found["referrers"]] == ["application/vnd.example.sbom"]
    oras("cp", "-r", "--from-plain-http", "--to-plain-http", target, copy)
    assert said("oras", "resolve", plain, copy) == digest
    assert len(oras("discover", plain, "--format", "json", copy)["referrers"]) == 1
    oras("pull", plain, "-o", "out", copy)
    assert (tmp_path / "out/model.gguf").read_bytes() == (tmp_path / "model.gguf").read_bytes()
    assert said("oras", "repo", "tags", plain, ours.reference("models/tiny")) == "1"
    # Referrers must not be kept under a fallback tag: the API is there.
    assert ours.tags("mirror/tiny") == ["1"]
    oras("manifest", "delete", plain, "-f", f"{ours.host}/mirror/tiny@{digest}")
    assert run("oras", "resolve", plain, copy, check=False).returncode != 0


def test_regctl_copies_with_referrers_and_deletes_a_tag(ours: Registry, image: Image, tmp_path: Path) -> None:
    env = {"REGCTL_CONFIG": str(tmp_path / "regctl.json")}
    run("regctl", "registry", "set", "--tls", "disabled", ours.host, env=env)
    target, copy = ours.reference("team/app", "1.0"), ours.reference("mirror/app", "1.0")
    run("regctl", "image", "copy", f"ocidir://{image.folder}:1.0", target, env=env)
    assert said("regctl", "image", "digest", target, env=env) == image.digest
    put = ("--artifact-type", "application/vnd.example.sig", "--subject", target)
    run("regctl", "artifact", "put", *put, env=env, stdin="signature")
    run("regctl", "image", "copy", "--referrers", "--digest-tags", target, copy, env=env)
    assert "application/vnd.example.sig" in said("regctl", "artifact", "list", copy, env=env)
    assert said("regctl", "tag", "ls", ours.reference("mirror/app"), env=env) == "1.0"
    run("regctl", "tag", "rm", copy, env=env)
    assert ours.manifest("mirror/app", "1.0").status == 404
    assert ours.manifest("mirror/app", image.digest).status == 200


def test_helm_pushes_and_pulls_a_chart(ours: Registry, helm: Helm, tmp_path: Path) -> None:
    helm("create", tmp_path / "demo")
    helm("package", tmp_path / "demo", "--destination", tmp_path)
    helm("push", tmp_path / "demo-0.1.0.tgz", f"oci://{ours.host}/charts", "--plain-http")
    pulled = tmp_path / "pulled"
    pulled.mkdir()
    helm(
        "pull",
        f"oci://{ours.host}/charts/demo",
        "--version",
        "0.1.0",
        "--plain-http",
        "--destination",
        pulled,
    )
    assert (pulled / "demo-0.1.0.tgz").read_bytes() == (tmp_path / "demo-0.1.0.tgz").read_bytes()


def test_cosign_signs_and_verifies(ours: Registry, image: Image, tmp_path: Path) -> None:
    target = ours.reference("team/signed", "1.0")
    env = {"COSIGN_PASSWORD": "", "HOME": str(tmp_path)}
    run("cosign", "generate-key-pair", "--output-key-prefix", str(tmp_path / "key"), env=env)
    run("skopeo", "copy", "--all", "--dest-tls-verify=false", f"oci:{image.folder}:1.0", f"docker://{target}")
    signed = f"{ours.host}/team/signed@{image.digest}"
    offline = ("--allow-http-registry", "--key")
    run("cosign", "sign", "--tlog-upload=false", "--yes", *offline, tmp_path / "key.key", signed, env=env)
    ignore = "--insecure-ignore-tlog=true"
    verified = run("cosign", "verify", ignore, *offline, tmp_path / "key.pub", signed, env=env).stdout
    assert image.digest in verified


def test_private_ca_and_password_with_every_client(secured: Registry, image: Image, tmp_path: Path) -> None:
    env = login(secured, tmp_path / "home")
    target = secured.reference("team/app", "1.0")
    run("skopeo", "copy", "--all", f"oci:{image.folder}:1.0", f"docker://{target}", env=env)
    assert said("crane", "digest", target, env=env) == image.digest
    assert said("oras", "resolve", target, env=env) == image.digest
    assert said("regctl", "image", "digest", target, env=env) == image.digest
    stranger = {**env, "DOCKER_CONFIG": str(tmp_path), "HOME": str(tmp_path)}
    refused = run("crane", "digest", target, env=stranger, check=False)
    assert refused.returncode != 0
    assert "UNAUTHORIZED" in refused.stderr


def test_containerd_pulls_through_hosts_toml(secured: Registry, image: Image, tmp_path: Path) -> None:
    """S5.14: the image is named by its public host, containerd fetches it here, TLS by a private CA."""
    need_root("containerd")
    env = login(secured, tmp_path / "home")
    target = secured.reference("library/app", "1.0")
    run("skopeo", "copy", "--all", f"oci:{image.folder}:1.0", f"docker://{target}", env=env)
    hosts = tmp_path / "certs.d" / "public.example.org"
    hosts.mkdir(parents=True)
    (hosts / "hosts.toml").write_text(
        f'server = "https://{secured.host}"\n[host."https://{secured.host}"]\n'
        f'capabilities = ["pull", "resolve"]\nca = "{secured.ca_file}"\n'
    )
    # A socket's path has at most 107 characters.
    short = Path("/tmp") / f"ctrd-{os.getpid()}"
    address = short / "containerd.sock"
    short.mkdir()
    config = (
        f'version = 2\nroot = "{tmp_path}/root"\nstate = "{short}/state"\n[grpc]\naddress = "{address}"\n'
    )
    (tmp_path / "config.toml").write_text(config + 'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    argv = [tool("containerd"), "--config", tmp_path / "config.toml"]

    def ctr(*arguments: str | Path) -> str:
        return said("ctr", "--address", address, "--namespace", "tests", *arguments)

    def ready() -> bool:
        done = subprocess.run([str(tool("ctr")), "--address", str(address), "version"], capture_output=True)
        return done.returncode == 0

    try:
        with running(argv, tmp_path / "containerd.log", ready):
            user = ("--hosts-dir", tmp_path / "certs.d", "--user", f"{secured.user}:{secured.password}")
            ctr("content", "fetch", *user, "--all-platforms", "public.example.org/library/app:1.0")
            have = set(ctr("content", "ls", "-q").split())
            assert image.digest in have
            assert {str(descriptor["digest"]) for descriptor in image.blobs} <= have
            refused = run(
                "ctr", "--address", address, "--namespace", "t2", "content", "fetch",
                "--hosts-dir", tmp_path / "certs.d", "public.example.org/library/app:1.0", check=False,
            )  # fmt: skip
            assert refused.returncode != 0
            assert "401" in refused.stderr
    finally:
        shutil.rmtree(short, ignore_errors=True)
