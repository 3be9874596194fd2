"""verify: the finished install is proved, and what was proved is recorded (S1.36–S1.39)."""

import json
import platform
import time
from typing import TYPE_CHECKING, Any, ClassVar

from wizard.answers.model import Answers
from wizard.checks.base import Moment
from wizard.checks.registry import at
from wizard.engine.events import Evidence, Grade
from wizard.engine.folder import write_atomic
from wizard.engine.step import Context, Step
from wizard.facts.egress import Egress
from wizard.steps.looking import Look, conclude, look, same, tell
from wizard.steps.record import read_record, sealed_with, write_record
from wizard.steps.site_key import site_key

if TYPE_CHECKING:
    from wizard.bundle.keys.private import PrivateKey

_KEPT = ("mirror-probe", "mirror-images", "carry-model")


class Verify(Step):
    """Asks every check of the moment after the install, and stops at none of them."""

    id = "verify"
    title = "Prove the install"
    asks: ClassVar = ("proof", "cluster.namespace", "cluster.release", "media.key")
    after: ClassVar = ("mirror-probe", "mirror-images", "carry-model")
    changes = "leaves a record, and an ephemeral container in each component's pod, in {cluster.namespace}"

    def __init__(self) -> None:
        self._looked: tuple[Context, Look] | None = None

    def preview(self, answers: Answers) -> list[str]:
        """One line a check, the question, and what stays behind."""
        return [
            *(f"check {check.id}: {check.title}" for check in at(Moment.AFTER)),
            f"ask for real: {answers.proof.question}",
            f"try {', '.join(answers.proof.outside)} from inside every component",
            "an ephemeral container stays in each component's pod until it is replaced",
            f"sign the record of it with {answers.media.key}"
            if answers.media.key
            else "no key is named (media.key): the record of it is not signed",
        ]

    def already(self, ctx: Context) -> Evidence | None:
        """Look again; the same verdicts as the record in the cluster mean that nothing has changed since.

        Where there is a key, the record must also bear its signature.
        """
        key = site_key(ctx)
        found = look(ctx, Moment.AFTER)
        evidence = _evidence(found)
        cluster = ctx.world.cluster(ctx.answers)
        recorded = read_record(cluster, ctx.answers)
        signed = key is None or sealed_with(cluster, ctx.answers, key.public)
        if signed and not found.of(Grade.FAIL) and same(evidence, recorded.get("verify")):
            tell(ctx, found)
            return evidence
        self._looked = (ctx, found)
        return None

    def run(self, ctx: Context) -> Evidence:
        """Raises Problem `verification-failed` (exit 3) naming every check that failed, `key-password-wrong`."""
        key = site_key(ctx)
        looked, self._looked = self._looked, None
        found = looked[1] if looked and looked[0] is ctx else look(ctx, Moment.AFTER)
        _left(ctx, found)
        tell(ctx, found)
        conclude(
            found,
            Moment.AFTER,
            "verification-failed",
            "the install is there and {count} {verb}: {checks}",
            "airgap-wizard verify --answers-file F",
        )
        evidence = _evidence(found)
        cluster = ctx.world.cluster(ctx.answers)
        before = read_record(cluster, ctx.answers)
        _write(ctx, _record(ctx, evidence, before, key), key)
        return evidence


def _evidence(found: Look) -> dict[str, Any]:
    """Verdicts, and of the two checks that name things, what they name. Nothing that changes from run to run."""
    by_id = {finding.check: finding for finding in found.findings}
    kept = {
        check: by_id[check].evidence for check in ("images-as-recorded", "egress-refused") if check in by_id
    }
    return {
        "checks": found.grades(),
        "images": dict(kept.get("images-as-recorded", {}).get("images", {})),
        "egress": kept.get("egress-refused", {}).get("matrix", {}),
    }


def _write(ctx: Context, record: dict[str, Any], key: "PrivateKey | None") -> None:
    """Into the run folder and beside the release, sealed where there is a key."""
    path = ctx.folder / "install-record.json"
    write_atomic(path, json.dumps(record, indent=2, sort_keys=True) + "\n")
    sealed = b""
    if key is not None:
        from wizard.bundle.install_record import seal_record

        sealed, path = seal_record(record, key), ctx.folder / "install-record.signed.json"
        write_atomic(path, sealed)
        ctx.say(f"record: {path}, signed with {key.public.fingerprint}")
    else:
        ctx.say(f"record: {path}, signed by nobody: media.key names no key")
    write_record(ctx.world.cluster(ctx.answers), ctx.answers, record, sealed.decode())


def _record(
    ctx: Context, evidence: Evidence, before: dict[str, Any], key: "PrivateKey | None"
) -> dict[str, Any]:
    answers = ctx.answers
    kept = before.get("recorded") if isinstance(before.get("recorded"), dict) else {}
    return {
        "apiVersion": "airgap-wizard/v1",
        "rehearsal": ctx.world.rehearsal,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host": platform.node(),
        # who signs it is in what is signed; "" says that nobody does
        "signedBy": key.public.fingerprint if key else "",
        "release": f"{answers.cluster.namespace}/{answers.cluster.release}",
        "preflight": ctx.evidence.get("preflight", before.get("preflight")),
        "verify": evidence,
        "recorded": (kept or {}) | {step: ctx.evidence[step] for step in _KEPT if step in ctx.evidence},
    }


def _left(ctx: Context, found: Look) -> None:
    egress = found.facts.get(Egress)
    left = getattr(egress, "left", ())
    if left:
        space = ctx.answers.cluster.namespace
        ctx.say(
            f"an ephemeral container stays in the pods of {', '.join(left)}; it has ended and holds nothing. To be rid "
            f"of it: kubectl -n {space} rollout restart deployment,statefulset -l app.kubernetes.io/instance="
            f"{ctx.answers.cluster.release}"
        )
