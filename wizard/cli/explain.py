"""`explain [CODE]`: what a problem or a check means, how it is established and what to do; offline."""

import argparse
import json
import re
import shutil
import sys
import textwrap
from typing import Any


def add(subparsers: Any) -> None:
    """Register the parser."""
    p = subparsers.add_parser(
        "explain",
        help="what a problem or a check means, offline",
        description="What a problem code or a check means, how it is established and what to do. All pages are "
        "in the program: nothing is fetched.",
    )
    p.add_argument(
        "code", nargs="?", default="", metavar="CODE", help="as printed with the message (default: list all)"
    )
    p.add_argument("--output", choices=("plain", "json"), default="plain", help="form of what is printed")


def run(args: argparse.Namespace) -> int:
    """Print one page, or the list. Raises Problem `code-unknown` (exit 2)."""
    from wizard import explain

    if not args.code:
        return _list(explain.pages(), args.output == "json")
    found = explain.page(args.code)
    if args.output == "json":
        sys.stdout.write(json.dumps(_data(found), indent=2, ensure_ascii=False) + "\n")
        return 0
    width = min(100, shutil.get_terminal_size((100, 24)).columns)
    lines = [found.code, f"{found.kind}" + (f", from {found.seed}" if found.seed else "")]
    for title, text in found.parts.items():
        lines += ["", title.upper(), *wrapped(text, width)]
    if found.related:
        lines += ["", "See also: " + ", ".join(found.related)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def wrapped(text: str, width: int) -> list[str]:
    """Markdown as lines of at most `width`: paragraphs and list items are filled, commands and tables left alone."""
    lines: list[str] = []
    open_block = False
    for line in text.splitlines():
        item = re.match(r"(\d+\.|[-*]) ", line)
        if not line.strip() or line.startswith(("    ", "|", "```")):
            lines.append(line)
            open_block = False
        elif item or not open_block:
            lines.append(line)
            open_block = True
        else:
            lines[-1] += " " + line.strip()
    return [part for line in lines for part in _filled(line, width)]


def _filled(line: str, width: int) -> list[str]:
    if not line.strip() or line.startswith(("    ", "|", "```")):
        return [line]
    item = re.match(r"(\d+\.|[-*]) ", line)
    hang = " " * len(item.group()) if item else ""
    return textwrap.wrap(line, width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)


def _data(page: Any) -> dict[str, Any]:
    return {
        "code": page.code,
        "kind": page.kind,
        "seed": page.seed,
        "related": list(page.related),
        "summary": page.summary,
        **dict(zip(("means", "established", "do"), page.parts.values(), strict=True)),
    }


def _list(pages: Any, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps([_data(p) for p in pages], indent=2, ensure_ascii=False) + "\n")
        return 0
    width = max(len(p.code) for p in pages)
    for kind in ("check", "problem", "cause"):
        rows = [p for p in pages if p.kind == kind]
        if rows:
            sys.stdout.write(f"{kind}s ({len(rows)})\n")
        for row in rows:
            text = textwrap.shorten(row.summary, max(20, 114 - width), placeholder=" …")
            sys.stdout.write(f"  {row.code:{width}}  {text}\n")
    sys.stdout.write("\nairgap-wizard explain CODE shows one of them\n")
    return 0
