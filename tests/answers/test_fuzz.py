"""Whatever bytes are given as an answers file: answers, or one problem whose faults all have a place."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.answers.texts import MINIMAL, with_lines
from wizard.answers.example import example
from wizard.answers.fields import table
from wizard.answers.load import loads
from wizard.answers.model import Journey
from wizard.engine.problems import Problem

_QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_YAMLISH = st.lists(
    st.sampled_from(
        [
            *"[]{}:,-?&*!|>'\"%@`#~ \n\t",
            "  ",
            ": ",
            "- ",
            "\n  ",
            "---\n",
            "...\n",
            "<<: ",
            "!!str ",
            "&a ",
            "*a ",
            "|\n",
            "registry",
            "host",
            "images",
            "extra",
            "apiVersion: airgap-wizard/v1\n",
            "journey: install\n",
            "1",
            "true",
            "é",
        ]
    ),
    max_size=60,
).map("".join)


def survives(data: str | bytes, *sets: str) -> None:
    try:
        loads(data, "a.yaml", sets=sets)
    except Problem as problem:
        assert problem.code == "answers-invalid"
        faults = problem.evidence["faults"]
        assert faults
        assert all(fault["message"] and fault["place"] for fault in faults)
        assert all(line.isprintable() for line in problem.detail.split("\n"))


@_QUICK
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    survives(data)


@_QUICK
@given(_YAMLISH)
def test_anything_made_of_the_words_of_yaml(text: str) -> None:
    survives(text)
    survives(MINIMAL + text)


@_QUICK
@given(st.sampled_from(list(Journey)), st.data())
def test_an_example_with_one_stroke_changed(journey: Journey, data: st.DataObject) -> None:
    text = example(journey)
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 3))
    survives(text[:at] + data.draw(st.text(max_size=3)) + text[at + cut :])


@_QUICK
@given(st.sampled_from(list(table())), st.text(max_size=30))
def test_any_text_after_set(path: str, value: str) -> None:
    survives(MINIMAL, f"{path}={value}")
    survives(MINIMAL, value)


@_QUICK
@given(st.sampled_from(list(table().values())), _YAMLISH)
def test_any_value_of_any_answer(field: object, value: str) -> None:
    section, key = field.section, field.key  # type: ignore[attr-defined]
    survives(with_lines(section, f"{key}: {value}") if section else MINIMAL + f"{key}: {value}\n")
