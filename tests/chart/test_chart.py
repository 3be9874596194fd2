"""Charts from a folder and from a .tgz, friendly and hostile."""

import gzip
import io
import shutil
import tarfile
import tracemalloc

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st

from tests.chart.given import DEMO
from wizard.cluster.chart import bounds
from wizard.cluster.chart.load import load_chart
from wizard.cluster.chart.pack import pack, write_tgz
from wizard.engine.problems import Problem


def test_a_folder():
    chart = load_chart(DEMO)
    assert (chart.name, chart.version, chart.app_version) == ("opencost-ai", "0.1.0", "0.1.0")
    assert chart.kube_version == ">=1.25.0-0"
    assert chart.values.data["ollama"]["persistence"]["size"] == "20Gi"
    line = chart.values.line(("ollama", "persistence", "size"))
    assert "size: 20Gi" in (DEMO / "values.yaml").read_text().splitlines()[line - 1]


def test_a_tgz_is_the_same_chart(tmp_path):
    folder = load_chart(DEMO)
    path = tmp_path / "chart.tgz"
    write_tgz(path, folder.files, "opencost-ai")
    packed = load_chart(path)
    assert packed.digest == folder.digest
    assert packed.files == folder.files
    assert packed.values.file == f"{path}: values.yaml"


def test_packing_is_deterministic():
    files = dict(load_chart(DEMO).files)
    assert pack(files, "opencost-ai") == pack(dict(reversed(files.items())), "opencost-ai")


def test_large_files_are_packed_whole(tmp_path):
    files = {"Chart.yaml": b"name: a\nversion: 1.0.0\n", "big": bytes(range(256)) * 2000}
    write_tgz(tmp_path / "a.tgz", files, "a")
    assert load_chart(tmp_path / "a.tgz").files == files


def test_helmignore_is_heeded(tmp_path):
    shutil.copytree(DEMO, tmp_path / "c")
    (tmp_path / "c" / "notes.swp").write_text("x")
    (tmp_path / "c" / ".git").mkdir()
    (tmp_path / "c" / ".git" / "config").write_text("x")
    assert load_chart(tmp_path / "c").digest == load_chart(DEMO).digest


def refused(path, code="chart-not-readable"):
    with pytest.raises(Problem) as caught:
        load_chart(path)
    assert caught.value.code == code
    assert caught.value.exit_code == 2
    return caught.value.title


def test_nothing_there(tmp_path):
    assert "there is no chart" in refused(tmp_path / "absent", "chart-not-found")


def test_a_link_out_of_the_folder(tmp_path):
    shutil.copytree(DEMO, tmp_path / "c")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "c" / "templates" / "x.yaml").symlink_to(tmp_path / "secret")
    assert "leads out of the chart" in refused(tmp_path / "c")


def test_a_link_to_a_folder(tmp_path):
    shutil.copytree(DEMO, tmp_path / "c")
    (tmp_path / "c" / "loop").symlink_to(".")
    assert "link to a folder" in refused(tmp_path / "c")


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        (None, "no Chart.yaml"),
        (b"- 1\n", "not a mapping"),
        (b"version: 1.0.0\n", "its name is ''"),
        (b"name: a\nversion: latest\n", "its version is 'latest'"),
        (b"name: a\nversion: 1.0.0\ndependencies: [{name: sub}]\n", "dependencies sub"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_folder_that_is_no_chart(tmp_path, meta, words):
    if meta is not None:
        (tmp_path / "Chart.yaml").write_bytes(meta)
    assert words in refused(tmp_path, "chart-invalid")


def member(name, data=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def tgz(path, *members):
    with tarfile.open(path, "w:gz") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return path


CHART = member("a/Chart.yaml", b"name: a\nversion: 1.0.0\n")


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (member("a/../../etc/x", b"x"), "leads out"),
        (member("/etc/x", b"x"), "not a relative path"),
        (member("a/..", type=tarfile.DIRTYPE), "leads out"),
        (member("a\\..\\x", b"x"), "not a relative path"),
        (member("C:/x", b"x"), "not a relative path"),
        (member("b/x", b"x"), "two folders"),
        (member("a", b"x"), "outside a folder"),
        (member("a/x\n", b"x"), "printable"),
        (member("a/l", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "link to /etc/passwd"),
        (member("a/l", type=tarfile.LNKTYPE, linkname="a/Chart.yaml"), "link to"),
        (member("a/d", type=tarfile.CHRTYPE), "neither"),
        (member("a/d", type=tarfile.FIFOTYPE), "neither"),
        (member("a/Chart.yaml", b"name: b\n"), "twice"),
        (member("a/big", b"0" * (bounds.MOST_FILE + 1)), "more than"),
    ],
)
def test_a_hostile_entry_is_refused(tmp_path, bad, words):
    assert words in refused(tgz(tmp_path / "a.tgz", CHART, bad))


def test_too_many_files(tmp_path):
    members = [member(f"a/{n}") for n in range(bounds.MOST_FILES)]
    assert "files" in refused(tgz(tmp_path / "a.tgz", CHART, *members))


def test_a_bomb_does_not_fill_the_memory(tmp_path):
    """400 MB of zeros in a PAX header: refused before they are held."""
    path = tmp_path / "a.tgz"
    with gzip.open(path, "wb", compresslevel=1) as out:
        info = tarfile.TarInfo("a/x")
        info.type, info.size = tarfile.XHDTYPE, 400 * 1024 * 1024
        out.write(info.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(400):
            out.write(bytes(1024 * 1024))
    tracemalloc.start()
    try:
        assert "unpacks to more" in refused(path)
        assert tracemalloc.get_traced_memory()[1] < 4 * bounds.MOST_TOTAL
    finally:
        tracemalloc.stop()


def test_damage_anywhere_is_a_problem(tmp_path):
    whole = pack({"Chart.yaml": b"name: a\nversion: 1.0.0\n", "values.yaml": b"x: 1\n" * 50}, "a")
    path = tmp_path / "a.tgz"
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        refused(path)


@settings(max_examples=300, deadline=None)
@hypothesis_given(data=st.data())
def test_a_changed_byte_never_escapes_as_something_else(tmp_path_factory, data):
    whole = bytearray(pack({"Chart.yaml": b"name: a\nversion: 1.0.0\n", "values.yaml": b"x: 1\n"}, "a"))
    where = data.draw(st.integers(10, len(whole) - 1))
    whole[where] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.getbasetemp() / "fuzz.tgz"
    path.write_bytes(whole)
    try:
        load_chart(path)
    except Problem as problem:
        assert problem.code in ("chart-not-readable", "chart-invalid", "values-not-yaml")
