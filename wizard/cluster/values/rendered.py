"""What the chart renders to: no image reference may point outside, wherever it stands (S1.2, S2.12)."""

import re
from collections.abc import Iterator

import yaml

from wizard.cluster.chart.model import Chart
from wizard.cluster.references import Found, references
from wizard.cluster.values.complaint import Complaint
from wizard.cluster.values.layers import Layers
from wizard.cluster.yaml_lines import dotted, parse

_SOURCE = re.compile(r"^# Source: [^/\s]+/(\S+)", re.MULTILINE)


def check_rendered(manifests: str, host: str, chart: Chart, layers: Layers) -> list[Complaint]:
    """Complaints about references that are not in the registry `host`, or are an image by tag alone."""
    out = []
    for source, text in documents(manifests):
        try:
            obj = parse(text, source).data
        except Exception as error:
            out.append(Complaint("not-yaml", source, f"it renders to something that is no YAML: {error}"))
            continue
        kind, name = _named(obj)
        for found in references(obj):
            if found.reference.startswith(host + "/"):
                if found.place == "image" and "@sha256:" not in found.reference:
                    out.append(_complain("image-unpinned", found, f"{kind} {name}", source, chart, layers))
                continue
            out.append(_complain("image-outside", found, f"{kind} {name}", source, chart, layers))
    return out


def documents(manifests: str) -> Iterator[tuple[str, str]]:
    """(template, text) of each document that is not empty."""
    source = ""
    for text in re.split(r"^---\s*$", manifests, flags=re.MULTILINE):
        if found := _SOURCE.search(text):
            source = found[1]
        if text.strip() and any(
            line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()
        ):
            yield source, text


def objects(manifests: str) -> list[dict[str, object]]:
    """The rendered objects."""
    return [obj for obj in yaml.safe_load_all(manifests) if isinstance(obj, dict)]


def _named(obj: object) -> tuple[str, str]:
    if not isinstance(obj, dict):
        return "something", "without a kind"
    meta = obj.get("metadata")
    return str(obj.get("kind", "object")), str(meta.get("name", "?")) if isinstance(meta, dict) else "?"


def _complain(rule: str, found: Found, what: str, source: str, chart: Chart, layers: Layers) -> Complaint:
    where = layers.holding(found.reference) or _template_line(chart, source, found)
    wrong = "is outside the internal registry" if rule == "image-outside" else "has no digest"
    return Complaint(
        rule,
        where,
        f"{found.reference} {wrong} ({what}, {dotted(found.path)}, from {source})",
        "carry the image (images.extra in the answers) and name its copy"
        if rule == "image-outside"
        else "name it as REPOSITORY@sha256:…",
    )


def _template_line(chart: Chart, source: str, found: Found) -> str:
    lines = chart.text(source).splitlines()
    for wanted in (found.reference, f"{found.path[-1]}:"):
        for number, line in enumerate(lines, 1):
            if wanted in line:
                return f"{source}:{number}"
    return source
