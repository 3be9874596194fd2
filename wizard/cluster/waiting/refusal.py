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
            f"have the namespace {namespace} exempted from the policy {name}; see what it asks for, and where",
            "kubectl get validatingadmissionpolicies,validatingadmissionpolicybindings -o yaml",
        )
    if kind in ("webhook", "silent"):
        return Remedy(
            f"see whose webhook {name} is, and bring its pods up"
            if kind == "silent"
            else f"have the namespace {namespace} exempted from the webhook {name}; see whose it is",
            "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
        )
    return Remedy(
        "see quotas and limits of the namespace", f"kubectl describe quota,limitrange -n {namespace}"
    )


def remedies(words: str, namespace: str) -> tuple[Remedy, ...]:
    """Where what is refused may be given what is asked for, that first."""
    if rule(words)[0] != "webhook":
        return (remedy(words, namespace),)
    give = Remedy(
        "give the objects what its words ask for, in a values file of your own; a label is `commonLabels: {NAME: VALUE}`",
        "airgap-wizard run --answers-file F --set chart.overrides=values-site.yaml",
    )
    other = remedy(words, namespace)
    return give, Remedy(f"or {other.text}", other.command)
