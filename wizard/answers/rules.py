"""What must hold between answers: each rule names the answers it reads, and is left out where one of them is faulty."""

import datetime
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from wizard.answers.fields import Field, Kind, table
from wizard.answers.flaws import Flaw

Values = Mapping[str, Any]
Judge = Callable[[Values, str, datetime.date], Iterator[Flaw]]

_GRANITE = re.compile(r"((registry\.ollama\.ai/)?library/)?granite4\.1:(3b|8b|30b)\Z")
_CARRIES = ("stage", "install", "upgrade")
_LOADS = ("install", "upgrade", "rollback")


@dataclass(frozen=True, slots=True)
class Rule:
    """`judge(values, journey, today)` yields a flaw for each breach, with its path; `says` is for the docs."""

    says: str
    reads: tuple[str, ...]
    judge: Judge


def loopback(host: str) -> bool:
    """True for a registry host (with or without port) that never leaves this machine."""
    name = host[1 : host.index("]")] if host.startswith("[") and "]" in host else host.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def examine(
    values: Values,
    journey: str,
    *,
    faulty: Set[str] = frozenset(),
    supplied: Iterable[str] = (),
    today: datetime.date | None = None,
) -> list[Flaw]:
    """Every breach over flat values: what the journey needs and does not have, and the rules between answers.

    `faulty` paths are passed over (they are told already); `supplied` are never called missing. `journey` ""
    (not known) leaves out what depends on it. Places are not set.
    """
    passed = {*faulty, *supplied}
    found = [
        Flaw(f"missing, and the journey {journey} needs it", _wanted(path), path=path)
        for path, field in table().items()
        if field.needed(journey)
        and path not in passed
        and not values.get(path)
        and not _stood_in(field, journey, values)
    ]
    missing = {flaw.path for flaw in found}
    day = today or datetime.date.today()  # local: an expiry is a day where the operator is
    for rule in RULES:
        if faulty.isdisjoint(rule.reads):
            found += (
                flaw
                for flaw in rule.judge(values, journey, day)
                if flaw.path not in missing and flaw.path not in supplied
            )
    return found


def _stood_in(field: Field, journey: str, values: Values) -> bool:
    """Whether another answer stands in for a missing one; on the connected side nothing does, all is collected there."""
    return bool(field.ask.unless and journey != "stage" and values.get(field.ask.unless))


def _wanted(path: str) -> str:
    field = table()[path]
    example = field.ask.example
    sample = ", ".join(example) if field.kind is Kind.TEXTS else str(example)
    return f"{field.ask.label}, like {sample}"


def _together(one: str, other: str) -> Rule:
    def judge(values: Values, journey: str, today: datetime.date) -> Iterator[Flaw]:
        for has, lacks in ((one, other), (other, one)):
            if values[has] and not values[lacks]:
                yield Flaw(f"missing, and {has} is given", _wanted(lacks), path=lacks)

    return Rule(f"`{one}` and `{other}` are given together, or neither", (one, other), judge)


def _depends(path: str, on: str) -> Rule:
    def judge(values: Values, journey: str, today: datetime.date) -> Iterator[Flaw]:
        if values[path] and not values[on]:
            yield Flaw(f"means nothing without {on}", _wanted(on), path=path)

    return Rule(f"`{path}` means nothing without `{on}`", (path, on), judge)


def _plain_http(values: Values, journey: str, today: datetime.date) -> Iterator[Flaw]:
    host, until = values["registry.host"], values["registry.plainHttpUntil"]
    if not values["registry.plainHttp"] or not host or loopback(host):
        return
    if not until:
        yield Flaw(
            f"plain HTTP to {host} with no last day, and only loopback may have that",
            f"a day to come, like {today + datetime.timedelta(days=30)}, or plainHttp: false",
            path="registry.plainHttpUntil",
        )
    elif datetime.date.fromisoformat(until) < today:
        yield Flaw(
            f"plain HTTP to {host} was accepted until {until}, and today is {today}",
            "a later day, or TLS (plainHttp: false, and caFile for a private CA)",
            path="registry.plainHttpUntil",
        )


def _licence(values: Values, journey: str, today: datetime.date) -> Iterator[Flaw]:
    if journey not in _CARRIES or values["model.licenceConfirmed"]:
        return
    models = (values["model.name"], *values["model.extra"])
    others = [name for name in models if not _GRANITE.match(name)]
    if others:
        yield Flaw(
            f"the licence of {', '.join(others)} is not confirmed",
            "true, once you have read it and it lets you carry the model (granite4.1:3b, 8b and 30b need no word)",
            path="model.licenceConfirmed",
        )


def _trust(values: Values, journey: str, today: datetime.date) -> Iterator[Flaw]:
    if journey in _LOADS and values["media.bundle"] and not values["media.trust"]:
        yield Flaw(
            "missing, and media.bundle is given: no bundle is opened without it",
            _wanted("media.trust"),
            path="media.trust",
        )


def _platforms(values: Values, journey: str, today: datetime.date) -> Iterator[Flaw]:
    chosen = values["images.platforms"]
    if not chosen:
        yield Flaw("an empty list carries nothing", "all, or os/architecture", path="images.platforms")
    elif "all" in chosen and len(chosen) > 1:
        yield Flaw("all stands beside others", "all alone, or a list without it", path="images.platforms")


def _outside(values: Values, journey: str, today: datetime.date) -> Iterator[Flaw]:
    if not values["proof.outside"]:
        yield Flaw(
            "an empty list proves nothing about egress",
            "at least one HOST:PORT, like 1.1.1.1:443",
            path="proof.outside",
        )


RULES: tuple[Rule, ...] = (
    _together("registry.clientCert", "registry.clientKey"),
    _together("registry.username", "registry.password"),
    _depends("cluster.context", "cluster.kubeconfig"),
    _depends("media.keyPassword", "media.key"),
    _depends("media.base", "media.trust"),
    Rule(
        "plain HTTP to a host that is not loopback has a last day, `registry.plainHttpUntil`, that is not past",
        ("registry.host", "registry.plainHttp", "registry.plainHttpUntil"),
        _plain_http,
    ),
    Rule(
        f"a model other than granite4.1:3b, 8b or 30b is carried ({', '.join(_CARRIES)}) once `model.licenceConfirmed`"
        " is true",
        ("model.name", "model.extra", "model.licenceConfirmed"),
        _licence,
    ),
    Rule(
        f"a `media.bundle` is opened ({', '.join(_LOADS)}) with a `media.trust`, or not at all",
        ("media.bundle", "media.trust"),
        _trust,
    ),
    Rule(
        "`images.platforms` is `all` alone, or a list without it, and not empty",
        ("images.platforms",),
        _platforms,
    ),
    Rule("`proof.outside` names at least one address", ("proof.outside",), _outside),
)
