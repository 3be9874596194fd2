"""`claim-template-labels`: the volume claim's labels no longer change with the chart's version."""

import re
from collections.abc import Mapping

from wizard.cluster.chart.model import Chart
from wizard.cluster.fixes.fix import Fix

_SELECTOR = re.compile(r"matchLabels:\s*\n\s*(\{\{-?\s*include [^|\n]+\|\s*nindent) \d+\s*\}\}")
_LABELS = re.compile(
    r"^(?P<indent> +)volumeClaimTemplates:\n(?P<head>(?:(?P=indent) .*\n)*?)"
    r"(?P<pad> +)labels:\n(?P<labels>(?:(?P=pad) +.*\n)+)",
    re.MULTILINE,
)


def _change(chart: Chart) -> Mapping[str, bytes]:
    for name in chart.templates:
        text = chart.text(name)
        claim, selector = _LABELS.search(text), _SELECTOR.search(text)
        if claim is None or selector is None or "spec:" in claim["head"]:
            continue
        line = f"{claim['pad']}  {selector[1]} {len(claim['pad']) + 2} }}}}\n"
        if claim["labels"] == line:
            continue
        start, end = claim.span("labels")
        return {name: (text[:start] + line + text[end:]).encode()}
    return {}


FIX = Fix(
    id="claim-template-labels",
    number=2,
    reason=(
        "the labels in the StatefulSet's volumeClaimTemplates carry the chart's version, and the API lets nobody "
        "change a claim template: every upgrade to another chart version is refused and left half applied"
    ),
    chart="opencost-ai",
    since="0.1.0",
    before="1.0.0",
    change=_change,
)
