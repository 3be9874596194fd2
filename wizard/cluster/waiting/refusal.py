"""What admission refuses, told apart by its words, and what to do about each."""

import re

from wizard.engine.events import Remedy

PODSECURITY = re.compile(r"violates PodSecurity \"?([\w-]+)")
QUOTA = re.compile(r"exceeded quota: ([\w.-]+)|failed quota: ([\w.-]+)")
RANGE = re.compile(
    r"(?:maximum|minimum) [\w.-]+ usage per (?:Container|Pod|PersistentVolumeClaim)|max limit to request ratio"
)
DENIED = re.compile(r"admission webhook \"([^\"]+)\" denied the request|ValidatingAdmissionPolicy '([^']+)'")
SILENT = re.compile(r"failed calling webhook \"([^\"]+)\"")
_RULES = (
    ("podsecurity", PODSECURITY),
    ("quota", QUOTA),
    ("range", RANGE),
    ("webhook", DENIED),
    ("silent", SILENT),
)


def rule(words: str) -> tuple[str, str]:
    """`podsecurity`, `quota`, `range`, `webhook` (a policy too) or `silent`, with its name; "" for other words."""
    for name, pattern in _RULES:
        match = pattern.search(words)
        if match:
            return name, next((g for g in match.groups() if g), "")
    return "", ""


def remedy(words: str, namespace: str) -> Remedy:
    """Where to look first."""
    kind, name = rule(words)
    if kind == "podsecurity":
        return Remedy("see what the namespace enforces", f"kubectl get namespace {namespace} --show-labels")
    if kind == "webhook" and "ValidatingAdmissionPolicy" in words:
        return Remedy(
            f"see what the policy {name} asks for; give it that in chart.overrides, or have the namespace exempted",
            f"kubectl get validatingadmissionpolicy {name} -o yaml",
        )
    if kind in ("webhook", "silent"):
        return Remedy(
            f"see whose webhook {name} is"
            + (
                "; give the objects what its words ask for in chart.overrides, or have the namespace exempted"
                if kind == "webhook"
                else ", and bring its pods up"
            ),
            "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
        )
    return Remedy(
        "see quotas and limits of the namespace", f"kubectl describe quota,limitrange -n {namespace}"
    )
