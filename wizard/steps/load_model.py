"""load-model: the model onto the volume before Ollama starts, verified where it lies (S1.3, S1.26–S1.28, S1.45)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from wizard.answers.model import Answers
from wizard.cluster.objects.credentials import registry_config
from wizard.cluster.objects.loader import Shows, ca_object, client_object, load_words, loader_pod
from wizard.cluster.objects.names import Names, ours
from wizard.cluster.objects.policies import policy
from wizard.cluster.objects.volume import model_claim
from wizard.cluster.port import Cluster
from wizard.cluster.probes.guest import guest
from wizard.cluster.probes.placement import as_ollama, beside, needs_of_ollama, ollama_pod
from wizard.cluster.probes.registry_way import addresses, split, way
from wizard.cluster.probes.volume_store import Held, carried_layers, read_store
from wizard.cluster.probes.words import lines
from wizard.engine.events import Evidence, Move
from wizard.engine.problems import Problem, Remedy
from wizard.engine.secrets import Secret
from wizard.engine.step import Context, Step
from wizard.facts.fetch import probe_reference
from wizard.steps.load_problems import load_problem, missing, not_carried
from wizard.steps.values_given import values_given

_HOURS = 12 * 3600.0
_KINDS = ("Pod", "NetworkPolicy", "ConfigMap", "Secret")


class LoadModel(Step):
    """A pod of its own, let out to the registry and DNS alone, and gone afterwards."""

    id = "load-model"
    title = "Load the model onto its volume"
    asks: ClassVar = ("model.name", "model.preloaded", "cluster.storageClass", "cluster.volumeSize")
    after: ClassVar = ("mirror-images", "carry-model", "prepare-namespace")
    changes = "writes the model onto its volume in {cluster.namespace}"

    def preview(self, answers: Answers) -> list[str]:
        """The volume, then one line a model."""
        names = Names.of(answers.cluster)
        claim = (
            f"volume {names.volume}, {answers.cluster.volume_size} of class {answers.cluster.storage_class}"
        )
        if answers.model.preloaded:
            return [
                f"{claim}: filled out of band, so nothing is loaded",
                "read every byte of every model back",
            ]
        loads = [f"load {model} onto it, from the internal registry by digest" for model in _models(answers)]
        return [claim, *loads, "read every byte of every model back from the volume"]

    def already(self, ctx: Context) -> Evidence | None:
        """The volume holds exactly the carried models, every byte of them read back."""
        cluster, names = ctx.world.cluster(ctx.answers), Names.of(ctx.answers.cluster)
        _sweep(cluster, names)  # what a killed run left
        claim = cluster.get("PersistentVolumeClaim", names.volume, names.namespace)
        if claim is None or (claim.get("status") or {}).get("phase") != "Bound":
            return None  # to read it would bind it, perhaps where Ollama has no room
        wanted = {model: _wanted(ctx, model) for model in _models(ctx.answers)}
        if not all(layers is None or layers for layers in wanted.values()):
            return None
        held = _read(ctx, cluster)
        if any(model not in held or not held[model].is_whole(layers) for model, layers in wanted.items()):
            return None
        return _evidence(ctx.answers, held)

    def run(self, ctx: Context) -> Evidence:
        """Load what differs, then read it all back.

        Raises Problem `volume-full`, `volume-not-writable`, `volume-damages-data`, `model-load-failed`,
        `model-not-on-volume`.
        """
        cluster, names = ctx.world.cluster(ctx.answers), Names.of(ctx.answers.cluster)
        if ctx.answers.model.preloaded:
            if cluster.get("PersistentVolumeClaim", names.volume, names.namespace) is None:
                raise missing(names, _models(ctx.answers)[0], "there is no such volume")
            ctx.say("the volume was filled out of band: nothing is loaded")
        else:
            for model in _models(ctx.answers):
                _reference(ctx, model)  # known, or a problem before anything is made
            if cluster.get("PersistentVolumeClaim", names.volume, names.namespace) is None:
                cluster.apply(model_claim(ctx.answers))
            with _way_out(ctx, cluster, names) as shows:
                for model in _models(ctx.answers):
                    _load(ctx, cluster, model, shows)
        held = _read(ctx, cluster)
        for model in _models(ctx.answers):
            layers = _wanted(ctx, model)
            if model not in held:
                raise missing(names, model, f"it holds {', '.join(sorted(held)) or 'no model'}")
            if not held[model].is_whole(layers):
                raise missing(names, model, held[model].why())
            # the bytes are those of its blobs, told one by one: here they would count twice
            ctx.move(model, Move.VERIFIED, target=model, group=model)
        return _evidence(ctx.answers, held)


def _models(answers: Answers) -> tuple[str, ...]:
    return (answers.model.name, *answers.model.extra)


def _carried(ctx: Context, model: str) -> Mapping[str, Any]:
    found = ((ctx.evidence.get("carry-model") or {}).get("models") or {}).get(model)
    return found if isinstance(found, Mapping) else {}


def _reference(ctx: Context, model: str) -> str:
    """HOST/REPO@DIGEST; the digest is what counts, whatever the tag says by now."""
    known = _carried(ctx, model)
    if not known.get("digest"):
        raise not_carried(model)
    head, slash, tail = str(known["reference"]).partition("@")[0].rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}@{known['digest']}"


def _wanted(ctx: Context, model: str) -> frozenset[str] | None:
    """The layers it must have; None where the volume was filled out of band and its version is the operator's."""
    if ctx.answers.model.preloaded:
        return None
    return carried_layers(ctx.world.sites(ctx.answers), ctx.stop, _reference(ctx, model))


def _has_credentials(ctx: Context) -> bool:
    return registry_config(ctx.world.sites(ctx.answers), ctx.answers.registry.host) is not None


def _read(ctx: Context, cluster: Cluster) -> dict[str, Held]:
    image = probe_reference(ctx.answers, dict(ctx.evidence))
    return read_store(
        cluster, ctx.stop, ctx.answers, image, auth=_has_credentials(ctx), values=values_given(ctx.answers)
    )


def _evidence(answers: Answers, held: Mapping[str, Held]) -> dict[str, Any]:
    return {
        "volume": Names.of(answers.cluster).volume,
        "preloaded": answers.model.preloaded,
        "models": {
            model: {"outcome": "whole", "layers": sorted(held[model].layers)} for model in _models(answers)
        },
    }


@contextmanager
def _way_out(ctx: Context, cluster: Cluster, names: Names) -> Iterator[Shows]:
    """The loader's policy, CA and certificate, there for as long as the load takes."""
    registry = ctx.answers.registry
    _sweep(cluster, names)
    try:
        name, port = split(registry.host, registry.plain_http)
        image = probe_reference(ctx.answers, dict(ctx.evidence))
        config = registry_config(ctx.world.sites(ctx.answers), registry.host)
        with guest(cluster, ctx.stop, names, image, config) as place:
            found = addresses(place, name)
        ctx.say(f"the loader may reach {name} ({', '.join(found)}) port {port} and DNS, nothing else")
        labels = ours("loader", names)
        cluster.apply(
            policy("airgap-wizard-loader", names.namespace, labels, way(cluster, found, port), labels)
        )
        if registry.ca_file is not None:
            cluster.apply(ca_object(ctx.answers, _pem(registry.ca_file, "registry.caFile")))
        if registry.client_cert is not None and registry.client_key is not None:
            certificate = _pem(registry.client_cert, "registry.clientCert")
            key = Secret(_pem(registry.client_key, "registry.clientKey"))
            cluster.apply(client_object(ctx.answers, certificate, key))
        yield Shows(
            auth=config is not None,
            ca=registry.ca_file is not None,
            client=registry.client_cert is not None and registry.client_key is not None,
            plain=registry.plain_http,
        )
    finally:
        with suppress(Problem):  # what went wrong inside matters more; the next run sweeps by label
            _sweep(cluster, names)


def _pem(path: Path, answer: str) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(
            "pem-file-not-readable",
            f"{answer} {path} cannot be read: {error}",
            remedies=(Remedy("name a PEM file that you may read: the loader in the cluster needs it too"),),
            exit_code=2,
        ) from None


def _sweep(cluster: Cluster, names: Names) -> None:
    for kind in _KINDS:
        for obj in cluster.list(kind, names.namespace, ours("loader", names)):
            cluster.delete(kind, str(obj["metadata"]["name"]), names.namespace)


def _load(ctx: Context, cluster: Cluster, model: str, shows: Shows) -> None:
    """One model. Lines come as bytes move; the last one is the outcome."""
    answers, names = ctx.answers, Names.of(ctx.answers.cluster)
    values = values_given(answers)
    running = ollama_pod(cluster, names)
    pod = loader_pod(
        answers,
        probe_reference(answers, dict(ctx.evidence)),
        load_words(_reference(ctx, model), model, shows),
        shows,
        place=beside(running) if running else as_ollama(values),
        asks=None if running else needs_of_ollama(values, answers.cluster.gpu),
    )
    last: dict[str, Any] = {}

    def line(text: str) -> None:
        for said in lines(text):
            if "move" in said:
                _moved(ctx, model, said)
            elif "outcome" in said:
                last.update(said)

    result = cluster.run_pod(pod, timeout=_HOURS, stop=ctx.stop, output=line)
    if not last:
        last.update(next((said for said in reversed(lines(result.output)) if "outcome" in said), {}))
    if last.get("outcome") not in ("loaded", "already"):
        raise load_problem(model, names, last, result)
    ctx.say(f"{model}: {last['outcome']}")


def _moved(ctx: Context, model: str, said: Mapping[str, Any]) -> None:
    try:
        move = Move(str(said["move"]))
    except ValueError:
        return
    item, total = str(said.get("item", "")), int(said.get("total") or 0)
    digest = item if move.over else ""
    ctx.move(item, move, done=int(said.get("done") or 0), total=total, digest=digest, group=model)
