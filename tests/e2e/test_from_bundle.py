"""Across the gap onto the real cluster: a signed bundle is made, refused where a stranger signed it, and installed.

The site's own key signs what was proved; whoever changes that afterwards is found out.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.site import Ran, Site
from wizard.engine.events import Grade

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(1800)]
PREFIX, MODELS = "bundled", "bundled-model"
LONG = 900.0


class Gap:
    """Keys and policy, the connected side's answers, the disconnected side's."""

    def __init__(self, site: Site, space: str) -> None:
        self.site, self.space = site, space
        self.bundle, self.foreign = site.folder / "site.airgap", site.folder / "foreign.airgap"
        for name in ("vendor", "stranger", "site"):
            made = site.wizard("keys", "generate", "--output", site.folder / name, "--no-password")
            assert made.returncode == 0, made.stderr
        keys = {
            name: {"keys": [{"file": f"{name}.pub", "notAfter": "2099-12-31"}]} for name in ("vendor", "site")
        }
        self.trust = site.folder / "trust.yaml"
        self.trust.write_text(yaml.safe_dump({"apiVersion": "airgap-wizard/trust/v1", "authorities": keys}))
        self.install = site.answers(space, registry__prefix=PREFIX, model__prefix=MODELS)
        whole: dict[str, Any] = yaml.safe_load(self.install.read_text())
        self.stage = site.folder / "stage.yaml"
        outside = {key: whole[key] for key in ("apiVersion", "images", "model", "chart")}
        self.stage.write_text(yaml.safe_dump({**outside, "journey": "stage"}))
        del whole["chart"]["source"]
        self.install.write_text(yaml.safe_dump(whole))

    def make(self, path: Path, key: str) -> Ran:
        """The connected side."""
        return self.site.run(
            self.stage, "--set", f"media.bundle={path}", "--set", f"media.key={self.site.folder / key}.key"
        )

    def load(self, path: Path) -> Ran:
        """The disconnected side, with the site's own key."""
        media = {"bundle": path, "trust": self.trust, "key": self.site.folder / "site.key"}
        words = [word for name, value in media.items() for word in ("--set", f"media.{name}={value}")]
        return self.site.run(self.install, *words, seconds=LONG)

    @property
    def repositories(self) -> list[str]:
        """What the registry has under this test's prefixes."""
        root = self.site.cluster.registry.storage / "docker" / "registry" / "v2" / "repositories"
        return sorted(p.name for top in (PREFIX, MODELS) for p in (root / top).glob("*"))

    @property
    def objects(self) -> list[str]:
        """What the namespace has beyond what every namespace has."""
        kinds = (
            "pods",
            "secrets",
            "persistentvolumeclaims",
            "networkpolicies",
            "deployments",
            "statefulsets",
        )
        found = [i for kind in kinds for i in self.site.cluster.get(kind, "-n", self.space)["items"]]
        return [f"{i['kind']}/{i['metadata']['name']}" for i in found]

    def record(self, data: str) -> tuple[int, str]:
        """`record FILE`: exit code and everything that was said."""
        path = self.site.folder / "record.json"
        path.write_text(data)
        done = self.site.wizard("record", path, "--trust", self.trust)
        return done.returncode, done.stdout + done.stderr


def test_made_refused_installed_and_its_record_signed(fresh: tuple[Site, str]) -> None:
    """S2.13, S2.16, S2.23, S1.39."""
    site, space = fresh
    gap = Gap(site, space)
    made, foreign = gap.make(gap.bundle, "vendor"), gap.make(gap.foreign, "stranger")
    assert made.code == 0, made.story
    assert foreign.code == 0, foreign.story

    refused = gap.load(gap.foreign)
    assert refused.code == 3, refused.story
    assert refused.problem.code == "bundle-signer-unknown", refused.story
    assert set(refused.outcomes) == {"accept-bundle"}, "nothing comes after it"
    assert (gap.repositories, gap.objects) == ([], [])
    site.nothing_left(space)

    gap.stage.unlink()
    ran = gap.load(gap.bundle)
    assert ran.code == 0, ran.story
    assert set(ran.outcomes.values()) == {"done"} or set(ran.outcomes.values()) == {"done", "already"}
    assert ran.outcomes["accept-bundle"] in ("done", "already") and ran.outcomes["load-bundle"] == "done"
    assert ran.graded(Grade.FAIL) == set() and ran.graded(Grade.UNKNOWN) == set(), ran.story
    assert len(gap.repositories) >= 5

    shown = site.cluster.kubectl("-n", space, "get", "configmap", "opencost-ai-airgap-record", "-o", "json")
    code, said = gap.record(shown)
    assert code == 0 and f"{space}/opencost-ai: proved" in said and "signed by site" in said, said
    sealed = (ran.folder / "install-record.signed.json").read_text()
    assert gap.record(sealed)[0] == 0
    assert json.loads(shown)["data"]["record.dsse.json"] == sealed
    code, said = gap.record((ran.folder / "install-record.json").read_text())
    assert code == 3 and "record-unsigned" in said

    changed = json.loads(shown)["data"]["record.json"].replace('"pass"', '"warn"', 1)
    site.cluster.kubectl(
        "-n", space, "patch", "configmap", "opencost-ai-airgap-record", "--type=merge", "-p",
        json.dumps({"data": {"record.json": changed}}),
    )  # fmt: skip
    tampered = site.cluster.kubectl(
        "-n", space, "get", "configmap", "opencost-ai-airgap-record", "-o", "json"
    )
    code, said = gap.record(tampered)
    assert code == 3 and "record-invalid" in said and "changed afterwards" in said, said

    again = gap.load(gap.bundle)
    assert again.code == 0, again.story
    assert again.outcomes["verify"] == "done", "a record that somebody changed is written anew"
    assert {end for step, end in again.outcomes.items() if step not in ("preflight", "verify")} == {"already"}
    shown = site.cluster.kubectl("-n", space, "get", "configmap", "opencost-ai-airgap-record", "-o", "json")
    assert gap.record(shown)[0] == 0
    site.nothing_left(space)
