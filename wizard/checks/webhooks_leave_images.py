"""webhooks-leave-images: nothing rewrites image references or adds containers on the way into a pod (S1.2)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.webhooks import Webhooks


class WebhooksLeaveImages(Check):
    """FAIL where the image was rewritten; WARN where containers were added or it could not be tried."""

    id = "webhooks-leave-images"
    title = "Webhooks leave images alone"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (Webhooks,)
    seed = "S1.2"

    def judge(self, facts: Facts) -> Finding:
        """A pod offered as a dry run, compared with what came back."""
        known = facts.get(Webhooks)
        assert not isinstance(known, Unknown)
        who = ", ".join(known.mutating)
        see = Remedy(
            "see what it does, and exempt the namespace", "kubectl get mutatingwebhookconfigurations"
        )
        shown = {
            "mutating": list(known.mutating),
            "imageKept": known.kept == known.sent,
            "added": list(known.added),
        }
        if not known.kept:
            if not known.mutating:
                return self.found(
                    Grade.UNKNOWN, "a pod could not be offered as a dry run", shown, detail=known.why
                )
            return self.found(
                Grade.WARN,
                f"webhooks see new pods, and whether they rewrite images could not be tried: {who}",
                shown,
                see,
                detail=known.why,
            )
        if known.kept != known.sent:
            return self.found(
                Grade.FAIL,
                f"image references are rewritten on the way into a pod: {known.kept}",
                shown,
                see,
                detail=f"sent {known.sent}; webhooks that see pods: {who or 'none is listed'}",
            )
        if known.added:
            return self.found(
                Grade.WARN,
                f"containers are added to new pods: {', '.join(known.added)}",
                shown,
                Remedy(
                    "their images must be in the internal registry too: add them to images.extra, or exempt the "
                    "namespace",
                    "kubectl get mutatingwebhookconfigurations",
                ),
                detail=f"webhooks that see pods: {who or 'none is listed'}",
            )
        seen = f"{who} see new pods and leave images alone" if who else "no webhook sees new pods"
        return self.found(Grade.PASS, seen, shown)
