"""Local first, signed fallbacks next, nobody else ever (S2.22–S2.26)."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.oci.conftest import OCI_MANIFEST, QUICK, place_image
from tests.oci.fake_registry import FakeRegistry, answer
from tests.real.images import make_image, push_image
from tests.real.registry import Registry
from tests.real.run import run
from wizard.cli.main import dispatch
from wizard.engine.events import Event, Said
from wizard.engine.problems import Problem
from wizard.oci.reference import Reference
from wizard.oci.resolver import Resolver
from wizard.oci.signed import Keys
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport

GATEWAY = Reference.parse("ghcr.io/opencost/gateway:1.0")
LOCAL = "inside.test/opencost-ai/{name}"
FALLBACK = "other.test"
HERE = "inside.test/opencost-ai/gateway:1.0"


@pytest.fixture
def transport(registry: FakeRegistry) -> Iterator[Transport]:
    """One fake plays both registries; any other host would not resolve."""
    sites = {h: Site(h, f"http://{registry.host}", anonymous=True) for h in ("inside.test", "other.test")}
    with Transport(Sites(sites), retries=QUICK, environ={}) as made:
        yield made


@pytest.fixture
def said() -> list[Event]:
    return []


def lines(said: list[Event]) -> list[str]:
    return [event.text for event in said if isinstance(event, Said)]


def key_pair(folder: Path) -> tuple[ec.EllipticCurvePrivateKey, Path]:
    private = ec.generate_private_key(ec.SECP256R1())
    path = folder / "key.pub"
    path.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, path


def sign(
    registry: FakeRegistry, repository: str, digest: str, key: ec.EllipticCurvePrivateKey, speaks_of: str = ""
) -> None:
    """As `cosign sign` with a key leaves it."""
    payload = json.dumps(
        {
            "critical": {
                "identity": {"docker-reference": ""},
                "image": {"docker-manifest-digest": speaks_of or digest},
                "type": "cosign container image signature",
            },
            "optional": None,
        }
    ).encode()
    layer = registry.put_blob(repository, payload)
    layer["mediaType"] = "application/vnd.dev.cosign.simplesigning.v1+json"
    signature = base64.b64encode(key.sign(payload, ec.ECDSA(hashes.SHA256()))).decode()
    layer["annotations"] = {"dev.cosignproject.cosign/signature": signature}
    config = registry.put_blob(repository, b"{}")
    body = json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]}
    ).encode()
    registry.put_image(repository, digest.replace(":", "-") + ".sig", body, OCI_MANIFEST)


def test_the_local_layer_serves_and_says_so(
    registry: FakeRegistry, transport: Transport, said: list[Event]
) -> None:
    """S2.22, S2.25: one greppable line."""
    digest = place_image(registry, "opencost-ai/gateway", "1.0")
    served = Resolver(transport, LOCAL, [FALLBACK], emit=said.append).resolve(GATEWAY)
    assert (served.layer, served.digest, served.store.name) == (
        "local",
        digest,
        "inside.test/opencost-ai/gateway",
    )
    assert lines(said) == [f"resolved {GATEWAY} layer=local place={LOCAL} digest={digest}"]


def test_a_miss_fails_closed(
    registry: FakeRegistry, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S2.23, S2.24: with no fallback configured nobody else is asked, docker.io least of all."""
    import socket

    real, asked = socket.getaddrinfo, []
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: (asked.append(host), real(host, *a, **k))[1]
    )
    place_image(registry, "opencost/gateway", "1.0")
    with pytest.raises(Problem) as caught:
        Resolver(transport, LOCAL).resolve(GATEWAY)
    assert caught.value.code == "image-not-served"
    assert caught.value.remedies[0].command == f"airgap-wizard mirror {GATEWAY}={HERE}"
    assert caught.value.detail == f"local: there is no {HERE}"
    assert {os.fsdecode(host) for host in asked} <= {"127.0.0.1"}


@pytest.mark.parametrize(
    "where",
    ["docker.io", "registry-1.docker.io/library", "hub.docker.com", "inside/{name}", "inside", "{name}"],
)
def test_a_public_registry_is_no_fallback(where: str, transport: Transport) -> None:
    """S2.24: refused when it is configured, not when it is needed; a name without dot and port means Docker Hub."""
    for layers in ((LOCAL, [where]), (where, [])):
        with pytest.raises(Problem) as caught:
            Resolver(transport, *layers)  # type: ignore[arg-type]
        assert caught.value.code == "fallback-public-refused" and caught.value.exit_code == 2


def test_a_fallback_serves_what_an_accepted_key_signed(
    registry: FakeRegistry, transport: Transport, said: list[Event], tmp_path: Path
) -> None:
    """S2.26, and the accepted key is on record."""
    key, path = key_pair(tmp_path)
    digest = place_image(registry, "opencost/gateway", "1.0")
    sign(registry, "opencost/gateway", digest, key)
    served = Resolver(transport, LOCAL, [FALLBACK], accept=Keys([path]), emit=said.append).resolve(GATEWAY)
    assert (served.layer, served.digest) == ("fallback-1", digest)
    assert served.signer.startswith("sha256:") and f"signed by {served.signer}" in lines(said)[0]


@pytest.mark.parametrize("case", ["unsigned", "other key", "other image", "no key configured"])
def test_a_fallback_without_an_accepted_signature_is_refused(
    case: str, registry: FakeRegistry, transport: Transport, said: list[Event], tmp_path: Path
) -> None:
    """S2.26: there is no warn-and-continue."""
    key, path = key_pair(tmp_path)
    digest = place_image(registry, "opencost/gateway", "1.0")
    if case == "other key":
        sign(registry, "opencost/gateway", digest, ec.generate_private_key(ec.SECP256R1()))
    elif case == "other image":
        sign(registry, "opencost/gateway", digest, key, speaks_of="sha256:" + "0" * 64)
    elif case == "no key configured":
        sign(registry, "opencost/gateway", digest, key)
    accept = None if case == "no key configured" else Keys([path])
    with pytest.raises(Problem) as caught:
        Resolver(transport, LOCAL, [FALLBACK], accept=accept, emit=said.append).resolve(GATEWAY)
    assert caught.value.code == "fallback-unsigned" and digest in caught.value.detail
    assert caught.value.remedies[0].command.endswith(f" other.test/opencost/gateway@{digest}")
    assert "refused: unsigned" in lines(said)[0]


def test_a_local_registry_that_is_down_is_not_a_way_around_signatures(
    transport: Transport, registry: FakeRegistry
) -> None:
    """An outage of layer 1 does not loosen the rule for layer 2."""
    place_image(registry, "opencost/gateway", "1.0")
    resolver = Resolver(transport, "gone.invalid/{name}", [FALLBACK])
    resolver._layers[0] = type(resolver._layers[0])("local", "127.0.0.1:1/{name}", trusted=True)
    with pytest.raises(Problem) as caught:
        resolver.resolve(GATEWAY)
    assert caught.value.code == "fallback-unsigned"


def test_a_layer_that_cannot_be_asked_says_why(transport: Transport, registry: FakeRegistry) -> None:
    """An outage is no missing image: its own remedies come before the one that brings an image in."""
    registry.when("GET", "/manifests/", answer(401), 9)
    with pytest.raises(Problem) as caught:
        Resolver(transport, LOCAL).resolve(GATEWAY)
    assert caught.value.code == "image-not-served" and "without saying how to log in" in caught.value.detail
    assert "mirror" not in caught.value.remedies[0].command
    assert caught.value.remedies[-1].command.startswith("airgap-wizard mirror ")


def test_a_pattern_that_is_none(transport: Transport) -> None:
    """Told when it is configured."""
    for where, word in (("inside.test/UPPER/{name}", "capital"), ("inside.test/{nam}", "`name`")):
        with pytest.raises(Problem) as caught:
            Resolver(transport, where)
        assert caught.value.code == "reference-invalid" and word in caught.value.detail


def test_keys_that_are_none(tmp_path: Path) -> None:
    """With the file's name."""
    (tmp_path / "x").write_text("no key")
    for path in (tmp_path / "x", tmp_path / "absent"):
        with pytest.raises(Problem) as caught:
            Keys([path])
        assert caught.value.code == "key-unreadable" and path.name in caught.value.title


def test_the_command(
    registry: FakeRegistry, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tab-separated, or JSON; exit 5 where one is served by nobody."""
    monkeypatch.setenv("DOCKER_CONFIG", "/nonexistent")
    digest = place_image(registry, "opencost-ai/gateway", "1.0")
    local = f"{registry.host}/opencost-ai/{{name}}"
    assert dispatch(["resolve", "--plain-http", "--local", local, str(GATEWAY)]) == 0
    told = capsys.readouterr()
    assert told.out == f"{GATEWAY}\tlocal\t{registry.host}/opencost-ai/gateway@{digest}\n"
    assert "layer=local" in told.err
    missing = "ghcr.io/a/missing:1"
    assert (
        dispatch(["resolve", "--plain-http", "--local", local, "--output", "json", str(GATEWAY), missing])
        == 5
    )
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["digest"] == digest and rows[1]["error"]["code"] == "image-not-served"


@pytest.mark.real
def test_signatures_of_real_cosign(referrers_registry: Registry, repository: str, tmp_path: Path) -> None:
    """What cosign signs, we accept; what it did not, we refuse."""
    image = make_image(tmp_path / "image", seed=repository)
    push_image(image, referrers_registry, repository, "1.0")
    env = {"COSIGN_PASSWORD": "pw"}
    run("cosign", "generate-key-pair", cwd=tmp_path, env=env)
    name = referrers_registry.reference(repository, image.digest)
    where = f"{referrers_registry.host}/{repository}"
    with Transport(
        Sites(
            {
                referrers_registry.host: Site(
                    referrers_registry.host, f"http://{referrers_registry.host}", anonymous=True
                )
            }
        ),
        environ={},
    ) as transport:
        store = transport.repository(Reference.parse(where))
        accept = Keys([tmp_path / "cosign.pub"])
        assert accept(store, store.manifest("1.0")) == ""
        run(
            "cosign",
            "sign",
            "--yes",
            "--tlog-upload=false",
            "--allow-http-registry",
            "--key",
            "cosign.key",
            name,
            cwd=tmp_path,
            env=env,
        )
        signer = accept(store, store.manifest("1.0"))
        assert signer.startswith("sha256:")
        _, other = key_pair(tmp_path)
        assert Keys([other])(store, store.manifest("1.0")) == ""
