"""Image references wherever a manifest may hide one: image fields, ConfigMaps, environment, arguments (S2.12)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wizard.cluster.yaml_lines import Path_

_TAG = r"(?::[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})"
_PUBLIC = (
    r"(?:docker\.io|(?:registry-1|index|registry\.hub)\.docker\.(?:io|com)|ghcr\.io|quay\.io|(?:[a-z]+\.)?gcr\.io"
    r"|registry\.k8s\.io|mcr\.microsoft\.com|public\.ecr\.aws|nvcr\.io|registry\.gitlab\.com|lscr\.io|cgr\.dev"
    r"|[a-z0-9-]+-docker\.pkg\.dev|registry\.access\.redhat\.com|registry\.redhat\.io)"
)
_HOSTED = re.compile(
    rf"(?<![\w./:@-])(?:{_PUBLIC}(?:/[a-z0-9._-]+)+{_TAG}*"
    rf"|(?:(?:[a-z0-9-]+\.)+[a-z]{{2,}}|localhost)(?::\d+)?(?:/[a-z0-9._-]+)+{_TAG}+)(?![\w/])"
)
_KEYED = re.compile(r"""(?:^|[\s{,"'-])image["']?\s*[:=]\s*["']?([^\s"',}\]]+)""", re.MULTILINE)
_FLAG = re.compile(r"--?[\w-]*image[\w-]*(?:=(\S+))?\Z", re.IGNORECASE)
_SHORT = re.compile(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*" + _TAG + r"+\Z")
_BARE = re.compile(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class Found:
    """One reference: where in the object, and in what kind of place ("image", "env", "argument", "text")."""

    path: Path_
    reference: str
    place: str


def references(obj: Any, path: Path_ = ()) -> Iterator[Found]:
    """Every reference in an object, in order; the same one twice where it stands twice."""
    if isinstance(obj, Mapping):
        name, value = obj.get("name"), obj.get("value")
        is_env = isinstance(name, str) and isinstance(value, str) and "IMAGE" in name.upper()
        for key, below in obj.items():
            here = (*path, str(key))
            if key == "image" and isinstance(below, str):
                if below:
                    yield Found(here, below, "image")
            elif key == "value" and is_env and _SHORT.match(str(below)):
                yield Found(here, str(below), "env")
            elif key in ("args", "command") and isinstance(below, Sequence) and not isinstance(below, str):
                yield from _arguments(below, here)
            else:
                yield from references(below, here)
    elif isinstance(obj, str):
        yield from _in_text(obj, path)
    elif isinstance(obj, Sequence):
        for index, below in enumerate(obj):
            yield from references(below, (*path, index))


def _arguments(words: Sequence[Any], path: Path_) -> Iterator[Found]:
    flagged = False
    for index, word in enumerate(words):
        text = str(word)
        flag = _FLAG.match(text)
        if flag and flag[1]:
            yield Found((*path, index), flag[1], "argument")
        elif flagged and _SHORT.match(text):
            yield Found((*path, index), text, "argument")
        else:
            yield from (Found(f.path, f.reference, "argument") for f in _in_text(text, (*path, index)))
        flagged = bool(flag and not flag[1])


def _in_text(text: str, path: Path_) -> Iterator[Found]:
    seen = set()
    for match in [*_KEYED.finditer(text), *_HOSTED.finditer(text)]:
        reference = match[match.lastindex or 0].rstrip(".,;")
        keyed = match.lastindex is not None
        plain = _SHORT.match(reference) or _HOSTED.fullmatch(reference)
        # "image: none" in a sentence is none; within a manifest a bare name means its tag `latest`
        bare = _BARE.match(reference) and "containers:" in text
        if keyed and not plain and not bare:
            continue
        if reference not in seen:
            seen.add(reference)
            yield Found(path, reference, "text")
