"""The program as a user has it: a subprocess, a state folder of its own, two registries on loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cli.throttle import Throttle, throttle
from tests.real.images import make_image, push_image
from tests.real.process import wait_until
from tests.real.registry import Registry
from wizard.oci.server import RegistryServer

ROOT = Path(__file__).parents[2]


@dataclass
class Program:
    """Runs `airgap-wizard` with a state folder of its own."""

    state: Path

    @property
    def env(self) -> dict[str, str]:
        keep = {
            k: v
            for k, v in os.environ.items()
            if k == "AIRGAP_WIZARD_PACE" or not k.startswith("AIRGAP_WIZARD")
        }
        return keep | {"PYTHONPATH": str(ROOT), "AIRGAP_WIZARD_STATE": str(self.state)}

    def __call__(self, *argv: object, **options: Any) -> subprocess.CompletedProcess[str]:
        env = self.env | options.pop("env", {})
        command = [sys.executable, "-m", "wizard", *map(str, argv)]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=120, env=env, stdin=subprocess.DEVNULL, **options
        )

    def start(self, *argv: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "wizard", *map(str, argv)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.Popen(command, text=True, env=self.env, **pipes)

    def runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self("runs", "--output", "json").stdout)
        return found


@dataclass
class Site:
    """An upstream registry (behind a throttle), an internal one, and answers that name them."""

    upstream: Registry
    link: Throttle
    internal: Registry
    images: dict[str, str]
    folder: Path

    def answers(self, name: str = "answers.yaml", **registry: str) -> Path:
        host = self.link.host
        more = "".join(f"  {k}: {v}\n" for k, v in registry.items())
        text = (
            "apiVersion: airgap-wizard/v1\njourney: install\nimages:\n"
            + "".join(f"  {key}: {host}/team/{key}:1.0\n" for key in self.images)
            + f"registry:\n  host: {self.internal.host}\n  plainHttp: true\n{more}"
            + "cluster:\n  storageClass: fast\nchart:\n  source: chart.tgz\n"
        )
        path = self.folder / name
        path.write_text(text)
        return path


def wait_for(what: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Poll until something is true, and return it."""
    return wait_until(what, what.__qualname__, seconds)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "state")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with RegistryServer(tmp_path / "up") as up, RegistryServer(tmp_path / "in") as inside:
        upstream = Registry("ours", urlsplit(up.url).netloc, tmp_path / "up", tmp_path)
        internal = Registry("ours", urlsplit(inside.url).netloc, tmp_path / "in", tmp_path)
        digests = {}
        for number, name in enumerate(("gateway", "bridge", "ollama", "probe")):
            image = make_image(
                tmp_path / name, layers=(150_000 + 1000 * number, 20_000), seed=name, compressed=False
            )
            digests[name] = push_image(image, upstream, f"team/{name}", "1.0")
        host, port = upstream.host.split(":")
        with throttle((host, int(port)), 0) as link:
            yield Site(upstream, link, internal, digests, tmp_path)
