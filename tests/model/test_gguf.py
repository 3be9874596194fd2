"""The GGUF reader: right on real files, bounded on hostile ones."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.real.tiny_gguf import write_tiny_gguf
from wizard.engine.problems import Problem
from wizard.model.gguf import Gguf, read_gguf
from wizard.model.memory import memory_floor
from wizard.model.names import ModelName


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def entry(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def head(tensors: int = 0, entries: int = 1, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, entries)


ARCHITECTURE = entry("general.architecture", 8, text("llama"))


def refused(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "x.gguf"
    path.write_bytes(data)
    with pytest.raises(Problem) as caught:
        read_gguf(path)
    assert (caught.value.code, caught.value.exit_code) == ("model-not-gguf", 2)
    assert str(path) in caught.value.title
    return caught.value.detail


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


def test_a_file_of_the_reference_library_is_read(tiny: Path) -> None:
    """Compared with what the `gguf` package wrote and reads."""
    import gguf

    reader = gguf.GGUFReader(tiny)
    found = read_gguf(tiny)
    assert (found.architecture, found.name, found.quantisation) == ("llama", "tiny", "F32")
    assert found.context_length == 2048
    assert found.tensors == len(reader.tensors)
    assert found.parameters == sum(int(t.n_elements) for t in reader.tensors)
    assert found.size == tiny.stat().st_size


def test_big_endian_files_are_read(tmp_path: Path) -> None:
    import gguf

    path = tmp_path / "be.gguf"
    writer = gguf.GGUFWriter(path, "granite", endianess=gguf.GGUFEndian.BIG)
    writer.add_context_length(99)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = read_gguf(path)
    assert (found.architecture, found.context_length) == ("granite", 99)
    assert found.quantisation == "unknown"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty file"),
        (b"GG", "empty file"),
        (b"PK\x03\x04rest", "ZIP or PyTorch"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"<!DOCTYPE html>", "web page"),
        (b"\x00" * 64, "another format"),
        (head(version=9), "version is 9"),
        (head(tensors=1 << 60), "claims 1152921504606846976 tensors"),
        (head(entries=1 << 60), "metadata entries"),
        (head(), "ends in the middle"),
        (head(entries=0), "names no general.architecture"),
        (head() + struct.pack("<Q", 1 << 62), "bytes in a name"),
        (head() + entry("k", 8, struct.pack("<Q", 1 << 40)), "bytes in a text"),
        (head() + entry("k", 77, b""), "unknown type 77"),
        (head() + entry("k", 9, struct.pack("<IQ", 99, 1)), "unknown type 99"),
        (head() + entry("k", 9, struct.pack("<IQ", 4, 1 << 50)), "elements in an array"),
        (head() + entry("k", 9, struct.pack("<IQ", 4, 1 << 20)), "ends in the middle"),
        (head() + entry("k", 9, struct.pack("<IQ", 9, 1) * 9), "nested more than"),
        (head(tensors=1) + ARCHITECTURE + text("t") + struct.pack("<I", 9), "9 dimensions"),
        (head(tensors=1) + ARCHITECTURE + text("t") + struct.pack("<IQIQ", 1, 4, 0, 1 << 40), "cut short"),
    ],
)
def test_what_is_no_gguf_is_refused_with_the_reason(tmp_path: Path, data: bytes, says: str) -> None:
    assert says in refused(tmp_path, data)


def test_a_huge_sparse_file_of_empty_texts_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An array that claims as many empty texts as a 200 GB file could hold costs no more than the header's bound."""
    monkeypatch.setattr("wizard.model.gguf._HEADER", 2 << 20)
    path = tmp_path / "x.gguf"
    with path.open("wb") as file:
        file.write(head() + entry("k", 9, struct.pack("<IQ", 8, (2 << 20) - 1)))
        file.truncate(200 << 30)
    with pytest.raises(Problem) as caught:
        read_gguf(path)
    assert caught.value.detail == "its header is longer than 2 MiB"


def test_long_texts_and_nested_arrays_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    nested = (
        struct.pack("<IQ", 9, 2) + struct.pack("<IQHH", 2, 2, 1, 2) + struct.pack("<IQ", 8, 1) + text("w")
    )
    path.write_bytes(
        head(entries=4)
        + entry("tokenizer.chat_template", 8, text("x" * (1 << 17)))
        + entry("nested", 9, nested)
        + entry("general.file_type", 4, struct.pack("<I", 15))
        + ARCHITECTURE
    )
    found = read_gguf(path)
    assert found.quantisation == "Q4_K_M"
    assert "tokenizer.chat_template" not in found.values


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_damage_makes_it_crash(
    tmp_path_factory: pytest.TempPathFactory, tiny: Path, data: st.DataObject
) -> None:
    """Any cut and any changed bytes: a header or a Problem, never another exception."""
    raw = bytearray(tiny.read_bytes()[:9000])
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.gguf"
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        assert isinstance(read_gguf(path), Gguf)
    except Problem as problem:
        assert problem.code == "model-not-gguf"


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [(999, "999"), (81_900, "82K"), (137_000_000, "137M"), (137_500_000, "137.50M"), (8_200_000_001, "8.2B"), (30 * 10**9, "30B")],
)  # fmt: skip
def test_parameter_sizes_read_like_ollamas(parameters: int, shown: str) -> None:
    assert Gguf(3, 0, 0, parameters, {}).parameter_size == shown


def test_the_memory_floor(tiny: Path) -> None:
    """S1.49: ~7 GB for 8b, ~18 GB for 30b; an estimate for any other."""
    assert memory_floor(ModelName.parse("granite4.1:8b"), 5 << 30).bytes == 7_000_000_000
    assert memory_floor(ModelName.parse("granite4.1:30b"), 5 << 30).bytes == 18_000_000_000
    other = memory_floor(ModelName.parse("tiny:8b"), 1000, read_gguf(tiny))
    # one block, two heads of 32, keys and values of two bytes each, 2048 tokens
    assert other.bytes == 1000 + 2 * 32 * 2 * 2 * 2048 + (512 << 20)
    assert "estimated" in other.why
