"""Rules over text: each is linear in the text, whatever the text is, since it may come from anywhere."""

import base64
import binascii
import re
from collections.abc import Callable

from wizard.engine.redact import MASK, redactor
from wizard.support.redact import entropy
from wizard.support.redact.words import QUERY, harmless_value, secretive

Counted = tuple[str, int]


def mask(rule: str) -> str:
    """What stands where something was."""
    return f"[redacted: {rule}]"


def known(text: str) -> Counted:
    """Values that were resolved as secrets in this process."""
    before = text.count(MASK)
    text = redactor.text(text)
    return text, text.count(MASK) - before


_KEY_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
_JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?")
_BEARER = re.compile(r"(?i)(\bbearer\s{1,3}[\"']?)([A-Za-z0-9._~+/=-]{8,})")
_BASIC = re.compile(r"(?i)(\bbasic\s{1,3})([A-Za-z0-9+/]{8,}={0,2})")
_USERINFO = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]{1,20}://)([^/\s:@\"']{0,200}):([^/\s@\"']{1,200})@")
_PROVIDER = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|A[KS]IA[0-9A-Z]{16}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}|hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,}|dckr_pat_[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{30,})"
)
_HASH = re.compile(
    r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|\$[156]\$[^\s:$]{1,32}\$[./A-Za-z0-9]{20,}|\$apr1\$[^\s:$]{1,16}\$[./A-Za-z0-9]{16,}"
)
_COOKIE = re.compile(r"(?i)(\b(?:set-)?cookie[\"']?\s{0,3}[:=]\s{0,3})([^\r\n]{4,2000})")
_NAMED = re.compile(
    r"(?i)(?:password|passwd|passphrase|pwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]key"
    r"|key-data|authorization|dockerconfigjson|dockercfg|\bauth)"
)
_AFTER = re.compile(
    r"([\w.-]{0,40}\\?[\"']?\s{0,4}[:=]\s{0,4})(\\?\"(?:[^\"\\\n]|\\[^\"\n]){1,4000}\\?\"|'[^'\n]{1,4000}'|[^\s\"',;}\]]{1,1000})"
)
_BEFORE = re.compile(r"[\w.-]{0,40}\Z")
_QUERY = re.compile(
    r"(?i)((?:\\?[\"']|\b)(?:"
    + "|".join(sorted(QUERY))
    + r")(?:\\?[\"'])?\s{0,4}[:=]\s{0,4})(\\?\"(?:[^\"\\\n]|\\[^\"\n]){1,8000}\\?\"|'[^'\n]{1,8000}')"
)


_QUERY_LINE = re.compile(
    r"(?m)^([ \t]{0,40}(?:" + "|".join(sorted(QUERY)) + r"):[ \t]{1,4})([^\s\[][^\n]{0,4000})$"
)


def _simple(pattern: re.Pattern[str], rule: str, group: int = 0) -> Callable[[str], Counted]:
    """Mask the whole match, or one of its groups."""

    def apply(text: str) -> Counted:
        def one(match: re.Match[str]) -> str:
            whole = match.group()
            if not group:
                return mask(rule)
            start, end = match.start(group) - match.start(), match.end(group) - match.start()
            return whole[:start] + mask(rule) + whole[end:]

        return pattern.subn(one, text)

    return apply


def _bearer(text: str) -> Counted:
    count = 0

    def one(match: re.Match[str]) -> str:
        nonlocal count
        value = match.group(2)
        # "bearer token on disk" is no header
        if value.startswith("[") or not (any(c.isdigit() for c in value) or len(value) >= 24):
            return match.group()
        count += 1
        return match.group(1) + mask("bearer")

    return _BEARER.sub(one, text), count


def _basic(text: str) -> Counted:
    count = 0

    def one(match: re.Match[str]) -> str:
        nonlocal count
        try:
            plain = base64.b64decode(match.group(2) + "=" * (-len(match.group(2)) % 4))
        except (binascii.Error, ValueError):
            return match.group()
        if b":" not in plain:
            return match.group()
        count += 1
        return match.group(1) + mask("basic-auth")

    return _BASIC.sub(one, text), count


def _named(text: str) -> Counted:
    """NAME=VALUE and NAME: VALUE, also as JSON inside of text, where the name is that of a secret."""
    count, out, done = 0, [], 0
    for found in _NAMED.finditer(text):
        if found.start() < done:
            continue
        match = _AFTER.match(text, found.end())
        if match is None:
            continue
        head = _BEFORE.search(text, max(0, found.start() - 40), found.start())
        tail = re.match(r"[\w.-]*", match.group(1))
        name = (head.group() if head else "") + found.group() + (tail.group() if tail else "")
        value = match.group(2)
        last = name.rpartition(".")[2] or name
        if not secretive(last):
            continue
        if harmless_value(value.strip("\\\"'")):
            out.append(text[done : match.end(2)])
            done = match.end(2)
            continue
        quote = value[: len(value) - len(value.lstrip("\\\"'"))]
        out += [text[done : match.start(2)], quote, mask("named"), quote]
        done = match.end(2)
        count += 1
    return "".join([*out, text[done:]]), count


def _query(text: str) -> Counted:
    count = 0

    def one(match: re.Match[str]) -> str:
        nonlocal count
        value = match.group(2)
        quote = value[: len(value) - len(value.lstrip("\\\"'"))]
        if value[len(quote) :].startswith("[redacted"):
            return match.group()
        count += 1
        return match.group(1) + quote + mask("query-text") + quote

    text = _QUERY.sub(one, text)
    text, lines = _query_lines(text)
    return text, count + lines


_query_lines = _simple(_QUERY_LINE, "query-text", 2)


def _entropy(text: str) -> Counted:
    return entropy.masked(text, mask("entropy"))


RULES: tuple[tuple[str, Callable[[str], Counted]], ...] = (
    ("known-value", known),
    ("private-key", _simple(_KEY_BLOCK, "private-key")),
    ("bearer", _bearer),
    ("basic-auth", _basic),
    ("jwt", _simple(_JWT, "jwt")),
    ("url-password", _simple(_USERINFO, "url-password", 3)),
    ("provider-token", _simple(_PROVIDER, "provider-token")),
    ("password-hash", _simple(_HASH, "password-hash")),
    ("cookie", _simple(_COOKIE, "cookie", 2)),
    ("named", _named),
    ("query-text", _query),
    ("entropy", _entropy),
)
