"""Worlds are read strictly: every fault at once, with its file, line and what was expected."""

from pathlib import Path

import pytest
import yaml

from wizard.engine.problems import Problem
from wizard.rehearsal.description import Binding, Pulls
from wizard.rehearsal.loader import load, worlds


@pytest.mark.parametrize("name", sorted(worlds()))
def test_the_worlds_that_ship_with_us_load(name: str) -> None:
    world = load(name)
    assert world.name == name
    assert world.title
    assert world.story
    assert world.nodes
    assert world.source.images


def test_a_world_is_like_another_but_for_what_it_says(tmp_path: Path) -> None:
    """Maps merge by key, lists of named items by name, anything else is replaced."""
    path = tmp_path / "mine.yaml"
    path.write_text(
        "like: healthy\ntitle: Mine\nnodes: [{name: node-b, pulls: timeout}]\ncni: {enforces: false}\n"
    )
    world = load(str(path))
    healthy = load("healthy")
    assert [n.name for n in world.nodes] == [n.name for n in healthy.nodes]
    assert [n.pulls for n in world.nodes if n.name == "node-b"] == [Pulls.TIMEOUT]
    assert world.nodes[1].memory == healthy.nodes[1].memory
    assert (world.cni.name, world.cni.enforces) == (healthy.cni.name, False)
    assert world.story == healthy.story


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Each with its line, and what was probably meant."""
    path = tmp_path / "wrong.yaml"
    path.write_text(
        "title: Wrong\n"
        "nodse: []\n"
        "cni: {enforces: maybe}\n"
        "nodes:\n"
        "  - {arch: amd64}\n"
        "  - {name: b, memory: lots, pulls: unauthorised}\n"
        "storageClasses: {name: x}\n"
        "tempo: fast\n"
        "perimeter: open\n"
    )
    with pytest.raises(Problem) as caught:
        load(str(path))
    problem = caught.value
    assert (problem.code, problem.exit_code) == ("world-invalid", 2)
    assert problem.title.endswith("8 faults")
    lines = problem.detail.splitlines()
    assert lines == [
        f"{path}:2: nodse: unknown key; did you mean nodes?",
        f"{path}:3: cni.enforces: expected true or false, found 'maybe'",
        f"{path}:5: nodes[0]: needs the key name",
        f"{path}:6: nodes[1].memory: expected a Kubernetes quantity, like 20Gi",
        f"{path}:6: nodes[1].pulls: expected one of ok, unauthorized, forbidden, unknown-authority, no-such-host,"
        " refused, timeout, rate-limited, plain-http, found 'unauthorised'; did you mean unauthorized?",
        f"{path}:7: storageClasses: expected a list",
        f"{path}:8: tempo: expected a number, found 'fast'",
        f"{path}:9: perimeter: expected a map",
    ]


def test_a_fault_names_the_file_it_stands_in(tmp_path: Path) -> None:
    """Where a world is like another one that is wrong."""
    parent, child = tmp_path / "parent.yaml", tmp_path / "child.yaml"
    parent.write_text("title: P\ntempo: []\n")
    child.write_text(f"like: {parent}\ntitle: C\n")
    with pytest.raises(Problem) as caught:
        load(str(child))
    assert f"{parent}:2: tempo" in caught.value.detail


def test_a_world_that_is_like_itself(tmp_path: Path) -> None:
    path = tmp_path / "round.yaml"
    path.write_text(f"like: {path}\ntitle: R\n")
    with pytest.raises(Problem) as caught:
        load(str(path))
    assert "leads back to itself" in caught.value.detail


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "", "\x00"])
def test_what_is_no_world(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(Problem) as caught:
        load(str(path))
    assert caught.value.code == "world-invalid"
    assert str(path) in caught.value.detail


def test_an_unknown_name_names_the_nearest() -> None:
    """And lists them all."""
    with pytest.raises(Problem) as caught:
        load("helthy")
    assert caught.value.code == "world-not-found"
    assert caught.value.exit_code == 2
    assert "did you mean healthy?" in caught.value.title
    assert "egress-open" in caught.value.detail


def test_the_readme_explains_every_key() -> None:
    """assets/worlds/README.md."""
    import dataclasses
    import typing

    from wizard.answers.declare import camel
    from wizard.rehearsal.description import Description

    readme = (worlds()["healthy"].parent / "README.md").read_text()
    missing = []
    todo: list[type] = [Description]
    while todo:
        kind = todo.pop()
        hints = typing.get_type_hints(kind)
        for field in dataclasses.fields(kind):
            if f"`{camel(field.name)}`" not in readme and kind is not Description:
                missing.append(f"{kind.__name__}.{field.name}")
            parts = (hints[field.name], *typing.get_args(hints[field.name]))
            todo += [typing.cast(type, part) for part in parts if dataclasses.is_dataclass(part)]
    assert not missing


def test_answers_that_ship_with_the_worlds_fit_them() -> None:
    """The classes, host and model that every world has, unless that is what is wrong there."""
    folder = worlds()["healthy"].parent
    answers = yaml.safe_load((folder / "answers.yaml").read_text())
    healthy = load("healthy")
    assert answers["cluster"]["storageClass"] in [c.name for c in healthy.storage_classes]
    assert answers["model"]["name"] in [m.name for m in healthy.source.models]
    assert healthy.storage_classes[0].binding is Binding.WAITS
