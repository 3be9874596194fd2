"""The gateway's token: missing, under another key, or not there yet. The pods are Ready all the same (facts 8)."""

import re
from collections.abc import Iterator

from wizard.cluster.objects.names import AUTH_SECRET, TOKEN_KEY
from wizard.diagnosis.cause import Proof, RootCause, RuledOut, Sure, Told
from wizard.diagnosis.scene import Scene, name_of
from wizard.engine.events import Remedy

_EXPLAINS = frozenset({"question-answered", "tools-proven", "verification-failed", "token-secret-missing"})
_SAYS = ("no bearer token on disk", "authentication is not configured")


def token(scene: Scene) -> Iterator[Told]:
    """The Secret decides; the gateway's own words where the Secret may not be seen."""
    gateway = scene.pods("gateway")
    fault = scene.fault
    said = next(
        (
            Proof(f"log of {name_of(pod)}", line.strip())
            for pod in gateway
            for line in scene.log(pod).splitlines()
            if any(words in line for words in _SAYS)
        ),
        None,
    )
    asked = scene.failed("question-answered")
    refused = (
        Proof("check question-answered", f"{asked.title}; {asked.detail}") if asked is not None else None
    )
    wanted = bool(gateway) or (fault is not None and fault.code == "token-secret-missing")
    proofs = tuple(p for p in (said, refused) if p is not None)
    make = Remedy(
        "have it made; the gateway finds it within two minutes, without a restart",
        scene.step("prepare-namespace"),
    )
    space = scene.names.namespace
    secret = scene.get("Secret", AUTH_SECRET)
    if wanted and scene.absent("Secret", AUTH_SECRET):
        yield RootCause(
            "token-secret-missing",
            f"the Secret {AUTH_SECRET} is missing in namespace {space}: the gateway answers every question with 503",
            Sure.CERTAIN,
            (Proof(f"Secrets of namespace {space}", f"there is no {AUTH_SECRET}"), *proofs),
            (
                make,
                Remedy(
                    "where something prunes it (GitOps), exempt it there",
                    f"kubectl -n {space} get secrets --watch",
                ),
            ),
            18,
            tuple(name_of(pod) for pod in gateway),
            _EXPLAINS,
        )
    elif fault is not None and fault.code == "token-secret-missing" and secret is None:
        yield RootCause(
            "token-secret-missing", fault.title, Sure.CERTAIN, (Proof("the run's end", fault.detail or fault.title),),
            (make,), 18, (), _EXPLAINS,
        )  # fmt: skip
    elif secret is not None and wanted and TOKEN_KEY not in (secret.get("keys") or secret.get("data") or {}):
        has = ", ".join(secret.get("keys") or secret.get("data") or {}) or "no key"
        yield RootCause(
            "token-key-missing",
            f"the Secret {AUTH_SECRET} has no key `{TOKEN_KEY}`: the gateway answers every question with 503",
            Sure.CERTAIN,
            (Proof(f"Secret {AUTH_SECRET} in {space}", f"has {has}"), *proofs),
            (
                Remedy("remove it", f"kubectl -n {space} delete secret {AUTH_SECRET}"),
                Remedy("and have it made again", scene.step("prepare-namespace")),
            ),
            18,
            tuple(name_of(pod) for pod in gateway),
            _EXPLAINS,
        )
    elif (
        refused is not None
        and re.search(r"\b503\b|refuses the token", refused.words)
        and ("token" in refused.words or "authentication" in refused.words)
    ):
        yield RootCause(
            "token-not-mounted",
            "the token's Secret was made, or made anew, after the gateway's pod, which does not have it yet",
            Sure.LIKELY,
            proofs,
            (
                Remedy(
                    "wait two minutes, or restart the gateway",
                    f"kubectl -n {space} rollout restart deployment {scene.names.of_component('gateway')}",
                ),
            ),
            18,
            tuple(name_of(pod) for pod in gateway),
            _EXPLAINS,
        )
    elif secret is not None:
        yield RuledOut("the gateway's token is missing", f"the Secret {AUTH_SECRET} has its key {TOKEN_KEY}")
