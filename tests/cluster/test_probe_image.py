"""The probe's image: two platforms, one program, the same digest every time."""

import json
import tarfile
from pathlib import Path

import pytest

from tests.real.registry import Registry
from tests.real.run import said
from tests.real.tools import tool
from wizard.cluster.probe_image import main, write_probe_image
from wizard.oci.layout import Layout


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, Path]:
    found = {}
    for arch in ("amd64", "arm64"):
        path = tmp_path / arch
        path.write_bytes(arch.encode() * 1000)
        found[f"linux/{arch}"] = path
    return found


def test_it_holds_one_program_for_each_platform(tmp_path: Path, programs: dict[str, Path]) -> None:
    """S2.11: amd64 and arm64."""
    digest = write_probe_image(tmp_path / "layout", "0.1.0", programs)
    layout = Layout(tmp_path / "layout")
    index = layout.manifest("0.1.0")
    assert index.digest == digest
    assert [str(child.platform) for child in index.children] == ["linux/amd64", "linux/arm64"]
    for child in index.children:
        manifest = layout.manifest(child.digest)
        assert manifest.config is not None
        config = json.loads(layout.blob_path(manifest.config.digest).read_bytes())
        assert config["config"] == {"Entrypoint": ["/probe"], "User": "65532:65532", "WorkingDir": "/"}
        (layer,) = manifest.layers
        assert config["rootfs"]["diff_ids"] == [layer.digest], (
            "uncompressed: what is stored is what is unpacked"
        )
        with tarfile.open(layout.blob_path(layer.digest)) as tar:
            names = {member.name: member for member in tar}
            assert set(names) == {"tmp", "probe"}
            assert names["probe"].mode == 0o755
            file = tar.extractfile("probe")
            assert file is not None
            assert file.read() == programs[str(child.platform)].read_bytes()


def test_the_same_programs_give_the_same_digest(tmp_path: Path, programs: dict[str, Path]) -> None:
    first = write_probe_image(tmp_path / "one", "a", programs)
    assert write_probe_image(tmp_path / "two", "b", dict(reversed(programs.items()))) == first
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "one" / "blobs").rglob("*")}
    assert write_probe_image(tmp_path / "one", "a", programs) == first
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "one" / "blobs").rglob("*")} == before


def test_the_command_prints_reference_and_digest(
    tmp_path: Path, programs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(tmp_path / "out"), "1", *(f"{p}={f}" for p, f in programs.items())]
    assert main(words) == 0
    out = capsys.readouterr().out.split()
    assert out == [f"layout:{tmp_path / 'out'}:1", Layout(tmp_path / "out").manifest("1").digest]
    assert main(words[:2]) == 2
    assert "usage" in capsys.readouterr().err
    assert main([*words[:2], "linux/amd64=/nowhere"]) == 2
    assert "/nowhere" in capsys.readouterr().err


@pytest.mark.real
def test_other_tools_read_it(tmp_path: Path, plain_docker_registry: Registry, repository: str) -> None:
    """skopeo and crane agree about the digest (S1.20)."""
    programs = {f"linux/{arch}": tool(f"airgap-probe-{arch}") for arch in ("amd64", "arm64")}
    digest = write_probe_image(tmp_path / "layout", "1", programs)
    target = plain_docker_registry.reference(repository, "1")
    said(
        "skopeo",
        "copy",
        "--all",
        "--preserve-digests",
        "--dest-tls-verify=false",
        f"oci:{tmp_path / 'layout'}:1",
        f"docker://{target}",
    )
    assert said("crane", "digest", "--insecure", target) == digest
    manifest = json.loads(said("crane", "config", "--insecure", "--platform", "linux/arm64", target))
    assert manifest["architecture"] == "arm64"
