"""Find a real tool, or say loudly that it is missing.

A test that calls `tool("crane")` runs where crane was built and is skipped where it was not, by name and
with the command that builds it; the terminal summary counts such tests.  With REQUIRE_REAL=1 a missing tool
is a failure.
"""

import os
import re
import shutil
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

#: Where the build script keeps what it built.
CACHE = Path(os.environ.get("AIRGAP_WIZARD_TOOLS") or Path.home() / ".cache" / "airgap-wizard")

#: The recipe of the build script for each tool whose recipe has another name.
_RECIPES = {
    "docker-registry": "debian",
    "skopeo": "debian",
    "tmux": "debian",
    "openssl": "debian",
    "ip": "debian",
    "jq": "debian",
    "llama-quantize": "llama-server",
    "llama-server.real": "llama-server",
    "busybox": "cluster-debian",
    **dict.fromkeys(("etcd", "containerd", "ctr", "runc", "iptables", "nsenter"), "cluster-debian"),
    **dict.fromkeys(
        ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"),
        "kubernetes",
    ),
    "pause": "kubernetes",
    **dict.fromkeys(
        (
            f"standin-{name}-{arch}"
            for name in ("gateway", "bridge", "opencost")
            for arch in ("amd64", "arm64")
        ),
        "standins",
    ),
    **dict.fromkeys(("airgap-probe-amd64", "airgap-probe-arm64"), "airgap-probe"),
    **dict.fromkeys(("coredns", "netpol", "local-path-provisioner", "probe"), "addons"),
}

#: Built on request alone (slow): their absence is a loud skip even where real tools are required.
_ON_REQUEST = {"cosign"}

#: Never built here: whoever has the program puts it into the cache's `bin` or on the PATH.
_OPTIONAL = {"zot"}

_REASON = "missing real tool: {name} (build it with: tests/real/tools/build {recipe})"
_REASON_PATTERN = re.compile(r"missing real tool: (.+?) \(")


@cache
def find(name: str) -> Path | None:
    """The tool's program: from the cache, else from the PATH and the places where root's tools are."""
    for folder in (CACHE / "bin", CACHE / "lib" / "ollama"):
        if os.access(folder / name, os.X_OK):
            return folder / name
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def tool(name: str) -> Path:
    """The tool's program; where there is none the calling test is skipped (or fails under REQUIRE_REAL=1)."""
    return find(name) or missing(name, _RECIPES.get(name, name))


def missing(name: str, recipe: str) -> NoReturn:
    """Skip the calling test because NAME is not here; `build RECIPE` brings it."""
    __tracebackhide__ = True
    if name in _OPTIONAL:
        pytest.skip(f"missing real tool: {name} (optional: put the program into {CACHE / 'bin'})")
    reason = _REASON.format(name=name, recipe=recipe)
    if name in _ON_REQUEST:
        pytest.skip(reason)
    refuse(reason)


def need_root(what: str) -> None:
    """Skip the calling test where the tests do not run as root; WHAT says for which purpose."""
    if os.geteuid() != 0:
        refuse(f"missing real tool: root (needed for {what})")


def refuse(reason: str) -> NoReturn:
    """Skip with REASON, or fail where real tools are required."""
    __tracebackhide__ = True
    if os.environ.get("REQUIRE_REAL") == "1":
        pytest.fail(f"{reason}; REQUIRE_REAL=1 forbids to skip", pytrace=False)
    pytest.skip(reason)


def missing_in(reason: str) -> str:
    """The name of the missing tool that a skip reason speaks of; empty when it speaks of something else."""
    match = _REASON_PATTERN.search(reason)
    return match[1] if match else ""


def built(path: Path, how: str) -> Path:
    """Something that is built on request alone; the calling test is skipped, loudly, where it was not."""
    __tracebackhide__ = True
    if not path.exists():
        pytest.skip(f"missing real tool: {path.name} (build it with: {how})")
    return path
