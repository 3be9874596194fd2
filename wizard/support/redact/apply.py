"""Apply the rules to files: to text as it is, to JSON by its structure first."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wizard.support.format import Redacted
from wizard.support.redact.entropy import masked
from wizard.support.redact.patterns import RULES, mask
from wizard.support.redact.words import QUERY, harmless_value, secretive

Rename = Callable[[str], str]
_DEPTH = 60
_PRIVATE = 4
"""A shorter text would blank half of the others."""
_APPLIED = "last-applied-configuration"


class Ledger:
    """Counts, by file and rule."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, file: str, rule: str, count: int = 1) -> None:
        """So many more."""
        if count:
            self._counts[file, rule] += count

    def rows(self) -> tuple[Redacted, ...]:
        """All of them, by file and rule."""
        return tuple(Redacted(file, rule, n) for (file, rule), n in sorted(self._counts.items()))


def redacted(
    files: Mapping[str, bytes], rename: Rename = lambda text: text, private: Sequence[str] = ()
) -> tuple[dict[str, bytes], Ledger]:
    """All files without what must not leave, and the ledger. `rename` puts pseudonyms for names, last of all.

    `private` are texts that are the site's own business wherever they stand: the question of the proof, say.
    """
    ledger = Ledger()
    out = {}
    for name, data in files.items():
        out[rename(name)] = File(rename(name), ledger, rename, private).clean(data)
    return out, ledger


class File:
    """One file's redaction."""

    def __init__(
        self,
        name: str,
        ledger: Ledger,
        rename: Rename = lambda text: text,
        private: Sequence[str] = (),
    ) -> None:
        self._name, self._ledger, self._rename = name, ledger, rename
        self._private = [each for each in private if len(each) >= _PRIVATE]

    def clean(self, data: bytes) -> bytes:
        """Its bytes without what must not leave."""
        text = data.decode("utf-8", "replace")
        if self._name.endswith(".jsonl"):
            return "".join(self._line(line) for line in text.splitlines(keepends=True)).encode()
        if self._name.endswith(".json"):
            return self._json(text).encode()
        return self.text(text).encode()

    def _line(self, line: str) -> str:
        end = "\n" if line.endswith("\n") else ""
        return self._json(line) + end if line.strip() else line

    def _json(self, text: str) -> str:
        try:
            value = json.loads(text)
            return json.dumps(self.data(value), separators=(",", ":"), ensure_ascii=False)
        except (ValueError, RecursionError):
            return self.text(text)  # torn or strange: then it is text

    def text(self, text: str) -> str:
        """Text through all the rules."""
        for own in self._private:
            self._ledger.add(self._name, "query-text", text.count(own))
            text = text.replace(own, mask("query-text"))
        for rule, apply in RULES:
            text, count = apply(text)
            self._ledger.add(self._name, rule, count)
        return self._rename(text)

    def data(self, value: Any, depth: int = 0) -> Any:
        """JSON data by its structure: names of keys, entries of environments, and every string as text."""
        if depth > _DEPTH:
            return self._take("too-deep")
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.data(each, depth + 1) for each in value]
        if not isinstance(value, dict):
            return value
        entry = self._entry(value)
        if entry is not None:
            return entry
        return {self.text(str(key)): self._under(str(key), each, depth) for key, each in value.items()}

    def _under(self, key: str, value: Any, depth: int) -> Any:
        if key.endswith(_APPLIED):
            return self._take("last-applied")
        if isinstance(value, str):
            if key in QUERY and value:
                return value if value.startswith("[redacted") else self._take("query-text")
            if secretive(key) and not harmless_value(value):
                return self._take("key-name")
        return self.data(value, depth + 1)

    def _entry(self, value: dict[str, Any]) -> dict[str, Any] | None:
        """`{name, value}` as in a container's environment, where the name or the look of the value tells."""
        name, held = value.get("name"), value.get("value")
        if not (isinstance(name, str) and isinstance(held, str)) or set(value) - {"name", "value"}:
            return None
        if secretive(name) and not harmless_value(held):
            return {"name": name, "value": self._take("env-name")}
        held, drawn = masked(held, mask("env-entropy"))
        self._ledger.add(self._name, "env-entropy", drawn)
        return {"name": self._rename(name), "value": self.text(held)}

    def _take(self, rule: str) -> str:
        self._ledger.add(self._name, rule)
        return mask(rule)
