"""The real cluster behind the port: reading, changing, and what may be done."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from wizard.cluster.port import Obj, PodResult
from wizard.cluster.real.api import PAUSES, Api
from wizard.cluster.real.going import await_gone
from wizard.cluster.real.resources import Resources
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop

MANAGER = "airgap-wizard"
_PAGE = 500
_LOG_BYTES = 1024 * 1024


class RealCluster:
    """One connection. Thread-safe, as the client's pool is. `stop` is the run's: it ends the waiting for a server that is away."""

    def __init__(self, client: Any, pauses: Sequence[float] = PAUSES, stop: Stop | None = None) -> None:
        self.api = Api(client, pauses, stop)
        self.resources = Resources(lambda path: self.api.json("GET", path))

    def once(self) -> "RealCluster":
        """The same connection, asking once: for a look that has no time to wait for an API server to come back."""
        return RealCluster(self.api.client, (), self.api.stop)

    # reading

    def version(self) -> str:
        """The API server's version, like "v1.34.4"."""
        found: str = self.api.json("GET", "/version")["gitVersion"]
        return found

    def list(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[Obj]:
        """All objects of a kind, fetched in pages."""
        resource = self.resources.find(kind)
        query = {"limit": str(_PAGE)}
        if labels:
            query["labelSelector"] = ",".join(f"{k}={v}" for k, v in labels.items())
        what = f"list {resource.plural}" + (f" in {namespace}" if namespace else "")
        found: list[Obj] = []
        while True:
            try:
                page = self.api.json("GET", resource.path(namespace), query, what=what)
            except Problem as problem:
                if problem.evidence.get("status") != 410 or "continue" not in query:
                    raise
                # the pages' snapshot has expired: from the start, in one piece
                query, found = {key: query[key] for key in query if key == "labelSelector"}, []
                continue
            # a list's items come without what the list says of them all
            found += ({"apiVersion": resource.api, "kind": kind, **item} for item in page.get("items") or ())
            token = page.get("metadata", {}).get("continue", "")
            if not token:
                return found
            query["continue"] = token

    def get(self, kind: str, name: str, namespace: str | None = None) -> Obj | None:
        """One object, or None."""
        resource = self.resources.find(kind)
        try:
            found: Obj = self.api.json(
                "GET", resource.path(namespace, quote(name)), what=f"get {resource.plural} {name}"
            )
        except Problem as problem:
            if problem.code == "cluster-refused" and problem.evidence.get("status") == 404:
                return None
            raise
        return found

    def logs(
        self, pod: str, namespace: str, container: str = "", *, previous: bool = False, tail: int = 200
    ) -> str:
        """The end of a container's log, at most 1 MiB."""
        query = {"tailLines": str(tail)}
        if container:
            query["container"] = container
        if previous:
            query["previous"] = "true"
        path = self.resources.find("Pod").path(namespace, pod) + "/log"
        # the API's own limitBytes would cut off the newest lines
        data = self.api.raw("GET", path, query, what=f"read the log of {namespace}/{pod}")[-_LOG_BYTES:]
        return data.decode(errors="replace")

    # changing

    def may(self, verb: str, kind: str, namespace: str | None = None) -> bool | None:
        """Ask with a SelfSubjectAccessReview; `kind` may have a subresource ("Pod/log")."""
        name, _, subresource = kind.partition("/")
        try:
            resource = self.resources.find(name)
            attributes = {
                "verb": verb,
                "group": resource.group,
                "resource": resource.plural,
                "subresource": subresource,
                "namespace": namespace or "",
            }
            review = self.api.json(
                "POST",
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                body={
                    "apiVersion": "authorization.k8s.io/v1",
                    "kind": "SelfSubjectAccessReview",
                    "spec": {"resourceAttributes": attributes},
                },
            )
        except Problem:
            return None
        return bool(review["status"]["allowed"])

    def me(self) -> str:
        """Ask with a SelfSubjectReview (Kubernetes 1.28 and later)."""
        kind = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            review = self.api.json("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=kind)
        except Problem:
            return ""
        return str(review.get("status", {}).get("userInfo", {}).get("username", ""))

    def apply(self, obj: Obj, *, dry: bool = False) -> Obj:
        """Server-side apply; we own the fields that we send, also where another manager had them.

        A pod of that name which is on its way out is waited for: to change it would change nothing that stays.
        """
        meta = obj["metadata"]
        if obj["kind"] == "Pod" and not dry:
            await_gone(self, meta["name"], meta.get("namespace") or "default")
        resource = self.resources.find(obj["kind"], obj["apiVersion"])
        query = {"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict"}
        if dry:
            query["dryRun"] = "All"
        made: Obj = self.api.json(
            "PATCH",
            resource.path(meta.get("namespace"), meta["name"]),
            query,
            obj,
            "application/apply-patch+yaml",
            what=f"{'try' if dry else 'apply'} {obj['kind']} {meta['name']}",
        )
        return made

    def delete(self, kind: str, name: str, namespace: str | None = None, *, orphan: bool = False) -> bool:
        """Delete; False where it was not there."""
        resource = self.resources.find(kind)
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Orphan" if orphan else "Background",
        }
        if kind == "Pod":
            body["gracePeriodSeconds"] = 1
        try:
            self.api.json(
                "DELETE", resource.path(namespace, name), body=body, what=f"delete {resource.plural} {name}"
            )
        except Problem as problem:
            if problem.code == "cluster-refused" and problem.evidence.get("status") == 404:
                return False
            raise
        return True

    # inside

    def run_pod(
        self,
        pod: Obj,
        *,
        timeout: float,
        stop: Stop,
        output: Callable[[str], None] | None = None,
        keep: bool = False,
    ) -> PodResult:
        """Run a one-container pod to its end."""
        from wizard.cluster.real.pods import run_pod

        return run_pod(self, pod, timeout, stop, output, keep)

    def debug(self, pod: str, namespace: str, container: Obj, *, timeout: float, stop: Stop) -> PodResult:
        """Run an ephemeral container to its end."""
        from wizard.cluster.real.ephemeral import debug

        return debug(self, pod, namespace, container, timeout, stop)

    def exec(
        self, pod: str, namespace: str, container: str, command: Sequence[str], *, timeout: float
    ) -> PodResult:
        """Run a command over a websocket."""
        from wizard.cluster.real.exec import run

        path = self.resources.find("Pod").path(namespace, pod)
        return run(self.api, path, container, command, timeout, f"run a command in {namespace}/{pod}")

    def close(self) -> None:
        """Close the connections to the API server."""
        self.api.close()
