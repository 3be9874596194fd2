"""Across a gap: two hosts that share nothing but a stick, and neither sends a packet anywhere."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bundle.gap import Host, host
from tests.model.stores import FakeStore
from tests.real.tools import need_root, tool
from tests.rehearsal.opened import CHART
from wizard.bundle.bom_json import from_bytes

pytestmark = pytest.mark.real

UPSTREAM, INSIDE = 5101, 5102
NAMES = ("gateway", "bridge", "ollama", "probe")


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    need_root("network namespaces")
    for name in ("iptables", "helm3"):
        tool(name)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "helm").symlink_to(tool("helm3"))
    with (
        host("outside", tmp_path / "outside", [programs]) as outside,
        host("inside", tmp_path / "inside") as inside,
    ):
        yield outside, inside


def side(home: Host, port: int, pushes: list[str], *command: object) -> str:
    words = [
        sys.executable,
        "-m",
        "tests.bundle.gap_side",
        port,
        home.home / "registry",
        *pushes,
        "--",
        *command,
    ]
    return home.run(*words).stdout


def test_the_whole_way(hosts: tuple[Host, Host], tmp_path: Path) -> None:
    """stage → sign → split → carry → verify → load from volumes → every digest is inside; nothing was sent elsewhere (S1.22, S5.6, S5.32)."""
    outside, inside = hosts
    wizard = (sys.executable, "-m", "wizard")

    # --- the connected side sees an upstream registry, and nothing else
    store = FakeStore(outside.home / "models")
    store.model("granite4.1:8b")
    answers = outside.home / "stage.yaml"
    images = "".join(f"  {name}: 127.0.0.1:{UPSTREAM}/team/{name}:1.0\n" for name in NAMES)
    answers.write_text(
        f"apiVersion: airgap-wizard/v1\njourney: stage\nimages:\n{images}"
        f"model:\n  store: {store.root}\nchart:\n  source: {CHART}\n"
        f"media:\n  bundle: site.airgap\n  key: vendor.key\n"
    )
    outside.wizard("keys", "generate", "--output", "vendor", "--no-password")
    pushes = [f"{outside.home / 'made' / name}=team/{name}:1.0" for name in NAMES]
    said = side(outside, UPSTREAM, pushes, *wizard, "bundle", "create", "--answers-file", answers)
    digests = dict(line.split() for line in said.splitlines()[: len(NAMES)])
    stick = tmp_path / "stick"
    outside.wizard("bundle", "split", "site.airgap", "--size", "300kB", "--to", stick, "--key", "vendor.key")

    # --- carried: only the stick and the public key cross, the key on paper
    site = inside.home / "stick"
    shutil.copytree(stick, site)
    shutil.copy(outside.home / "vendor.pub", inside.home)
    (inside.home / "trust.yaml").write_text(
        "apiVersion: airgap-wizard/trust/v1\nauthorities:\n  vendor:\n    keys:\n"
        "      - {file: vendor.pub, notAfter: 2099-12-31}\n  site:\n    keys: [{file: site.pub, notAfter: 2099-12-31}]\n"
    )

    # --- inside, the internal registry alone
    inside.wizard("keys", "generate", "--output", "site", "--type", "ed25519", "--no-password")
    inside.wizard("bundle", "verify", site, "--trust", "trust.yaml", "--quiet")
    push = ("bundle", "push", site, "--trust", "trust.yaml", "--to", f"127.0.0.1:{INSIDE}", "--plain-http", "--quiet",
            "--key", "site.key", "--output", "json")  # fmt: skip
    row = json.loads(side(inside, INSIDE, [], *wizard, *push))
    there = {item["source"]: item["digest"] for item in row["items"]}
    for name in NAMES:
        assert there[f"127.0.0.1:{UPSTREAM}/team/{name}:1.0"] == digests[f"team/{name}:1.0"]
    bom = from_bytes(
        inside.run(
            *wizard, "bundle", "show", site, "--trust", "trust.yaml", "--output", "bom"
        ).stdout.encode()
    )
    assert bom.digest == row["digest"]
    stored = {p.name for p in (inside.home / "registry" / "blobs").rglob("*") if p.is_file()}
    wanted = {
        e.digest.partition(":")[2] for e in bom.entries if e.purpose not in ("layout", "index", "manifest")
    }
    assert wanted <= stored
    receipt = json.loads(Path(row["receipt"]).read_text())
    assert receipt["signatures"][0]["algorithm"] == "ed25519"

    # --- and neither side sent anything anywhere; the counter counts (positive control)
    assert (outside.sent(), inside.sent()) == (0, 0)
    inside.run("bash", "-c", "echo > /dev/udp/192.0.2.1/53")
    assert inside.sent() == 1
