"""Finding and loading a world's description, by name (`assets/worlds/NAME.yaml`) or by path."""

import dataclasses
from importlib.resources import files
from pathlib import Path

import yaml

from wizard.answers.checks import nearest
from wizard.engine.problems import Problem, Remedy
from wizard.rehearsal.description import Description
from wizard.rehearsal.reading import Flaw, merge, read


def worlds() -> dict[str, Path]:
    """The worlds that ship with us, by name."""
    folder = Path(str(files("assets") / "worlds"))
    return {p.stem: p for p in sorted(folder.glob("*.yaml")) if not p.stem.startswith("answers")}


def load(name_or_path: str) -> Description:
    """The description. Raises Problem `world-not-found` or `world-invalid` (both exit 2; all faults at once)."""
    path = _find(name_or_path)
    flaws: list[Flaw] = []
    node = _tree(path, flaws, ())
    found = read(node, Description, flaws) if node is not None else None
    if flaws or found is None:
        lines = "\n".join(str(flaw) for flaw in flaws)
        raise Problem(
            "world-invalid",
            f"{path} does not describe a world: {len(flaws)} fault{'s' if len(flaws) != 1 else ''}",
            detail=lines,
            remedies=(Remedy("correct the lines named; assets/worlds/README.md explains every key"),),
            evidence={"faults": [dataclasses.asdict(flaw) for flaw in flaws]},
            exit_code=2,
        )
    described: Description = found
    return dataclasses.replace(described, name=path.stem)


def _find(name_or_path: str) -> Path:
    known = worlds()
    if name_or_path in known:
        return known[name_or_path]
    path = Path(name_or_path).expanduser()
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return path
    guess = nearest(name_or_path, known)
    raise Problem(
        "world-not-found",
        f"there is no world called {name_or_path!r}" + (f"; did you mean {guess}?" if guess else ""),
        detail=f"worlds that ship with us: {', '.join(known)}; or the path of a .yaml file",
        remedies=(Remedy("name one of these", f"airgap-wizard run --rehearse {guess or 'healthy'}"),),
        exit_code=2,
    )


def _tree(path: Path, flaws: list[Flaw], seen: tuple[Path, ...]) -> yaml.Node | None:
    """The node tree of a file, laid over that of the world it is `like`."""
    try:
        with path.open("rb") as stream:
            node = yaml.compose(stream, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        flaws.append(Flaw(str(path), 0, "", f"cannot be read: {error}"))
        return None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or str(error)
        flaws.append(Flaw(str(path), mark.line + 1 if mark else 0, "", f"not YAML: {said}"))
        return None
    if not isinstance(node, yaml.MappingNode):
        flaws.append(Flaw(str(path), 1, "", "expected a map of keys, like title: A healthy site"))
        return None
    like = next((v for k, v in node.value if k.value == "like"), None)
    if like is None:
        return node
    try:
        parent = _find(like.value)
    except Problem as problem:
        flaws.append(Flaw(str(path), like.start_mark.line + 1, "like", problem.title))
        return node
    if parent in seen or parent == path:
        flaws.append(Flaw(str(path), like.start_mark.line + 1, "like", "leads back to itself"))
        return node
    base = _tree(parent, flaws, (*seen, path))
    return merge(base, node) if base is not None else None
