"""One redaction filter: every known secret value is replaced before an event, a log line or a file is written."""

import base64
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

MASK = "[redacted]"
_MIN = 4  # a shorter value would blank half the text, and is no secret worth the name

_MIN_BASE64 = 8


def _in_base64(data: bytes) -> set[str]:
    """What base64 shows of the value, alone and inside something longer (`user:password`), wherever it begins there.

    The characters that depend on its neighbours are left out; a short value has none left, or too few to be told by.
    """
    forms = {base64.b64encode(data).decode()}
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        inner = whole[-(-before * 4 // 3) : (before + len(data)) * 4 // 3]
        if len(inner) >= _MIN_BASE64:
            forms.add(inner)
    return forms


class Redactor:
    """Knows values, not patterns: what was resolved as a secret never leaves in clear, base64 or URL-quoted form."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: tuple[str, ...] = ()

    def learn(self, value: str) -> None:
        """From now on, hide this value and its usual encodings."""
        if len(value) < _MIN:
            return
        forms = {value, quote(value, safe=""), repr(value)[1:-1], *_in_base64(value.encode())}
        with self._lock:
            # longest first, so that a secret which contains another is hidden whole
            self._forms = tuple(sorted({*self._forms, *forms}, key=len, reverse=True))

    def text(self, text: str) -> str:
        """The text with every known value masked."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def data(self, value: Any) -> Any:
        """The same for JSON-like data, keys included."""
        if not self._forms:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(k)): self.data(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(v) for v in value]
        return value


redactor = Redactor()
"""The process's one filter: secrets teach it when they are resolved."""
