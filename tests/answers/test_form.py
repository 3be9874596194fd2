"""The form's half: the same messages as `load`, one value at a time; rows; edits."""

from pathlib import Path

import pytest

from tests.answers.texts import MINIMAL
from wizard.answers.fields import Kind, fields, section_title, sections, table
from wizard.answers.form import check_value, edit, faults, value_text
from wizard.answers.load import loads
from wizard.answers.model import Journey
from wizard.engine.problems import Problem


def test_a_value_typed_in_a_form_has_the_message_of_the_file() -> None:
    text = "https://reg.example"
    with pytest.raises(Problem) as caught:
        loads(MINIMAL.replace("registry.internal.example\n", f"{text}\n", 1), "a.yaml")
    assert caught.value.detail == f"a.yaml:4:9 registry.host: {check_value('registry.host', text)}"
    assert check_value("registry.host", "reg.example") == ""
    assert check_value("cluster.gpu", "perhaps") == '"perhaps" is neither; expected true or false'
    assert check_value("registry.password", "hunter2").startswith("a literal secret is refused")
    assert check_value("media.bundle", "") == ""
    with pytest.raises(KeyError):
        check_value("registry.nothing", "")


def test_rows_have_the_current_value_and_what_the_journey_needs() -> None:
    rows = {row.path: row for row in fields(Journey.INSTALL, loads(MINIMAL))}
    assert list(rows) == list(table())
    host = rows["registry.host"]
    assert (host.section, host.kind, host.value, host.needed) == (
        "registry", Kind.TEXT, "registry.internal.example", True,
    )  # fmt: skip
    assert rows["media.key"].needed is False
    assert next(r for r in fields(Journey.STAGE) if r.path == "media.key").needed is True
    assert rows["registry.password"].kind is Kind.SECRET
    assert rows["chart.values"].kind is Kind.FILE
    assert rows["journey"].field.choices == tuple(Journey)
    assert list(sections()) == ["images", "registry", "model", "cluster", "chart", "proof", "media"]
    assert section_title("registry").startswith("Internal registry: ")


def test_every_example_is_a_value_that_is_accepted() -> None:
    for path, field in table().items():
        assert check_value(path, value_text(field, field.ask.example)) == "", path
        assert field.ask.label and field.ask.why, path


def test_values_go_to_text_and_back() -> None:
    answers = loads(MINIMAL)
    texts = {row.path: value_text(row.field, row.value) for row in fields(answers.journey, answers)}
    assert edit(answers, texts) == answers


def test_an_edit_replaces_values_and_refuses_bad_ones_together() -> None:
    answers = loads(MINIMAL)
    edited = edit(answers, {"registry.caFile": "ca.pem", "cluster.gpu": "true"}, folder=Path("/etc/site"))
    assert edited.registry.ca_file == Path("/etc/site/ca.pem")
    assert edited.cluster.gpu is True
    assert edit(answers, {"registry.host": ""}).registry.host == ""
    with pytest.raises(Problem) as caught:
        edit(answers, {"registry.host": "a b", "cluster.gpu": "x"})
    assert [f["path"] for f in caught.value.evidence["faults"]] == ["registry.host", "cluster.gpu"]


def test_faults_of_a_draft_are_those_that_loading_would_tell() -> None:
    draft = edit(
        loads(MINIMAL),
        {"registry.host": "", "registry.username": "me", "images.platforms": "all, linux/amd64"},
    )
    assert [flaw.path for flaw in faults(draft)] == ["registry.host", "registry.password", "images.platforms"]
    assert faults(loads(MINIMAL)) == ()
