"""tools-proven: OpenCost was really asked. An answer with 200 from Ready pods is no proof of that (S1.37, facts 8)."""

import re
from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.answer import Answer
from wizard.facts.base import Facts, Unknown
from wizard.facts.tools import Tools
from wizard.facts.wanted import Wanted

_BROKEN = re.compile(
    r"^\s*\W*(error|failed|failure|exception)\b|session terminated|no such tool|tool \S+ (failed|not found)"
    r"|connection (refused|attempts failed)|i/o timeout|timed out|\"?iserror\"?\s*:\s*true",
    re.IGNORECASE,
)


class ToolsProven(Check):
    """PASS only with a result that came back from OpenCost, or with the text that only OpenCost can know."""

    id = "tools-proven"
    title = "OpenCost was asked"
    when: ClassVar = frozenset({Moment.AFTER, Moment.BROKEN})
    needs = (Wanted, Answer, Tools)
    seed = "S1.37"

    def judge(self, facts: Facts) -> Finding:
        """From the strongest proof to the weakest; what is only likely is UNKNOWN."""
        wanted, answer, tools = facts.get(Wanted), facts.get(Answer), facts.get(Tools)
        assert not isinstance(wanted, Unknown)
        assert not isinstance(answer, Unknown) and not isinstance(tools, Unknown)
        expect = wanted.answers.proof.expect
        good = [result for result in answer.tool_results if _good(result)]
        bad = [result for result in answer.tool_results if _BROKEN.search(result)]
        held = bool(expect) and expect.lower() in answer.text.lower()
        shown = {
            "toolCalled": bool(answer.tool_calls),
            "results": "good" if good else "failed" if bad else "none",
            "expectedTextHeld": held if expect else None,
            "bridgeTools": max(tools.health, tools.logged),
            "sessionOlderThanOpenCost": tools.stale,
        }
        counted = f"bridge: {tools.health} tools by its health, {tools.logged} by its log (-1 = not said); "
        detail = counted + f"{len(answer.tool_calls)} calls, prompt of {answer.prompt_tokens} tokens"
        restart = Remedy(
            "restart the bridge, now that OpenCost is up: it connects once, at its start",
            f"kubectl -n {wanted.namespace} rollout restart deployment -l app.kubernetes.io/component=bridge",
        )
        if held:
            return self.found(
                Grade.PASS, f"the answer holds “{expect}”, which only OpenCost knows", shown, detail=detail
            )
        if bad and not good:
            return self.found(
                Grade.FAIL,
                "the model called a tool and every call failed; the question was answered all the same",
                shown,
                restart,
                detail=f"{bad[0][:200]}; {detail}",
            )
        if 0 in (tools.health, tools.logged) and not good:
            return self.found(
                Grade.FAIL,
                "the bridge has no tools: it answers without ever asking OpenCost",
                shown,
                restart,
                Remedy("see whether OpenCost's MCP server answers", "airgap-wizard explain opencost-mcp"),
                detail=detail,
            )
        if expect:
            return self.found(
                Grade.FAIL,
                f"the answer does not hold “{expect}”",
                shown,
                Remedy("ask a question whose answer holds it (proof.question), or correct proof.expect"),
                restart,
                detail=f"answer: {answer.text[:300]}; {detail}",
            )
        if good:
            calls = ", ".join(dict.fromkeys(answer.tool_calls)) or "a tool"
            return self.found(
                Grade.PASS, f"OpenCost was asked through {calls} and answered", shown, detail=detail
            )
        if tools.stale:
            return self.found(
                Grade.FAIL,
                "OpenCost's pod was replaced after the bridge had connected: every tool call will fail",
                shown,
                restart,
                detail=detail,
            )
        return self.found(
            Grade.UNKNOWN,
            "whether OpenCost was asked is not shown: the answer came without a tool's result",
            shown,
            Remedy(
                "set proof.expect to a text that only OpenCost can know, and proof.question to a question that asks "
                "for it: the strongest proof there is"
            ),
            detail=detail,
        )


def _good(result: str) -> bool:
    """Something with a figure in it and no sign of failure: costs are figures."""
    return not _BROKEN.search(result) and any(each.isdigit() for each in result)
