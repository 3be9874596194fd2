"""question-answered: a real question got a real answer, so the bridge reached Ollama and the model (S1.36, S1.37)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.answer import Answer
from wizard.facts.base import Facts, Unknown
from wizard.facts.wanted import Wanted


class QuestionAnswered(Check):
    """PASS for a whole, non-empty answer. Whether OpenCost was asked for it is another check's business."""

    id = "question-answered"
    title = "A question is answered"
    when: ClassVar = frozenset({Moment.AFTER, Moment.BROKEN})
    needs = (Wanted, Answer)
    seed = "S1.36"

    def judge(self, facts: Facts) -> Finding:
        """The answer itself is shown, and is no evidence: it is another one each time."""
        wanted, known = facts.get(Wanted), facts.get(Answer)
        assert not isinstance(wanted, Unknown) and not isinstance(known, Unknown)
        shown = {
            "outcome": known.outcome,
            "status": known.status,
            "model": known.model,
            "answered": bool(known.text),
        }
        if known.outcome == "answered" and known.status == 200 and known.text and not known.detail:
            return self.found(
                Grade.PASS,
                f"{known.model or 'the model'} answered",
                shown,
                detail=f"{known.question} → {known.text[:500]}",
            )
        title, remedy = _why(known, wanted)
        return self.found(Grade.FAIL, title, shown, remedy, detail=known.detail[:500])


def _why(known: Answer, wanted: Wanted) -> tuple[str, Remedy]:
    space, words = wanted.namespace, known.detail.lower()
    logs = f"kubectl -n {space} logs -l app.kubernetes.io/component="
    if known.outcome == "token-missing":
        return "there is no token to ask with", Remedy(
            "have the token secret made", "airgap-wizard run --answers-file F --only prepare-namespace"
        )
    if known.outcome != "answered":
        return f"the gateway was not reached: {known.outcome}", Remedy("see its log", logs + "gateway")
    if known.status == 503 and "authentication" in words:
        return "the gateway has no token: it answers every question with 503", Remedy(
            "the secret opencost-ai-auth was made after its pod; the kubelet brings it within two minutes, or at once "
            "with a restart",
            f"kubectl -n {space} rollout restart deployment -l app.kubernetes.io/component=gateway",
        )
    if known.status == 401:
        return "the gateway refuses the token of the secret", Remedy(
            "the pods still hold another token: restart them",
            f"kubectl -n {space} rollout restart deployment -l app.kubernetes.io/component=gateway",
        )
    if "does not support tools" in words:
        return "the model has no template for tools", Remedy(
            "its TEMPLATE layer was lost on the way: carry it again with this program, which keeps all layers",
            "airgap-wizard run --answers-file F --from carry-model",
        )
    if known.status in (502, 503):
        return f"the gateway says {known.status}: bridge or Ollama do not answer", Remedy(
            "see the bridge's log, then Ollama's", logs + "bridge"
        )
    if known.status == 200:
        what = "was cut off" if known.text else "is empty"
        return f"the answer {what}", Remedy(
            "on a CPU a large model needs minutes: give it more cores, a GPU, or choose a smaller one",
            logs + "ollama",
        )
    return f"the gateway says {known.status}", Remedy("see its log", logs + "gateway")
