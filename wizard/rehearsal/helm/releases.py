"""Releases as Helm keeps them: Secrets `sh.helm.release.v1.NAME.vN` in the namespace, one a revision."""

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

from wizard.cluster.port import Obj, Release
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.process import living

TYPE = "helm.sh/release.v1"
PENDING = ("pending-install", "pending-upgrade", "pending-rollback")
_KEPT = 10


def secret_name(release: str, revision: int) -> str:
    """The Secret of a revision."""
    return f"sh.helm.release.v1.{release}.v{revision}"


def all_of(objects: Objects, release: str, namespace: str) -> list[dict[str, Any]]:
    """The revisions, oldest first."""
    labels = {"owner": "helm", "name": release}
    found = [_open(secret) for secret in objects.find("Secret", namespace, labels)]
    for one in found:
        if one["info"]["status"] in PENDING and one.get("worker") and not living(one["worker"]):
            # the run that did this was killed, and the rehearsed helm with it: with the real one a lock tells so
            one["info"] |= {"status": "failed", "description": "killed"}
            put(objects, one)
    return sorted(found, key=lambda record: int(record["version"]))


def put(objects: Objects, record: dict[str, Any]) -> None:
    """Write a revision; the oldest ones beyond ten go."""
    name, namespace, revision = record["name"], record["namespace"], int(record["version"])
    status = record["info"]["status"]
    labels = {"owner": "helm", "name": name, "status": status, "version": str(revision)}
    known = objects.get("Secret", secret_name(name, revision), namespace)
    secret: Obj = known or {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": secret_name(name, revision), "namespace": namespace},
        "type": TYPE,
    }
    secret["metadata"]["labels"] = labels
    packed = base64.b64encode(gzip.compress(json.dumps(record).encode(), mtime=0))
    secret["data"] = {"release": base64.b64encode(packed).decode()}
    objects.put(secret)
    for old in all_of(objects, name, namespace)[:-_KEPT]:
        gone = objects.get("Secret", secret_name(name, int(old["version"])), namespace)
        if gone:
            objects.drop(gone)


def _open(secret: Obj) -> dict[str, Any]:
    packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    found: dict[str, Any] = json.loads(gzip.decompress(packed))
    return found


def record(
    name: str,
    namespace: str,
    revision: int,
    status: str,
    chart: dict[str, str],
    description: str = "",
    **more: Any,
) -> dict[str, Any]:
    """A new revision's record."""
    now = datetime.now(UTC).isoformat()
    info = {"status": status, "first_deployed": now, "last_deployed": now, "description": description}
    return {
        "name": name,
        "namespace": namespace,
        "version": revision,
        "info": info,
        "chart": {"metadata": chart},
        "config": {},
        "manifest": [],
        "worker": None,
        **more,
    }


def shown(found: dict[str, Any]) -> Release:
    """As `helm history` has it."""
    meta = found["chart"]["metadata"]
    return Release(
        name=found["name"],
        namespace=found["namespace"],
        revision=int(found["version"]),
        status=found["info"]["status"],
        chart=f"{meta['name']}-{meta['version']}",
        app_version=meta.get("appVersion", ""),
        updated=found["info"]["last_deployed"],
    )
