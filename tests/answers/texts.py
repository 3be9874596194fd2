"""Answers files that tests begin with."""

MINIMAL = """\
apiVersion: airgap-wizard/v1
journey: install
registry:
  host: registry.internal.example
cluster:
  storageClass: internal-block
chart:
  source: oci://registry.internal.example/charts/opencost-ai:0.1.0
"""


def with_lines(section: str, *lines: str, text: str = MINIMAL) -> str:
    """`text` with lines added at the end of a section, which is made where it is not there."""
    extra = "".join(f"  {line}\n" for line in lines)
    if f"\n{section}:\n" not in text:
        return f"{text}{section}:\n{extra}"
    head, tail = text.split(f"\n{section}:\n")
    body = tail.split("\n")
    end = next((i for i, line in enumerate(body) if line and not line.startswith(" ")), len(body) - 1)
    return (
        f"{head}\n{section}:\n" + "".join(f"{line}\n" for line in body[:end]) + extra + "\n".join(body[end:])
    )
