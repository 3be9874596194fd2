"""Logging in as docker does: basic, tokens by scope, identity tokens, helpers; and never telling the wrong host."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oci.conftest import OCI_MANIFEST, QUICK, data, place_image
from tests.oci.fake_registry import FakeRegistry, Handler, answer, fake_registry, sha256
from tests.oci.fault_proxy import Fault, fault_proxy
from wizard.engine.events import Move
from wizard.engine.problems import Problem
from wizard.engine.secrets import Secret
from wizard.oci import challenge
from wizard.oci.credentials import from_docker_config
from wizard.oci.descriptor import Descriptor
from wizard.oci.download import download
from wizard.oci.layout import FileBlob
from wizard.oci.reference import Reference
from wizard.oci.registry import Repository
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport

PASSWORD = "s3cret-word"


def open_app(registry: FakeRegistry, **more: object) -> Transport:
    site = Site("reg.test", f"http://{registry.host}", **more)  # type: ignore[arg-type]
    return Transport(Sites({"reg.test": site}), retries=QUICK, stall=2.0, environ={"HOME": "/nonexistent"})


@pytest.fixture
def app(registry: FakeRegistry) -> Iterator[Repository]:
    with open_app(registry, username="ci", password=Secret(PASSWORD)) as transport:
        yield transport.repository(Reference.parse("reg.test/team/app"))


def refused(act: object, *arguments: object) -> Problem:
    with pytest.raises(Problem) as caught:
        act(*arguments)  # type: ignore[operator]
    assert PASSWORD not in str(caught.value) + repr(caught.value.evidence)
    return caught.value


@pytest.mark.parametrize("kind", ["", "basic", "bearer"])
def test_push_and_pull(kind: str, registry: FakeRegistry, app: Repository, tmp_path: Path) -> None:
    """The same code whatever the registry asks for."""
    registry.auth = kind
    digest = place_image(registry, "team/app", "1.0")
    assert app.manifest("1.0").digest == digest
    content = data(600_000)
    (tmp_path / "f").write_bytes(content)
    blob = Descriptor("x", sha256(content), len(content))
    assert app.put_blob(blob, lambda offset: FileBlob(tmp_path / "f", offset)) is Move.COPIED


def test_tokens_are_fetched_once_a_scope(registry: FakeRegistry, app: Repository) -> None:
    """Not once a request; and with the scope that is needed, before the registry has to ask."""
    registry.auth = "bearer"
    place_image(registry, "team/app", "1.0")
    for _ in range(3):
        app.manifest("1.0")
    app.put_manifest(app.manifest("1.0"), "2.0")
    tokens = registry.seen("GET", "/token")
    assert [t.scopes for t in tokens] == [["repository:team/app:pull"], ["repository:team/app:pull,push"]]
    assert tokens[0].headers["Authorization"].startswith("Basic ")
    assert tokens[0].query["service"] == "fake"


def test_a_mount_asks_for_both_scopes(registry: FakeRegistry, app: Repository) -> None:
    """Push here, pull there."""
    registry.auth = "bearer"
    known = registry.put_blob("other/place", b"shared")
    blob = Descriptor.from_json(known)
    assert app.put_blob(blob, lambda _: pytest.fail("sent"), mount_from="other/place") is Move.MOUNTED
    scopes = registry.seen("GET", "/token")[-1].scopes
    assert scopes == ["repository:other/place:pull", "repository:team/app:pull,push"]


def test_a_token_that_expires_in_mid_blob(registry: FakeRegistry, tmp_path: Path) -> None:
    """A cut, and the token is no longer good: another is fetched, and the upload goes on where it was."""
    registry.auth = "bearer"
    content = data(3_000_000)
    (tmp_path / "f").write_bytes(content)
    blob = Descriptor("x", sha256(content), len(content))

    def expire(handler: Handler) -> bool:
        registry.tokens.clear()
        return True

    registry.when("GET", "/uploads/", expire, 1)
    with fault_proxy(registry.host) as proxy:
        site = Site("reg.test", f"http://{proxy.host}", username="ci", password=Secret(PASSWORD))
        with Transport(Sites({"reg.test": site}), retries=QUICK, stall=2.0, environ={}) as transport:
            target = transport.repository(Reference.parse("reg.test/team/app"))
            proxy.arm("up", Fault.CUT, 1_500_000)
            assert target.put_blob(blob, lambda offset: FileBlob(tmp_path / "f", offset)) is Move.COPIED
    assert registry.blobs[blob.digest] == content
    assert len(registry.seen("POST", "/uploads/")) == 1, "no new session"
    assert len(registry.seen("GET", "/token")) == 3


def test_a_token_that_expires_between_two_ranges(registry: FakeRegistry, tmp_path: Path) -> None:
    """The same on the way down."""
    registry.auth = "bearer"
    content = data(3_000_000)
    known = Descriptor.from_json(registry.put_blob("team/app", content))
    with fault_proxy(registry.host) as proxy:
        site = Site("reg.test", f"http://{proxy.host}", username="ci", password=Secret(PASSWORD))
        with Transport(Sites({"reg.test": site}), retries=QUICK, stall=2.0, environ={}) as transport:
            source = transport.repository(Reference.parse("reg.test/team/app"))
            with source.open_blob(known) as reader:
                view = memoryview(bytearray(1_000_000))
                got = bytes(view[: reader.readinto(view)])
                registry.tokens.clear()
                proxy.arm("down", Fault.CUT, 0)
                while count := reader.readinto(view):
                    got += bytes(view[:count])
    assert got == content


def test_401_for_ever(registry: FakeRegistry, app: Repository) -> None:
    """A registry that never likes its own tokens: a few times, then it is said."""
    offer = f'Bearer realm="http://{registry.host}/token",service="x"'
    registry.when("GET", "/v2/", answer(401, b"{}", WWW_Authenticate=offer), 99)
    problem = refused(app.manifest, "1.0")
    assert problem.code == "registry-refused-credentials"
    assert len(registry.seen("GET", "/v2/")) == 3


def test_a_wrong_password(registry: FakeRegistry) -> None:
    """Named with its user, at a token server as well as at the registry itself; no retries: accounts get locked."""
    for kind in ("basic", "bearer"):
        registry.auth = kind
        registry.requests.clear()
        with open_app(registry, username="ci", password=Secret("wr0ng-word")) as transport:
            problem = refused(transport.repository(Reference.parse("reg.test/team/app")).manifest, "1.0")
        assert problem.code == "registry-refused-credentials"
        assert "ci" in problem.title and "reg.test" in problem.title
        assert "wr0ng-word" not in str(problem)
        assert sum("Authorization" in r.headers for r in registry.requests) == 1


def test_401_without_an_offer(registry: FakeRegistry, app: Repository) -> None:
    """Said as what it is."""
    registry.when("GET", "/v2/", answer(401), 9)
    assert "without saying how" in refused(app.manifest, "1.0").detail


def test_403_names_who_asked(registry: FakeRegistry, app: Repository) -> None:
    """The right is missing, not the login."""
    registry.auth = "basic"
    registry.when("PUT", "/manifests/", answer(403, b'{"errors":[{"code":"DENIED","message":"no push"}]}'))
    registry.put_image("team/app", "1.0", b'{"schemaVersion":2,"layers":[]}', OCI_MANIFEST)
    problem = refused(app.put_manifest, app.manifest("1.0"), "2.0")
    assert problem.code == "registry-forbidden" and "ci" in problem.detail and "no push" in problem.detail


def test_credentials_do_not_follow_a_redirect(
    registry: FakeRegistry, app: Repository, tmp_path: Path
) -> None:
    """The object store's URL carries its own signature; our password is none of its business."""
    registry.auth = "basic"
    content = data(1000)
    blob = Descriptor("x", sha256(content), 1000)
    with fake_registry() as store:
        store.when("GET", "/bucket", answer(200, content))
        target = f"http://{store.host}/bucket?X-Amz-Signature=abc"
        registry.when("GET", "/blobs/", answer(307, Location=target), 2)
        registry.rules[-1].act = _after_login(registry, registry.rules[-1].act)
        download(tmp_path / "out", blob, lambda offset: app.open_blob(blob, offset))
        assert (tmp_path / "out").read_bytes() == content
        (asked,) = store.requests
        assert "Authorization" not in asked.headers


def _after_login(registry: FakeRegistry, act: object) -> object:
    def both(handler: Handler) -> bool:
        if "Authorization" not in handler.headers:
            return True
        act(handler)  # type: ignore[operator]
        return False

    return both


def test_a_token_server_without_tls_gets_no_password() -> None:
    """A registry over HTTPS that sends us to a plain one would collect passwords in clear."""
    from wizard.oci.auth import Auth
    from wizard.oci.credentials import Credentials

    auth = Auth(
        "reg.test",
        False,
        lambda: Credentials("ci", Secret(PASSWORD)),
        lambda *_: pytest.fail("it was asked"),
    )
    auth.challenged(['Bearer realm="http://evil.test/token"'], ("repository:a:pull",), "", "x", "")
    assert refused(auth.header, ("repository:a:pull",)).code == "registry-redirect-refused"


def test_a_token_server_that_makes_no_sense(registry: FakeRegistry, app: Repository) -> None:
    """HTML, or JSON without a token."""
    registry.auth = "bearer"
    registry.when("GET", "/token", answer(200, b"<html>hello</html>"))
    assert refused(app.manifest, "1.0").code == "registry-broken"
    registry.when("GET", "/token", answer(200, b'{"token": ["x"]}'))
    assert refused(app.manifest, "1.0").code == "registry-broken"


def test_a_token_server_that_is_busy(registry: FakeRegistry, app: Repository) -> None:
    """5xx and 429 there are waited for too."""
    registry.auth = "bearer"
    digest = place_image(registry, "team/app", "1.0")
    registry.when("GET", "/token", answer(503), 1)
    registry.when("GET", "/token", answer(429, Retry_After="0"), 1)
    assert app.manifest("1.0").digest == digest


def test_no_credentials_at_all(registry: FakeRegistry) -> None:
    """Anonymous where docker knows nothing."""
    registry.auth = "bearer"
    digest = place_image(registry, "team/app", "1.0")
    with open_app(registry) as transport:
        app = transport.repository(Reference.parse("reg.test/team/app"))
        assert app.manifest("1.0").digest == digest
        assert "Authorization" not in registry.seen("GET", "/token")[0].headers
    registry.auth = "basic"
    with open_app(registry) as transport:
        problem = refused(transport.repository(Reference.parse("reg.test/team/app")).manifest, "1.0")
    assert "there are none for it" in problem.title


# --- docker's configuration


def config(folder: Path, content: object) -> Path:
    path = folder / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def encoded(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "key", ["reg.test", "https://reg.test", "https://reg.test/v2/", "http://reg.test/v1/"]
)
def test_auths_of_config_json(key: str, tmp_path: Path) -> None:
    """Keys as docker, podman and old tools write them; passwords with colons."""
    path = config(tmp_path, {"auths": {key: {"auth": encoded("ci", "a:b:c")}}})
    found = from_docker_config(path, "reg.test", {})
    assert found is not None and found.password is not None
    assert (found.username, found.password.reveal()) == ("ci", "a:b:c")
    assert from_docker_config(path, "other.test", {}) is None


def test_docker_hub_has_a_key_of_its_own(tmp_path: Path) -> None:
    """https://index.docker.io/v1/."""
    path = config(tmp_path, {"auths": {"https://index.docker.io/v1/": {"auth": encoded("me", "pass-word")}}})
    found = from_docker_config(path, "docker.io", {})
    assert found is not None and found.username == "me"


def test_an_identity_token_is_exchanged(registry: FakeRegistry, tmp_path: Path) -> None:
    """As `docker login` leaves it for registries with OAuth."""
    registry.auth = "bearer"
    digest = place_image(registry, "team/app", "1.0")
    config(tmp_path, {"auths": {"reg.test": {"auth": encoded("x", ""), "identitytoken": "id-token"}}})
    site = Site("reg.test", f"http://{registry.host}")
    with Transport(
        Sites({"reg.test": site}), retries=QUICK, environ={"DOCKER_CONFIG": str(tmp_path)}
    ) as transport:
        app = transport.repository(Reference.parse("reg.test/team/app"))
        assert app.manifest("1.0").digest == digest
    assert len(registry.seen("POST", "/token")) == 1


def test_an_identity_token_that_is_replaced_when_used() -> None:
    """Token servers may give another refresh token with every answer, and take the old one no more."""
    from urllib.parse import parse_qs

    from wizard.oci.auth import Auth
    from wizard.oci.credentials import Credentials

    shown: list[str] = []

    def fetch(
        method: str, url: str, headers: object, body: bytes | None
    ) -> tuple[int, dict[str, str], bytes]:
        shown.append(parse_qs((body or b"").decode())["refresh_token"][0])
        made = {"access_token": f"a{len(shown)}", "refresh_token": f"r{len(shown)}"}
        return 200, {}, json.dumps(made).encode()

    auth = Auth("reg.test", False, lambda: Credentials(identity=Secret("r0")), fetch)
    auth.challenged(['Bearer realm="https://auth.test/token"'], (), "", "x", "")
    assert auth.header(("repository:a:pull",)) == "Bearer a1"
    assert auth.header(("repository:b:pull",)) == "Bearer a2"
    assert shown == ["r0", "r1"]


def helper(folder: Path, name: str, body: str) -> dict[str, str]:
    """A credential helper on a PATH of its own."""
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def test_a_helper_for_one_host_and_a_store_for_the_rest(tmp_path: Path) -> None:
    """credHelpers beat auths, credsStore is asked last."""
    said = '[ "$1" = get ] && host=$(cat) && printf \'{"Username":"u-%s","Secret":"pw-%s"}\' "$host" "$host"'
    env = helper(tmp_path, "mine", said)
    path = config(
        tmp_path, {"credHelpers": {"reg.test": "mine"}, "credsStore": "mine", "auths": {"reg.test": {}}}
    )
    for host in ("reg.test", "other.test"):
        found = from_docker_config(path, host, env)
        assert found is not None and found.username == f"u-{host}"


def test_a_helper_that_gives_a_token(tmp_path: Path) -> None:
    """Username <token> means an identity token."""
    env = helper(tmp_path, "mine", 'printf \'{"Username":"<token>","Secret":"id-token"}\'')
    path = config(tmp_path, {"credsStore": "mine"})
    found = from_docker_config(path, "reg.test", env)
    assert found is not None and found.identity is not None and found.identity.reveal() == "id-token"


def test_a_helper_that_knows_nothing(tmp_path: Path) -> None:
    """Then it is anonymous."""
    env = helper(tmp_path, "mine", "echo 'credentials not found in native keychain'; exit 1")
    assert from_docker_config(config(tmp_path, {"credsStore": "mine"}), "reg.test", env) is None


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("echo locked >&2; exit 3", "locked"),
        ("echo hello", "did not print"),
        ("echo '[]'", "did not print"),
        ('echo \'{"Username": null, "Secret": 5}\'', "did not print"),
        ("head -c 300000 /dev/zero | tr '\\0' '['", "did not print"),
        ("exec sleep 60", "timed out"),
        (None, "not installed"),
    ],
)
def test_a_helper_that_fails(
    body: str | None, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words, and how to try it by hand; one that hangs is given up."""
    monkeypatch.setattr("wizard.oci.credentials._HELPER_SECONDS", 0.5 if body and "sleep" in body else 20)
    env = helper(tmp_path, "mine", body) if body else dict(os.environ)
    problem = refused(from_docker_config, config(tmp_path, {"credsStore": "mine"}), "reg.test", env)
    assert problem.code == "credential-helper-failed" and word in problem.detail
    assert "docker-credential-mine get" in problem.remedies[0].command


@pytest.mark.parametrize(
    "content", ["{", "[]", "[" * 300_000, '{"auths":[]}', '{"auths":{"reg.test":{"auth":"%%%"}}}']
)
def test_a_damaged_config_json(content: str, tmp_path: Path) -> None:
    """Not silently anonymous."""
    assert (
        refused(from_docker_config, config(tmp_path, content), "reg.test", {}).code == "docker-config-invalid"
    )


def test_challenges_as_registries_write_them() -> None:
    """Quoted commas, several schemes in one header, odd spacing."""
    found = challenge.parse(
        [
            'Bearer realm="https://a.test/t?x=1,2",service="a b",scope="repository:x:pull,push"',
            'Basic realm="q\\"uoted"',
        ]
    )
    assert [(c.scheme, c.parameters) for c in found] == [
        (
            "bearer",
            {"realm": "https://a.test/t?x=1,2", "service": "a b", "scope": "repository:x:pull,push"},
        ),
        ("basic", {"realm": 'q"uoted'}),
    ]
    (one, two) = challenge.parse(["Negotiate, BASIC realm = x"])
    assert (one.scheme, two.scheme, two.parameters) == ("negotiate", "basic", {"realm": "x"})
    assert challenge.parse(["", ",,,", '="'])[:1] == []
