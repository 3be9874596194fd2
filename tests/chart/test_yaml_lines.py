"""YAML with lines."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wizard.cluster.yaml_lines import dotted, parse, read
from wizard.engine.problems import Problem

TEXT = """\
gateway:
  image:
    tag: "1"
tolerations:
  - key: gpu
  - &same {key: other}
  - *same
"""


def test_every_key_has_its_line():
    found = parse(TEXT, "v.yaml")
    assert found.data["tolerations"][2] == {"key": "other"}
    assert found.at(("gateway", "image", "tag")) == "v.yaml:3"
    assert found.at(("tolerations", 0, "key")) == "v.yaml:5"
    assert found.at(("gateway", "image", "absent")) == "v.yaml:2"


def test_a_key_written_twice_is_noticed():
    found = parse("a: 1\nb:\n  c: 1\n  c: 2\n", "v.yaml")
    assert found.doubled == ((("b", "c"), 4),)


def test_a_merge_key_is_no_double():
    found = parse("base: &b {x: 1}\nd:\n  <<: *b\n  x: 2\n", "v.yaml")
    assert found.data["d"] == {"x": 2}
    assert found.doubled == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1\nb: 2\n", "v.yaml:2"),
        ("a: !!python/name:os.system x\n", "v.yaml:1"),
        ("\t", "v.yaml:1"),
        ("a: 1\nb: \x0b\n", "v.yaml:2"),
        ("a: 2024-99-99\n", "v.yaml"),
    ],
)
def test_what_is_no_yaml_is_a_problem_with_its_line(text, words):
    with pytest.raises(Problem) as caught:
        parse(text, "v.yaml")
    assert caught.value.code == "values-not-yaml"
    assert words in caught.value.title


def test_aliases_cannot_fill_the_memory():
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    with pytest.raises(Problem, match="aliases"):
        parse(text, "v.yaml")


def test_a_loop_is_a_problem():
    with pytest.raises(Problem):
        parse("&a [*a]", "v.yaml")


def test_depth_is_bounded():
    with pytest.raises(Problem):
        parse("[" * 50_000, "v.yaml")


def test_an_unreadable_file_is_a_problem(tmp_path):
    with pytest.raises(Problem) as caught:
        read(tmp_path / "absent.yaml")
    assert caught.value.code == "values-not-readable"
    assert caught.value.exit_code == 2


def test_an_empty_file_is_nothing():
    assert parse("", "v.yaml").data is None


def test_paths_are_shown_as_helm_writes_them():
    assert dotted(("a", "b", 0, "c")) == "a.b[0].c"


KEYS = st.text("abcdefgh", min_size=1, max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab:#-{}'\" \n", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.booleans())
def test_it_reads_what_yaml_reads_and_knows_every_line(data, flow):
    text = yaml.safe_dump(data, default_flow_style=flow)
    found = parse(text, "v.yaml")
    assert found.data == data
    for path in found.lines:
        if path and isinstance(path[-1], str):
            assert str(path[-1]) in text.splitlines()[found.lines[path] - 1]
