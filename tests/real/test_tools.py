"""The fixtures themselves: each real tool starts, answers, and refuses what it must refuse."""

import ssl
from pathlib import Path

import pytest

from tests.real.certs import Authority
from tests.real.helm import Helm
from tests.real.registries import KINDS, docker_registry
from tests.real.registry import Registry

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def test_every_registry_answers(plain_registry: Registry) -> None:
    assert plain_registry.request("GET", "/v2/").status == 200
    assert plain_registry.tags("nobody/pushed/this") == []


@pytest.mark.parametrize("start", KINDS.values(), ids=KINDS)
def test_tls_is_refused_without_the_ca(start, tmp_path: Path, authority: Authority) -> None:
    with start(tmp_path, tls=authority) as registry:
        assert registry.request("GET", "/v2/").status == 200
        with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
            registry.request("GET", "/v2/", context=ssl.create_default_context())


@pytest.mark.parametrize("start", KINDS.values(), ids=KINDS)
def test_no_password_no_entry(start, tmp_path: Path) -> None:
    with start(tmp_path, users={"ci": "s3cret"}) as registry:
        refused = registry.anonymous().request("GET", "/v2/")
        assert (refused.status, refused.headers["www-authenticate"][:5]) == (401, "Basic")
        assert registry.request("GET", "/v2/").status == 200
        assert "s3cret" not in repr(registry)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "olareg"])
def test_a_client_certificate_can_be_demanded(kind: str, tmp_path: Path, authority: Authority) -> None:
    """docker-registry refuses in the handshake, zot after it."""
    with KINDS[kind](tmp_path, tls=authority, client=authority.client("ci")) as registry:
        assert registry.request("GET", "/v2/").status == 200
        if kind == "zot":
            assert registry.request("GET", "/v2/", context=authority.trusting()).status == 401
            return
        with pytest.raises((ssl.SSLError, ConnectionError)):
            registry.request("GET", "/v2/", context=authority.trusting())


def test_an_expired_certificate_can_be_served(tmp_path: Path, authority: Authority) -> None:
    with (
        docker_registry(tmp_path, tls=authority, server=authority.server(days=-1)) as registry,
        pytest.raises(ssl.SSLCertVerificationError, match="expired"),
    ):
        registry.request("GET", "/v2/")


def test_a_missing_tool_is_named_and_counted(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A skip for want of a tool is loud, and a failure where real tools are required."""
    monkeypatch.delenv("REQUIRE_REAL", raising=False)
    pytester.makeconftest('pytest_plugins = ["tests.real.plugin"]')
    pytester.makepyfile("from tests.real.tools import tool\ndef test_it(): tool('no-such-tool')")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*1 tests skipped for want of: no-such-tool (1).*tests/real/tools/build*"])
    monkeypatch.setenv("REQUIRE_REAL", "1")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*missing real tool: no-such-tool (build it with: tests/real/tools/build no-such-tool)*"]
    )


def test_an_optional_tool_is_never_demanded(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do the fixtures that go through all registries offer one that is not there."""
    pytester.makeconftest('pytest_plugins = ["tests.real.plugin"]')
    pytester.makepyfile("def test_it(plain_zot): pass\ndef test_each(plain_registry): pass")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("AIRGAP_WIZARD_TOOLS", str(pytester.path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("REQUIRE_REAL", "1")
    result = pytester.runpytest_subprocess("-k", "zot or test_it")
    result.assert_outcomes(skipped=1, deselected=2)
    result.stdout.fnmatch_lines(["*1 tests skipped for want of: zot (1)*"])


def test_helm_says_its_version(helm: Helm) -> None:
    """The versions are those pinned in `versions`, and Helm believes in the Kubernetes the cluster runs."""
    assert helm.version() == _pins()[helm.name.upper()]
    chart = helm.home / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: c, version: 1.0.0, kubeVersion: '>=1.25.0-0'}")
    (chart / "templates" / "c.yaml").write_text("version: {{ .Capabilities.KubeVersion.Version }}")
    assert int(helm("template", "r", chart).rpartition("v1.")[2].split(".")[0]) >= 34


def _pins() -> dict[str, str]:
    lines = (Path(__file__).parent / "tools" / "versions").read_text().splitlines()
    return dict(line.split("#")[0].strip().split("=") for line in lines if "=" in line.split("#")[0])
