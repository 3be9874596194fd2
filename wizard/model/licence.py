"""May this model be carried? granite4.1 may, by its licence; for any other the operator says so (S1.48)."""

from wizard.engine.problems import Problem, Remedy
from wizard.model.manifest import LICENSE
from wizard.model.names import ModelName
from wizard.model.store import OllamaModel

APACHE = "Apache-2.0"
_APACHE_TAGS = frozenset({"3b", "8b", "30b"})


def known_licence(name: ModelName) -> str:
    """The SPDX identifier of a model whose licence is known to allow carrying it; "" for any other."""
    known = name.same(ModelName.parse(f"granite4.1:{name.tag}")) and name.tag.lower() in _APACHE_TAGS
    return APACHE if known else ""


def require_licence(name: ModelName, confirmed: bool, model: OllamaModel | None = None) -> str:
    """The licence's SPDX identifier, or "confirmed" where the operator confirmed another one.

    Raises Problem `licence-not-confirmed` (exit 2), with the first lines of the licences the model brings.
    """
    if licence := known_licence(name):
        return licence
    if confirmed:
        return "confirmed"
    raise Problem(
        "licence-not-confirmed",
        f"nobody has confirmed that the licence of {name} lets you carry it",
        detail=_quoted(model) if model else "",
        remedies=(
            Remedy(f"Read the licence of {name}", f"ollama show --license {name}"),
            Remedy(
                "Then say that it allows it: model.licenceConfirmed: true in the answers",
                "--licence-confirmed",
            ),
        ),
        evidence={"model": name.full},
        exit_code=2,
    )


def _quoted(model: OllamaModel) -> str:
    heads = []
    for layer in model.manifest.of(LICENSE):
        lines = [line.strip() for line in model.read(layer).decode("utf-8", "replace").splitlines()]
        heads.append(" / ".join([line for line in lines if line][:2])[:160])
    return "it brings: " + "; ".join(heads) if heads else "it brings no licence text"
