"""Gather a bundle in memory: everything that can be had, redacted before anybody sees it."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import wizard
from wizard.answers.dump import dump
from wizard.answers.model import Answers
from wizard.cluster.objects.names import Names
from wizard.cluster.port import Cluster, Helm
from wizard.engine.events import Finding
from wizard.engine.folder import RunFolder
from wizard.engine.problems import Problem
from wizard.oci.sites import Sites
from wizard.support.collect import Basket, Collector, Haul, collect
from wizard.support.format import Bundle, Collected, Got, Manifest
from wizard.support.host import host_collectors
from wizard.support.inside import log_collectors, look_collectors
from wizard.support.objects import object_collectors, version_collector
from wizard.support.redact.apply import redacted
from wizard.support.redact.pseudonyms import Pseudonyms
from wizard.support.registry import registry_collector
from wizard.support.release import helm_collectors
from wizard.support.run import recorded, run_collectors


@dataclass(frozen=True, slots=True)
class Site:
    """The ways to a site. Each is asked for when it is needed and may raise Problem; None = it is not looked at."""

    answers: Answers
    cluster: Callable[[], Cluster] | None = None
    helm: Callable[[], Helm] | None = None
    sites: Callable[[], Sites] | None = None
    recorded: Callable[[], Mapping[str, Any]] = dict
    """What an install has recorded in the cluster, for where no run is at hand."""
    rehearsal: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What goes into a bundle: a run, a site, or both. `plan` and `findings` are what the caller has made of them."""

    run: RunFolder | None = None
    site: Site | None = None
    plan: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Finding] = ()
    pseudonyms: bool = False
    seconds: float = 45.0
    root: Path = field(default_factory=lambda: Path("/"))


def gather(wanted: Wanted, say: Callable[[str], None] = lambda text: None) -> Bundle:
    """Collect side by side within `wanted.seconds`, then redact. What could not be got stands in the manifest."""
    refused: list[Collected] = []
    haul = collect(_collectors(wanted, refused), seconds=wanted.seconds, say=say)
    return _redacted(wanted, Haul(haul.files, (*haul.results, *refused)))


def _collectors(wanted: Wanted, refused: list[Collected]) -> list[Collector]:
    site = wanted.site
    rehearsed = bool(site and site.rehearsal)
    found = host_collectors(
        lambda: _helm_version(site), root=wanted.root, site=site is not None and not rehearsed
    )
    if wanted.run is not None:
        found += run_collectors(wanted.run)
    if site is None:
        return found
    found += _given(wanted, site)
    if site.sites is not None:
        found.append(registry_collector(site.answers, site.sites, lambda: _recorded(wanted, site)))
    if site.cluster is None:
        return found
    at = site.answers.cluster
    names = Names.of(at)
    try:
        cluster = site.cluster()
    except Problem as problem:
        why = problem.title + (f": {problem.detail}" if problem.detail else "")
        refused += [Collected("cluster/version", Got.ABSENT, why)]
        return found
    found.append(version_collector(cluster))
    found += object_collectors(cluster, at.namespace, at.opencost_namespace)
    found += log_collectors(cluster, at.namespace, at.opencost_namespace)
    found += look_collectors(cluster, names, (site.answers.model.name, *site.answers.model.extra))
    if site.helm is not None:
        found += helm_collectors(site.helm, names)
    return found


def _recorded(wanted: Wanted, site: Site) -> Mapping[str, Any]:
    """What this run has shown so far, laid over what an earlier install left in the cluster."""
    try:
        kept = dict(site.recorded())
    except Problem:
        kept = {}
    return kept | (recorded(wanted.run) if wanted.run is not None else {})


def _given(wanted: Wanted, site: Site) -> list[Collector]:
    """What needs no asking: the answers, their plan, the verdicts of experiments."""

    def given(basket: Basket) -> None:
        basket.put("answers.yaml", dump(site.answers))
        if wanted.plan:
            basket.put("plan.json", json.dumps(list(wanted.plan)))
        if wanted.findings:
            from wizard.engine.codec import encode
            from wizard.engine.events import Found

            rows = [encode(Found(finding=each))["finding"] for each in wanted.findings]
            basket.put("checks/findings.json", json.dumps(rows, default=str))

    return [Collector("answers", given)]


def _helm_version(site: Site | None) -> str:
    try:
        return site.helm().version() if site is not None and site.helm is not None else "not asked"
    except Problem as problem:
        return problem.title


def _redacted(wanted: Wanted, haul: Haul) -> Bundle:
    answers = wanted.site.answers if wanted.site else None
    private = [answers.proof.question, answers.proof.expect] if answers else []
    names = _pseudonyms(wanted, haul) if wanted.pseudonyms else None
    files, ledger = redacted(haul.files, names or (lambda text: text), private)
    told, _ = redacted(
        {"why.json": json.dumps([c.why for c in haul.results]).encode()}, names or str, private
    )
    whys = json.loads(told["why.json"])
    rename = names or str
    collected = tuple(
        Collected(c.name, c.outcome, why, c.seconds, tuple(rename(f) for f in c.files))
        for c, why in zip(haul.results, whys, strict=True)
    )
    manifest = Manifest(
        made=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        program=wizard.__version__,
        rehearsal=wanted.site.rehearsal if wanted.site else "",
        namespace=answers.cluster.namespace if answers else "",
        release=answers.cluster.release if answers else "",
        run=wanted.run.id if wanted.run else "",
        pseudonyms=wanted.pseudonyms,
        collected=tuple(sorted(collected, key=lambda c: c.name)),
        redacted=ledger.rows(),
        files={
            name: (len(data), "sha256:" + hashlib.sha256(data).hexdigest()) for name, data in files.items()
        },
    )
    return Bundle(manifest, files)


def _pseudonyms(wanted: Wanted, haul: Haul) -> Pseudonyms:
    """Knows the hosts of the answers, the nodes, and whatever stands in URLs."""
    import socket

    outside = wanted.site.answers.proof.outside if wanted.site else ()
    names = Pseudonyms(keep=[each.rpartition(":")[0].strip("[]") for each in outside])
    names.learn(socket.gethostname())
    if wanted.site:
        answers = wanted.site.answers
        images = answers.images
        names.learn(answers.registry.host)
        for reference in (images.gateway, images.bridge, images.ollama, images.probe, *images.extra):
            names.learn(reference.partition("/")[0])
    try:
        nodes = json.loads(haul.files.get("cluster/_/Node.json", b"{}")).get("items") or []
    except ValueError:
        nodes = []
    for node in nodes:
        names.learn(str(node["metadata"]["name"]))
        for address in (node.get("status") or {}).get("addresses") or []:
            names.learn(str(address.get("address", "")))
    for _, data in sorted(haul.files.items()):
        names.learn_from(data.decode("utf-8", "replace"))
    return names
