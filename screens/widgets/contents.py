"""What a support bundle's manifest says, as lines: what was taken out by which rule, and what was not got."""

from collections import Counter, defaultdict

from wizard.diagnosis.text import clean
from wizard.support.format import Got, Manifest


def taken(manifest: Manifest) -> dict[str, str]:
    """File → what was taken out of it: "3 named, 1 query-text"."""
    out: dict[str, list[str]] = defaultdict(list)
    for row in manifest.redacted:
        out[row.file].append(f"{row.count} {clean(row.rule, 40)}")
    return {file: ", ".join(parts) for file, parts in out.items()}


def in_all(manifest: Manifest) -> str:
    """By rule, over all files; "nothing"."""
    count: Counter[str] = Counter()
    for row in manifest.redacted:
        count[clean(row.rule, 40)] += row.count
    return ", ".join(f"{n} {rule}" for rule, n in sorted(count.items())) or "nothing"


def missing(manifest: Manifest) -> list[str]:
    """A line for each collector that did not get everything: what came of it, and why."""
    return [
        f"{c.outcome:11}  {clean(c.name, 80)}: {clean(c.why)}"
        for c in manifest.collected
        if c.outcome is not Got.GOT
    ]
