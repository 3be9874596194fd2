"""Canonical JSON: one value, one text. What is signed is bytes, and two writers must come to the same ones.

Sorted keys, no white space, UTF-8, whole numbers only (a subset of RFC 8785). Reading is strict: whatever would be
written otherwise is refused, so that no two readers can see two things in one document.
"""

import json
from typing import Any, NoReturn

MOST_NUMBER = 2**53 - 1
"""The largest number that every JSON reader keeps exactly (RFC 8785)."""


class NotCanonical(ValueError):
    """The bytes are no canonical JSON; the message says why."""


def encode(value: Any) -> bytes:
    """The canonical bytes of a JSON value. Raises NotCanonical for what JSON, or we, cannot say."""
    try:
        text = json.dumps(
            value,
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
            check_circular=True,
        )
        return text.encode()
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError) as error:
        raise NotCanonical(str(error) or type(error).__name__) from None


def decode(data: bytes) -> Any:
    """The value of canonical bytes. Raises NotCanonical."""
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_float=_refuse,
            parse_constant=_refuse,
            parse_int=_number,
        )
    except NotCanonical:
        raise
    except (ValueError, RecursionError) as error:
        raise NotCanonical(f"it is no JSON ({str(error) or type(error).__name__})") from None
    if encode(value) != data:
        raise NotCanonical("its keys are not sorted, or it has white space or escapes that are not needed")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotCanonical("a key stands twice in one object")
    return found


def _number(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MOST_NUMBER:
        raise NotCanonical("a number is too large")
    return int(text)


def _refuse(text: str) -> NoReturn:
    raise NotCanonical(f"{text[:40]} is no whole number")
