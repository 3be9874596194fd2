"""release-state: Helm's release of that name is absent or in a state that an upgrade can go on from (facts 8)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.release import ReleaseState


class ReleaseStateCheck(Check):
    """FAIL for a release that is being changed, or was when its Helm died; WARN for a failed one."""

    id = "release-state"
    title = "Helm release"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (ReleaseState,)
    seed = "facts 8"

    def judge(self, facts: Facts) -> Finding:
        """`failed` is what `helm upgrade --install` recovers from; a pending one it refuses."""
        known = facts.get(ReleaseState)
        assert not isinstance(known, Unknown)
        name, space = known.name, known.namespace
        # the revision and the chart differ from run to run without meaning anything here
        good = known.status in ("", "deployed", "superseded", "uninstalled")
        shown = {"release": name, "namespace": space, "status": "ready" if good else known.status}
        if good:
            what = f"release {name} is {known.status}" if known.status else f"no release {name} yet"
            return self.found(Grade.PASS, what, shown)
        if known.status == "failed":
            return self.found(
                Grade.WARN,
                f"release {name} failed at revision {known.revision}; the install goes on from there",
                shown,
                Remedy("see what failed then", f"helm history {name} --namespace {space}"),
            )
        if known.ours and known.status.startswith("pending"):
            return self.found(
                Grade.WARN,
                f"release {name} was left {known.status} by a run from this machine; the install goes on from there",
                shown,
                Remedy("see what there is of it", f"helm history {name} --namespace {space}"),
            )
        undo = (
            Remedy(
                "if no other Helm is at work: remove the half-made first revision; the volume stays",
                f"helm uninstall {name} --namespace {space}",
            )
            if known.revision <= 1
            else Remedy(
                "if no other Helm is at work: go back to the last good revision",
                f"helm rollback {name} --namespace {space}",
            )
        )
        return self.found(
            Grade.FAIL,
            f"release {name} is {known.status}: Helm refuses to touch it",
            shown,
            undo,
            Remedy("see whose it is", f"helm history {name} --namespace {space}"),
            detail=f"revision {known.revision} of {known.chart}: another Helm is at work on it, or was stopped in the middle",
        )
