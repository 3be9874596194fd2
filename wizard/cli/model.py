"""`model list|export|push|pull|load`: Ollama's models as files and as OCI artefacts, lossless (S1.14–S1.19, S1.25)."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.cli.mirror import connection, obeying_signals

if TYPE_CHECKING:
    from wizard.cli.talk import Talk
    from wizard.engine.stop import Stop
    from wizard.model.pull import Pulled
    from wizard.model.store import OllamaModel
    from wizard.oci.places import Place
    from wizard.oci.store import Store

_REF = "HOST/NAME:TAG, HOST/NAME@sha256:…, or layout:DIR[:TAG]"


def add(subparsers: Any) -> None:
    """Register the parsers."""
    top = subparsers.add_parser(
        "model",
        help="list, export, push, pull and load Ollama models",
        description="Models of an Ollama store, byte for byte: no server has to run, and one that runs is not "
        "disturbed.",
        allow_abbrev=False,
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    p = _verb(verbs, "list", "list the models of a store")
    _output(p)

    p = _verb(verbs, "export", "write a model as FILE.gguf, with its Modelfile beside it")
    p.add_argument("model", metavar="MODEL", help="like granite4.1:8b")
    p.add_argument("file", metavar="FILE.gguf", type=Path, help="where the weights go")
    p.add_argument("--replace", action="store_true", help="other files that are there may be replaced")
    _acting(p)

    p = _verb(verbs, "push", "push a model as an OCI artefact; prints REF@DIGEST")
    p.add_argument("model", metavar="MODEL", help="like granite4.1:8b")
    p.add_argument("ref", metavar="REF", help=_REF)
    p.add_argument(
        "--licence-confirmed",
        action="store_true",
        help="its licence lets you carry it (granite4.1 needs no confirmation)",
    )
    connection(p)
    _acting(p)

    p = _verb(verbs, "pull", "pull a model's artefact into a store; prints REF@DIGEST")
    p.add_argument("ref", metavar="REF", help=_REF)
    p.add_argument("--name", default="", metavar="MODEL", help="its name in the store (default: its own)")
    connection(p)
    _acting(p)

    p = _verb(verbs, "load", "put a .gguf file, with the Modelfile beside it, into a store")
    p.add_argument("file", metavar="FILE.gguf", type=Path, help="the weights")
    p.add_argument("model", metavar="MODEL", help="its name in the store, like granite4.1:8b")
    p.add_argument("--modelfile", type=Path, metavar="F", help="another Modelfile than the one beside it")
    _acting(p)


def _verb(verbs: Any, name: str, text: str) -> argparse.ArgumentParser:
    p: argparse.ArgumentParser = verbs.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False
    )
    p.add_argument(
        "--store",
        type=Path,
        metavar="DIR",
        help="Ollama's models folder (default: $OLLAMA_MODELS, then ~/.ollama/models)",
    )
    return p


def _acting(p: argparse.ArgumentParser) -> None:
    p.add_argument("--dry-run", action="store_true", help="tell what would be done, change nothing")
    _output(p)
    p.add_argument("--quiet", action="store_true", help="no progress on stderr")


def _output(p: argparse.ArgumentParser) -> None:
    p.add_argument("--output", choices=("plain", "json"), default="plain", help="form of what is printed")


def run(args: argparse.Namespace) -> int:
    """Do it. Exit codes: 0, 2 usage, 5 where it could not be done."""
    verbs = {"list": _list, "export": _export, "push": _push, "pull": _pull, "load": _load}
    verbs[args.verb](args)
    return 0


def _list(args: argparse.Namespace) -> None:
    from wizard.model.listing import listing
    from wizard.model.store import find_store
    from wizard.reports.units import size

    rows = listing(find_store(args.store))
    if args.output == "json":
        _json([row.data() for row in rows])
        return
    width = max((len(row.name) for row in rows), default=4)
    sys.stdout.write(f"{'NAME':{width}}  {'ID':12}  {'SIZE':>8}  STATE\n")
    for row in rows:
        state = row.state if row.state == "whole" else f"{row.state}: {row.detail}"
        sys.stdout.write(f"{row.name:{width}}  {row.id or '-':12}  {size(row.bytes):>8}  {state}\n")


def _export(args: argparse.Namespace) -> None:
    from wizard.model.export import export_model, planned_files

    model = _model(args)
    if args.dry_run:
        planned = planned_files(model, args.file)
        rows = [
            {"file": str(path), "bytes": layer.size if layer else None} for path, layer in planned.items()
        ]
        _tell(args, {"dryRun": True, "files": rows}, [f"would write {row['file']}" for row in rows])
        return
    with _acting_on(args) as (talk, stop):
        done = export_model(model, args.file, talk, stop, replace=args.replace)
        _notes(talk, done.losses)
    files = [str(path) for path in done.files]
    data = {"outcome": done.outcome, "digest": done.digest, "files": files, "losses": list(done.losses)}
    _tell(args, data, [f"{done.digest}  {files[0]}"])


def _push(args: argparse.Namespace) -> None:
    from wizard.model.artefact import plan_artefact
    from wizard.model.licence import require_licence
    from wizard.model.names import ModelName
    from wizard.model.push import already_pushed, push_artefact

    name = ModelName.parse(args.model)
    place, model = _place(args), _model(args)
    require_licence(name, args.licence_confirmed, model)
    artefact = plan_artefact(model)
    tag = place.tag or ("latest" if place.reference else "")
    if ":" in tag and tag != artefact.digest:
        from wizard.oci.problems import digest_mismatch

        raise digest_mismatch(f"the artefact of {name}", tag, artefact.digest)
    with _acting_on(args) as (talk, stop), _store(args, place, stop, create=True) as target:
        _notes(talk, artefact.losses)
        there = already_pushed(artefact, target, tag)
        if args.dry_run:
            missing = [] if there else [blob for blob in artefact.blobs if not target.has_blob(blob)]
            outcome, sent = ("already" if there else "would push"), sum(blob.size for blob in missing)
        else:
            done = push_artefact(artefact, target, "" if ":" in tag else tag, talk, stop, jobs=args.jobs)
            outcome, sent = done.outcome.value, done.sent
    where = target.name + (f":{tag}" if tag and ":" not in tag else "")
    data = {
        "outcome": outcome,
        "model": str(name),
        "reference": where,
        "digest": artefact.digest,
        "bytes": artefact.size,
        "bytesToSend" if args.dry_run else "bytesSent": sent,
        "layers": [layer.to_json() for layer in artefact.manifest.layers],
        "losses": list(artefact.losses),
    }
    _tell(args, data, [f"{where}@{artefact.digest}"])


def _pull(args: argparse.Namespace) -> None:
    from wizard.model.names import ModelName
    from wizard.model.pull import installed, place_of, pull_artefact
    from wizard.model.store import default_store

    name = ModelName.parse(args.name) if args.name else None
    place, store = _place(args), default_store(args.store)
    ref = place.tag or ("latest" if place.reference else "")
    with _acting_on(args) as (talk, stop), _store(args, place, stop) as source:
        where = place_of(source, ref).partition("@")[0]
        if args.dry_run:
            there = installed(source, ref, store, name)
            digest = source.manifest(ref).digest
            data = {"outcome": "already" if there else "would pull", "reference": where, "digest": digest}
            _tell(args, {**data, "store": str(store)}, [f"{where}@{digest}"])
            return
        done = pull_artefact(source, ref, store, name, talk, stop, jobs=args.jobs)
        _notes(talk, done.notes)
    _tell(args, {**_done(done), "reference": where, "digest": done.artefact}, [f"{where}@{done.artefact}"])


def _load(args: argparse.Namespace) -> None:
    from wizard.model.export import load_files
    from wizard.model.gguf import read_gguf
    from wizard.model.names import ModelName
    from wizard.model.store import default_store

    name, store = ModelName.parse(args.model), default_store(args.store)
    if args.dry_run:
        header = read_gguf(args.file)
        said = f"would load {header.architecture} {header.parameter_size} {header.quantisation} as {name}"
        _tell(args, {"outcome": "would load", "model": str(name), "store": str(store)}, [said])
        return
    with _acting_on(args) as (talk, stop):
        done = load_files(args.file, store, name, args.modelfile, talk, stop)
        _notes(talk, done.notes)
    _tell(args, _done(done), [f"{done.model.name}  {done.model.id}"])


def _done(done: "Pulled") -> dict[str, object]:
    return {
        "outcome": done.outcome,
        "model": str(done.model.name),
        "id": done.model.id,
        "store": str(done.model.store),
        "bytesMoved": done.moved,
        "notes": list(done.notes),
    }


def _model(args: argparse.Namespace) -> "OllamaModel":
    from wizard.model.names import ModelName
    from wizard.model.store import describe, find_store

    return describe(find_store(args.store), ModelName.parse(args.model))


def _place(args: argparse.Namespace) -> "Place":
    from wizard.oci.places import Place

    return Place.parse(args.ref)


@contextmanager
def _acting_on(args: argparse.Namespace) -> "Iterator[tuple[Talk, Stop]]":
    from wizard.cli.talk import Talk
    from wizard.engine.stop import Stop

    stop = Stop()
    with Talk(sys.stderr, quiet=args.quiet or args.dry_run) as talk, obeying_signals(stop):
        yield talk, stop


@contextmanager
def _store(
    args: argparse.Namespace, place: "Place", stop: "Stop", *, create: bool = False
) -> "Iterator[Store]":
    from wizard.engine.folder import state_home
    from wizard.oci.sites import Site, Sites
    from wizard.oci.transport import Transport
    from wizard.oci.uploads import Uploads

    sites = Sites()
    if place.reference is not None:
        host = place.reference.registry
        base = sites.site(host).base
        if args.plain_http:
            base = base.replace("https://", "http://", 1)
        sites = Sites({host: Site(host, base, args.ca_file, args.client_cert, args.client_key)})
    uploads = Uploads(None if args.dry_run else state_home() / "uploads")
    with Transport(sites, stop=stop, uploads=uploads) as transport:
        yield place.store(transport, create=create)


def _notes(talk: "Talk", notes: tuple[str, ...]) -> None:
    for note in notes:
        talk.say(f"note: {note}")


def _tell(args: argparse.Namespace, data: Mapping[str, object], lines: list[str]) -> None:
    if args.output == "json":
        _json(data)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))


def _json(data: object) -> None:
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
