"""`bridge-command`: the bridge is told where Ollama and its servers.json are in words that it reads."""

import re
from collections.abc import Mapping

from wizard.cluster.chart.model import Chart
from wizard.cluster.fixes.fix import Fix

_CONTAINER = re.compile(
    r"^(?P<indent> *)- name: bridge\n(?P<body>(?:(?P=indent)  .*\n|\s*\n)+)", re.MULTILINE
)
_OLLAMA = re.compile(r"- name: OLLAMA_HOST\s*\n\s*value: (?P<value>.+)\n")
_CONFIG = re.compile(r"- name: MCP_CONFIG_PATH\s*\n\s*value: (?P<value>.+)\n")
_PROGRAM = "/.venv/bin/ollama-mcp-bridge"


def _change(chart: Chart) -> Mapping[str, bytes]:
    for name in chart.templates:
        text = chart.text(name)
        for container in _CONTAINER.finditer(text):
            body, pad = container["body"], container["indent"] + "  "
            ollama, config = _OLLAMA.search(body), _CONFIG.search(body)
            if ollama is None or config is None or re.search(rf"^{pad}command:", body, re.MULTILINE):
                continue
            words = [_PROGRAM, "--config", config["value"].strip(), "--ollama-url", ollama["value"].strip()]
            command = f"{pad}command:\n" + "".join(f"{pad}  - {word}\n" for word in words)
            start = container.start("body")
            return {name: (text[:start] + command + text[start:]).encode()}
    return {}


FIX = Fix(
    id="bridge-command",
    number=1,
    reason=(
        "the chart tells the bridge its addresses in OLLAMA_HOST and MCP_CONFIG_PATH, which the bridge does not "
        "read, and starts it through a program that wants a writable cache under a read-only root: it crashes, or "
        "runs without a single tool"
    ),
    chart="opencost-ai",
    since="0.1.0",
    before="1.0.0",
    change=_change,
)
