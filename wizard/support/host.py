"""What is collected of the machine that the bundle is made on: versions, clock, room, and a container runtime's mirrors."""

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import wizard
from wizard.engine.folder import state_home
from wizard.support.collect import Basket, Collector

_RUNTIME = (
    "etc/containerd/config.toml",
    "etc/containerd/certs.d/*/hosts.toml",
    "etc/rancher/k3s/registries.yaml",
    "etc/rancher/rke2/registries.yaml",
    "etc/containers/registries.conf",
    "etc/containers/registries.conf.d/*.conf",
)
_MOST = 256 << 10


def host_collectors(helm: Callable[[], str], *, root: Path = Path("/"), site: bool = True) -> list[Collector]:
    """`site` False = this machine is no part of the site that is looked at (a rehearsal): its runtime is left alone."""

    def versions(basket: Basket) -> None:
        said = {
            "airgap-wizard": wizard.__version__,
            "python": sys.version.split()[0],
            "platform": platform.platform(),
            "machine": platform.machine(),
            "proxies": sorted(key for key in os.environ if key.lower().endswith("_proxy")),
        }
        basket.put("host/versions.json", json.dumps(said))
        said["helm"] = helm()
        basket.put("host/versions.json", json.dumps(said))

    def clock(basket: Basket) -> None:
        synchronised = (root / "run/systemd/timesync/synchronized").exists()
        said = {
            "now": round(time.time(), 3),
            "utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "zone": time.strftime("%Z"),
            "timesync": "synchronised" if synchronised else "not known",
        }
        basket.put("host/clock.json", json.dumps(said))

    def disk(basket: Basket) -> None:
        from wizard.facts.disk import free

        home = state_home()
        basket.put("host/disk.json", json.dumps({"path": str(home), "free": free(home)}))

    def runtime(basket: Basket) -> None:
        for pattern in _RUNTIME:
            for path in sorted(root.glob(pattern))[:50]:
                if path.is_file():
                    with path.open("rb") as file:
                        basket.put(f"host/runtime/{path.relative_to(root).as_posix()}", file.read(_MOST))

    collectors = [
        Collector("host/versions", versions, seconds=8.0),
        Collector("host/clock", clock, seconds=3.0),
        Collector("host/disk", disk, seconds=5.0),
    ]
    return [*collectors, Collector("host/runtime", runtime, seconds=5.0)] if site else collectors
