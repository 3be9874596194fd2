"""Parsers under arbitrary input: they accept what they should, refuse the rest, and never fail otherwise."""

import io
import string

from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.oci.server.body import Cut, RequestBody
from wizard.oci.server.exchange import Request
from wizard.oci.server.limits import Limits
from wizard.oci.server.manifests import examine
from wizard.oci.server.names import Digest, is_repository, is_tag
from wizard.oci.server.pull import byte_range
from wizard.oci.server.refusal import Refusal
from wizard.oci.server.wire import Pace

DIGEST = Digest.of(b"")


class Memory(io.BufferedReader):
    """A connection's reader over bytes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))  # type: ignore[arg-type]

    def take(self, buffer: memoryview) -> int:
        """As the real one."""
        return self.readinto1(buffer)


def everything(data: bytes, piece: int) -> bytes:
    """Decode a chunked body."""
    body = RequestBody(Memory(data), None, Pace(Limits()), None)  # type: ignore[arg-type]
    buffer, got = memoryview(bytearray(piece)), bytearray()
    while count := body.readinto(buffer):
        got += buffer[:count]
    assert body.complete
    return bytes(got)


@settings(deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=300), max_size=12),
    st.integers(1, 400),
    st.sampled_from([b"", b";x=y", b" "]),
    st.sampled_from([b"", b"Trailer: x\r\n"]),
)
def test_chunked_coding_gives_back_what_was_sent(
    pieces: list[bytes], size: int, extension: bytes, trailer: bytes
) -> None:
    coded = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces)
    assert everything(coded + b"0\r\n" + trailer + b"\r\n", size) == b"".join(pieces)


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_as_chunked_coding_are_read_or_refused(data: bytes) -> None:
    try:
        everything(data, 64)
    except (Refusal, Cut):
        return


def asked(range_header: str) -> Request:
    """A GET with a Range."""
    body = RequestBody(Memory(b""), 0, Pace(Limits()), None)  # type: ignore[arg-type]
    headers = {"Range": range_header}
    return Request("GET", "/", {}, lambda name: headers.get(name, ""), body)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_range_is_what_the_slice_would_be(first: int, last: int, size: int) -> None:
    data = bytes(size)
    try:
        span = byte_range(asked(f"bytes={first}-{last}"), DIGEST, size)
    except Refusal as refusal:
        assert refusal.status == 416
        assert first >= size or last < first
        return
    assert span is not None
    assert data[span[0] : span[1]] == data[first : last + 1]
    assert 0 <= span[0] < span[1] <= size


@settings(deadline=None)
@given(st.text(alphabet=string.digits + "bytes=-, xü", max_size=40), st.integers(0, 1000))
def test_any_range_header_is_a_span_the_whole_or_416(header: str, size: int) -> None:
    try:
        span = byte_range(asked(header), DIGEST, size)
    except Refusal as refusal:
        assert refusal.status == 416
        return
    assert span is None or 0 <= span[0] < span[1] <= size


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_name_never_leaves_its_folder(text: str) -> None:
    """What is accepted is a relative path of plain components, none of ours (they begin with _)."""
    if is_repository(text):
        parts = text.split("/")
        assert all(part and part[0] in string.ascii_lowercase + string.digits for part in parts)
        assert set(text) <= set(string.ascii_lowercase + string.digits + "._-/")
        assert len(text) <= 255
    if is_tag(text):
        assert "/" not in text and not text.startswith(".") and len(text) <= 128


@settings(deadline=None)
@given(st.text(alphabet="sha256512:0123456789abcdefABCDEF./", max_size=140))
def test_a_digest_is_exact(text: str) -> None:
    digest = Digest.parse(text)
    assert digest is None or (str(digest) == text and len(digest.hex) in (64, 128))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["mediaType", "config", "layers", "manifests", "subject", "digest", "size", "urls"]
            )
            | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(
    JSON,
    st.sampled_from(
        [
            "",
            "application/json",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.oci.image.index.v1+json",
        ]
    ),
)
def test_any_json_is_examined_or_refused(content: object, media_type: str) -> None:
    import json

    body = json.dumps(content).encode()
    try:
        found = examine(body, media_type, Digest.of(body))
    except Refusal as refusal:
        assert refusal.code == "MANIFEST_INVALID"
        return
    assert found.descriptor["size"] == len(body)
