"""What the answers want of the site: for checks that compare it with what is there."""

from dataclasses import dataclass

from wizard.answers.model import Answers
from wizard.facts.base import Sources


@dataclass(frozen=True, slots=True)
class Wanted:
    """The answers, as far as checks compare with them."""

    answers: Answers

    @property
    def namespace(self) -> str:
        """Where the release goes."""
        return self.answers.cluster.namespace

    @property
    def models(self) -> tuple[str, ...]:
        """All the models that are loaded."""
        return (self.answers.model.name, *self.answers.model.extra)


def gather_wanted(sources: Sources) -> Wanted:
    """Always known."""
    return Wanted(sources.answers)
