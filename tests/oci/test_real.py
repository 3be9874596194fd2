"""The transport against real registries, with other people's tools as witnesses (S1.11, S1.12, S1.20, S1.22)."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.real.certs import Authority
from tests.real.images import DOCKER_TYPES, OCI_TYPES, Types, make_image, push_image
from tests.real.registries import docker_registry, olareg, zot
from tests.real.registry import Registry
from tests.real.run import run, said
from wizard.engine.problems import Problem
from wizard.engine.secrets import Secret
from wizard.oci.copy import copy
from wizard.oci.layout import Layout
from wizard.oci.reference import Reference
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport

pytestmark = pytest.mark.real
THREE = ("linux/amd64", "linux/arm64", "linux/arm/v7")


def plain(*registries: Registry) -> Sites:
    return Sites({r.host: Site(r.host, f"http://{r.host}", anonymous=True) for r in registries})


def test_three_platforms_registry_to_registry(
    plain_docker_registry: Registry, referrers_registry: Registry, repository: str, tmp_path: Path
) -> None:
    """S1.20: the index digest is the same on both sides, as crane and skopeo see it."""
    image = make_image(tmp_path / "image", platforms=THREE)
    push_image(image, referrers_registry, repository, "1.0")
    with Transport(plain(plain_docker_registry, referrers_registry), environ={}) as transport:
        source = transport.repository(Reference.parse(f"{referrers_registry.host}/{repository}"))
        target = transport.repository(Reference.parse(f"{plain_docker_registry.host}/copied/{repository}"))
        done = copy(source, "1.0", target, "1.0")
        again = copy(source, "1.0", target, "1.0")
    assert done.digest == image.digest and done.platforms == THREE
    assert not again.changed and again.sent == 0
    name = f"{plain_docker_registry.host}/copied/{repository}:1.0"
    assert said("crane", "digest", "--insecure", name) == image.digest
    raw = run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{name}").stdout
    assert raw.encode() == image.path(image.digest).read_bytes()


@pytest.mark.parametrize("types", [OCI_TYPES, DOCKER_TYPES], ids=["oci", "docker"])
def test_three_platforms_through_a_layout(
    plain_docker_registry: Registry,
    referrers_registry: Registry,
    repository: str,
    tmp_path: Path,
    types: Types,
) -> None:
    """S1.22: pulled into a layout on one side, pushed from it on the other; other tools read the layout too."""
    image = make_image(tmp_path / "image", platforms=THREE, types=types)
    push_image(image, plain_docker_registry, repository, "1.0")
    stick = tmp_path / "stick"
    with Transport(plain(plain_docker_registry), environ={}) as transport:
        source = transport.repository(Reference.parse(f"{plain_docker_registry.host}/{repository}"))
        copy(source, "1.0", Layout(stick, create=True), "1.0")
    assert said("regctl", "image", "digest", f"ocidir://{stick}:1.0") == image.digest
    if types is OCI_TYPES:  # skopeo reads no Docker types in a layout
        raw = run("skopeo", "inspect", "--raw", f"oci:{stick}:1.0").stdout
        assert raw.encode() == image.path(image.digest).read_bytes()
    with Transport(plain(referrers_registry), environ={}) as transport:
        target = transport.repository(Reference.parse(f"{referrers_registry.host}/{repository}"))
        done = copy(Layout(stick), "1.0", target, "1.0")
    assert done.digest == image.digest
    assert (
        said("crane", "digest", "--insecure", f"{referrers_registry.host}/{repository}:1.0") == image.digest
    )


def test_tls_by_a_private_ca_and_a_password(
    secure_registry: Registry, repository: str, tmp_path: Path
) -> None:
    """S1.12: as sites have it; the copy lands, and a wrong password is named as one."""
    image = make_image(tmp_path / "image", seed=repository)
    site = Site(secure_registry.host, f"https://{secure_registry.host}", ca_file=secure_registry.ca_file)
    known = replace(site, username=secure_registry.user, password=Secret(secure_registry.password))
    with Transport(Sites({site.host: known}), environ={}) as transport:
        target = transport.repository(Reference.parse(f"{site.host}/{repository}"))
        assert copy(Layout(image.folder), "1.0", target, "1.0").digest == image.digest
    assert secure_registry.tags(repository) == ["1.0"]
    wrong = replace(known, password=Secret("not-the-password"))
    with Transport(Sites({site.host: wrong}), environ={}) as transport:
        target = transport.repository(Reference.parse(f"{site.host}/{repository}"))
        with pytest.raises(Problem) as caught:
            target.resolve("1.0")
    assert caught.value.code == "registry-refused-credentials"
    assert "ci" in caught.value.title and "not-the-password" not in str(caught.value)
    nobody = replace(site, anonymous=True)
    with Transport(Sites({site.host: nobody}), environ={}) as transport, pytest.raises(Problem) as caught:
        transport.repository(Reference.parse(f"{site.host}/{repository}")).resolve("1.0")
    assert caught.value.code == "registry-refused-credentials"


def test_an_unknown_authority_is_named(secure_registry: Registry) -> None:
    """The x509 case: no bytes go out, and --ca-file is the remedy."""
    site = Site(secure_registry.host, f"https://{secure_registry.host}", anonymous=True)
    with Transport(Sites({site.host: site}), environ={}) as transport, pytest.raises(Problem) as caught:
        transport.repository(Reference.parse(f"{site.host}/x/y")).resolve("1.0")
    assert caught.value.code == "registry-tls-unknown-ca"
    assert "--ca-file" in caught.value.remedies[0].text


def with_and_without_certificate(registry: Registry, repository: str, folder: Path) -> Problem:
    """Copy an image into a registry that wants a certificate; the problem of whoever shows none."""
    image = make_image(folder, platforms=("linux/amd64",))
    pair = registry.client
    assert pair is not None
    site = Site(
        registry.host, f"https://{registry.host}", registry.ca_file, pair.cert, pair.key, anonymous=True
    )
    with Transport(Sites({site.host: site}), environ={}) as transport:
        target = transport.repository(Reference.parse(f"{site.host}/{repository}"))
        assert copy(Layout(image.folder), "1.0", target, "1.0").digest == image.digest
    bare = replace(site, client_cert=None, client_key=None)
    with Transport(Sites({site.host: bare}), environ={}) as transport, pytest.raises(Problem) as caught:
        transport.repository(Reference.parse(f"{site.host}/{repository}")).resolve("1.0")
    return caught.value


def test_mutual_tls(private_ca: Authority, repository: str, tmp_path: Path) -> None:
    """S1.12: registry:2 behind mTLS takes us with the certificate, and its refusal without it is understood."""
    with docker_registry(tmp_path, tls=private_ca, client=private_ca.client("wizard")) as registry:
        problem = with_and_without_certificate(registry, repository, tmp_path / "image")
    assert problem.code == "registry-tls-client-certificate"


def test_zot_behind_mtls(private_ca: Authority, repository: str, tmp_path: Path) -> None:
    """S1.12: zot takes us with the certificate; without it zot goes on, answers 401, and the certificate is named."""
    with zot(tmp_path, tls=private_ca, client=private_ca.client("wizard")) as registry:
        problem = with_and_without_certificate(registry, repository, tmp_path / "image")
    assert problem.code == "registry-refused-credentials"
    assert "--client-cert" in problem.remedies[-1].text


def test_docker_types_into_zot_as_it_is_delivered(repository: str, tmp_path: Path) -> None:
    """S1.12: the refusal says what to change there; once that is done the same copy lands, and sends no blob again."""
    image = make_image(tmp_path / "image", platforms=("linux/amd64",), types=DOCKER_TYPES)
    home = tmp_path / "registry"
    home.mkdir()
    with (
        zot(home, docker=False) as registry,
        Transport(plain(registry), environ={}) as transport,
        pytest.raises(Problem) as caught,
    ):
        target = transport.repository(Reference.parse(f"{registry.host}/{repository}"))
        copy(Layout(image.folder), "1.0", target, "1.0")
    assert caught.value.code == "registry-refuses-docker-types"
    with zot(home) as registry, Transport(plain(registry), environ={}) as transport:
        target = transport.repository(Reference.parse(f"{registry.host}/{repository}"))
        done = copy(Layout(image.folder), "1.0", target, "1.0")
    assert done.digest == image.digest and done.sent < 10_000


def test_tokens_of_a_real_token_server(tmp_path: Path) -> None:
    """Bearer tokens by scope, fetched and used."""
    image = make_image(tmp_path / "image")
    (tmp_path / "registry").mkdir()
    with olareg(tmp_path / "registry", users={"ci": "Tr0ub4dor&3"}, tokens=True) as registry:
        site = Site(registry.host, f"http://{registry.host}", username="ci", password=Secret("Tr0ub4dor&3"))
        with Transport(Sites({site.host: site}), environ={}) as transport:
            target = transport.repository(Reference.parse(f"{site.host}/team/app"))
            assert copy(Layout(image.folder), "1.0", target, "1.0").digest == image.digest
            assert target.tags() == ["1.0"]


def test_signatures_and_attestations_travel_along(
    plain_docker_registry: Registry, referrers_registry: Registry, repository: str, tmp_path: Path
) -> None:
    """Referrers of a registry that has the API reach one that has not, and are found there by the fallback tag."""
    image = make_image(tmp_path / "image")
    push_image(image, referrers_registry, repository, "1.0")
    (tmp_path / "note").write_text("signed")
    name = referrers_registry.reference(repository, "1.0")
    run(
        "oras",
        "attach",
        "--plain-http",
        "--artifact-type",
        "test/note",
        name,
        "note:text/plain",
        cwd=tmp_path,
    )
    with Transport(plain(plain_docker_registry, referrers_registry), environ={}) as transport:
        source = transport.repository(Reference.parse(f"{referrers_registry.host}/{repository}"))
        target = transport.repository(Reference.parse(f"{plain_docker_registry.host}/{repository}"))
        copy(source, "1.0", target, "1.0", referrers=True)
        there = target.referrers(image.digest)
        assert [d.artifact_type for d in there] == ["test/note"]
        assert [d.digest for d in there] == [d.digest for d in source.referrers(image.digest)]
    found = json.loads(
        said(
            "oras",
            "discover",
            "--plain-http",
            "--format",
            "json",
            plain_docker_registry.reference(repository, "1.0"),
        )
    )
    assert image.digest in json.dumps(found) and "test/note" in json.dumps(found)
