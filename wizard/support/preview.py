"""What would leave the site, in lines: every file, what was taken out of it by which rule, and what was not got."""

from collections import defaultdict

from wizard.reports.units import size
from wizard.support.format import Bundle, Got


def lines(bundle: Bundle) -> list[str]:
    """The preview."""
    manifest = bundle.manifest
    rules: dict[str, list[str]] = defaultdict(list)
    for row in manifest.redacted:
        rules[row.file].append(f"{row.count} {row.rule}")
    total = sum(len(data) for data in bundle.files.values())
    out = [f"{len(bundle.files)} files, {size(total)}; nothing is sent anywhere", "", "WHAT WOULD LEAVE"]
    for name, data in sorted(bundle.files.items()):
        taken = f"   taken out: {', '.join(rules[name])}" if name in rules else ""
        out.append(f"  {size(len(data)):>9}  {name}{taken}")
    missing = [c for c in manifest.collected if c.outcome is not Got.GOT]
    if missing:
        out += ["", "WHAT WAS NOT GOT"]
        out += [f"  {c.outcome:11}  {c.name}: {c.why}" for c in missing]
    counts: dict[str, int] = defaultdict(int)
    for row in manifest.redacted:
        counts[row.rule] += row.count
    told = ", ".join(f"{n} {rule}" for rule, n in sorted(counts.items())) or "nothing"
    out += ["", f"taken out in all: {told}"]
    if not manifest.pseudonyms:
        out.append("host names and addresses are as they are; --pseudonyms replaces them")
    return out
