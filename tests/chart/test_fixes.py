"""Known defects: there without the fix, gone with it (facts of the chart at 0.1.0)."""

import json
import shutil

import pytest
import yaml

from tests.chart.given import DEMO, answers
from wizard.cluster.chart.load import load_chart
from wizard.cluster.fixes import registry
from wizard.cluster.fixes.registry import FIXES, RECORD, mend
from wizard.engine.problems import Problem


@pytest.fixture
def chart():
    return load_chart(DEMO)


def test_every_fix_finds_its_defect_once(chart, tmp_path):
    for fix in FIXES:
        assert fix.applies(chart), fix.id
        others = [other.id for other in FIXES if other is not fix]
        mended = mend(chart, tmp_path / fix.id, keep=others)
        assert not fix.applies(mended.chart), fix.id
        assert mended.applied == (fix,)


def test_a_mended_chart_is_a_copy_with_a_version_of_its_own(chart, tmp_path):
    mended = mend(chart, tmp_path)
    assert mended.chart.version == "0.1.0+airgap.3"
    assert mended.chart.path == tmp_path / "opencost-ai-0.1.0+airgap.3.tgz"
    assert mended.original.digest == load_chart(DEMO).digest
    assert [fix.id for fix in mended.applied] == ["bridge-command", "claim-template-labels"]
    record = json.loads(mended.chart.files[RECORD])
    assert record["original"]["digest"] == chart.digest
    assert all(fix["reason"] for fix in record["fixes"])


def test_the_same_chart_is_mended_to_the_same_bytes(chart, tmp_path):
    first = mend(chart, tmp_path / "a").chart.path.read_bytes()
    assert mend(chart, tmp_path / "b").chart.path.read_bytes() == first


def test_defects_can_be_kept_by_name(chart, tmp_path):
    mended = mend(chart, tmp_path, keep=("bridge-command",))
    assert mended.chart.version == "0.1.0+airgap.2"
    assert [fix.id for fix in mended.kept] == ["bridge-command"]
    assert mended.evidence["defectsKept"] == ["bridge-command"]


def test_keeping_all_leaves_the_chart_alone(chart, tmp_path):
    mended = mend(chart, tmp_path, keep=[fix.id for fix in FIXES])
    assert mended.chart is chart
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_name_is_a_problem(chart, tmp_path):
    with pytest.raises(Problem) as caught:
        mend(chart, tmp_path, keep=("bridge-comand",))
    assert caught.value.code == "chart-fix-unknown"
    assert "did you mean bridge-command" in caught.value.detail


def test_a_mended_chart_is_not_mended_again(chart, tmp_path):
    once = mend(chart, tmp_path / "a").chart
    assert mend(once, tmp_path / "b").chart is once


def test_a_chart_without_the_defect_is_left_alone(tmp_path):
    shutil.copytree(DEMO, tmp_path / "c")
    for name in ("bridge-deployment", "ollama-statefulset"):
        (tmp_path / "c" / "templates" / f"{name}.yaml").write_text("# none\n")
    chart = load_chart(tmp_path / "c")
    assert mend(chart, tmp_path / "out").chart is chart


@pytest.mark.parametrize(
    ("line", "concerned"),
    [
        ("version: 0.1.0", True),
        ("version: 0.9.9-rc.1", True),
        ("version: 1.0.0", False),
        ("name: another", False),
    ],
)
def test_a_fix_keeps_to_its_chart_and_versions(tmp_path, line, concerned):
    shutil.copytree(DEMO, tmp_path / "c")
    meta = yaml.safe_load((DEMO / "Chart.yaml").read_text())
    meta |= yaml.safe_load(line)
    (tmp_path / "c" / "Chart.yaml").write_text(yaml.safe_dump(meta))
    chart = load_chart(tmp_path / "c")
    assert [fix.applies(chart) for fix in FIXES] == [concerned] * len(FIXES)


def test_numbers_are_distinct_powers_of_two():
    numbers = [fix.number for fix in FIXES]
    assert all(number.bit_count() == 1 for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_a_full_disk_is_a_problem(chart, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(registry, "write_tgz", full)
    with pytest.raises(Problem) as caught:
        mend(chart, tmp_path)
    assert caught.value.code == "chart-not-writable"


def test_answers_keep_no_defect_by_default():
    assert answers().chart.keep_defects == ()
