"""The small file that says what a bundle carries: images, models, chart, tools, any file; and what is said of a wrong one."""

from pathlib import Path

import pytest

from tests.rehearsal.opened import CHART
from wizard.answers.example import example
from wizard.answers.load import load, loads
from wizard.answers.model import Journey
from wizard.cli.main import dispatch

HEAD = "apiVersion: airgap-wizard/v1\njourney: stage\n"
REST = f"chart: {{source: {CHART}}}\nmedia: {{bundle: b.airgap, key: k.key}}\n"


def test_the_example_is_small_and_good() -> None:
    """Six things to say, and it passes as it is; what it says nothing about is at its default."""
    text = example(Journey.STAGE, brief=True)
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) <= 16
    for word in ("extra:", "name:", "source:", "files:", "bundle:", "key:"):
        assert any(line.strip().startswith(word) for line in lines), word
    assert not any("cluster:" in line or "proof:" in line for line in lines)
    assert loads(text).images.gateway == loads(example(Journey.STAGE)).images.gateway


def test_everything_that_is_carried_can_be_said(tmp_path: Path) -> None:
    """S5.2, S5.15: images, models, a chart, tools and any file, relative to where the file lies."""
    file = tmp_path / "site.yaml"
    file.write_text(
        HEAD + "images: {extra: [docker.io/library/busybox:1.36], platforms: [linux/arm64]}\n"
        "model: {name: 'granite4.1:3b', extra: ['granite4.1:8b']}\n"
        "chart: {source: opencost-ai-0.1.0.tgz}\n"
        "media: {bundle: b.airgap, key: k.key, files: [helm, ./airgap-wizard, disk.img]}\n"
    )
    answers = load(file)
    assert answers.images.extra == ("docker.io/library/busybox:1.36",)
    assert answers.model.extra == ("granite4.1:8b",)
    assert answers.chart.source == str(tmp_path / "opencost-ai-0.1.0.tgz")
    assert answers.media.files == tuple(str(tmp_path / n) for n in ("helm", "airgap-wizard", "disk.img"))


WRONG = {
    "a key that is none": (HEAD + "image: [a]\n" + REST, 3, "did you mean images"),
    "no list": (HEAD + "images:\n  extra: docker.io/library/busybox:1.36\n" + REST, 4, "expected a list, like"),
    "an image that is none": (HEAD + "images:\n  extra:\n    - 'not an image'\n" + REST, 5, "like docker.io/"),
    "a platform that is none": (HEAD + "images: {platforms: [amd64]}\n" + REST, 3, "expected"),
    "a file that is a number": (HEAD + "chart: {source: x}\nmedia:\n  files:\n    - 7\n", 6, "put it in quotes"),
    "an exception without a reason": (
        HEAD + "chart: {source: x}\nmedia:\n  exceptions: [docker.io/library/busybox:1.36]\n", 5, "because"),
    "no chart": (HEAD + "media: {bundle: b.airgap, key: k.key}\n", 2, "the journey stage needs it; expected Chart"),
    "a model without a licence": (HEAD + "model: {name: 'llama3:8b'}\n" + REST, 3, "once you have read it"),
    "a tab": (HEAD + "images:\n\textra: []\n" + REST, 4, "expected spaces"),
    "given twice": (HEAD + REST + "chart: {source: y}\n", 5, "first on line 3"),
    "nothing": ("", 1, "expected apiVersion: airgap-wizard/v1"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(WRONG))
def test_a_wrong_one_is_told_with_file_line_and_what_was_expected(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, line, says = WRONG[name]
    file = tmp_path / "site.yaml"
    file.write_text(text)
    words = ["bundle", "create", "--answers-file", str(file), "--output", str(tmp_path / "o.airgap")]
    assert dispatch([*words, "--key", str(tmp_path / "k.key")]) == 2
    said = capsys.readouterr()
    assert said.out == "" and says in said.err, said.err
    assert f"{file}:{line}:" in said.err, said.err
    assert not (tmp_path / "o.airgap").exists()


def test_a_key_that_is_not_there_is_told_before_the_work(tmp_path: Path) -> None:
    """`--output` and `--key` stand in for what the file leaves out."""
    file = tmp_path / "site.yaml"
    file.write_text(HEAD + f"chart: {{source: {CHART}}}\n")
    words = ["bundle", "create", "--answers-file", str(file), "--output", str(tmp_path / "o.airgap")]
    assert dispatch([*words, "--dry-run"]) == 2
    assert dispatch([*words, "--key", str(tmp_path / "k.key"), "--dry-run"]) == 0
