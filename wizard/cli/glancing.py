"""`mirror` where all is in place already: told before the command's own modules are imported (see oci/glance.py)."""

import os
import sys
import time
from collections.abc import Sequence

_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_TAG = _LOWER | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ._-")
_LOOPBACK = ("localhost:", "127.")


def glance(argv: Sequence[str]) -> int | None:
    """The exit code (0) where there was nothing to do; None where the command has to run. Reads, writes nothing."""
    began = time.monotonic()
    words, quiet = _words(argv)
    pairs = [_pair(word) for word in words]
    if not pairs or any(key.lower() in ("http_proxy", "all_proxy") for key in os.environ):
        return None
    known = [pair for pair in pairs if pair is not None]
    targets = {pair[3] for pair in known}
    plain = all(pair[0] in targets or pair[0].startswith(_LOOPBACK) for pair in known)
    if len({pair[3:] for pair in known}) < len(pairs) or not plain:
        return None
    from wizard.oci.glance import unchanged

    found = unchanged(known)
    if found is None:
        return None
    try:
        for (_, _, _, host, name, tag), (digest, _) in zip(known, found, strict=True):
            sys.stdout.write(f"{host}/{name}:{tag}@{digest}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = None
    if not quiet:
        count = sum(blobs + 1 for _, blobs in found)  # the image itself is counted as well
        clear = "\r\x1b[K" if sys.stderr.isatty() else ""
        spent = time.monotonic() - began
        sys.stderr.write(f"{clear}{count} of {count} blobs, 0 B moved, 0 B/s, {spent:.1f} s\n")
    return 0


def _words(argv: Sequence[str]) -> tuple[list[str], bool]:
    """SRC=DST of a command line that is simple enough, and whether it is to be quiet; ([], …) for any other."""
    words, flags, jobs = [], set(), False
    for word in argv[1:]:
        if jobs:
            jobs = False
            if not word.isascii() or not word.isdigit() or not 1 <= int(word) <= 256:
                return [], False
        elif word == "--jobs":
            jobs = True
        elif word in ("--plain-http", "--quiet"):
            flags.add(word)
        elif word.startswith("-"):
            return [], False
        else:
            words.append(word)
    simple = not jobs and "--plain-http" in flags
    return (words if simple else []), "--quiet" in flags


def _pair(word: str) -> tuple[str, str, str, str, str, str] | None:
    source, _, target = word.partition("=")
    here, there = _image(source), _image(target)
    return (*here, *there) if here and there else None


def _image(text: str) -> tuple[str, str, str] | None:
    """Host, repository and tag of HOST:PORT/NAME:TAG written in full; None for whatever is not plainly that."""
    host, _, rest = text.partition("/")
    name, _, tag = rest.rpartition(":")
    domain, _, port = host.partition(":")
    parts = name.split("/")
    good = (
        len(text) < 255
        and 0 < len(port) < 6
        and set(port) <= frozenset("0123456789")
        and domain != ""
        and set(domain) <= _LOWER | {".", "-"}
        and all(part and set(part) <= _LOWER | {".", "_", "-"} for part in parts)
        and all(part[0] in _LOWER and part[-1] in _LOWER and ".." not in part for part in parts)
        and 0 < len(tag) < 128
        and set(tag) <= _TAG
        and tag[0] not in ".-"
    )
    return (host, name, tag) if good else None
