"""The functions that charts call: Go's own, sprig's and Helm's that need no template at hand.

An argument that comes out of a pipe is the last one, as in Go. Numbers from YAML are floats here and float64 there.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import yaml

from wizard.rehearsal.gotemplate.printing import plain, show
from wizard.rehearsal.gotemplate.tokens import TemplateError
from wizard.rehearsal.gotemplate.versions import satisfies


def text(value: Any) -> str:
    """sprig's strval."""
    return show(value)


def whole(value: Any) -> int:
    """sprig's int: what cannot be read is 0."""
    if isinstance(value, str):
        try:
            return int(value, 0)
        except ValueError:
            return 0
    return int(value or 0)


def to_yaml(value: Any) -> str:
    """Keys sorted, lists not indented, whole floats as integers."""
    found: str = yaml.safe_dump(
        _jsonable(value), default_flow_style=False, sort_keys=True, width=10**9, allow_unicode=True
    )
    return found.removesuffix("\n").removesuffix("\n...")


def to_json(value: Any) -> str:
    """Compact, keys sorted."""
    return json.dumps(_jsonable(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(v) for v in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def from_yaml(source: str) -> Any:
    """A YAML document, its numbers as floats."""
    try:
        return floats(yaml.safe_load(source))
    except yaml.YAMLError as error:
        return {"Error": str(error)}


def floats(value: Any) -> Any:
    """Integers as YAML gives them become floats, as they do in Helm."""
    if isinstance(value, dict):
        return {str(k): floats(v) for k, v in value.items()}
    if isinstance(value, list):
        return [floats(v) for v in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def printf(form: str, *values: Any) -> str:
    """%s %d %v %q %t %f %x %05d and such."""
    rest = list(values)

    def one(found: re.Match[str]) -> str:
        flags, verb = found[1], found[2]
        if verb == "%":
            return "%"
        if not rest:
            return f"%!{verb}(MISSING)"
        value = rest.pop(0)
        if verb in "sv":
            return f"%{flags}s" % plain(value)
        if verb == "q":
            return json.dumps(plain(value), ensure_ascii=False)
        if verb == "t":
            return plain(value)
        if verb in "dxX":
            if isinstance(value, float) or not isinstance(value, int):
                return f"%!{verb}({_kind(value)}={plain(value)})"
            return f"%{flags}{verb}" % value
        return f"%{flags}{verb}" % float(value)

    return re.sub(r"%([-+# 0]*\d*(?:\.\d+)?)([a-zA-Z%])", one, form)


def _kind(value: Any) -> str:
    kinds = {bool: "bool", int: "int", float: "float64", str: "string", dict: "map", list: "slice"}
    return kinds.get(type(value), "invalid")


def equal(first: Any, *others: Any) -> bool:
    """eq: the first against any of the others; numbers of the same kind alone."""
    return any(_same(first, other) for other in others)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, bool) != isinstance(b, bool) or isinstance(a, str) != isinstance(b, str):
        if a is None or b is None:
            return a is b
        raise TemplateError("incompatible types for comparison")
    return bool(a == b)


def default(fallback: Any, value: Any = None) -> Any:
    """The value, or the fallback where it is empty."""
    return value or fallback


def required(words: str, value: Any = None) -> Any:
    """Raises TemplateError where the value is absent or an empty text."""
    if value is None or value == "":
        raise TemplateError(words)
    return value


def fail(words: str) -> Any:
    """Raises TemplateError."""
    raise TemplateError(words)


def indent(count: int, value: str) -> str:
    """Every line that far in."""
    return "\n".join(" " * whole(count) + line for line in str(value).split("\n"))


def index(value: Any, *keys: Any) -> Any:
    """Nested lookups in maps and lists."""
    for key in keys:
        if value is None:
            raise TemplateError("index of untyped nil")
        value = value.get(key) if isinstance(value, dict) else value[whole(key)]
    return value


def dig(*arguments: Any) -> Any:
    """dig "a" "b" DEFAULT MAP."""
    *keys, fallback, value = arguments
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return fallback
        value = value[key]
    return value


def merge(target: dict[str, Any], *others: dict[str, Any], over: bool = False) -> dict[str, Any]:
    """Into the first map, in place; what it has stays unless `over`."""
    for other in others:
        for key, value in other.items():
            if isinstance(target.get(key), dict) and isinstance(value, dict):
                merge(target[key], value, over=over)
            elif over or not target.get(key):
                target[key] = value
    return target


def make_dict(*pairs: Any) -> dict[str, Any]:
    """dict "a" 1 "b" 2."""
    keys = [text(k) for k in pairs[::2]]
    values = list(pairs[1::2]) + [""] * (len(pairs) % 2)
    return dict(zip(keys, values, strict=True))


def set_key(target: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """set."""
    target[key] = value
    return target


def unset(target: dict[str, Any], key: str) -> dict[str, Any]:
    """unset."""
    target.pop(key, None)
    return target


def _slice(value: Any, begin: Any = 0, end: Any = None) -> Any:
    return value[whole(begin) : None if end is None else whole(end)]


def _number(value: Any) -> float:
    return float(value) if not isinstance(value, str) else float(whole(value))


def _total(values: tuple[Any, ...], fold: Callable[[int, int], int]) -> int:
    found = whole(values[0])
    for value in values[1:]:
        found = fold(found, whole(value))
    return found


FUNCTIONS: dict[str, Callable[..., Any]] = {
    # Go's
    "not": lambda v: not v,
    "eq": equal,
    "ne": lambda a, b: not _same(a, b),
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "len": len,
    "index": index,
    "slice": _slice,
    "print": lambda *v: "".join(plain(x) for x in v),
    "println": lambda *v: " ".join(plain(x) for x in v) + "\n",
    "printf": printf,
    "html": lambda v: text(v).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    # defaults
    "default": default,
    "empty": lambda v: not v,
    "coalesce": lambda *v: next((x for x in v if x), None),
    "ternary": lambda a, b, test: a if test else b,
    "required": required,
    "fail": fail,
    # text
    "quote": lambda *v: " ".join(json.dumps(text(x), ensure_ascii=False) for x in v if x is not None),
    "squote": lambda *v: " ".join(f"'{text(x)}'" for x in v if x is not None),
    "toString": text,
    "trim": lambda v: text(v).strip(),
    "trimAll": lambda cut, v: text(v).strip(cut),
    "trimSuffix": lambda cut, v: text(v).removesuffix(cut),
    "trimPrefix": lambda cut, v: text(v).removeprefix(cut),
    "trunc": lambda n, v: text(v)[: whole(n)] if whole(n) >= 0 else text(v)[whole(n) :],
    "upper": lambda v: text(v).upper(),
    "lower": lambda v: text(v).lower(),
    "title": lambda v: text(v).title(),
    "nospace": lambda v: re.sub(r"\s", "", text(v)),
    "replace": lambda old, new, v: text(v).replace(old, new),
    "contains": lambda part, v: part in text(v),
    "hasPrefix": lambda part, v: text(v).startswith(part),
    "hasSuffix": lambda part, v: text(v).endswith(part),
    "repeat": lambda n, v: text(v) * whole(n),
    "cat": lambda *v: " ".join(text(x) for x in v if x is not None),
    "indent": indent,
    "nindent": lambda n, v: "\n" + indent(n, v),
    "join": lambda by, v: by.join(text(x) for x in (v if isinstance(v, list) else [v])),
    "splitList": lambda by, v: text(v).split(by),
    "split": lambda by, v: {f"_{n}": part for n, part in enumerate(text(v).split(by))},
    "regexMatch": lambda form, v: re.search(form, text(v)) is not None,
    "regexReplaceAll": lambda form, v, new: re.sub(form, re.sub(r"\$\{?(\d+)\}?", r"\\\1", new), text(v)),
    "sha256sum": lambda v: hashlib.sha256(text(v).encode()).hexdigest(),
    "b64enc": lambda v: base64.b64encode(text(v).encode()).decode(),
    "b64dec": lambda v: base64.b64decode(text(v)).decode(),
    # lists and maps
    "list": lambda *v: list(v),
    "tuple": lambda *v: list(v),
    "dict": make_dict,
    "get": lambda m, k: m.get(k, ""),
    "set": set_key,
    "unset": unset,
    "hasKey": lambda m, k: k in m,
    "keys": lambda *ms: [k for m in ms for k in sorted(m)],
    "values": lambda m: [m[k] for k in sorted(m)],
    "pick": lambda m, *ks: {k: m[k] for k in ks if k in m},
    "omit": lambda m, *ks: {k: v for k, v in m.items() if k not in ks},
    "merge": merge,
    "mergeOverwrite": lambda target, *others: merge(target, *others, over=True),
    "deepCopy": lambda v: json.loads(json.dumps(v)),
    "dig": dig,
    "has": lambda item, v: item in (v or []),
    "first": lambda v: v[0] if v else None,
    "last": lambda v: v[-1] if v else None,
    "rest": lambda v: v[1:],
    "initial": lambda v: v[:-1],
    "append": lambda v, item: [*v, item],
    "prepend": lambda v, item: [item, *v],
    "concat": lambda *vs: [x for v in vs for x in v],
    "uniq": lambda v: [x for n, x in enumerate(v) if x not in v[:n]],
    "without": lambda v, *out: [x for x in v if x not in out],
    "compact": lambda v: [x for x in v if x],
    "sortAlpha": lambda v: sorted(text(x) for x in v),
    "until": lambda n: list(range(whole(n))),
    # numbers
    "int": whole,
    "int64": whole,
    "float64": _number,
    "atoi": whole,
    "add": lambda *v: _total(v, lambda a, b: a + b),
    "add1": lambda v: whole(v) + 1,
    "sub": lambda *v: _total(v, lambda a, b: a - b),
    "mul": lambda *v: _total(v, lambda a, b: a * b),
    "div": lambda *v: _total(v, lambda a, b: int(a / b)),
    "mod": lambda *v: _total(v, lambda a, b: a % b),
    "max": lambda *v: max(whole(x) for x in v),
    "min": lambda *v: min(whole(x) for x in v),
    # kinds and documents
    "kindOf": _kind,
    "kindIs": lambda kind, v: _kind(v) == kind,
    "typeOf": _kind,
    "toYaml": to_yaml,
    "fromYaml": from_yaml,
    "toJson": to_json,
    "toRawJson": to_json,
    "toPrettyJson": lambda v: json.dumps(_jsonable(v), indent=2, sort_keys=True, ensure_ascii=False),
    "fromJson": lambda v: floats(json.loads(v)),
    "semverCompare": lambda form, v: satisfies(text(v), text(form)),
    "lookup": lambda *_: {},
}
