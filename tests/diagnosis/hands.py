"""Hands: carry out the commands that a diagnosis prints, to the letter, on a simulated site.

`airgap-wizard …` is really run. Of kubectl, which a simulated API server has not, the few forms that remedies use are
done to its objects; any other form fails the test, so that nothing is passed over.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.rehearsal.journey import journey_answers
from wizard.cluster.port import Cluster
from wizard.rehearsal import open_world

ROOT = Path(__file__).resolve().parents[2]
LOOKS = (
    "kubectl get",
    "kubectl describe",
    "curl ",
    "helm history",
    "getent ",
    "date ",
    "crictl ",
    "chronyc",
    "openssl ",
)
"""Commands that only look: there is nothing to carry out."""
_KINDS = {
    "secret": "Secret",
    "networkpolicy": "NetworkPolicy",
    "pvc": "PersistentVolumeClaim",
    "statefulset": "StatefulSet",
}


class Hands:
    """On the simulated site WORLD whose state is under `home`."""

    def __init__(self, home: Path, world: str) -> None:
        self.home, self.world = home, world

    def type(self, *words: str) -> tuple[int, str]:
        """Run the program as somebody at a shell would; exit code, and both outputs."""
        done = subprocess.run(
            [sys.executable, "-m", "wizard", *words],
            cwd=ROOT,
            env={**os.environ, "AIRGAP_WIZARD_STATE": str(self.home), "AIRGAP_WIZARD_REHEARSAL": "tiny"},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        return done.returncode, done.stdout + done.stderr

    def diagnose(self, *words: str) -> dict[str, Any]:
        """What `diagnose` says, as data."""
        _, said = self.type("diagnose", *words, "--output", "json")
        found: dict[str, Any] = json.loads(said)
        return found

    def cluster(self) -> Any:
        """The site, opened: `with hands.cluster() as cluster`."""
        return _Opened(self)

    def carry_out(self, command: str) -> None:
        """One printed command."""
        words = shlex.split(command)
        if words[0] == "airgap-wizard":
            code, said = self.type(*words[1:])
            assert code == 0, said
        elif command.startswith(LOOKS) or (
            words[:2] == ["kubectl", "-n"] and words[3] in ("get", "describe", "logs")
        ):
            return
        else:
            with self.cluster() as cluster:
                _kubectl(cluster, words)


class _Opened:
    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def __enter__(self) -> Cluster:
        state = self._hands.home / "rehearsal" / self._hands.world
        self._world = open_world(self._hands.world, state=state, tiny=True)
        self._answers = journey_answers(self._hands.home)
        return self._world.cluster(self._answers)

    def __exit__(self, *_: object) -> None:
        self._world.close()


def _kubectl(cluster: Cluster, words: list[str]) -> None:
    assert words[:2] == ["kubectl", "-n"], words
    space, verb, rest = words[2], words[3], words[4:]
    if verb == "delete" and "-l" in rest:
        for obj in cluster.list(_KINDS[rest[0]], space):
            if _selected(rest[rest.index("-l") + 1], obj["metadata"].get("labels") or {}):
                assert cluster.delete(_KINDS[rest[0]], obj["metadata"]["name"], space)
    elif verb == "delete":
        assert cluster.delete(_KINDS[rest[0]], rest[1], space, orphan="--cascade=orphan" in rest)
    elif (verb, rest[:2]) == ("rollout", ["restart", "deployment"]):
        owner = next(o for o in cluster.list("Deployment", space) if o["metadata"]["name"] == rest[2])
        for pod in cluster.list("Pod", space, owner["spec"]["selector"]["matchLabels"]):
            cluster.delete("Pod", pod["metadata"]["name"], space)
        for _ in range(10):
            cluster.list("Pod", space)
    elif verb == "patch" and rest[0] == "service":
        found = cluster.get("Service", rest[1], space)
        assert found is not None
        for step in json.loads(rest[rest.index("-p") + 1]):
            assert (step["op"], step["path"]) == ("add", "/spec/ports/-")
            found["spec"]["ports"].append({"protocol": "TCP", **step["value"]})
        cluster.apply(found)
    else:
        raise AssertionError(f"nobody knows here how to: {' '.join(words)}")


def _selected(selector: str, labels: dict[str, str]) -> bool:
    """Equality and `in (a,b)`, as far as remedies use them."""
    for key, values, value in re.findall(r"([\w.-]+)(?: in \(([^)]*)\)|=([\w.-]+))", selector):
        if labels.get(key) not in ([v.strip() for v in values.split(",")] if values else [value]):
            return False
    return True
