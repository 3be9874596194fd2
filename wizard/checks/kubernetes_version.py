"""kubernetes-version: the chart needs 1.25 (S1.8)."""

import re
from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.kubernetes import Kubernetes

LEAST = (1, 25)


class KubernetesVersion(Check):
    """PASS from 1.25 on."""

    id = "kubernetes-version"
    title = "Kubernetes version"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (Kubernetes,)
    seed = "S1.8"

    def judge(self, facts: Facts) -> Finding:
        """Compare major and minor; a version that cannot be read is no pass."""
        known = facts.get(Kubernetes)
        assert not isinstance(known, Unknown)
        read = re.match(r"v?(\d+)\.(\d+)", known.version)
        shown = {"version": known.version, "least": "1.25"}
        if not read:
            return self.found(
                Grade.UNKNOWN, f"Kubernetes says its version is {known.version!r}, which is none", shown
            )
        if (int(read[1]), int(read[2])) < LEAST:
            return self.found(
                Grade.FAIL,
                f"Kubernetes {known.version} is too old",
                shown,
                Remedy("bring the cluster to Kubernetes 1.25 or later", "kubectl version"),
                detail="the chart states kubeVersion >=1.25, and PodSecurity admission is stable from 1.25 on",
            )
        return self.found(Grade.PASS, f"Kubernetes {known.version}", shown)
