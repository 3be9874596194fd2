"""Crossplane in a bundle: every composed resource has its provider, of version 2 or later, that serves its API group (S2.39).

Crossplane 2 made resources namespaced, with API groups of their own (`s3.aws.m.upbound.io` beside `s3.aws.upbound.io`),
and took native patch-and-transform out of Compositions. A bundle that mixes the two installs cleanly and then does
nothing, where nobody can fetch the missing half: so the build fails.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wizard.cluster.sweep import Manifest
from wizard.engine.problems import Problem, Remedy

_VERSION = re.compile(r":v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-+][0-9A-Za-z.-]+)?(?:@sha256:[0-9a-f]{64})?\Z")
_KUBERNETES = re.compile(r"(?:[a-z0-9.-]+\.)?k8s\.io\Z")


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider package: the words of its name ("aws", "s3"), its major version (None where it cannot be told)."""

    package: str
    words: frozenset[str]
    major: int | None

    def serves(self, group: str) -> bool:
        """Whether this is the provider of an API group, old or new."""
        return self.words <= set(group.split("."))


def check_compositions(manifests: Iterable[Manifest], exceptions: Mapping[str, str]) -> int:
    """Judge all Compositions together; how many there were. `exceptions` are reasons by API group.

    Raises Problem `crossplane-mismatch` (exit 3) naming every disagreement with file and line.
    """
    found = list(manifests)
    providers = [p for m in found if (p := _provider(m)) is not None]
    own = {group for m in found for group in _defined(m)}
    faults: list[str] = []
    count = 0
    for manifest in found:
        if _kind(manifest, "Composition", "apiextensions.crossplane.io"):
            count += 1
            faults += _judge(manifest, providers, own, exceptions)
    if faults:
        raise Problem(
            "crossplane-mismatch",
            f"{len(faults)} Crossplane compositions and providers disagree",
            detail="\n".join(dict.fromkeys(faults)),
            remedies=(
                Remedy("carry the provider that serves the API group, pinned to version 2 or later"),
                Remedy(
                    "write the composition for Crossplane 2: mode Pipeline, namespaced API groups (….m.…)"
                ),
            ),
            exit_code=3,
        )
    return count


def _judge(
    manifest: Manifest, providers: list[Provider], own: set[str], exceptions: Mapping[str, str]
) -> Iterator[str]:
    spec = manifest.obj.get("spec") if isinstance(manifest.obj, Mapping) else None
    if isinstance(spec, Mapping) and spec.get("resources"):
        yield f"{_at(manifest, 'resources:')}: {manifest.title} has spec.resources, which Crossplane 2 no longer reads"
    for api in sorted(set(_composed(spec))):
        group = api.partition("/")[0] if "/" in api else ""
        if "." not in group or _KUBERNETES.match(group) or group in own or group in exceptions:
            continue
        where = _at(manifest, api)
        serving = [p for p in providers if p.serves(group)]
        if not serving:
            yield f"{where}: {manifest.title} composes {api}, and no Provider in the bundle serves {group}"
        for provider in serving:
            if provider.major is None:
                yield f"{where}: {provider.package} serves {group} and is not pinned to a version"
            elif provider.major < 2:
                yield f"{where}: {provider.package} is for Crossplane 1; {group} needs version 2 or later"
            elif "m" not in group.split("."):
                yield f"{where}: {manifest.title} composes {api}, a group of version 1; {provider.package} is version {provider.major}"


def _composed(node: Any) -> Iterator[str]:
    """apiVersions of the composed resources: every `base` below the pipeline's inputs, and of the old form."""
    if isinstance(node, Mapping):
        for key, below in node.items():
            if key == "base" and isinstance(below, Mapping) and isinstance(below.get("apiVersion"), str):
                yield below["apiVersion"]
            else:
                yield from _composed(below)
    elif isinstance(node, list):
        for below in node:
            yield from _composed(below)


def _provider(manifest: Manifest) -> Provider | None:
    if not _kind(manifest, "Provider", "pkg.crossplane.io"):
        return None
    spec = manifest.obj.get("spec") if isinstance(manifest.obj, Mapping) else None
    package = str(spec.get("package", "")) if isinstance(spec, Mapping) else ""
    name = package.partition("@")[0].rpartition("/")[2].partition(":")[0]
    words = frozenset(word for word in name.split("-") if word not in ("provider", "family", "upjet", ""))
    version = _VERSION.search(package)
    return Provider(package, words, int(version[1]) if version else None) if words else None


def _defined(manifest: Manifest) -> Iterator[str]:
    """API groups that a CompositeResourceDefinition of the bundle itself makes."""
    if _kind(manifest, "CompositeResourceDefinition", "apiextensions.crossplane.io"):
        spec = manifest.obj.get("spec") if isinstance(manifest.obj, Mapping) else None
        if isinstance(spec, Mapping) and isinstance(spec.get("group"), str):
            yield spec["group"]


def _kind(manifest: Manifest, kind: str, group: str) -> bool:
    obj = manifest.obj
    return (
        isinstance(obj, Mapping)
        and obj.get("kind") == kind
        and str(obj.get("apiVersion", "")).startswith(f"{group}/")
    )


def _at(manifest: Manifest, needle: str) -> str:
    line = manifest.line(needle)
    return f"{manifest.source}:{line}" if line else manifest.source
