"""Where each kind lives in the API: learnt from the API server's own discovery, cached for the connection."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wizard.engine.problems import Problem, Remedy

# asked first: a kind of these groups is the one that is meant where several groups have the same word
_PREFERRED = (
    "v1",
    "apps/v1",
    "batch/v1",
    "networking.k8s.io/v1",
    "storage.k8s.io/v1",
    "rbac.authorization.k8s.io/v1",
    "admissionregistration.k8s.io/v1",
    "policy/v1",
    "discovery.k8s.io/v1",
    "coordination.k8s.io/v1",
    "apiextensions.k8s.io/v1",
    "scheduling.k8s.io/v1",
)


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind: "apps/v1", "deployments", namespaced."""

    api: str
    plural: str
    namespaced: bool

    @property
    def group(self) -> str:
        """The API group; "" for the core."""
        return self.api.rpartition("/")[0]

    def path(self, namespace: str | None = None, name: str = "") -> str:
        """The URL path of the collection, or of one object."""
        root = f"/api/{self.api}" if self.api == "v1" else f"/apis/{self.api}"
        where = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{where}/{self.plural}" + (f"/{name}" if name else "")


class Resources:
    """Kind → resource. `ask` GETs a path and returns parsed JSON."""

    def __init__(self, ask: Callable[[str], Any]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._known: dict[str, Resource] = {}
        self._groups: list[str] | None = None
        self._read: set[str] = set()

    def find(self, kind: str, api: str = "") -> Resource:
        """The resource of a kind (of the API version `api`, where it is known).

        Raises Problem `cluster-refused` for a kind that the server does not serve.
        """
        with self._lock:
            for version in [api] if api else [*_PREFERRED, *self._others()]:
                self._learn(version)
                found = self._known.get(f"{version}/{kind}")
                if found:
                    return found
        raise Problem(
            "cluster-refused",
            f"the cluster serves no kind {kind}" + (f" of {api}" if api else ""),
            detail="neither built in nor a CustomResourceDefinition",
            remedies=(Remedy("see what it serves", "kubectl api-resources"),),
        )

    def _others(self) -> list[str]:
        if self._groups is None:
            groups = self._ask("/apis").get("groups", [])
            self._groups = [g["preferredVersion"]["groupVersion"] for g in groups]
        return [g for g in self._groups if g not in _PREFERRED]

    def _learn(self, version: str) -> None:
        if version in self._read:
            return
        try:
            found = self._ask(f"/api/{version}" if version == "v1" else f"/apis/{version}")
        except Problem as problem:
            if problem.evidence.get("status") != 404:
                raise
            found = {}
        self._read.add(version)
        for row in found.get("resources", []):
            if "/" not in row["name"]:
                self._known[f"{version}/{row['kind']}"] = Resource(version, row["name"], row["namespaced"])
