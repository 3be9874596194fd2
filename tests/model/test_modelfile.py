"""Modelfiles: what is written is read back, and what cannot be written is named."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wizard.engine.problems import Problem
from wizard.model.modelfile import (
    Instruction,
    go_json,
    parameters,
    params_document,
    parse,
    printed,
    quote,
    render,
)

FROM = Instruction("from", "./m.gguf")
nasty = st.text(st.sampled_from("\"'\n\r\t #aé▁😀\u200b\u00a0\\`"), max_size=16) | st.text(max_size=30)


@given(nasty, nasty)
@example('ends with three """', 'a """\nb')
@example('"quoted"', '"""')
@example("", " ")
def test_values_survive_the_round_trip(system: str, template: str) -> None:
    """S1.19: what the Modelfile says is what the layer said, but for what Ollama's own parser drops."""
    wanted = [FROM, Instruction("template", template), Instruction("system", system)]
    rendered = render(wanted)
    found = parse(rendered.text)
    kept = [one for one in wanted if quote(one.value) is not None]
    assert list(found) == [Instruction(one.name, printed(one.value)) for one in kept]
    for one in wanted:
        lossy = one not in kept or printed(one.value) != one.value
        assert lossy == any(loss.startswith(one.name.upper()) for loss in rendered.losses)


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_without_quotes_can_be_written(text: str) -> None:
    assert quote(text.replace('"', "'")) is not None


def test_a_text_that_no_quotes_can_hold_is_left_out_and_named() -> None:
    rendered = render([FROM, Instruction("system", 'three """\nquotes')])
    assert parse(rendered.text) == (FROM,)
    assert "SYSTEM is left out" in rendered.losses[0]
    assert "# SYSTEM is left out" in rendered.text


@given(st.text(max_size=200))
def test_no_text_crashes_the_parser(text: str) -> None:
    try:
        parse(text)
    except Problem as problem:
        assert problem.code == "modelfile-not-valid"


def test_a_modelfile_as_people_write_them() -> None:
    text = '# a comment\r\nfrom ./m.gguf\r\n\r\nTEMPLATE """{{ .Prompt }}\nx"""\nPARAMETER stop "<a b>"\nparameter stop </s>\nPARAMETER num_ctx 4096\nMESSAGE user hello there\n'
    assert parse(text) == (
        FROM,
        Instruction("template", "{{ .Prompt }}\nx"),
        Instruction("parameter", "<a b>", "stop"),
        Instruction("parameter", "</s>", "stop"),
        Instruction("parameter", "4096", "num_ctx"),
        Instruction("message", "hello there", "user"),
    )


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("FROM a\nNONSENSE x\n", 2, "'NONSENSE' is no instruction"),
        ("FROM a\r\n\r\nNONSENSE x\r\n", 3, "'NONSENSE' is no instruction"),
        ('FROM a\n\nSYSTEM """open\nfor ever', 3, "never closed"),
        ("SYSTEM x\n", 1, "no FROM"),
        ("", 1, "no FROM"),
        ("FROM a\nMESSAGE nobody hi\n", 2, "'nobody' is no role"),
        ("FROM a\nPARAMETER te-mp 1\n", 2, "names no parameter"),
    ],
)
def test_faults_are_named_with_their_line(text: str, line: int, says: str) -> None:
    with pytest.raises(Problem, match="modelfile-not-valid") as caught:
        parse(text, "x.Modelfile")
    assert caught.value.title.startswith(f"x.Modelfile, line {line}: ")
    assert says in caught.value.title
    assert caught.value.exit_code == 2


def test_parameters_keep_their_numbers_as_written() -> None:
    raw = b'{"temperature":0.70,"num_ctx":131072,"use_mmap":false,"stop":["<|end|>"," two words",""],"main_gpu":null}'
    found = parameters(raw)
    assert [(one.key, one.value) for one in found] == [
        ("temperature", "0.70"),
        ("num_ctx", "131072"),
        ("use_mmap", "false"),
        ("stop", "<|end|>"),
        ("stop", " two words"),
        ("stop", ""),
    ]
    assert parse(render([FROM, *found]).text) == (FROM, *found)


values = st.integers(-(2**31), 2**31) | st.booleans() | st.floats(0, 2, width=16)


@given(
    st.dictionaries(st.sampled_from(["num_ctx", "seed", "top_p", "use_mmap"]), values),
    st.lists(nasty, max_size=3),
)
def test_params_survive_layer_to_modelfile_to_layer(params: dict[str, object], stop: list[str]) -> None:
    data = {**params, **({"stop": stop} if stop else {})}
    instructions = parse(render([FROM, *parameters(go_json(data))]).text)
    found = json.loads(params_document(instructions) or b"{}")
    kept = [printed(one) for one in stop if quote(one) is not None]
    assert found == {**params, **({"stop": kept} if kept else {})}


def test_params_are_encoded_as_ollama_does() -> None:
    """Sorted, compact, HTML-escaped, one line end: the digest is the one `ollama create` gives."""
    instructions = [
        Instruction("parameter", "</s>", "stop"),
        Instruction("parameter", "1.0", "temperature"),
        Instruction("parameter", "7", "seed"),
    ]
    assert params_document(instructions) == b'{"seed":7,"stop":["\\u003c/s\\u003e"],"temperature":1}\n'
    assert params_document([FROM]) == b""
