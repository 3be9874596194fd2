"""A scene as a cluster that can only be read: the third adapter of the port, so that checks and probes run on it."""

from collections.abc import Mapping
from typing import Any

from wizard.cluster.port import Obj, Release
from wizard.diagnosis.scene import WIDE, Scene
from wizard.engine.problems import Problem, Remedy
from wizard.facts.base import Unknown

_WIDE = {
    "Node",
    "StorageClass",
    "PersistentVolume",
    "Namespace",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
}


class SceneCluster:
    """Reads what was gathered. Raises Problem `not-gathered` for anything else."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def version(self) -> str:
        """As gathered."""
        if isinstance(self._scene.version, Unknown):
            raise not_gathered("the API server's version", self._scene.version.reason)
        return self._scene.version

    def list(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[Obj]:
        """Of one namespace, or of all those that were gathered."""
        scene = self._scene
        if kind in _WIDE:
            keys = [(kind, WIDE)]
        elif namespace is None:
            keys = [key for key in scene.objects if key[0] == kind]
        else:
            keys = [(kind, namespace)]
        if not keys or any(key not in scene.objects for key in keys):
            reason = next(
                (scene.unknown[key] for key in keys if key in scene.unknown), "it was not looked for"
            )
            raise not_gathered(f"{kind}" + (f" in {namespace}" if namespace else ""), reason)
        wanted = (labels or {}).items()
        return [
            obj
            for key in keys
            for obj in scene.objects[key]
            if wanted <= (obj["metadata"].get("labels") or {}).items()
        ]

    def get(self, kind: str, name: str, namespace: str | None = None) -> Obj | None:
        """Out of a list that was gathered."""
        return next((o for o in self.list(kind, namespace) if o["metadata"].get("name") == name), None)

    def logs(
        self, pod: str, namespace: str, container: str = "", *, previous: bool = False, tail: int = 200
    ) -> str:
        """The end of a log that was gathered."""
        for log in self._scene.logs:
            if (log.pod, log.namespace, log.previous) == (pod, namespace, previous) and container in (
                "",
                log.container,
            ):
                return "".join(log.text.splitlines(keepends=True)[-tail:])
        raise not_gathered(f"the log of {namespace}/{pod}", "it was not there or not allowed")

    def may(self, verb: str, kind: str, namespace: str | None = None) -> bool | None:
        """Nobody can say."""
        return None

    def me(self) -> str:
        """Nobody can say."""
        return ""

    def _no(self, *_: Any, **__: Any) -> Any:
        raise not_gathered("an experiment", "what was gathered can be read, and nothing tried on it")

    apply = delete = run_pod = debug = exec = _no


class SceneHelm:
    """The release as gathered."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def version(self) -> str:
        """Not known."""
        raise not_gathered("Helm's version", "it is not asked here")

    def history(self, name: str, namespace: str) -> list[Release]:
        """All revisions, oldest first."""
        if isinstance(self._scene.history, Unknown):
            raise not_gathered("the Helm release", self._scene.history.reason)
        return [each for each in self._scene.history if each.name == name and each.namespace == namespace]

    def release(self, name: str, namespace: str) -> Release | None:
        """The latest revision."""
        found = self.history(name, namespace)
        return found[-1] if found else None


def not_gathered(what: str, why: str) -> Problem:
    """`not-gathered`: unknown here, whatever it was at the site."""
    return Problem(
        "not-gathered",
        f"{what} was not gathered",
        detail=why,
        remedies=(Remedy("see what was gathered, and what not", "airgap-wizard support-bundle --preview"),),
    )
