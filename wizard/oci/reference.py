"""References: the name of an image or artefact in a registry, strictly parsed.

Grammar as in the distribution specification (pull.md) and docker's reference package: `HOST[:PORT]/PATH[:TAG][@DIGEST]`.
A name without a host means Docker Hub, and one without a slash lies under `library/` there.
"""

import re
from dataclasses import dataclass, replace

from wizard.engine.problems import Problem, Remedy
from wizard.oci.digest import is_digest

DOCKER_HUB = "docker.io"
_HUB_NAMES = {"index.docker.io", "registry.hub.docker.com", "registry-1.docker.io"}
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:.]+\])(?::[0-9]{{1,5}})?\Z")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_LONGEST = 255


def is_tag(text: str) -> bool:
    """True for a well-formed tag."""
    return bool(_TAG.match(text))


def is_repository(text: str) -> bool:
    """True for a well-formed repository name, without a host."""
    return len(text) <= _LONGEST and bool(_REPOSITORY.match(text))


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed reference. `tag` and `digest` are "" where not given; a digest beats a tag."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Parse a reference. Raises Problem `reference-invalid` (exit 2) that names the faulty part."""
        if "://" in text:
            raise _invalid(text, "it is written as a URL", f"leave out {text.partition('://')[0]}://")
        if text != text.strip() or not text:
            raise _invalid(text, "it is empty or has blanks around it", "write HOST/NAME:TAG")
        rest, at, digest = text.partition("@")
        if at and not is_digest(digest):
            raise _invalid(
                text,
                f"{digest!r} is no digest",
                "a digest is sha256: and 64 digits 0-9 a-f (or sha512: and 128)",
            )
        tag = ""
        head, colon, tail = rest.rpartition(":")
        if colon and "/" not in tail and ("/" in head or not tail.isdigit() or at or "." not in head):
            rest, tag = head, tail
            if not is_tag(tag):
                raise _invalid(
                    text,
                    f"{tag!r} is no tag",
                    "a tag has 1 to 128 letters, digits, dots, dashes and underscores, and no dot or dash first",
                )
        registry, repository = _split(rest)
        if not _HOST.match(registry) or not _port_fits(registry):
            raise _invalid(
                text,
                f"{registry!r} is no host name",
                "write HOST or HOST:PORT (1 to 65535) before the first slash",
            )
        if not is_repository(repository):
            raise _invalid(text, *_why_not(repository))
        return cls(registry, repository, tag, digest)

    @property
    def ref(self) -> str:
        """What a registry is asked for: the digest, else the tag, else `latest`."""
        return self.digest or self.tag or "latest"

    @property
    def name(self) -> str:
        """Host and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    def at(self, digest: str) -> "Reference":
        """The same pinned to a digest; the tag is kept for people to read."""
        return replace(self, digest=digest)

    def tagged(self, tag: str) -> "Reference":
        """The same with another tag, and no digest."""
        return replace(self, tag=tag, digest="")

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def _split(rest: str) -> tuple[str, str]:
    head, slash, tail = rest.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost" or head != head.lower()):
        if head.lower() in _HUB_NAMES | {DOCKER_HUB}:
            return DOCKER_HUB, tail if "/" in tail else f"library/{tail}"
        return head.lower(), tail
    return DOCKER_HUB, rest if slash else f"library/{rest}"


def _port_fits(registry: str) -> bool:
    _, colon, port = registry.rpartition(":")
    return not colon or port.endswith("]") or 1 <= int(port) <= 65535


def _why_not(repository: str) -> tuple[str, str]:
    if not repository:
        return "there is no repository after the host", "write HOST/NAME:TAG"
    if len(repository) > _LONGEST:
        return f"its repository name has {len(repository)} characters", f"use {_LONGEST} characters at most"
    if repository != repository.lower():
        return f"the repository {repository!r} has capital letters", f"write {repository.lower()!r}"
    return (
        f"{repository!r} is no repository name",
        "each part between slashes is letters a-z and digits, joined by single dots, underscores or dashes",
    )


def _invalid(text: str, why: str, do: str) -> Problem:
    return Problem(
        "reference-invalid",
        f"{text!r} is not an image reference",
        detail=why,
        remedies=(Remedy(do, docs="reference-invalid"),),
        evidence={"reference": text},
        exit_code=2,
    )
