"""A release that shows an operation in progress: waited for, or, where it was ours and was killed, set free."""

from wizard.answers.model import Answers
from wizard.cluster.helm.errors import Where, stuck
from wizard.cluster.helm.lock import Held, forget, idle, ours
from wizard.cluster.port import Cluster, Helm
from wizard.cluster.seconds import seconds
from wizard.engine.events import Say
from wizard.engine.stop import Stop

_POLL = 1.0


def unstick(
    helm: Helm,
    cluster: Cluster,
    answers: Answers,
    stop: Stop,
    say: Say,
    *,
    mine: bool = False,
    poll: float = _POLL,
) -> None:
    """See that no operation holds the release, so that the next one can begin.

    A helm still at work on this machine is waited for. The record of a revision that was left pending by a helm
    of ours that is no more (`mine`, or the lock says so) is removed: that touches no object, and the next upgrade
    takes over what is there. Anybody else's is left alone: Problem `release-stuck`.
    """
    name, space = answers.cluster.release, answers.cluster.namespace
    held = Held.of(answers.cluster)
    found = helm.release(name, space)
    left = seconds(answers.chart.timeout)
    while found is not None and found.status.startswith("pending") and not idle(held) and left > 0:
        if left == seconds(answers.chart.timeout):
            say(
                f"a helm of an earlier run still works on {name} (revision {found.revision}); waiting for it",
                "info",
            )
        stop.wait(poll)
        left -= poll
        found = helm.release(name, space)
    if found is None or not found.status.startswith("pending"):
        forget(held)
        return
    if not idle(held) or not (mine or ours(held)):
        why = (
            f"revision {found.revision} is {found.status} since {found.updated or 'an unknown time'}, "
            "and no run on this machine began it"
        )
        raise stuck(Where("upgrade", name, space), why)
    cluster.delete("Secret", f"sh.helm.release.v1.{name}.v{found.revision}", space)
    say(
        f"revision {found.revision} of {name} was left {found.status} by a run that was killed; "
        "its record was removed, its objects are kept",
        "warning",
    )
