"""Which Helm this is, and whether it is new enough (S1.6, S2.41)."""

import re

from wizard.engine.problems import Problem, Remedy

OLDEST = (3, 16)


def numbers(version: str) -> tuple[int, int] | None:
    """(major, minor) of "v3.19.5"; None where there is none to read."""
    found = re.match(r"v?(\d+)\.(\d+)", version.strip())
    return (int(found[1]), int(found[2])) if found else None


def require(version: str, program: str) -> tuple[int, int]:
    """(major, minor). Raises Problem `helm-too-old`."""
    found = numbers(version)
    if found is not None and found >= OLDEST:
        return found
    raise Problem(
        "helm-too-old",
        f"{program} is Helm {version.strip() or '(no version)'}; 3.16 or later is needed",
        remedies=(
            Remedy("install Helm 3.16 or later, or Helm 4", "helm version"),
            Remedy("or name another one", "export AIRGAP_WIZARD_HELM=/path/to/helm"),
        ),
        evidence={"version": version.strip(), "needed": "3.16"},
    )
