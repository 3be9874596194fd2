"""Pulls refused with 401 or 403: which secret is missing in which namespace, or is wrong (S4.16)."""

from collections.abc import Iterable, Iterator

from wizard.diagnosis.cause import DOWN, Proof, RootCause, RuledOut, Sure, Told, unique
from wizard.diagnosis.failures import Failed, failures
from wizard.diagnosis.scene import Scene
from wizard.engine.events import Remedy
from wizard.facts.base import Unknown

_RANK = 14
_EXPLAINS = DOWN | {"nodes-reach-registry", "image-pull-failed", "pull-secret-refused", "model-load-failed"}


def credentials(scene: Scene) -> Iterator[Told]:
    """One cause for each way in which they are missing or wrong."""
    refused = [f for f in failures(scene) if f.kind == "refused-credentials"]
    forbidden = [f for f in failures(scene) if f.kind == "forbidden"]
    inside = [f for f in refused if _inside(scene, f)]
    if inside:
        yield _refused(scene, inside)
    elif not refused and not forbidden and scene.known("Pod") and scene.pods():
        yield RuledOut("the registry refuses credentials", "no pull ended with 401 or 403")
    if forbidden:
        yield _forbidden(scene, forbidden)


def _inside(scene: Scene, failed: Failed) -> bool:
    return not failed.image or not scene.registry or failed.host == scene.registry


def _refused(scene: Scene, failed: list[Failed]) -> RootCause:
    space = scene.names.namespace
    proofs = [f.proof for f in failed]
    suffers = unique(f.sufferer for f in failed)
    pods = [f for f in failed if f.pod is not None]
    named = unique(
        str(s.get("name")) for f in pods for s in (f.pod or {})["spec"].get("imagePullSecrets") or []
    )
    expected = scene.answers.registry.pull_secret if scene.answers else "internal-registry"
    missing = [name for name in named if scene.absent("Secret", name)]
    fault = scene.fault
    if (
        not pods
        and fault is not None
        and fault.code == "pull-secret-refused"
        and scene.absent("Secret", expected)
    ):
        missing = [expected]  # it was made, a pod was to pull with it, and it is gone again
    events = [
        event
        for f in pods
        if f.pod is not None
        for event in scene.events(f.pod)
        if event.get("reason") == "FailedToRetrieveImagePullSecret"
    ]
    proofs += [Proof(f"event of pod {_who(event)}", str(event.get("message", ""))) for event in events[:2]]
    anonymous = any("anonymous" in f.words for f in failed)
    make = Remedy(
        f"have the Secret made in {space} from the registry's credentials; waiting pods then pull by themselves",
        scene.step("prepare-namespace"),
    )
    if pods and not named:
        return _cause(
            "pull-secret-missing",
            f"the pods in {space} name no pull secret, and {scene.registry or 'the registry'} asks for one",
            Sure.CERTAIN,
            proofs,
            (
                Remedy(
                    f"write the values again, with imagePullSecrets: [{expected}], and install",
                    scene.install,
                ),
            ),
            suffers,
        )
    if missing or (events and not scene.known("Secret")):
        names = ", ".join(missing or named)
        if missing:
            proofs.insert(0, Proof(f"Secrets of namespace {space}", f"there is no {names}"))
        return _cause(
            "pull-secret-missing",
            f"the pull secret {names} is missing in namespace {space}",
            Sure.CERTAIN,
            proofs,
            (make,),
            suffers,
        )
    if pods and not scene.known("Secret") and anonymous:
        return _cause(
            "pull-secret-missing",
            f"the pull secret {', '.join(named)} is missing in namespace {space}, or not for this registry",
            Sure.LIKELY,
            proofs,
            (make,),
            suffers,
        )
    return _wrong(scene, failed, named or (expected,), proofs, suffers)


def _cause(
    code: str,
    title: str,
    sure: Sure,
    proofs: Iterable[Proof],
    remedies: tuple[Remedy, ...],
    suffers: tuple[str, ...],
) -> RootCause:
    return RootCause(code, title, sure, tuple(proofs), remedies, _RANK, suffers, _EXPLAINS)


def _wrong(
    scene: Scene, failed: list[Failed], named: tuple[str, ...], proofs: list[Proof], suffers: tuple[str, ...]
) -> RootCause:
    """The secret is there: it is for another registry, or what is in it is refused."""
    space, host = scene.names.namespace, scene.registry or failed[0].host
    secrets = [s for name in named if (s := scene.get("Secret", name)) is not None]
    if secrets and not any(_covers(host, secret.get("hosts")) for secret in secrets):
        has = ", ".join(unique(str(h) for s in secrets for h in s.get("hosts") or [])) or "no registry"
        proofs.insert(0, Proof(f"Secret {', '.join(named)} in {space}", f"has credentials for {has}"))
        return _cause(
            "pull-secret-other-registry",
            f"the pull secret {', '.join(named)} in {space} is not for {host}",
            Sure.CERTAIN,
            proofs,
            (Remedy("have it made again from the answers", scene.step("prepare-namespace")),),
            suffers,
        )
    check = scene.failed("nodes-reach-registry")
    without = check is not None and check.evidence.get("authenticated") is False and not secrets
    if without:
        return _cause(
            "pull-credentials-missing",
            f"{host} asks for credentials, and the answers give none",
            Sure.CERTAIN,
            proofs,
            (
                Remedy(
                    "give registry.username and registry.password (a reference) in the answers, and run again",
                    f"{scene.again} --set registry.username=USER --set registry.password=env:REGISTRY_PASSWORD",
                ),
            ),
            suffers,
        )
    ours = _refused_us_too(scene)
    sure = Sure.CERTAIN if ours or secrets or check is not None else Sure.LIKELY
    if ours:
        proofs.append(Proof(f"registry {host}, asked from here with the same credentials", ours))
    if secrets:
        proofs.append(
            Proof(f"Secret {', '.join(named)} in {space}", f"is there, with credentials for {host}")
        )
    return RootCause(
        "pull-credentials-wrong",
        f"{host} refuses the credentials that the nodes pull with",
        sure,
        tuple(proofs),
        (
            Remedy(
                "correct registry.username and registry.password, or the account's right to pull, and have the Secret "
                f"in {space} made again",
                scene.step("prepare-namespace"),
            ),
        ),
        _RANK,
        suffers,
        _EXPLAINS | {"registry-refused-credentials"},
    )


def _refused_us_too(scene: Scene) -> str:
    if isinstance(scene.stock, Unknown):
        return ""
    for image in (scene.stock.get("images") or {}).values():
        problem = image.get("problem") or {}
        if problem.get("code") == "registry-refused-credentials":
            return str(problem.get("title", ""))
    return ""


def _covers(host: str, hosts: object) -> bool:
    if not isinstance(hosts, list):
        return True  # what it is for could not be seen
    plain = {str(h).removeprefix("https://").removeprefix("http://").partition("/")[0] for h in hosts}
    return host in plain


def _forbidden(scene: Scene, failed: list[Failed]) -> RootCause:
    host = scene.registry or failed[0].host
    images = ", ".join(unique(f.image.partition("@")[0] for f in failed)) or "the images"
    return RootCause(
        "pull-forbidden",
        f"{host} knows the account and does not let it read {images}",
        Sure.CERTAIN,
        tuple(f.proof for f in failed),
        (
            Remedy(
                "give the account of the pull secret the right to pull from these repositories; waiting pods then pull "
                "by themselves",
            ),
            Remedy("then look again", f"airgap-wizard preflight --answers-file {scene.answers_file}"),
        ),
        _RANK,
        unique(f.sufferer for f in failed),
        _EXPLAINS | {"registry-forbidden"},
    )


def _who(event: dict[str, object]) -> str:
    who = event.get("involvedObject")
    return str(who.get("name")) if isinstance(who, dict) else "?"
