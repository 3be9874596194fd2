"""The world a run acts on: the real one, or a rehearsal of one, behind the same ports."""

from pathlib import Path
from typing import Protocol

from wizard.answers.model import Answers
from wizard.cluster.port import Cluster, Helm
from wizard.engine.events import Say
from wizard.engine.secrets import Prompter, Secret, SecretRef
from wizard.oci.sites import Sites


class World(Protocol):
    """Everything outside the process. Adapters connect lazily: a run that needs no cluster never asks for one."""

    @property
    def rehearsal(self) -> str:
        """The name of the rehearsed world; "" for the real one."""

    def listen(self, say: Say) -> None:
        """Whoever waits for something that is away says so, once: a text and its level."""

    def sites(self, answers: Answers) -> Sites:
        """Registry hosts as the answers configure them; secrets are resolved here."""

    def cluster(self, answers: Answers) -> Cluster:
        """The cluster. Raises Problem `cluster-not-configured` (exit 2) where there is none to be had."""

    def helm(self, answers: Answers) -> Helm:
        """Helm. Raises Problem `helm-not-found`."""

    def model_store(self, answers: Answers) -> Path:
        """The Ollama models folder that the model is read from (S1.14)."""

    def secret(self, ref: SecretRef, name: str) -> Secret:
        """The value behind a reference; `name` is its answer. Raises Problem `secret-not-found`."""

    def endpoints(self, answers: Answers) -> tuple[str, ...]:
        """Every endpoint that a run with these answers may contact (S2.4)."""

    def close(self) -> None:
        """Stop what was started (the loopback registries of a rehearsal)."""


class WorldOpener(Protocol):
    """Makes the world when a run starts; `prompter` is None where nobody can be asked."""

    def __call__(self, prompter: Prompter | None) -> World: ...
