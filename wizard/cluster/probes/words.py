"""The probe's words (docs/ARCHITECTURE.md): one JSON object a line, read with suspicion."""

import json
from typing import Any

from wizard.cluster.port import PodResult
from wizard.engine.problems import Problem, Remedy


def lines(output: str) -> list[dict[str, Any]]:
    """Every JSON object of the output; other lines (a kernel's, a runtime's) are left out."""
    found = []
    for line in output.splitlines():
        text = line.strip()
        if text.startswith("{"):
            try:
                value = json.loads(text)
            except ValueError:
                continue
            if isinstance(value, dict):
                found.append(value)
    return found


def said(result: PodResult, what: str) -> list[dict[str, Any]]:
    """What the probe saw. Raises Problem `probe-said-nothing` where it could not look: that is never a verdict."""
    found = lines(result.output)
    if found and result.exit_code == 0:
        return found
    why = next((line for line in reversed(found) if line.get("outcome") == "failed"), None)
    if why is not None:
        raise Problem(
            "probe-said-nothing",
            f"the probe could not look: {what}",
            detail=f"{why.get('code', '')}: {why.get('detail', '')}",
            evidence={"code": why.get("code", "")},
        )
    tail = result.output.strip().splitlines()[-3:]
    raise Problem(
        "probe-said-nothing",
        f"the probe could not look: {what}",
        detail=f"exit code {result.exit_code}; last words: {' / '.join(tail) or 'none'}",
        remedies=(Remedy("check that images.probe is the airgap-probe image of this version"),),
        evidence={"exitCode": result.exit_code},
    )


def one(result: PodResult, what: str) -> dict[str, Any]:
    """The last thing it saw."""
    return said(result, what)[-1]
