"""Model names, as Ollama reads them."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.answers.checks import repository_prefix
from wizard.engine.problems import Problem
from wizard.model.names import ModelName

FIRST = "abzABZ019_"
part = st.builds(str.__add__, st.sampled_from(FIRST), st.text(FIRST + ".-", max_size=12))
namespace = st.builds(str.__add__, st.sampled_from(FIRST), st.text(FIRST + "-", max_size=12))
host = st.builds(str.__add__, st.sampled_from(FIRST), st.text(FIRST + ".-:", max_size=12))
names = st.builds(ModelName, host, namespace, part, part)


@pytest.mark.parametrize(
    ("text", "full", "short"),
    [
        ("granite4.1:8b", "registry.ollama.ai/library/granite4.1:8b", "granite4.1:8b"),
        ("granite4.1", "registry.ollama.ai/library/granite4.1:latest", "granite4.1:latest"),
        ("team/tiny:1", "registry.ollama.ai/team/tiny:1", "team/tiny:1"),
        ("hf.co/some/Model-GGUF:Q4_K_M", "hf.co/some/Model-GGUF:Q4_K_M", "hf.co/some/Model-GGUF:Q4_K_M"),
        ("https://hf.co/some/m", "hf.co/some/m:latest", "hf.co/some/m:latest"),
        ("localhost:5000/a/b", "localhost:5000/a/b:latest", "localhost:5000/a/b:latest"),
    ],
)
def test_defaults_are_filled_in(text: str, full: str, short: str) -> None:
    name = ModelName.parse(text)
    assert (name.full, str(name)) == (full, short)


@pytest.mark.parametrize(
    "text", ["", ":", "a:", ":b", "/a", "a/", "a//b", "..", "../x", "a/../b", "a:..", ".hidden", "a b", "a:b@c", "ä",
             "a.b/c:d", "one/two/three/four", "a\n", "x" * 81]
)  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    if text == "a\n":  # surrounding white space is not part of the name
        assert str(ModelName.parse(text)) == "a:latest"
        return
    with pytest.raises(Problem) as caught:
        ModelName.parse(text)
    assert (caught.value.code, caught.value.exit_code) == ("model-name-not-valid", 2)


def test_files_and_repository_are_named_as_the_seed_says() -> None:
    """S1.15, S1.16."""
    name = ModelName.parse("granite4.1:8b")
    assert (name.stem, name.repository) == ("granite4.1-8b", "granite4.1-8b")
    assert ModelName.parse("Team/M__x.-y:Q4_K_M").repository == "team/m__x-y-q4_k_m"
    assert ModelName.parse("localhost:5000/a/b:1").repository == "localhost-5000/a/b-1"


@given(names)
def test_a_name_survives_its_text_and_its_path(name: ModelName) -> None:
    assert ModelName.parse(name.full) == name
    assert ModelName.from_path(name.path) == name
    assert ModelName.parse(str(name)).same(name)
    assert repository_prefix(name.repository) == ""


@given(st.text(max_size=40))
def test_a_path_never_leaves_the_store(text: str) -> None:
    try:
        name = ModelName.parse(text)
    except Problem:
        return
    assert len(name.path.parts) == 4
    assert not {".", ".."} & set(name.path.parts)
    assert not name.path.is_absolute()


def test_strange_paths_are_no_names() -> None:
    for path in ("a/b/c", "a/b/c/d/e", "a/b/c/._d", "a/b/.x/d"):
        assert ModelName.from_path(PurePosixPath(path)) is None
