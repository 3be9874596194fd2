"""Model names as Ollama writes them: `[HOST/][NAMESPACE/]MODEL[:TAG]`, and the path of a name in a store."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard.engine.problems import Problem, Remedy

DEFAULT_HOST = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"

# Every part begins with a letter, a digit or '_', so no part can be "." or ".." or hidden.
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}\Z")
_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}\Z")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}\Z")


@dataclass(frozen=True, slots=True, order=True)
class ModelName:
    """A fully qualified name; case is kept, though Ollama compares without it."""

    host: str
    namespace: str
    model: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> "ModelName":
        """A name with the defaults filled in. Raises Problem `model-name-not-valid` (exit 2)."""
        rest = text.strip().partition("://")[2] or text.strip()
        tag = DEFAULT_TAG
        if rest.rfind(":") > rest.rfind("/"):
            rest, _, tag = rest.rpartition(":")
        parts = rest.rsplit("/", 2)
        missing = [DEFAULT_HOST, DEFAULT_NAMESPACE][: 3 - len(parts)]
        host, namespace, model = missing + parts
        return cls(host, namespace, model, tag)._checked(text)

    @classmethod
    def from_path(cls, path: PurePosixPath) -> "ModelName | None":
        """The name whose manifest stands at HOST/NAMESPACE/MODEL/TAG; None where it is no name."""
        if len(path.parts) != 4:
            return None
        try:
            return cls(*path.parts)._checked(str(path))
        except Problem:
            return None

    def _checked(self, text: str) -> "ModelName":
        for label, pattern, value in (
            ("registry", _HOST, self.host),
            ("namespace", _NAMESPACE, self.namespace),
            ("model", _PART, self.model),
            ("tag", _PART, self.tag),
        ):
            if not pattern.match(value):
                raise Problem(
                    "model-name-not-valid",
                    f"{text!r} is not a model name",
                    detail=f"its {label} is {value!r}; a name is like granite4.1:8b or team/model:tag",
                    remedies=(Remedy("See which models there are", "airgap-wizard model list"),),
                    evidence={"name": text, "part": label},
                    exit_code=2,
                )
        return self

    def __str__(self) -> str:
        """As `ollama list` shows it: registry and namespace only where they are not the default."""
        if self.host.lower() != DEFAULT_HOST:
            return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"
        if self.namespace.lower() != DEFAULT_NAMESPACE:
            return f"{self.namespace}/{self.model}:{self.tag}"
        return f"{self.model}:{self.tag}"

    @property
    def full(self) -> str:
        """All four parts."""
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def path(self) -> PurePosixPath:
        """Where the manifest stands below `manifests/`."""
        return PurePosixPath(self.host, self.namespace, self.model, self.tag)

    @property
    def stem(self) -> str:
        """Base name of the files that come from this model: `granite4.1-8b` (S1.15)."""
        return f"{self.model}-{self.tag}"

    @property
    def repository(self) -> str:
        """A repository path that a registry accepts: `granite4.1-8b` (S1.16), with the namespace before it
        where it is not the default, so that two people's models of one name do not collide."""
        parts = [self.stem]
        if self.namespace.lower() != DEFAULT_NAMESPACE or self.host.lower() != DEFAULT_HOST:
            parts.insert(0, self.namespace)
        if self.host.lower() != DEFAULT_HOST:
            parts.insert(0, self.host)
        return "/".join(_component(part) for part in parts)

    def same(self, other: "ModelName") -> bool:
        """Equal as Ollama compares names: without case."""
        return self.full.lower() == other.full.lower()


def _component(part: str) -> str:
    """The nearest path component in the grammar of the distribution spec."""
    found = re.findall(r"[a-z0-9]+|[^a-z0-9]+", part.lower())
    words = [w if w.isalnum() or w in (".", "_", "__") or set(w) == {"-"} else "-" for w in found]
    return "".join(words).strip("._-") or "model"
