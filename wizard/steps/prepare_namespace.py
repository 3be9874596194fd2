"""prepare-namespace: the namespace under PodSecurity, pull secret, token, default deny (S1.29, S1.33, S1.34)."""

import base64
import json
import secrets
from typing import Any, ClassVar

from wizard.answers.model import Answers
from wizard.cluster.objects.credentials import registry_config
from wizard.cluster.objects.names import AUTH_SECRET, MANAGED_BY, MANAGER, TOKEN_KEY, Names, ours
from wizard.cluster.objects.namespace import POD_SECURITY, namespace
from wizard.cluster.objects.pods import once, probe_pod
from wizard.cluster.objects.policies import DEFAULT_DENY, default_deny
from wizard.cluster.objects.secrets import pull_secret, secret_value, token_secret
from wizard.cluster.port import Cluster, Obj
from wizard.cluster.probes.causes import pull_cause
from wizard.cluster.probes.guest import sweep_guests
from wizard.cluster.probes.scratch import until
from wizard.engine.events import Evidence
from wizard.engine.problems import Problem, Remedy
from wizard.engine.secrets import Secret
from wizard.engine.step import Context, Step
from wizard.facts.fetch import probe_reference

_CONFIG = ".dockerconfigjson"
_SECONDS = 120.0


class PrepareNamespace(Step):
    """Makes what is missing and changes what differs; a token that is there is never touched."""

    id = "prepare-namespace"
    title = "Prepare the namespace"
    asks: ClassVar = ("cluster.namespace", "cluster.defaultDeny", "registry.pullSecret")
    after: ClassVar = ("mirror-probe",)
    changes = "writes namespace {cluster.namespace} with its secrets and policy"

    def preview(self, answers: Answers) -> list[str]:
        """One line an object."""
        space = answers.cluster.namespace
        lines = [
            f"namespace {space} with pod-security.kubernetes.io/{{enforce,audit,warn}}=restricted",
            f"secret {space}/{answers.registry.pull_secret} to pull from {answers.registry.host} with, and a pull with it",
            f"secret {space}/{AUTH_SECRET}: 32 random bytes, made in this process, unless there is one",
        ]
        deny = f"policy {space}/{DEFAULT_DENY}: no pod gets out unless another policy lets it"
        return [*lines, deny] if answers.cluster.default_deny else lines

    def already(self, ctx: Context) -> Evidence | None:
        """Everything is there and equal."""
        cluster, space = ctx.world.cluster(ctx.answers), ctx.answers.cluster.namespace
        found = cluster.get("Namespace", space)
        if found is None or not POD_SECURITY.items() <= (found["metadata"].get("labels") or {}).items():
            return None
        config = _config(ctx)
        if config is not None and not _same(
            cluster.get("Secret", ctx.answers.registry.pull_secret, space), config
        ):
            return None
        if not _has_token(cluster, space) or _policy_differs(cluster, ctx.answers):
            return None
        return _evidence(ctx.answers, config)

    def run(self, ctx: Context) -> Evidence:
        """Raises Problem `pull-secret-refused` where a pod here cannot pull with the secret (S4.16, S4.17)."""
        cluster, space = ctx.world.cluster(ctx.answers), ctx.answers.cluster.namespace
        cluster.apply(namespace(space))
        config = _config(ctx)
        if config is None:
            ctx.say(
                f"{ctx.answers.registry.host} is pulled from anonymously: no pull secret is made", "warning"
            )
        else:
            _refuse_other_type(cluster, ctx.answers)
            cluster.apply(pull_secret(ctx.answers.registry.pull_secret, space, config))
        if _has_token(cluster, space):
            ctx.say(f"secret {AUTH_SECRET} is there already and stays as it is")
        else:
            cluster.apply(token_secret(AUTH_SECRET, space, Secret(secrets.token_hex(32))))
        _policy(cluster, ctx.answers)
        if config is not None:
            _try_pull(ctx, cluster)
        return _evidence(ctx.answers, config)


def _config(ctx: Context) -> Secret | None:
    return registry_config(ctx.world.sites(ctx.answers), ctx.answers.registry.host)


def _evidence(answers: Answers, config: Secret | None) -> dict[str, Any]:
    return {
        "namespace": answers.cluster.namespace,
        "podSecurity": "restricted",
        "pullSecret": answers.registry.pull_secret if config is not None else "",
        "tokenSecret": AUTH_SECRET,
        "defaultDeny": answers.cluster.default_deny,
    }


def _has_token(cluster: Cluster, space: str) -> bool:
    found = cluster.get("Secret", AUTH_SECRET, space)
    return found is not None and bool(secret_value(found, TOKEN_KEY).strip())


def _same(found: Obj | None, config: Secret) -> bool:
    """Whether the Secret's host has the same entry: an operator may keep more hosts in it."""
    if found is None:
        return False
    try:
        has = json.loads(base64.b64decode((found.get("data") or {}).get(_CONFIG, "")))["auths"]
        wants: dict[str, Any] = json.loads(config.reveal())["auths"]
        return all(has.get(host) == entry for host, entry in wants.items())
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _refuse_other_type(cluster: Cluster, answers: Answers) -> None:
    """A Secret's type cannot be changed: better said than met as an API error."""
    name, space = answers.registry.pull_secret, answers.cluster.namespace
    found = cluster.get("Secret", name, space)
    if found is not None and found.get("type") != "kubernetes.io/dockerconfigjson":
        raise Problem(
            "pull-secret-other-type",
            f"secret {space}/{name} exists and is of type {found.get('type')}",
            detail="a pull secret is of type kubernetes.io/dockerconfigjson, and a Secret's type cannot be changed",
            remedies=(
                Remedy("choose another name in registry.pullSecret"),
                Remedy("or delete it, if nobody needs it", f"kubectl -n {space} delete secret {name}"),
            ),
        )


def _policy_differs(cluster: Cluster, answers: Answers) -> bool:
    found = cluster.get("NetworkPolicy", DEFAULT_DENY, answers.cluster.namespace)
    if not answers.cluster.default_deny:
        return found is not None and _is_ours(found)
    if found is None:
        return True
    spec = found.get("spec") or {}
    return bool(
        spec.get("podSelector") or spec.get("egress") or "Egress" not in (spec.get("policyTypes") or [])
    )


def _is_ours(found: Obj) -> bool:
    return (found["metadata"].get("labels") or {}).get(MANAGED_BY) == MANAGER


def _policy(cluster: Cluster, answers: Answers) -> None:
    space = answers.cluster.namespace
    if answers.cluster.default_deny:
        cluster.apply(default_deny(space))
    elif _policy_differs(cluster, answers):
        cluster.delete("NetworkPolicy", DEFAULT_DENY, space)


def _try_pull(ctx: Context, cluster: Cluster) -> None:
    """One pod here pulls with the secret itself: that it exists somewhere else is the usual mistake (S4.16)."""
    names = Names.of(ctx.answers.cluster)
    image = probe_reference(ctx.answers, dict(ctx.evidence))
    space, secret = names.namespace, ctx.answers.registry.pull_secret
    _await_account(ctx, cluster, space)
    sweep_guests(cluster, names)
    pod = probe_pod(
        once("airgap-wizard-pull"),
        space,
        image,
        ["sleep", "0"],
        labels=ours("probe", names),
        pull_secret=secret,
        container={"imagePullPolicy": "Always"},
    )
    try:
        cluster.run_pod(pod, timeout=_SECONDS, stop=ctx.stop)
    except Problem as problem:
        if problem.code != "pod-did-not-start":
            raise
        raise Problem(
            "pull-secret-refused",
            f"a pod in {space} cannot pull with secret {secret}: {pull_cause(problem.detail)}",
            detail=problem.detail,
            remedies=(
                Remedy(
                    "the node's words are above; what each cause asks for",
                    "airgap-wizard explain nodes-reach-registry",
                ),
                *problem.remedies,
            ),
            evidence={"image": image, "cause": pull_cause(problem.detail)},
        ) from None


def _await_account(ctx: Context, cluster: Cluster, space: str) -> None:
    """A new namespace's `default` ServiceAccount appears a moment later; no pod is admitted before."""
    until(lambda: cluster.get("ServiceAccount", "default", space) is not None, ctx.stop, 10, every=0.2)
