"""Go templates: what charts use of them, printed as Go prints it."""

from typing import Any

import pytest

from wizard.rehearsal.gotemplate.evaluate import Execution
from wizard.rehearsal.gotemplate.functions import FUNCTIONS
from wizard.rehearsal.gotemplate.parser import Templates, parse
from wizard.rehearsal.gotemplate.tokens import TemplateError
from wizard.rehearsal.gotemplate.versions import satisfies


def render(source: str, data: Any = None) -> str:
    """One template by itself."""
    templates: Templates = {}
    parse(source, "t.yaml", templates)
    return Execution(templates, FUNCTIONS).run("t.yaml", data)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("plain", "plain"),
        ("{{ .a }}", "1"),
        ("a {{- .a -}} b", "a1b"),
        ("{{/* nothing */}}x", "x"),
        ("a {{- /* nothing */ -}} b", "ab"),
        ("{{ .absent }}", ""),
        ("{{ .m.x }} {{ .m.absent }}", "y "),
        ("{{ if .a }}yes{{ else }}no{{ end }}", "yes"),
        ("{{ if .none }}yes{{ else if .a }}other{{ else }}no{{ end }}", "other"),
        ("{{ with .m }}{{ .x }}{{ $.a }}{{ end }}", "y1"),
        ("{{ with .none }}x{{ else }}empty{{ end }}", "empty"),
        ("{{ range .l }}[{{ . }}]{{ end }}", "[p][q]"),
        ("{{ range $i, $v := .l }}{{ $i }}{{ $v }} {{ end }}", "0p 1q "),
        ("{{ range $k, $v := .m2 }}{{ $k }}={{ $v }};{{ end }}", "a=1;b=2;"),
        ("{{ range .none }}x{{ else }}nothing{{ end }}", "nothing"),
        ("{{ range .l }}{{ if eq . `q` }}{{ break }}{{ end }}{{ . }}{{ end }}", "p"),
        ("{{ range .l }}{{ if eq . `p` }}{{ continue }}{{ end }}{{ . }}{{ end }}", "q"),
        ("{{ $x := 1 }}{{ $x = 2 }}{{ $x }}", "2"),
        ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}", "1"),
        ('{{ define "d" }}<{{ . }}>{{ end }}{{ template "d" .a }}', "<1>"),
        ('{{ block "b" .a }}({{ . }}){{ end }}', "(1)"),
        ("{{ .a | printf `%v-%s` `x` }}", "x-1"),
        ("{{ (index .l 1) }}{{ index .m `x` }}", "qy"),
        ("{{ (dict `k` (list 1 2)).k }}", "[1 2]"),
        ("{{ and .a 0 }}{{ or .none `z` }}{{ not .none }}", "0ztrue"),
        ("{{ .t | quote }} {{ `a\"b` | quote }} {{ 5 | squote }}", "\"true\" \"a\\\"b\" '5'"),
        ("{{ default `d` .none }}{{ .a | default `d` }}", "d1"),
        ("{{ .f }} {{ .big }} {{ int .big }} {{ 12345678.0 }} {{ 0.00001 }} {{ 100000.0 }}", "1.5 1e+06 1000000 1.2345678e+07 1e-05 100000"),
        ("{{ `a-b-` | trunc 3 }} {{ `a-` | trimSuffix `-` }} {{ `v1` | trimPrefix `v` }}", "a-b a 1"),
        ("{{ `x` | nindent 2 }}", "\n  x"),
        ("{{ indent 2 `a\nb` }}", "  a\n  b"),
        ("{{ toYaml .m2 }}", "a: 1\nb: 2"),
        ("{{ toYaml (dict `z` (list `1` `true` `x`) `e` (dict)) }}", "e: {}\nz:\n- '1'\n- 'true'\n- x"),
        ("{{ toJson .l }}", '["p","q"]'),
        ("{{ (fromYaml `a: 3`).a }}", "3"),
        ("{{ printf `%d %q %05.1f %t %%` 3 `s` 2.25 true }}", '3 "s" 002.2 true %'),
        ("{{ ternary `a` `b` true }}{{ coalesce .none `` `c` }}{{ empty `` }}", "actrue"),
        ("{{ hasKey .m `x` }}{{ has `p` .l }}{{ contains `b` `abc` }}", "truetruetrue"),
        ("{{ join `,` .l }} {{ splitList `,` `a,b` | last }} {{ (split `:` `a:b`)._1 }}", "p,q b b"),
        ("{{ merge (dict `a` 1) (dict `a` 2 `b` 3) | toJson }}", '{"a":1,"b":3}'),
        ("{{ mergeOverwrite (dict `a` 1) (dict `a` 2) | toJson }}", '{"a":2}'),
        ("{{ dig `m` `x` `none` . }}{{ dig `m` `y` `none` . }}", "ynone"),
        ("{{ `abc` | sha256sum | trunc 8 }} {{ `abc` | b64enc }}", "ba7816bf YWJj"),
        ("{{ add 1 2 3 }} {{ sub 5 2 }} {{ mul 2 3 }} {{ div 7 2 }} {{ mod 7 2 }} {{ max 1 9 3 }}", "6 3 6 3 1 9"),
        ("{{ eq .a 1.0 }}{{ ne `a` `b` }}{{ lt 1 2 }}{{ ge 2 2 }}{{ len .l }}", "truetruetruetrue2"),
        ("{{ kindIs `map` .m }}{{ kindOf .l }}", "trueslice"),
        ("{{ regexReplaceAll `a(b)` `xab` `${1}!` }}", "xb!"),
        ("{{ semverCompare `>=1.25.0-0` `v1.34.4` }}", "true"),
        ("{{ '\\n' }}{{ 0x10 }}", "1016"),
    ],
)  # fmt: skip
def test_what_charts_write(source: str, expected: str) -> None:
    data = {
        "a": 1.0,
        "t": True,
        "f": 1.5,
        "big": 1000000.0,
        "m": {"x": "y"},
        "m2": {"b": 2.0, "a": 1.0},
        "l": ["p", "q"],
        "none": None,
    }
    assert render(source, data) == expected


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a\n{{ .x", "t.yaml:2: unclosed action"),
        ("{{ if .x }}a", "unexpected EOF in if"),
        ("{{ end }}", "unexpected {{end}}"),
        ("\n\n{{ nonsense 1 }}", 't.yaml:3: executing "t.yaml": function "nonsense" not defined'),
        ("{{ .x.y.z }}", "nil pointer evaluating interface {}.y"),
        ("{{ .s.y }}", "can't evaluate field y"),
        ("{{ $nobody }}", "undefined variable"),
        ("{{ template `nobody` }}", 'no template "nobody"'),
        ("{{ required `image is needed` .x }}", "error calling required: image is needed"),
        ("{{ fail `stop` }}", "error calling fail: stop"),
        ("{{ (1 }}", "unclosed left paren"),
        ("{{ | quote }}", "missing value for command"),
        ("{{ `a` ` }}", "unterminated"),
        ("{{ eq `1` 1 }}", "incompatible types for comparison"),
        ("{{ define `d` }}{{ template `d` }}{{ end }}{{ template `d` }}", "nested reference name"),
        ("{{ range .s }}{{ end }}", "range can't iterate over"),
        ("{{ index .l 7 }}", "error calling index"),
        ("{{ 1 2 }}", "can't give argument to non-function"),
        ("{{ `a` ) }}", "unexpected"),
        ("{{ & }}", "unexpected '&' in action"),
    ],
)
def test_faults_name_file_and_line(source: str, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(source, {"s": "text", "x": None, "l": ["only"]})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("version", "constraint", "holds"),
    [
        ("v1.34.4", ">=1.25.0-0", True),
        ("v1.24.9", ">=1.25.0-0", False),
        ("1.25.0-rc.1", ">=1.25.0-0", True),
        ("1.25.0-rc.1", ">=1.20.0", False),
        ("1.2.3", "^1.1.0", True),
        ("2.0.0", "^1.1.0", False),
        ("0.2.9", "^0.2.3", True),
        ("1.2.9", "~1.2.3", True),
        ("1.3.0", "~1.2.3", False),
        ("1.5.0", ">1.0.0, <2.0.0", True),
        ("3.0.0", "<2.0.0 || >=3.0.0", True),
        ("1.2.3", "1.2", True),
        ("1.2.3", "!=1.2.3", False),
        ("nonsense", ">0.0.0", False),
    ],
)
def test_constraints(version: str, constraint: str, holds: bool) -> None:
    assert satisfies(version, constraint) is holds
