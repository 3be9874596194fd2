"""opencost-mcp: its MCP server answers a handshake from where the bridge will stand (S1.13, S1.37)."""

import json
from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.mcp import Mcp
from wizard.facts.opencost import OpenCost
from wizard.facts.wanted import Wanted


class OpenCostMcp(Check):
    """PASS only on a handshake; with tools."""

    id = "opencost-mcp"
    title = "OpenCost's MCP server"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.AFTER, Moment.BROKEN})
    needs = (Mcp,)
    helped_by = (OpenCost, Wanted)
    seed = "S1.13"

    def judge(self, facts: Facts) -> Finding:
        """What is around OpenCost (ports, policies) tells why it does not answer."""
        known, about, wanted = facts.get(Mcp), facts.get(OpenCost), facts.get(Wanted)
        assert not isinstance(known, Unknown)
        shown = {"url": known.url, "outcome": known.outcome, "server": known.server, "tools": known.tools}
        if known.outcome == "answered" and known.status == 200 and known.server:
            if known.tools == 0:
                return self.found(
                    Grade.FAIL,
                    f"the MCP server of {known.server} offers no tools",
                    shown,
                    Remedy("see its log for what it could not read", _log(about)),
                )
            tools = f", {known.tools} tools" if known.tools > 0 else ""
            return self.found(
                Grade.PASS, f"MCP handshake with {known.server} {known.version}{tools}".rstrip(), shown
            )
        if known.outcome != "answered" and not (known.home or isinstance(about, Unknown)) and about.admitting:
            space = about.namespace if isinstance(wanted, Unknown) else wanted.namespace
            return self.found(
                Grade.UNKNOWN,
                f"no MCP handshake with {known.url} from a scratch namespace, which OpenCost's policy may well refuse",
                shown,
                Remedy("make the release's namespace, and look again", f"kubectl create namespace {space}"),
                detail=f"{known.outcome}; {', '.join(about.admitting)} admits namespace {space}, which is not there yet",
            )
        return self.found(
            Grade.FAIL,
            f"no MCP handshake with {known.url}: {known.outcome}"
            + (f" {known.status}" if known.status else ""),
            shown,
            *_remedies(known, about, "opencost-ai" if isinstance(wanted, Unknown) else wanted.namespace),
            detail="; ".join(filter(None, [known.detail, _around(known, about)])),
        )


def _log(about: OpenCost | Unknown) -> str:
    if isinstance(about, Unknown):
        return "kubectl get pods -A -l app.kubernetes.io/name=opencost"
    return f"kubectl -n {about.namespace} logs -l app.kubernetes.io/name=opencost --tail 50"


def _around(known: Mcp, about: OpenCost | Unknown) -> str:
    if isinstance(about, Unknown):
        return about.reason
    words = []
    if 8081 not in about.ports:
        words.append(f"its Service has the ports {', '.join(map(str, about.ports)) or 'none'}, not 8081")
    if about.barring:
        words.append(f"its NetworkPolicies {', '.join(about.barring)} do not let the bridge in on 8081")
    if not known.home:
        words.append("asked from a scratch namespace, since the release's own is not there yet")
    return "; ".join(words)


def admission(about: OpenCost, space: str) -> Remedy:
    """A policy beside OpenCost's own: policies add up, so that nothing of its chart is changed."""
    selector = json.dumps(dict(about.selector))
    return Remedy(
        f"let namespace {space} in on 8081, by a policy beside OpenCost's own",
        "kubectl apply -f - <<'EOF'\n"
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: opencost-mcp-from-{space}, namespace: {about.namespace}}}\nspec:\n"
        f"  podSelector: {{matchLabels: {selector}}}\n  policyTypes: [Ingress]\n  ingress:\n"
        f"  - from: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {space}}}}}}}]\n"
        "    ports: [{port: 8081, protocol: TCP}]\nEOF",
    )


def _remedies(known: Mcp, about: OpenCost | Unknown, space: str) -> tuple[Remedy, ...]:
    found = []
    if not isinstance(about, Unknown):
        patch = '[{"op":"add","path":"/spec/ports/-","value":{"name":"mcp","port":8081,"targetPort":8081}}]'
        if 8081 not in about.ports:
            command = f"kubectl -n {about.namespace} patch service {about.service} --type json -p '{patch}'"
            found.append(Remedy("let OpenCost's Service have port 8081", command))
        if about.barring:
            found.append(admission(about, space))
    if known.outcome in ("refused", "answered", "timeout") or not found:
        where = "opencost" if isinstance(about, Unknown) else about.namespace
        command = f"kubectl -n {where} set env deployment/opencost MCP_SERVER_ENABLED=true"
        found.append(Remedy("switch the MCP server on", command))
    return tuple(found)
