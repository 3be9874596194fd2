"""rbac-sufficient: we may do what the run will do; asked before, not met in the middle."""

import json
from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.rbac import Rbac, Refused

_NAME = "airgap-wizard-missing"


class RbacSufficient(Check):
    """FAIL with the rules to add, as YAML."""

    id = "rbac-sufficient"
    title = "Permissions"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (Rbac,)
    seed = "S2.37"

    def judge(self, facts: Facts) -> Finding:
        """One finding for all that is missing."""
        known = facts.get(Rbac)
        assert not isinstance(known, Unknown)
        shown = {"asked": known.asked, "refused": [_short(each) for each in known.refused]}
        if known.refused:
            return self.found(
                Grade.FAIL,
                f"{len(known.refused)} of {known.asked} permissions are missing",
                shown,
                Remedy(
                    "have an administrator add these rules, or the whole of the shipped role, to the account that "
                    f"runs this{f' ({known.account})' if known.account else ''}",
                    f"kubectl apply -f - <<'EOF'\n{_rules(known.refused, known.account)}EOF",
                ),
                detail="; ".join(_short(each) for each in known.refused),
            )
        if known.silent:
            return self.found(
                Grade.UNKNOWN,
                f"the cluster does not say whether we may ({known.silent} of {known.asked})",
                shown,
            )
        return self.found(Grade.PASS, f"all {known.asked} permissions are there", shown)


def _short(each: Refused) -> str:
    return f"{each.verb} {each.resource}" + (f" in {each.namespace}" if each.namespace else "")


def _rules(refused: tuple[Refused, ...], account: str) -> str:
    """The missing rules as a ClusterRole and Roles, in YAML; bound to the account where it is known."""
    spaces = sorted({each.namespace for each in refused})
    out = []
    for space in spaces:
        kind = "Role" if space else "ClusterRole"
        where = f", namespace: {space}" if space else ""
        out.append(
            f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n"
            f"metadata: {{name: {_NAME}{where}}}\nrules:\n"
        )
        verbs: dict[tuple[str, str], list[str]] = {}
        for each in refused:
            if each.namespace == space:
                verbs.setdefault((each.group, each.resource), []).append(each.verb)
        out += [
            f'- {{apiGroups: ["{group}"], resources: ["{resource}"], verbs: [{", ".join(does)}]}}\n'
            for (group, resource), does in verbs.items()
        ]
        out.append("---\n" + _binding(kind, where, account))
    return "".join(out).removesuffix("---\n")


def _binding(kind: str, where: str, account: str) -> str:
    if not account:
        return ""
    subject = f"{{kind: User, apiGroup: rbac.authorization.k8s.io, name: {json.dumps(account)}}}"
    return (
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Binding\n"
        f"metadata: {{name: {_NAME}{where}}}\nsubjects: [{subject}]\n"
        f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {_NAME}}}\n---\n"
    )
