"""Hostile and broken files: one clear message each, quickly, and nothing executed or expanded."""

import pytest

from tests.answers.test_load import complaints
from tests.answers.texts import MINIMAL
from wizard.answers import form, nodes
from wizard.engine.redact import MASK, redactor

LAUGHS = "journey: install\na0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)
)

HOSTILE = [
    (b"", "a.yaml:1:1: empty; expected apiVersion: airgap-wizard/v1, a journey, and sections"),
    (b"# only a comment\n", "a.yaml:1:1: empty; expected apiVersion"),
    (b"\xef\xbb\xbf", "a.yaml:1:1: empty; expected apiVersion"),
    (b"- a\n- b\n", "a.yaml:1:1: a list at the top; expected keys: apiVersion: airgap-wizard/v1"),
    (b"just words\n", "a.yaml:1:1: a single value at the top; expected keys"),
    (b"\x00\x00\x00\x00", "a.yaml:1:1: the control character U+0000; expected printable text"),
    (b"a: b\nc: d\x00e\n", "a.yaml:2:5: the control character U+0000; expected printable text"),
    (b"a: \x1b[31m\r\n", "a.yaml:1:4: the control character U+001B; expected printable text"),
    (b"a: b\nc: \xff\n", "a.yaml:2:4: the byte 0xff is not UTF-8; expected UTF-8"),
    ("a: b".encode("utf-16"), "a.yaml:1:1: written in UTF-16; expected UTF-8"),
    (b"a:\n\t- b\n", "a.yaml:2:1: a tab; expected spaces"),
    (b"a: 'b\n", "a.yaml:1:4: a quotation mark that is never closed; expected a closing quotation mark"),
    (b"a: [b, c\n", "a.yaml:1:4: a bracket that is never closed; expected ',' or the closing bracket"),
    (b"a: b: c\n", "a.yaml:1:5: a second ': ' in one value; expected 'key: value'; put the value in quotes if it"),
    (b"a: b\njourney install\nc: d\n", "a.yaml:2:1: a line that is no 'key: value'; expected a colon and a space"),
    (b"a:\n  b: c\n d: e\n", "a.yaml:3:2: indentation that fits no line above; expected keys of one section in one"),
    (b"a: *planted\n", "a.yaml:1:4: '*' begins an alias that is nowhere defined; expected a value; put the value in"),
    (b"a: &planted 1\nb: &planted 2\n", "a.yaml:2:4: one anchor ('&…') defined twice; expected every"),
    (b"a: @planted\n", "a.yaml:1:4: a character that no value can begin with; expected a value; put the value in quotes"),
    (b'a: "C:\\path"\n', "a.yaml:1:8: an escape that YAML does not know; expected single quotes round a text"),
    (b'a: "\\UFFFFFFFF"\n', "a.yaml:1:7: an escape for a character that does not exist"),
    (b"a: b\n---\nc: d\n", "a.yaml:2:1: a second document begins; expected one document, with no second '---'"),
    (b"a: [::1]:5000\n", "a.yaml:1:5: a value that cannot begin so; expected a value; put the value in quotes"),
    (b"a: [::1\n", "a.yaml:1:5: a value that cannot begin so; expected a value; put the value in quotes"),
    (b"a:\n- [b]:1\n", "a.yaml:2:6: something after a value that was complete; expected one value; put the whole"),
    (b"a: b\n...\nc\n", "a.yaml:3:1: text after the end of the document ('...'); expected one document"),
    (b"a: - b\n", "a.yaml:1:4: '- ' where no list can begin; expected a list on lines of its own"),
    (b"a: }b\n", "a.yaml:1:4: a closing bracket that was never opened; expected a value; put the value in quotes"),
    (b"%YAML 9.9\n---\na: b\n", "a.yaml:1:1: no valid YAML; expected 'key: value' lines, indented with spaces"),
    (b"[" * 100_000, "a.yaml:1:13: nested deeper than 12 levels; expected sections with keys"),
    (b"{a: " * 50_000, "a.yaml:1:46: nested deeper than 12 levels; expected sections with keys"),
    (b"- " * 50_000, "a.yaml:1:25: nested deeper than 12 levels; expected sections with keys"),
    (b"a: [" + b"1," * 20_000 + b"]", "a.yaml:1:19999: more than 10000 values; expected sections with keys"),
    (b"x" * (nodes.LARGEST + 1), "a.yaml:1:1: larger than 256 KiB; expected an answers file"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "said"), HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.timeout(10)
def test_a_broken_file_gives_one_clear_message(data: bytes, said: str) -> None:
    *before, found = complaints(data)
    assert found.startswith(said)
    assert all("unknown key" in line for line in before)
    assert "planted" not in found


@pytest.mark.timeout(10)
def test_a_billion_laughs_are_not_laughed() -> None:
    found = complaints(LAUGHS)
    assert len(found) > 40
    assert all(len(line) < 200 for line in found)


@pytest.mark.timeout(10)
def test_a_list_that_holds_itself_is_walked_once() -> None:
    assert complaints(MINIMAL + "images:\n  extra: &a [*a]\n") == [
        "a.yaml:10:10 images.extra[0]: a list; expected a text, like docker.io/library/busybox:1.36"
    ]
    assert complaints("&a [*a]\n")[0].startswith("a.yaml:1:1: a list at the top")


def test_anchors_and_aliases_do_what_yaml_says() -> None:
    text = MINIMAL.replace("host: registry", "host: &h registry") + "proof:\n  expect: *h\n"
    assert complaints(text) == []


def test_a_merge_key_is_an_unknown_key() -> None:
    assert complaints(MINIMAL + "proof: &p\n  expect: a\nmedia:\n  <<: *p\n") == [
        "a.yaml:12:3 media.<<: unknown key; expected one of bundle, volumes, wait, trust, key, keyPassword, base, files, exceptions"
    ]


def test_a_huge_scalar_is_refused_without_being_repeated() -> None:
    found = complaints(MINIMAL + f"proof:\n  question: {'x' * 100_000}\n")
    assert found == ["a.yaml:10:13 proof.question: 100000 characters long; expected at most 8192"]


def test_crlf_and_a_byte_order_mark_are_no_fault() -> None:
    assert complaints(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode()) == []


def test_no_tag_is_ever_executed() -> None:
    text = MINIMAL + 'proof:\n  question: !!python/object/apply:os.system ["exit 1"]\n'
    assert complaints(text) == [
        "a.yaml:10:13 proof.question: a list; expected a text, like what did i spend yesterday?"
    ]


def test_values_that_look_like_secrets_are_not_repeated_wherever_they_stand() -> None:
    """Secrets never in a message: by the field, by the shape, and in a URL's user info."""
    planted = "ghp-9f8e7d6c5b4a39281706aaaa"
    for line, section in [
        (f"host: https://robot:{planted}@reg.example", "registry"),
        (f"pullSecret: {planted.upper()}_", "registry"),
        (f"namespace: {planted.upper()}", "cluster"),
        (f"passwd: {planted}", "registry"),
        (f"password: [{planted}]", "registry"),
        (f"password: {{a: {planted}}}", "registry"),
        (f"password: !{planted}", "registry"),
        (f"password: '{planted}", "registry"),
        (f"keyPassword: {planted}", "media"),
        (f"keyPassword: file:{planted}\\u0000", "media"),
        (f"gateway: robot:{planted}@ghcr.io/x", "images"),
        (f"gateway: robot:{planted}@ghcr.io/x:1", "images"),
        (f"extra: ['{planted}@ghcr.io/x']", "images"),
    ]:
        text = f"apiVersion: airgap-wizard/v1\njourney: verify\n{section}:\n  {line}\n"
        found = complaints(text)
        assert found, line
        assert not any(planted.lower() in c.lower() for c in found), found
        said = "\n".join(complaints(MINIMAL, f"{section}.{line.replace(': ', '=', 1)}"))
        assert planted.lower() not in said.lower(), said


def test_a_refused_literal_is_masked_from_then_on_but_not_what_is_being_typed() -> None:
    planted = "planted-literal-77"
    for typed in ("file", "env:", "prom", planted[:12]):
        assert form.check_value("registry.password", typed).startswith("a literal secret is refused")
    complaints(MINIMAL, "registry.password=file", f"media.keyPassword={planted}")
    complaints(MINIMAL + f"media:\n  keyPassword: {planted}-too\n")
    said = f"the file env: prompt {planted} {planted}-too {planted[:12]}"
    assert redactor.text(said) == f"the file env: prompt {MASK} {MASK} {planted[:12]}"
