"""The model on the volume: absent, cut short, not listed, or under another name than the gateway asks for."""

import json
import re
from collections.abc import Iterator
from typing import Any

from wizard.diagnosis.cause import Proof, RootCause, RuledOut, Sure, Told
from wizard.diagnosis.scene import Scene, name_of
from wizard.engine.events import Remedy

_EXPLAINS = frozenset(
    {"model-on-volume", "question-answered", "tools-proven", "verification-failed", "model-not-on-volume"}
)
_DEFAULT = ("OPENCOST_AI_DEFAULT_MODEL", "DEFAULT_MODEL")
_ROW = re.compile(r"^-\S*\s+\d+\s+\S+\s+\S+\s+(\d+)\s.*?(sha256-[0-9a-f]{64}(?:-partial\S*)?)$", re.MULTILINE)
_NOT_FOUND = re.compile(r"model [\"'\\]*([\w./:-]+)[\"'\\]* not found")
_UNLOADABLE = re.compile(
    r"unable to load model[^\n]*|unexpected EOF[^\n]*gguf|invalid (?:gguf|magic)[^\n]*", re.IGNORECASE
)


def model(scene: Scene) -> Iterator[Told]:
    """What Ollama lists and what lies in its store; else what a check or the components' words say."""
    wanted = _wanted(scene)
    if not wanted:
        return
    listed = _listed(scene)
    short = _short(scene)
    check = scene.failed("model-on-volume")
    told = Proof("check model-on-volume", f"{check.title}; {check.detail}") if check is not None else None
    damaged = short or (
        told.words if told and re.search(r"is (damaged|missing)\b|another version", told.words) else ""
    )
    words = _words(scene)
    if damaged or (words and _UNLOADABLE.search(words.words)):
        proof = Proof("the store on the volume", short) if short else told or words
        yield _cause(
            scene,
            "model-truncated",
            f"{wanted} is on the volume and not whole",
            Sure.CERTAIN,
            proof,
            "load-model",
            after=(_let_go(scene),),
        )
        return
    default = _default(scene)
    if listed is not None:
        yield from _of_list(scene, wanted, default, listed)
    elif told is not None:
        absent = "is not there" in told.words
        title = (
            f"{wanted} is not on the volume"
            if absent
            else f"Ollama does not list {wanted}, which is on its volume"
        )
        yield _cause(
            scene, "model-absent" if absent else "model-not-listed", title, Sure.CERTAIN, told, "load-model"
        )
    elif words is not None and (name := _NOT_FOUND.search(words.words)):
        if default and name[1] not in (wanted, f"{wanted}:latest"):
            yield _mismatch(scene, name[1], wanted, words)
        else:
            yield _cause(
                scene, "model-absent", f"Ollama has no model {name[1]}", Sure.LIKELY, words, "load-model"
            )


def _cause(
    scene: Scene,
    code: str,
    title: str,
    sure: Sure,
    proof: Proof | None,
    step: str,
    *more: Remedy,
    after: tuple[Remedy, ...] = (),
) -> RootCause:
    load = Remedy("load it again from the registry: what is whole already is kept", scene.step(step))
    proofs = (proof,) if proof is not None else ()
    return RootCause(
        code, title, sure, proofs, (*more, load, *after), 21, (f"claim {scene.names.volume}",), _EXPLAINS
    )


def _let_go(scene: Scene) -> Remedy:
    """A file that was put in the place of a damaged one is another file: who has the old one mapped falls over it."""
    name = scene.names.of_component("ollama")
    return Remedy(
        "then start Ollama anew: it may hold the damaged file, and its next answer ends in an error",
        f"kubectl -n {scene.names.namespace} rollout restart statefulset {name}",
    )


def _wanted(scene: Scene) -> str:
    return _tagged(scene.answers.model.name) if scene.answers else ""


def _tagged(name: str) -> str:
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _listed(scene: Scene) -> list[str] | None:
    look = scene.look("ollama", "list")
    if look is None or look.exit_code != 0:
        return None
    return [line.split()[0] for line in look.output.strip().splitlines()[1:] if line.split()]


def _default(scene: Scene) -> str:
    """The model that the gateway asks for."""
    for pod in scene.pods("gateway"):
        for container in (pod.get("spec") or {}).get("containers") or []:
            for each in container.get("env") or []:
                if each.get("name") in _DEFAULT and each.get("value"):
                    return _tagged(str(each["value"]))
    return ""


def _of_list(scene: Scene, wanted: str, default: str, listed: list[str]) -> Iterator[Told]:
    proof = Proof("ollama list", ", ".join(listed) or "nothing")
    if wanted not in listed:
        blobs = scene.look("ls", "-l")
        if blobs is not None and blobs.exit_code == 0 and _ROW.search(blobs.output):
            yield _cause(
                scene,
                "model-not-listed",
                f"there are blobs on the volume, and Ollama does not list {wanted}: its manifest is missing or damaged",
                Sure.CERTAIN,
                proof,
                "load-model",
            )
        else:
            yield _cause(
                scene, "model-absent", f"{wanted} is not on the volume", Sure.CERTAIN, proof, "load-model"
            )
    elif default and default not in listed:
        yield _mismatch(scene, default, wanted, proof)
    else:
        yield RuledOut(
            "the model is missing",
            f"Ollama lists {wanted}" + (", which the gateway asks for" if default else ""),
        )


def _mismatch(scene: Scene, default: str, wanted: str, proof: Proof) -> RootCause:
    return RootCause(
        "model-name-mismatch",
        f"the gateway asks for {default}, and what is loaded is {wanted}",
        Sure.CERTAIN,
        (Proof("gateway", f"gateway.config.defaultModel is {default}"), proof),
        (
            Remedy(
                f"set gateway.config.defaultModel to {wanted} (take it out of chart.overrides: the values that are written "
                "have it right), and install",
                scene.install,
            ),
            Remedy(f"or load {default} as well", f"{scene.again} --set model.extra={default}"),
        ),
        21,
        ("deployment " + scene.names.of_component("gateway"),),
        _EXPLAINS,
    )


def _short(scene: Scene) -> str:
    """Blobs that the manifest names and that are shorter in the store, or not there."""
    manifest, blobs = scene.look("cat"), scene.look("ls", "-l")
    if manifest is None or blobs is None or manifest.exit_code or blobs.exit_code:
        return ""
    sizes = {
        name.replace("-", ":", 1): int(size)
        for size, name in _ROW.findall(blobs.output)
        if "partial" not in name
    }
    try:
        found: Any = json.loads(manifest.output)
        layers = [*found["layers"], *([found["config"]] if found.get("config") else [])]
        wrong = [
            f"{layer['digest']} has {sizes.get(layer['digest'], 0)} of {layer['size']} bytes"
            for layer in layers
            if sizes.get(layer["digest"], 0) != int(layer["size"])
        ]
    except (ValueError, KeyError, TypeError):
        return "its manifest cannot be read"
    return "; ".join(wrong[:3])


def _words(scene: Scene) -> Proof | None:
    """What gateway, bridge or Ollama say of a model that cannot be used."""
    for component in ("ollama", "bridge", "gateway"):
        for pod in scene.pods(component):
            for line in scene.log(pod).splitlines():
                if _NOT_FOUND.search(line) or _UNLOADABLE.search(line):
                    return Proof(f"log of {name_of(pod)}", line.strip()[:500])
    asked = scene.failed("question-answered")
    if asked is not None and (_NOT_FOUND.search(asked.detail) or _UNLOADABLE.search(asked.detail)):
        return Proof("check question-answered", asked.detail)
    return None
