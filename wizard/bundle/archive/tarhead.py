"""Headers of the archive's entries: a function of name and size alone, so a reader compares and never interprets.

POSIX.1-2001 (pax): ustar where name and size fit, else one extended header before it. No times, no owners.
"""

BLOCK = 512
END = bytes(2 * BLOCK)
"""What closes a tar: two blocks of zeros."""
_MOST_USTAR = 8**11 - 1  # eleven octal digits: 8 GiB - 1
_MOST_NAME = 100
_PAX_NAME = "././@PaxHeader"


def header(name: str, size: int) -> bytes:
    """The header block(s) of a plain file; `name` is ASCII."""
    records = b""
    if len(name) > _MOST_NAME:
        records += _record("path", name)
    if size > _MOST_USTAR:
        records += _record("size", str(size))
    plain = _ustar(name[:_MOST_NAME], size if size <= _MOST_USTAR else 0, b"0")
    if not records:
        return plain
    return _ustar(_PAX_NAME, len(records), b"x") + records + bytes(padding(len(records))) + plain


def padding(size: int) -> int:
    """Zero bytes after `size` bytes of content."""
    return -size % BLOCK


def span(name: str, size: int) -> int:
    """Bytes of an entry: header, content, padding."""
    return len(header(name, size)) + size + padding(size)


def size_of(block: bytes, name: str) -> int | None:
    """The size in the plain header of an entry called `name`; None where the block is anything else at all."""
    digits = block[124:135]
    if len(block) != BLOCK or not digits.isdigit() or not all(48 <= c <= 55 for c in digits):
        return None
    size = int(digits, 8)
    return size if header(name, size) == block else None


def _record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n"
    length = len(body) + 1
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return f"{length}{body}".encode("ascii")


def _ustar(name: str, size: int, kind: bytes) -> bytes:
    block = bytearray(BLOCK)
    block[0 : len(name)] = name.encode("ascii")
    block[100:108] = b"0000644\0"
    block[108:116] = b"0000000\0"
    block[116:124] = b"0000000\0"
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"00000000000\0"
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[329:345] = b"0000000\x000000000\0"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)
