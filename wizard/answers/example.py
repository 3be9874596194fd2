"""The commented example: what a journey cannot do without is filled in with examples, the rest is at its default."""

from wizard.answers.dump import render
from wizard.answers.fields import table
from wizard.answers.model import Journey

_CONTENT = (
    "images.extra", "images.platforms", "model.name", "model.extra", "chart.source", "media.files", "media.exceptions"
)  # fmt: skip
"""What a bundle is made of: all that a small file for `bundle create` has to say."""


def example(journey: Journey = Journey.INSTALL, *, brief: bool = False) -> str:
    """A commented answers file that passes `answers check` as it is; `brief`: only what the journey cannot do without.

    The brief one of `stage` is the small file that declares what a bundle carries.
    """
    flat = {path: field.default for path, field in table().items()}
    flat["journey"] = journey.value
    flat |= {path: field.ask.example for path, field in table().items() if field.needed(journey)}
    head = [
        f"# airgap-wizard answers for the journey {journey.value}.",
        "# Replace what is marked (needed); a line that begins with '#' is an answer not given, with an example.",
        "# Secrets are references: env:NAME, file:PATH or prompt. Relative paths are taken from this file's folder.",
        "# Check:  airgap-wizard answers check FILE      Explain one:  airgap-wizard answers explain registry.host",
        "",
    ]
    only = {path for path, field in table().items() if field.needed(journey)}
    if journey is Journey.STAGE:
        only |= set(_CONTENT)
    return "\n".join(head) + render(
        flat, comments=True, journey=journey, needs=True, only=frozenset(only) if brief else None
    )
