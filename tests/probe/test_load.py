"""`probe load` and `probe store` against real registries: resumed, verified, refused in words."""

import json
import shutil
from pathlib import Path

import pytest

from tests.model.stores import FakeStore
from tests.oci.fault_proxy import Fault, fault_proxy
from tests.probe.conftest import Probe
from tests.real.certs import Authority
from tests.real.registries import docker_registry, olareg
from tests.real.registry import Registry
from wizard.engine.secrets import Secret
from wizard.model.artefact import Artefact, plan_artefact
from wizard.model.names import ModelName
from wizard.model.push import push_artefact
from wizard.model.store import describe
from wizard.oci.reference import Reference
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport

pytestmark = pytest.mark.real
NAME = "granite4.1:8b"


def pushed(model: FakeStore, registry: Registry, repository: str) -> Artefact:
    """The model as an artefact in the registry."""
    site = Site(
        registry.host,
        f"{registry.scheme}://{registry.host}",
        ca_file=registry.ca_file,
        client_cert=registry.client.cert if registry.client else None,
        client_key=registry.client.key if registry.client else None,
        username=registry.user,
        password=Secret(registry.password) if registry.password else None,
        anonymous=not registry.user,
    )
    artefact = plan_artefact(describe(model.root, ModelName.parse(NAME)))
    with Transport(Sites({registry.host: site})) as transport:
        push_artefact(artefact, transport.repository(Reference.parse(f"{registry.host}/{repository}:1")))
    return artefact


def words(host: str, repository: str, artefact: Artefact, store: Path) -> list[str]:
    """What the loader is told."""
    reference = f"{host}/{repository}@{artefact.digest}"
    return ["load", "--reference", reference, "--model", NAME, "--store", str(store)]


def auth_file(path: Path, registry: Registry, password: str | None = None) -> Path:
    """A docker config.json, as the pull secret has it."""
    login = {"username": registry.user, "password": registry.password if password is None else password}
    path.write_text(json.dumps({"auths": {registry.host: login}}))
    return path


def test_the_store_is_ollamas_byte_for_byte(
    probe: Probe, model: FakeStore, plain_registry: Registry, repository: str, tmp_path: Path
) -> None:
    """S1.26: every blob and the manifest as they were; a second load moves nothing."""
    artefact = pushed(model, plain_registry, repository)
    store = tmp_path / "volume"
    said = probe(*words(plain_registry.host, repository, artefact, store), "--plain-http")
    assert said.exit == 0, said.output
    total = sum(len(data) for data in model.files().values())
    manifest = len(artefact.model.manifest.raw)
    assert said.last == {
        "outcome": "loaded",
        "model": NAME,
        "digest": artefact.digest,
        "bytes": total - manifest,
    }
    assert FakeStore(store).files() == model.files()
    moves = {line["move"] for line in said.lines if "move" in line}
    assert "verified" in moves
    assert moves <= {"active", "verified"}

    again = probe(*words(plain_registry.host, repository, artefact, store), "--plain-http")
    assert (again.last["outcome"], again.last["bytes"]) == ("already", 0)
    assert {line["move"] for line in again.lines if "move" in line} == {"present"}


def test_a_cut_is_gone_on_with(
    probe: Probe, model: FakeStore, plain_docker_registry: Registry, repository: str, tmp_path: Path
) -> None:
    artefact = pushed(model, plain_docker_registry, repository)
    store = tmp_path / "volume"
    with fault_proxy(plain_docker_registry.host) as proxy:
        proxy.arm("down", Fault.CUT, 1_000_000)
        proxy.arm("down", Fault.END, 1_000_000)
        said = probe(*words(proxy.host, repository, artefact, store), "--plain-http")
        assert proxy.spent
    assert said.exit == 0, said.output
    assert sum(line.get("move") == "retrying" for line in said.lines) == 2
    assert FakeStore(store).files() == model.files()
    blobs = sum(len(data) for path, data in model.files().items() if path.startswith("blobs"))
    assert said.last["bytes"] < blobs * 1.05, "what had come was not fetched again"


def test_a_killed_load_is_gone_on_with(
    probe: Probe,
    program: Path,
    model: FakeStore,
    plain_docker_registry: Registry,
    repository: str,
    tmp_path: Path,
) -> None:
    import subprocess

    from tests.real.process import wait_until

    artefact = pushed(model, plain_docker_registry, repository)
    store = tmp_path / "volume"
    with fault_proxy(plain_docker_registry.host) as proxy:
        proxy.arm("down", Fault.STALL, 2_000_000)
        command = [program, *words(proxy.host, repository, artefact, store), "--plain-http"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as killed:

            def halfway() -> bool:
                parts = list((store / "blobs").glob("*-airgap-partial")) if store.exists() else []
                return any(part.stat().st_size > 1_500_000 for part in parts)

            wait_until(halfway, "half of the weights")
            killed.kill()
        assert not list((store / "manifests").rglob("*")), "the manifest comes last"
    said = probe(*words(plain_docker_registry.host, repository, artefact, store), "--plain-http")
    assert said.last["outcome"] == "loaded"
    assert said.last["bytes"] < 1_600_000, "the first half was not fetched again"
    assert FakeStore(store).files() == model.files()


def test_a_damaged_blob_on_the_volume_is_fetched_again(
    probe: Probe, model: FakeStore, plain_docker_registry: Registry, repository: str, tmp_path: Path
) -> None:
    artefact = pushed(model, plain_docker_registry, repository)
    store = tmp_path / "volume"
    shutil.copytree(model.root, store)
    weights = store / "blobs" / artefact.model.manifest.model.digest.replace(":", "-")
    with weights.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"rot")
    seen = probe("store", "--store", store, "--verify").last
    assert seen["outcome"] == "damaged"
    assert "reads back as" in seen["detail"]
    said = probe(*words(plain_docker_registry.host, repository, artefact, store), "--plain-http")
    assert said.last["bytes"] == artefact.model.manifest.model.size
    assert probe("store", "--store", store, "--verify").last["outcome"] == "whole"


def test_a_bit_that_flips_on_the_line_is_noticed(
    probe: Probe, model: FakeStore, plain_docker_registry: Registry, repository: str, tmp_path: Path
) -> None:
    artefact = pushed(model, plain_docker_registry, repository)
    store = tmp_path / "volume"
    with fault_proxy(plain_docker_registry.host) as proxy:
        proxy.arm("down", Fault.FLIP, 1_500_000)
        said = probe(*words(proxy.host, repository, artefact, store), "--plain-http")
    assert said.exit == 1
    assert said.last["code"] == "digest-mismatch"
    assert not list((store / "blobs").glob("*partial")), "what is wrong is not gone on with"
    assert not (store / "manifests").exists()


def test_password_and_private_ca(
    probe: Probe, model: FakeStore, secure_registry: Registry, repository: str, tmp_path: Path
) -> None:
    """S1.5: the pull secret's own file; each refusal has its code."""
    artefact = pushed(model, secure_registry, repository)
    assert secure_registry.ca_file is not None
    store, ca = tmp_path / "volume", ["--ca", str(secure_registry.ca_file)]
    call = words(secure_registry.host, repository, artefact, store)
    right, wrong = tmp_path / "right.json", tmp_path / "wrong.json"
    auth_file(right, secure_registry)
    auth_file(wrong, secure_registry, "not it")

    untrusted = probe(*call, "--auth", right)
    assert untrusted.last["code"] == "registry-tls"
    assert "x509" in untrusted.last["detail"]
    for args in ([], ["--auth", wrong]):
        refused = probe(*call, *ca, *args)
        assert (refused.exit, refused.last["code"]) == (1, "registry-refused-credentials")
        assert "401" in refused.last["detail"]
        assert "not it" not in refused.output
    assert not store.exists()

    assert probe(*call, *ca, "--auth", right).last["outcome"] == "loaded"
    assert FakeStore(store).files() == model.files()


def test_a_client_certificate_is_shown(probe: Probe, model: FakeStore, tmp_path: Path) -> None:
    """S1.12: a registry behind mutual TLS."""
    authority = Authority(tmp_path / "ca")
    folder = tmp_path / "registry"
    folder.mkdir()
    with docker_registry(folder, tls=authority, client=authority.client("loader")) as registry:
        artefact = pushed(model, registry, "models/granite")
        store = tmp_path / "volume"
        call = [*words(registry.host, "models/granite", artefact, store), "--ca", str(authority.ca_file)]
        refused = probe(*call, seconds=5)  # at once: to try again would not help
        assert (refused.exit, refused.last["code"]) == (1, "registry-tls")
        assert registry.client
        shown = ["--client-cert", str(registry.client.cert), "--client-key", str(registry.client.key)]
        assert probe(*call, *shown).last["outcome"] == "loaded"
        none = probe(*call, "--client-cert", tmp_path / "none", "--client-key", tmp_path / "none")
        assert none.last["code"] == "client-certificate-not-valid"


def test_a_bearer_token_is_fetched(probe: Probe, model: FakeStore, tmp_path: Path) -> None:
    """As Harbor and the clouds' registries ask for it (S1.12)."""
    folder = tmp_path / "registry"
    folder.mkdir()
    with olareg(folder, users={"ci": "s3cret"}, tokens=True) as registry:
        artefact = pushed(model, registry, "models/granite")
        store = tmp_path / "volume"
        call = [*words(registry.host, "models/granite", artefact, store), "--plain-http"]
        auth_file(tmp_path / "auth.json", registry)
        assert probe(*call).last["code"] == "registry-refused-credentials"
        assert probe(*call, "--auth", tmp_path / "auth.json").last["outcome"] == "loaded"


def test_what_is_not_there_and_what_is_no_artefact(
    probe: Probe, model: FakeStore, plain_docker_registry: Registry, repository: str, tmp_path: Path
) -> None:
    from tests.real.images import make_image, push_image

    registry = plain_docker_registry
    artefact = pushed(model, registry, repository)
    store = tmp_path / "volume"
    absent = words(registry.host, repository, artefact, store)
    absent[2] = f"{registry.host}/{repository}@sha256:{'0' * 64}"
    assert probe(*absent, "--plain-http").last["code"] == "artefact-not-found"

    image = make_image(tmp_path / "image", platforms=["linux/amd64"])
    push_image(image, registry, repository, "image")
    other = words(registry.host, repository, artefact, store)
    other[2] = f"{registry.host}/{repository}@{image.manifests['linux/amd64']['digest']}"
    assert probe(*other, "--plain-http").last["code"] == "artefact-without-manifest"


def test_a_volume_that_is_full_or_closed(
    probe: Probe, model: FakeStore, plain_docker_registry: Registry, repository: str, tmp_path: Path
) -> None:
    """S1.7: told as what it is, not as a failed load."""
    import os
    import subprocess

    from tests.real.tools import need_root

    need_root("mounting a small volume")
    artefact = pushed(model, plain_docker_registry, repository)
    volume = tmp_path / "volume"
    volume.mkdir()
    call = [*words(plain_docker_registry.host, repository, artefact, volume / "models"), "--plain-http"]
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "small", volume], check=True)
    try:
        full = probe(*call)
        assert (full.exit, full.last["code"]) == (1, "volume-full")
        subprocess.run(["mount", "-o", "remount,ro", volume], check=True)
        closed = probe(*call)
        assert (closed.exit, closed.last["code"]) == (1, "volume-not-writable")
    finally:
        subprocess.run(["umount", volume], check=True)
    assert not os.listdir(volume)


def test_store_lists_every_model(probe: Probe, model: FakeStore) -> None:
    """S1.27: names as Ollama lists them, and what each is made of."""
    model.model("library/other:2", gguf=b"GGUF")
    seen = {line["model"]: line for line in probe("store", "--store", model.root, "--verify").lines}
    assert set(seen) == {NAME, "other:2"}
    manifest = describe(model.root, ModelName.parse(NAME)).manifest
    assert seen[NAME]["outcome"] == "whole"
    assert seen[NAME]["manifest"] == manifest.digest
    assert [layer["digest"] for layer in seen[NAME]["layers"]] == [layer.digest for layer in manifest.layers]
    (model.root / "blobs" / manifest.model.digest.replace(":", "-")).unlink()
    assert {line["outcome"] for line in probe("store", "--store", model.root).lines} == {"missing", "whole"}


def test_store_of_an_empty_volume_is_empty(probe: Probe, tmp_path: Path) -> None:
    said = probe("store", "--store", tmp_path)
    assert (said.exit, said.lines) == (0, [])


def test_the_manifest_of_another_registry_has_its_place(probe: Probe, tmp_path: Path) -> None:
    """HOST/NAMESPACE/NAME:TAG, as Ollama keeps what it pulled elsewhere."""
    store = FakeStore(tmp_path)
    store.model("registry.site.example/team/granite:1")
    assert probe("store", "--store", tmp_path).last["model"] == "registry.site.example/team/granite:1"
