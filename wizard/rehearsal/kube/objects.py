"""The object store: dicts as the API's JSON has them, with uid, resourceVersion and creationTimestamp."""

import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from wizard.cluster.objects.selectors import labels_of, plain
from wizard.cluster.port import Obj
from wizard.rehearsal.kube.kinds import kind as kind_of


def stamp(at: float) -> str:
    """RFC 3339, as the API writes times."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Objects:
    """A view on the state while it is held. Objects given out are the stored ones: callers outside copy them."""

    def __init__(self, data: dict[str, Any], clock: float = 0.0) -> None:
        self._objects: dict[str, Obj] = data.setdefault("objects", {})
        self._inner: dict[str, dict[str, Any]] = data.setdefault("inner", {})
        self._data = data
        self.now = time.time()
        self._clock = clock

    def stamp(self) -> str:
        """Now, by the API server's clock."""
        return stamp(self.now + self._clock)

    @property
    def serial(self) -> int:
        """Grows with every change."""
        found: int = self._data.get("serial", 0)
        return found

    @staticmethod
    def key(kind: str, name: str, namespace: str | None) -> str:
        """The key of an object in the state file."""
        where = (namespace or "default") if kind_of(kind).namespaced else "-"
        return f"{kind}/{where}/{name}"

    def get(self, kind: str, name: str, namespace: str | None = None) -> Obj | None:
        """The stored object, or None."""
        return self._objects.get(self.key(kind, name, namespace))

    def find(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[Obj]:
        """Objects of a kind, by name."""
        where = namespace if kind_of(kind).namespaced else None
        prefix = f"{kind}/{where}/" if where else f"{kind}/"
        found = (self._objects[k] for k in sorted(self._objects) if k.startswith(prefix))
        return [o for o in found if plain(labels or {}, labels_of(o))]

    def all(self) -> Iterator[Obj]:
        """Everything."""
        yield from list(self._objects.values())

    def put(self, obj: Obj) -> Obj:
        """Keep a new or changed object: it gets its identity and a new resourceVersion."""
        meta = obj["metadata"]
        self._data["serial"] = self._data.get("serial", 0) + 1
        meta.setdefault("uid", str(uuid.uuid4()))
        meta.setdefault("creationTimestamp", self.stamp())
        meta["resourceVersion"] = str(self._data["serial"])
        if kind_of(obj["kind"]).namespaced:
            meta.setdefault("namespace", "default")
        self._objects[self.key(obj["kind"], meta["name"], meta.get("namespace"))] = obj
        self.inner(obj).setdefault("made", self.now)
        return obj

    def drop(self, obj: Obj) -> None:
        """Remove one object and what is known of it inside."""
        meta = obj["metadata"]
        self._data["serial"] = self._data.get("serial", 0) + 1
        self._objects.pop(self.key(obj["kind"], meta["name"], meta.get("namespace")), None)
        self._inner.pop(meta["uid"], None)

    def inner(self, obj: Obj) -> dict[str, Any]:
        """What the simulation remembers of an object besides what the API shows."""
        return self._inner.setdefault(obj["metadata"]["uid"], {})

    def owned(self, owner: Obj, kind: str) -> list[Obj]:
        """Objects of a kind that this one controls."""
        uid = owner["metadata"]["uid"]
        return [
            o
            for o in self.find(kind, owner["metadata"].get("namespace"))
            if any(r.get("uid") == uid for r in o["metadata"].get("ownerReferences") or [])
        ]

    def node(self) -> dict[str, Any]:
        """What the simulated nodes remember: images by node."""
        found: dict[str, Any] = self._data.setdefault("nodes", {})
        return found

    def section(self, name: str) -> dict[str, Any]:
        """A further part of the state (Helm's releases)."""
        found: dict[str, Any] = self._data.setdefault(name, {})
        return found


def reference(owner: Obj) -> Obj:
    """An ownerReference to a controller."""
    meta = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def event(
    objects: Objects, about: Obj, reason: str, message: str, warning: bool = False, source: str = ""
) -> None:
    """Record an Event; the same one again raises its count."""
    meta = about["metadata"]
    namespace = meta.get("namespace") or "default"
    name = f"{meta['name']}.{uuid.uuid5(uuid.NAMESPACE_OID, meta['uid'] + reason + message).hex[:16]}"
    known = objects.get("Event", name, namespace)
    if known:
        seen = objects.inner(known)
        if objects.now - seen.get("at", 0.0) < 1.0:
            return  # controllers look at every API call; a real one comes by now and then
        seen["at"] = objects.now
        known["count"] += 1
        known["lastTimestamp"] = stamp(objects.now)
        objects.put(known)
        return
    new = objects.put(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "apiVersion": about["apiVersion"],
                "kind": about["kind"],
                "name": meta["name"],
                "namespace": meta.get("namespace", ""),
                "uid": meta["uid"],
            },
            "reason": reason,
            "message": message,
            "type": "Warning" if warning else "Normal",
            "count": 1,
            "firstTimestamp": stamp(objects.now),
            "lastTimestamp": stamp(objects.now),
            "source": {"component": source or "rehearsal"},
        }
    )
    objects.inner(new)["at"] = objects.now
