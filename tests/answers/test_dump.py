"""Writing answers: what is written reads back as the same answers, byte for byte the same when written again."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.answers.texts import MINIMAL, with_lines
from wizard.answers import form
from wizard.answers.dump import dump, scalar
from wizard.answers.fields import Kind, build, table
from wizard.answers.load import load, loads
from wizard.answers.model import Answers
from wizard.engine.secrets import SecretRef

_LINE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40)
_NAME = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?", fullmatch=True)
_HOST = st.builds(lambda a, p: f"{a}.example" + (f":{p}" if p else ""), _NAME, st.integers(0, 65535))
_IMAGE = st.builds(lambda h, n, t: f"{h}/{n}:{t}", _HOST, _NAME, _NAME)
_FILE = st.text(
    st.characters(exclude_categories=["Cc"], exclude_characters="/~\0"), min_size=1, max_size=12
).map(lambda n: Path("/x") / n)
_SECRET = st.sampled_from([SecretRef("env:PW"), SecretRef("file:/run/a b: c"), SecretRef("prompt")])
_VALUES: dict[str, st.SearchStrategy[object]] = {
    "registry.host": _HOST,
    "registry.prefix": _NAME,
    "registry.plainHttp": st.just(False),
    "registry.plainHttpUntil": st.dates().map(str),
    "model.name": st.sampled_from(["granite4.1:8b", "granite4.1:3b"]),
    "model.prefix": _NAME,
    "model.extra": st.just(()),
    "images.platforms": st.sampled_from([("all",), ("linux/amd64",), ("linux/arm64/v8", "linux/s390x")]),
    "images.extra": st.lists(_IMAGE, max_size=3).map(tuple),
    "cluster.volumeSize": st.sampled_from(["20Gi", "1", "1.5T"]),
    "chart.source": st.just("oci://r.example/c:1"),
    "chart.timeout": st.sampled_from(["5m", "1h", "10s"]),
    "chart.keepDefects": st.lists(_NAME, max_size=2).map(tuple),
    "media.files": st.lists(_FILE.map(str), max_size=2).map(tuple),
    "media.volumes": st.lists(_FILE.map(str), max_size=2).map(tuple),
    "media.exceptions": st.lists(st.tuples(_IMAGE, _NAME).map(" because ".join), max_size=2).map(tuple),
    "proof.outside": st.just(("1.1.1.1:443", "[::1]:80")),
    "proof.question": _LINE.filter(str.strip),
    "proof.expect": _LINE,
    "cluster.context": _LINE,
    "registry.username": _LINE.filter(lambda t: ":" not in t),
    "registry.pullSecret": _NAME,
}


@st.composite
def answers_that_load(draw: st.DrawFn) -> Answers:
    flat: dict[str, object] = {}
    for path, field in table().items():
        if path in _VALUES:
            flat[path] = draw(_VALUES[path])
        elif field.kind is Kind.CHOICE:
            flat[path] = draw(st.sampled_from(field.choices))
        elif field.kind is Kind.TOGGLE:
            flat[path] = draw(st.booleans())
        elif field.kind is Kind.FILE:
            flat[path] = draw(_FILE)
        elif field.kind is Kind.SECRET:
            flat[path] = draw(_SECRET)
        elif path.startswith("images."):
            flat[path] = draw(_IMAGE)
        else:
            flat[path] = draw(_NAME)
    if not flat["registry.username"]:
        flat["registry.password"] = None
    return build(flat)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answers_that_load())
def test_what_is_written_reads_back_equal(answers: Answers) -> None:
    assert form.faults(answers) == ()
    written = dump(answers)
    assert loads(written) == answers
    assert dump(loads(written)) == written
    assert loads(dump(answers, comments=False)) == answers


@given(st.text(max_size=60))
def test_any_text_survives_as_a_scalar(text: str) -> None:
    import yaml

    assert yaml.safe_load(f"k: {scalar(text)}\n") == {"k": text}


def test_secrets_stay_references_and_paths_absolute(tmp_path: Path) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(with_lines("registry", "username: u", "password: file:pw", "caFile: ca.pem"))
    written = dump(load(file))
    assert f"  password: file:{tmp_path}/pw\n" in written
    assert f"  caFile: {tmp_path}/ca.pem\n" in written
    (tmp_path / "elsewhere").mkdir()
    copy = tmp_path / "elsewhere" / "answers.yaml"
    copy.write_text(written)
    assert load(copy) == load(file)


def test_every_answer_stands_in_what_is_written_given_or_as_a_comment() -> None:
    written = dump(loads(MINIMAL))
    for path, field in table().items():
        assert f"  {field.key}:" in written or f"# {field.key}:" in written or path == "journey"
        assert field.ask.label in written or path == "journey"
    assert max(len(line) for line in written.splitlines()) < 140
