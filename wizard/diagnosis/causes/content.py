"""Pulls of what is not there: a digest that is absent, a platform that was not carried, a reference that leads outside,
and a transfer that is not whole."""

import difflib
from collections.abc import Iterator
from typing import Any

from wizard.diagnosis.cause import DOWN, Proof, RootCause, RuledOut, Sure, Told, unique
from wizard.diagnosis.failures import Failed, failures
from wizard.diagnosis.scene import Scene, labels
from wizard.engine.events import Remedy
from wizard.facts.base import Unknown

_EXPLAINS = DOWN | {"nodes-reach-registry", "image-pull-failed", "pull-secret-refused", "images-internal"}


def content(scene: Scene) -> Iterator[Told]:
    """What the registry lacks first: it explains the pulls."""
    broken = _stock(scene)
    if broken:
        yield _transfer(scene, broken)
    elif not isinstance(scene.stock, Unknown) and scene.stock.get("reachable") and _rows(scene):
        yield RuledOut("a transfer that is not whole", f"{scene.registry} has everything that was recorded")
    found = failures(scene)
    outside = [f for f in found if f.image and scene.registry and f.host != scene.registry]
    if outside or scene.failed("webhooks-leave-images"):
        yield _outside(scene, outside)
    missing = [f for f in found if f.kind == "not-found" and f not in outside]
    if missing:
        yield _absent(scene, missing)
    platform = [f for f in found if f.kind == "wrong-architecture"]
    check = scene.failed("node-architectures")
    if platform or check is not None:
        yield _platform(scene, platform)


def _rows(scene: Scene) -> dict[str, dict[str, Any]]:
    """What was recorded of images and models, with what the registry has of it."""
    if isinstance(scene.stock, Unknown):
        return {}
    rows = {**(scene.stock.get("images") or {}), **(scene.stock.get("models") or {})}
    return {name: row for name, row in rows.items() if isinstance(row, dict) and row.get("recorded")}


def _stock(scene: Scene) -> dict[str, str]:
    """Name → what is missing of it."""
    out = {}
    for name, row in _rows(scene).items():
        if row.get("problem"):
            continue
        if not row.get("found"):
            out[name] = f"{row['reference']}: {row['recorded']} is not there"
        elif row.get("missing"):
            lost = [str(each) for each in row["missing"]]
            out[name] = f"{row['reference']}: {len(lost)} parts of it are missing: {', '.join(lost[:3])}"
    return out


def _transfer(scene: Scene, broken: dict[str, str]) -> RootCause:
    models = set() if isinstance(scene.stock, Unknown) else set(scene.stock.get("models") or {})
    steps = [
        s
        for s, mine in (("mirror-images", set(broken) - models), ("carry-model", set(broken) & models))
        if mine
    ]
    return RootCause(
        "transfer-incomplete",
        f"{', '.join(sorted(broken))} is not whole in {scene.registry}: a transfer was cut short, or something was "
        "cleaned up since",
        Sure.CERTAIN,
        tuple(Proof(f"registry {scene.registry}", words) for _, words in sorted(broken.items())),
        (Remedy("carry it again: what is there is not sent twice", scene.step(*steps)),),
        9,
        tuple(sorted(broken)),
        _EXPLAINS | {"image-not-in-registry", "blob-not-found", "tag-not-found", "model-load-failed"},
    )


def _absent(scene: Scene, failed: list[Failed]) -> RootCause:
    near = {f.image: _near(scene, f.image) for f in failed}
    proofs = [f.proof for f in failed]
    proofs += [Proof(f"registry {scene.registry}", words) for words in unique(near.values())]
    return RootCause(
        "image-not-in-registry",
        f"{', '.join(unique(f.image for f in failed)) or 'the image'} is not in the registry",
        Sure.CERTAIN,
        tuple(proofs),
        (
            Remedy("carry the images again: what is there is not sent twice", scene.step("mirror-images")),
            Remedy(
                "where the registry was cleaned up, keep its clean-up away from what is in use",
                "airgap-wizard explain image-not-in-registry",
            ),
        ),
        14,
        unique(f.sufferer for f in failed),
        _EXPLAINS,
    )


def _near(scene: Scene, image: str) -> str:
    """What that repository has, the nearest first."""
    if isinstance(scene.stock, Unknown) or not image:
        return ""
    bare = image.partition("@")[0]
    name, colon, tag = bare.rpartition(":")
    name, tag = (name, tag) if colon and "/" not in tag else (bare, "")
    for row in (scene.stock.get("images") or {}).values():
        head = str(row.get("reference", "")).partition("@")[0]
        if (head.rpartition(":")[0] or head) != name and head != name:
            continue
        tags = [str(t) for t in row.get("tags") or []]
        close = difflib.get_close_matches(tag or "latest", tags, n=5, cutoff=0.0) if tags else []
        has = f"{name} has the tags {', '.join(close)}" if close else f"{name} has no tags"
        return has + (f"; recorded was {row['recorded']}" if row.get("recorded") else "")
    return ""


def _outside(scene: Scene, failed: list[Failed]) -> RootCause:
    """Somebody wrote a public reference, or a webhook has turned an internal one into another."""
    images = ", ".join(unique(f.image for f in failed)) or "others"
    rewritten = [f for f in failed if _asked(scene, f) and not _asked(scene, f).startswith(f"{f.host}/")]
    # pods of our own ask for the internal registry and nothing else
    of_ours = [f for f in failed if f.pod is None]
    proofs = [f.proof for f in failed]
    check = scene.failed("webhooks-leave-images")
    if check is not None:
        proofs.append(Proof("check webhooks-leave-images", f"{check.title}; {check.detail}"))
    if rewritten or of_ours or check is not None:
        proofs += [
            Proof(f.about.partition(":")[0], f"its template asks for {_asked(scene, f)}") for f in rewritten
        ]
        hooks = unique(str(h["metadata"]["name"]) for h in scene.of("MutatingWebhookConfiguration", ""))
        return RootCause(
            "images-rewritten",
            f"something turns the images of new pods into {images}",
            Sure.CERTAIN,
            tuple(proofs),
            (
                Remedy(
                    f"exempt the namespace {scene.names.namespace} from the webhook that does it"
                    + (f" (there are {', '.join(hooks)})" if hooks else ""),
                    "kubectl get mutatingwebhookconfigurations",
                ),
            ),
            13,
            unique(f.sufferer for f in failed),
            _EXPLAINS | {"webhooks-leave-images"},
        )
    return RootCause(
        "image-reference-outside",
        f"{images} is not in the internal registry {scene.registry}: the reference leads outside",
        Sure.CERTAIN,
        tuple(proofs),
        (
            Remedy(
                "write the values again, so that every image comes from the internal registry, and install",
                scene.install,
            ),
            Remedy(
                "an image that is your own (a sidecar): carry it (images.extra) and name its internal reference",
                scene.step("mirror-images"),
            ),
        ),
        13,
        unique(f.sufferer for f in failed),
        _EXPLAINS,
    )


def _asked(scene: Scene, failed: Failed) -> str:
    """The image of the container in its workload's template."""
    pod = failed.pod
    if pod is None:
        return ""
    mine = labels(pod)
    for kind in ("Deployment", "StatefulSet"):
        for workload in scene.of(kind):
            wanted = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
            if not wanted or not wanted.items() <= mine.items():
                continue
            template = ((workload["spec"].get("template") or {}).get("spec") or {}).get("containers") or []
            spec = (pod.get("spec") or {}).get("containers") or []
            for asked, has in zip(template, spec, strict=False):
                if has.get("image") == failed.image and asked.get("image") != failed.image:
                    return str(asked.get("image") or "")
    return ""


def _all_platforms(scene: Scene) -> tuple[Remedy, ...]:
    """Where the answers leave some out; what the source does not have comes with no command."""
    if scene.answers is not None and "all" in scene.answers.images.platforms:
        return ()
    return (Remedy("carry all platforms", f"{scene.step('mirror-images')} --set images.platforms=all"),)


def _platform(scene: Scene, failed: list[Failed]) -> RootCause:
    check = scene.failed("node-architectures")
    proofs = [f.proof for f in failed]
    if check is not None:
        proofs.append(Proof("check node-architectures", check.detail or check.title))
    arches = {
        str(node["metadata"]["name"]): str(
            ((node.get("status") or {}).get("nodeInfo") or {}).get("architecture")
        )
        for node in scene.of("Node", "")
    }
    on = ", ".join(unique(f"{f.node} is {arches[f.node]}" for f in failed if f.node in arches))
    images = ", ".join(unique(f.image.partition("@")[0] for f in failed))
    return RootCause(
        "image-without-platform",
        f"{images or 'an image'} has nothing for the architecture of the nodes" + (f" ({on})" if on else ""),
        Sure.CERTAIN,
        tuple(proofs),
        (
            *_all_platforms(scene),
            Remedy(
                "where the source has none for these nodes, keep the release off them: nodeSelector in chart.overrides",
                "kubectl get nodes -L kubernetes.io/arch",
            ),
        ),
        14,
        unique(f.sufferer for f in failed),
        _EXPLAINS | {"node-architectures", "pod-crashes"},
    )
