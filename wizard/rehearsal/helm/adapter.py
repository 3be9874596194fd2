"""The rehearsed Helm behind the port: real charts rendered, objects applied to the simulated cluster, waits as Helm's."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from wizard.cluster.chart.load import load_chart
from wizard.cluster.chart.model import Chart
from wizard.cluster.helm.errors import Where, problem, unrendered
from wizard.cluster.port import Release
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop
from wizard.rehearsal import access
from wizard.rehearsal.cluster import RehearsedCluster
from wizard.rehearsal.gotemplate.tokens import TemplateError
from wizard.rehearsal.helm import releases
from wizard.rehearsal.helm.readiness import lacking
from wizard.rehearsal.helm.render import Manifest, Request, render
from wizard.rehearsal.helm.values import given
from wizard.rehearsal.kube.kinds import kind as kind_of
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.process import myself
from wizard.rehearsal.site import Site

_TICK = 0.1
_MANAGER = "helm"


class RehearsedHelm:
    """`helm upgrade --install` and its sisters, without Helm."""

    def __init__(self, cluster: RehearsedCluster) -> None:
        self._cluster = cluster

    @property
    def _site(self) -> Site:
        return self._cluster.site

    def version(self) -> str:
        """It says that it is rehearsed."""
        return f"{self._site.described.helm.version} (rehearsed)"

    def template(
        self, chart: str, release: str, namespace: str, values: Sequence[str], sets: Mapping[str, str]
    ) -> str:
        """The manifests as one YAML stream."""
        where = Where("template", release, namespace, chart)
        request = Request(release, namespace, self._site.described.kubernetes.version)
        return "".join(m.text() for m in self._render(load_chart(chart), values, sets, request, where)[0])

    def _render(
        self, chart: Chart, values: Sequence[str], sets: Mapping[str, str], request: Request, where: Where
    ) -> tuple[list[Manifest], dict[str, Any]]:
        try:
            over = given(values, sets)
            return render(chart, over, request), over
        except TemplateError as error:
            words = f"Error: {error}"
            if "kubeVersion" in words:
                raise problem(words, where) from None
            raise unrendered(words, where) from None

    def release(self, name: str, namespace: str) -> Release | None:
        """The latest revision."""
        found = self.history(name, namespace)
        return found[-1] if found else None

    def history(self, name: str, namespace: str) -> list[Release]:
        """All revisions, oldest first."""
        with self._cluster.opened("list", "Secret", namespace) as objects:
            self._seed(objects)
            return [releases.shown(r) for r in releases.all_of(objects, name, namespace)]

    def values(self, name: str, namespace: str) -> dict[str, Any]:
        """The values given for the latest revision."""
        with self._cluster.opened("list", "Secret", namespace) as objects:
            found = releases.all_of(objects, name, namespace)
            return dict(found[-1]["config"]) if found else {}

    def _seed(self, objects: Objects) -> None:
        """The release that the world brings along, once."""
        described = self._site.described.helm.release
        marks = objects.section("marks")
        if described is None or marks.get("release"):
            return
        marks["release"] = True
        name, _, version = described.chart.rpartition("-")
        if objects.get("Namespace", described.namespace) is None:
            self._cluster.api.apply(
                objects,
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": described.namespace}},
                _MANAGER,
            )
        chart = {"name": name, "version": version}
        releases.put(
            objects,
            releases.record(described.name, described.namespace, described.revision, described.status, chart),
        )

    def upgrade(
        self,
        chart: str,
        release: str,
        namespace: str,
        values: Sequence[str],
        sets: Mapping[str, str],
        *,
        timeout: float,
        stop: Stop,
        wait: bool = True,
    ) -> Release:
        """`helm upgrade --install`; nothing is rolled back on failure."""
        where = Where("upgrade", release, namespace, chart)
        loaded = load_chart(chart)
        before = self._free(release, namespace, where)
        revision = before[-1]["version"] + 1 if before else 1
        upgrades = any(r["info"]["status"] == "deployed" for r in before)
        request = Request(
            release, namespace, self._site.described.kubernetes.version, revision=revision, upgrade=upgrades
        )
        manifests, over = self._render(loaded, values, sets, request, where)
        if self._site.described.helm.fails:
            raise problem(self._site.described.helm.fails, where)
        meta = {"name": loaded.name, "version": loaded.version, "appVersion": loaded.app_version}
        status = "pending-upgrade" if before else "pending-install"
        record = releases.record(
            release,
            namespace,
            revision,
            status,
            meta,
            config=over,
            manifest=[m.obj for m in manifests],
            worker=myself(),
        )
        return self._carry_out(record, manifests, before, where, timeout, stop, wait)

    def _free(self, release: str, namespace: str, where: Where) -> list[dict[str, Any]]:
        with self._cluster.opened("list", "Secret", namespace) as objects:
            self._seed(objects)
            if objects.get("Namespace", namespace) is None:
                raise problem(f'Error: namespaces "{namespace}" not found', where)
            found = releases.all_of(objects, release, namespace)
        if found and found[-1]["info"]["status"] in releases.PENDING:
            raise problem(
                "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress", where
            )
        return found

    def _carry_out(
        self,
        record: dict[str, Any],
        manifests: list[Manifest],
        before: list[dict[str, Any]],
        where: Where,
        timeout: float,
        stop: Stop,
        wait: bool,
    ) -> Release:
        action = "UPGRADE" if before else "INSTALLATION"
        self._keep(record)
        try:
            for manifest in manifests:
                stop.check()
                self._apply(manifest, where)
            self._prune(before, manifests, where.namespace)
            if wait:
                self._wait(manifests, where, action, timeout, stop)
        except (Problem, Stopped) as error:
            said = error.detail or error.title if isinstance(error, Problem) else "context canceled"
            self._end(record, "failed", f"{where.action} failed: {said}", before)
            raise
        return self._end(record, "deployed", f"{action.capitalize()} complete", before)

    def _keep(self, record: dict[str, Any]) -> None:
        with self._cluster.opened("create", "Secret", record["namespace"]) as objects:
            releases.put(objects, record)

    def _end(
        self, record: dict[str, Any], status: str, description: str, before: list[dict[str, Any]]
    ) -> Release:
        with self._cluster.api.open() as objects:
            record["info"] |= {"status": status, "description": description}
            releases.put(objects, record)
            for old in before if status == "deployed" else []:
                if old["info"]["status"] == "deployed":
                    old["info"]["status"] = "superseded"
                    releases.put(objects, old)
        return releases.shown(record)

    def _apply(self, manifest: Manifest, where: Where) -> None:
        obj = {**manifest.obj, "metadata": dict(manifest.obj["metadata"])}
        kind = kind_of(obj["kind"])
        if kind.namespaced:
            obj["metadata"].setdefault("namespace", where.namespace)
        annotations = {
            "meta.helm.sh/release-name": where.release,
            "meta.helm.sh/release-namespace": where.namespace,
        }
        obj["metadata"]["annotations"] = {**(obj["metadata"].get("annotations") or {}), **annotations}
        obj["metadata"]["labels"] = {
            **(obj["metadata"].get("labels") or {}),
            "app.kubernetes.io/managed-by": "Helm",
        }
        name, namespace = obj["metadata"]["name"], obj["metadata"].get("namespace")
        if not access.allowed(self._site.described, "patch", kind.name, namespace):
            raise problem(
                f'Error: {kind.plural} "{name}" is forbidden: User "airgap-wizard" cannot patch resource'
                f' "{kind.plural}" in API group "{kind.group}" in the namespace "{namespace}"',
                where,
            )
        with self._cluster.opened("get", kind.name, namespace) as objects:
            known = objects.get(kind.name, name, namespace)
            owner = ((known or {}).get("metadata", {}).get("annotations") or {}).get(
                "meta.helm.sh/release-name"
            )
            if known is not None and owner != where.release:
                raise problem(
                    f"Error: Unable to continue with install: {kind.name} {name!r} in namespace {namespace!r} exists and"
                    " cannot be imported into the current release: invalid ownership metadata",
                    where,
                )
            try:
                self._cluster.api.apply(objects, obj, _MANAGER)
            except Problem as found:
                words = f'Error: UPGRADE FAILED: cannot patch "{name}" with kind {kind.name}: {found.detail}'
                raise problem(words, where) from None

    def _prune(self, before: list[dict[str, Any]], manifests: list[Manifest], namespace: str) -> None:
        """What an earlier revision made and this one does not is removed."""
        kept = {(m.obj["kind"], m.obj["metadata"]["name"]) for m in manifests}
        for record in before:
            for obj in record["manifest"]:
                key = (obj["kind"], obj["metadata"]["name"])
                if key not in kept:
                    self._cluster.delete(*key, obj["metadata"].get("namespace") or namespace)

    def _wait(self, manifests: list[Manifest], where: Where, action: str, timeout: float, stop: Stop) -> None:
        deadline = time.monotonic() + self._site.patience(timeout)
        while True:
            stop.check()
            with self._cluster.opened("get", "Pod", where.namespace) as objects:
                missing = lacking(objects, [m.obj for m in manifests], where.namespace)
            if not missing:
                return
            if time.monotonic() >= deadline:
                raise problem(
                    f"Error: {action} FAILED: resource {missing[0]} not ready. status: InProgress\n"
                    "context deadline exceeded",
                    where,
                )
            stop.wait(_TICK if self._site.described.tempo else 0.02)

    def rollback(self, name: str, namespace: str, revision: int, *, timeout: float, stop: Stop) -> Release:
        """Back to a revision, as a new one."""
        where = Where("rollback", name, namespace)
        before = self._free(name, namespace, where)
        old = next((r for r in before if int(r["version"]) == revision), None)
        if old is None:
            raise problem(f"Error: release has no {revision} version", where)
        record = releases.record(
            name,
            namespace,
            before[-1]["version"] + 1,
            "pending-rollback",
            old["chart"]["metadata"],
            config=old["config"],
            manifest=old["manifest"],
            worker=myself(),
        )
        manifests = [Manifest("rollback", obj) for obj in old["manifest"]]
        return self._carry_out(record, manifests, before, where, timeout, stop, True)

    def uninstall(self, name: str, namespace: str, *, timeout: float, stop: Stop) -> bool:
        """Remove the objects of the latest revision and all records."""
        with self._cluster.opened("list", "Secret", namespace) as objects:
            found = releases.all_of(objects, name, namespace)
        if not found:
            return False
        for obj in reversed(found[-1]["manifest"]):
            stop.check()
            self._cluster.delete(
                obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace") or namespace
            )
        for record in found:
            self._cluster.delete("Secret", releases.secret_name(name, record["version"]), namespace)
        return True
