"""The real Helm behind the port."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wizard.cluster.helm.environment import environment
from wizard.cluster.helm.errors import Where, gone, problem, unrendered
from wizard.cluster.helm.lock import Held, working
from wizard.cluster.helm.process import Done, run
from wizard.cluster.helm.versions import require
from wizard.cluster.port import Release
from wizard.cluster.real.api import PAUSES
from wizard.engine.folder import state_home
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop

PROGRAM = "AIRGAP_WIZARD_HELM"
"""Environment variable that names the helm to use where the PATH has another."""
_SHORT = 60.0
_HISTORY = "10"


class RealHelm:
    """Helm 3.16+ or 4, run as a program. `home` (default: in our state folder) keeps Helm's own files; `kubeconfig` None = in-cluster.

    With `stop` (a run's) it is asked again while the API server is away, as long as the run's other requests are.
    """

    def __init__(
        self,
        home: Path | None = None,
        kubeconfig: Path | None = None,
        context: str = "",
        program: str = "",
        kube_version: str = "",
        stop: Stop | None = None,
    ) -> None:
        self._program = program or os.environ.get(PROGRAM) or "helm"
        self._home = home or state_home() / "helm"
        self._kubeconfig, self._context = kubeconfig, context
        self._kube_version = kube_version
        self._stop = stop
        self._pauses = PAUSES if stop is not None else ()
        self._version = ""

    def version(self) -> str:
        """Like "v3.19.5". Raises Problem `helm-not-found` or `helm-too-old` (S1.6)."""
        if not self._version:
            done = self._run(["version", "--template", "{{.Version}}"])
            require(done.output if done.code == 0 else "", self._program)
            self._version = done.output.strip()
        return self._version

    def template(
        self, chart: str, release: str, namespace: str, values: Sequence[str], sets: Mapping[str, str]
    ) -> str:
        """See the port. Needs no cluster."""
        self.version()
        argv = ["template", release, chart, "--namespace", namespace, *_values(values), *_sets(sets)]
        asked = self._kube_version
        done = self._run([*argv, *(["--kube-version", asked] if asked else [])])
        if (
            done.code
            and not asked
            and (needed := re.search(r"kubeVersion: ?>=? ?v?(\d+\.\d+\.\d+)", done.words))
        ):
            # Helm asks no cluster here and believes in the Kubernetes it was linked with, which may be very old
            done = self._run([*argv, "--kube-version", needed[1]])
        if done.code:
            raise unrendered(done.words, Where("template", release, namespace, chart))
        return done.output

    def release(self, name: str, namespace: str) -> Release | None:
        """The latest revision, whatever its status."""
        found = self._history(name, namespace, "1")
        return found[-1] if found else None

    def history(self, name: str, namespace: str) -> list[Release]:
        """All revisions, oldest first."""
        return self._history(name, namespace, "256")

    def values(self, name: str, namespace: str) -> dict[str, Any]:
        """The values the operator gave the latest revision; empty where there is no release."""
        self.version()
        argv = ["get", "values", name, "--output", "json", *self._there(namespace)]
        done = self._read(argv, Where("get values", name, namespace))
        return json.loads(done.output) or {} if done else {}

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
        """`helm upgrade --install` (S1.35). Nothing is rolled back on failure: what is there shows the cause."""
        argv = [
            "upgrade",
            "--install",
            release,
            chart,
            *_values(values),
            *_sets(sets),
            "--history-max",
            _HISTORY,
        ]
        self._change(
            [*argv, *_waiting(wait, timeout)], Where("upgrade", release, namespace, chart), timeout, stop
        )
        return self._now(release, namespace, "upgrade")

    def rollback(self, name: str, namespace: str, revision: int, *, timeout: float, stop: Stop) -> Release:
        """Back to a revision."""
        argv = ["rollback", name, str(revision), "--history-max", _HISTORY, *_waiting(True, timeout)]
        self._change(argv, Where("rollback", name, namespace), timeout, stop)
        return self._now(name, namespace, "rollback")

    def uninstall(self, name: str, namespace: str, *, timeout: float, stop: Stop) -> bool:
        """Remove the release; False where there was none."""
        try:
            self._change(
                ["uninstall", name, *_waiting(True, timeout)],
                Where("uninstall", name, namespace),
                timeout,
                stop,
            )
        except Problem as found:
            if gone(found.detail):
                return False
            raise
        return True

    def _change(self, argv: list[str], where: Where, timeout: float, stop: Stop) -> None:
        """Helm at work holds a lock that outlives us: who comes after a killed run waits for the helm it left."""
        self.version()
        held = Held(str(self._kubeconfig or ""), self._context, where.namespace, where.release)
        with working(held, stop, timeout) as lock:
            done = self._run(
                [*argv, *self._there(where.namespace)], seconds=timeout * 2 + _SHORT, stop=stop, keep=[lock]
            )
        if done.code:
            raise problem(done.words, where)

    def _history(self, name: str, namespace: str, most: str) -> list[Release]:
        self.version()
        argv = ["history", name, "--max", most, "--output", "json", *self._there(namespace)]
        done = self._read(argv, Where("history", name, namespace))
        return [
            Release(
                name=name,
                namespace=namespace,
                revision=int(found["revision"]),
                status=str(found["status"]),
                chart=str(found["chart"]),
                app_version=str(found.get("app_version", "")),
                updated=str(found.get("updated", "")),
            )
            for found in (json.loads(done.output) if done else ())
        ]

    def _read(self, argv: list[str], where: Where) -> Done | None:
        """What Helm answers; None where there is no such release. Raises the Problem of its words."""
        left = list(self._pauses)
        while True:
            done = self._run(argv)
            if done.code == 0:
                return done
            if gone(done.words):
                return None
            found = problem(done.words, where)
            if found.code != "cluster-unreachable" or not left:
                raise found
            (self._stop or Stop()).wait(left.pop(0))

    def _now(self, name: str, namespace: str, action: str) -> Release:
        found = self.release(name, namespace)
        if found is None:
            raise problem(
                f"helm {action} ended well, and yet there is no release", Where(action, name, namespace)
            )
        return found

    def _there(self, namespace: str) -> list[str]:
        return ["--namespace", namespace, *(["--kube-context", self._context] if self._context else [])]

    def _run(
        self,
        argv: Sequence[str],
        *,
        seconds: float = _SHORT,
        stop: Stop | None = None,
        keep: Sequence[int] = (),
    ) -> Done:
        env = environment(self._home, self._kubeconfig)
        return run([self._program, *argv], env, seconds=seconds, stop=stop or self._stop, keep=keep)


def _waiting(wait: bool, timeout: float) -> list[str]:
    # the flag alone means the same to Helm 3 and 4; only its strategies are new in 4
    return [*(["--wait"] if wait else []), "--timeout", f"{max(1, round(timeout))}s"]


def _values(files: Sequence[str]) -> list[str]:
    return [word for file in files for word in ("--values", file)]


def _sets(sets: Mapping[str, str]) -> list[str]:
    return [
        word
        for key, value in sets.items()
        for word in ("--set", f"{key}={value.replace(chr(92), chr(92) * 2).replace(',', chr(92) + ',')}")
    ]
