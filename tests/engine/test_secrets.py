"""Secrets are references; a value shows itself nowhere."""

import base64
import pickle
from pathlib import Path

import pytest

from wizard.engine.problems import Problem
from wizard.engine.redact import MASK, Redactor
from wizard.engine.secrets import Secret, SecretRef, resolve


@pytest.mark.parametrize("text", ["env:A_B1", "file:/x", "file:./y z", "prompt"])
def test_references(text):
    assert SecretRef.parse(text) == SecretRef(text)


@pytest.mark.parametrize("text", ["hunter2", "env:", "env:1A", "env:a b", "file:", "Prompt", ""])
def test_literals_are_no_references(text):
    assert SecretRef.parse(text) is None


def test_resolve_from_env_and_file(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("TEST_PW", "value-1")
    (tmp_path / "pw").write_text("value-2\n")
    assert resolve(SecretRef("env:TEST_PW"), "x").reveal() == "value-1"
    assert resolve(SecretRef(f"file:{tmp_path}/pw"), "x").reveal() == "value-2"
    assert resolve(SecretRef("prompt"), "x", lambda name: name + "!").reveal() == "x!"


@pytest.mark.parametrize("where", ["env:SURELY_NOT_SET", "file:/nowhere/at/all", "prompt"])
def test_a_missing_value_is_a_problem_with_exit_2(where):
    with pytest.raises(Problem) as caught:
        resolve(SecretRef(where), "registry.password")
    assert caught.value.code == "secret-not-found" and caught.value.exit_code == 2
    assert "registry.password" in caught.value.title


def test_an_empty_or_binary_file_is_refused(tmp_path: Path):
    for data in (b"\n", b"\xff\xfe"):
        (tmp_path / "pw").write_bytes(data)
        with pytest.raises(Problem):
            resolve(SecretRef(f"file:{tmp_path}/pw"), "x")


def test_a_secret_is_never_pickled():
    with pytest.raises(TypeError):
        pickle.dumps(Secret("abcdef"))


def test_redaction_knows_encodings_and_nested_data():
    redactor = Redactor()
    redactor.learn("pa/ss wörd")
    data = {"a": ["pa/ss wörd", {"pa%2Fss%20w%C3%B6rd": 1}], "b": "cGEvc3Mgd8O2cmQ="}
    assert redactor.data(data) == {"a": [MASK, {MASK: 1}], "b": MASK}


def test_a_longer_secret_is_hidden_before_one_inside_it():
    redactor = Redactor()
    redactor.learn("secret")
    redactor.learn("secret-and-more")
    assert redactor.text("x secret-and-more y") == f"x {MASK} y"


@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "robot$inner"])
def test_a_basic_credential_that_holds_the_secret_is_hidden_too(user):
    """What a docker config.json and an Authorization header show is base64 of `user:password`."""
    redactor = Redactor()
    redactor.learn("correct horse battery")
    shown = base64.b64encode(f"{user}:correct horse battery".encode()).decode()
    left = redactor.text(f'{{"auth": "{shown}"}}')
    assert MASK in left
    assert b"horse" not in base64.b64decode(left.split('"')[3].replace(MASK, "") + "====", validate=False)
