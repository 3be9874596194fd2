"""The format of a support bundle, version 1.

A plain, uncompressed POSIX tar of regular files. Its first member is `manifest.json`: what made it and when, what
every collector got or why it did not, how often which rule took something out of which file, and the digest of every
other member. Readers go by member names alone:

    run/{answers.yaml,options.json,journal.jsonl,evidence.json,summary.txt,process.log}   one run, as its folder has it
    answers.yaml  plan.json                              the answers that the site was looked at with, and their plan
    cluster/version.json                                 {"version"}
    cluster/NAMESPACE/KIND.json                          {"at", "items", "left"}; NAMESPACE is `_` for cluster scope;
                                                         of Secrets only names, keys and registry hosts
    cluster/NAMESPACE/logs/POD/CONTAINER[.previous].log  the ends of logs
    looks/NAME.json                                      {"command", "exitCode", "output"} of a look inside a pod
    helm/{release,values}.json
    registry/registry.json                               what the registry has, against what was recorded
    checks/findings.json                                 verdicts of experiments, where they were asked for
    host/{versions,clock,disk}.json  host/runtime/…      the machine that this was made on

A later version adds members or keys; it takes none of these away without raising `VERSION`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

FORMAT = "airgap-wizard/support-bundle"
VERSION = 1
MANIFEST = "manifest.json"
CLUSTER = "_"
"""Stands for the namespace of what has none."""


class Got(StrEnum):
    """What came of one collector."""

    GOT = "got"
    CUT = "cut"  # more was there than its share
    REFUSED = "refused"  # RBAC, or the registry's or the API's own refusal
    TIMEOUT = "timeout"  # it hung, and was not waited for
    UNREACHABLE = "unreachable"
    ABSENT = "absent"  # there is no such thing
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Collected:
    """One collector's result; `why` is for people, `files` are the members it filled."""

    name: str
    outcome: Got
    why: str = ""
    seconds: float = 0.0
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Redacted:
    """So many places in a file that a rule took out. The values are nowhere."""

    file: str
    rule: str
    count: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The first member. `made` is ISO 8601 (UTC); `files` maps member → (size, digest)."""

    made: str = ""
    program: str = ""
    rehearsal: str = ""
    namespace: str = ""
    release: str = ""
    run: str = ""
    pseudonyms: bool = False
    collected: tuple[Collected, ...] = ()
    redacted: tuple[Redacted, ...] = ()
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    version: int = VERSION

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "format": FORMAT,
            "version": self.version,
            "made": self.made,
            "program": self.program,
            "rehearsal": self.rehearsal,
            "namespace": self.namespace,
            "release": self.release,
            "run": self.run,
            "pseudonyms": self.pseudonyms,
            "collected": [
                {
                    "name": c.name,
                    "outcome": c.outcome.value,
                    "why": c.why,
                    "seconds": round(c.seconds, 2),
                    "files": list(c.files),
                }
                for c in self.collected
            ],
            "redacted": [{"file": r.file, "rule": r.rule, "count": r.count} for r in self.redacted],
            "files": {
                name: {"size": size, "digest": digest} for name, (size, digest) in sorted(self.files.items())
            },
        }

    @classmethod
    def of(cls, data: Any) -> "Manifest":
        """From JSON that may come from anywhere. Raises ValueError for what is no manifest."""
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError("it is not the manifest of a support bundle")
        version = data.get("version")
        if not isinstance(version, int) or version < 1:
            raise ValueError("it names no version of the format")
        return cls(
            **{
                key: _text(data, key)
                for key in ("made", "program", "rehearsal", "namespace", "release", "run")
            },
            pseudonyms=data.get("pseudonyms") is True,
            collected=tuple(c for c in map(_collected, _list(data, "collected")) if c is not None),
            redacted=tuple(
                Redacted(_text(r, "file"), _text(r, "rule"), r["count"])
                for r in _list(data, "redacted")
                if isinstance(r.get("count"), int)
            ),
            files={
                name: (entry["size"], _text(entry, "digest"))
                for name, entry in (data.get("files") or {}).items()
                if isinstance(entry, dict) and isinstance(entry.get("size"), int)
            }
            if isinstance(data.get("files"), dict)
            else {},
            version=version,
        )


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value[:1000] if isinstance(value, str) else ""


def _list(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = data.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _collected(data: dict[str, Any]) -> Collected | None:
    try:
        outcome = Got(str(data.get("outcome")))
    except ValueError:
        return None
    files = data.get("files")
    seconds = data.get("seconds")
    return Collected(
        _text(data, "name"),
        outcome,
        _text(data, "why"),
        float(seconds) if isinstance(seconds, int | float) else 0.0,
        tuple(str(f) for f in files) if isinstance(files, list) else (),
    )


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle in memory: just made, or read. `notes` say what was wrong with a file that was read."""

    manifest: Manifest
    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()
