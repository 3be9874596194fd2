"""A chart, read: its metadata, its files, its own values with their lines, and one digest over its content."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.cluster.yaml_lines import Located, parse
from wizard.engine.problems import Problem, Remedy

VERSION = re.compile(r"v?(\d+)(\.\d+)?(\.\d+)?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?\Z")


@dataclass(frozen=True, slots=True)
class Chart:
    """`path` is what Helm is given (a folder or a .tgz); `files` are relative to the chart's root."""

    path: Path
    name: str
    version: str
    app_version: str
    kube_version: str
    files: Mapping[str, bytes]
    values: Located

    @property
    def digest(self) -> str:
        """sha256 over names and contents, the same for a folder and for its .tgz."""
        return content_digest(self.files)

    @property
    def title(self) -> str:
        """NAME VERSION, for messages."""
        return f"{self.name} {self.version}"

    def text(self, name: str) -> str:
        """A file as text; "" where there is none."""
        return self.files.get(name, b"").decode("utf-8", errors="replace")

    @property
    def templates(self) -> list[str]:
        """Names of the template files, sorted."""
        return sorted(name for name in self.files if name.startswith("templates/"))


def content_digest(files: Mapping[str, bytes]) -> str:
    """sha256 of a list of `HEX SIZE NAME` lines in order of names."""
    lines = (
        f"{hashlib.sha256(data).hexdigest()} {len(data)} {name}\n" for name, data in sorted(files.items())
    )
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()


def understand(path: Path, files: Mapping[str, bytes]) -> Chart:
    """A chart from its files. Raises Problem `chart-invalid` (exit 2): no Chart.yaml, no name, no version."""
    if "Chart.yaml" not in files:
        raise invalid(path, "there is no Chart.yaml at its top")
    meta = parse(_utf8(path, files, "Chart.yaml"), f"{path}: Chart.yaml").data
    if not isinstance(meta, dict):
        raise invalid(path, "Chart.yaml is not a mapping")
    name, version = _word(meta, "name"), _word(meta, "version")
    if not re.match(r"[a-z0-9][a-z0-9.-]*\Z", name):
        raise invalid(path, f"its name is {name!r}; expected lower-case letters, digits and '-'")
    if not VERSION.match(version):
        raise invalid(path, f"its version is {version!r}; expected a semantic version, like 0.1.0")
    if meta.get("dependencies"):
        missing = [
            str(needed.get("name"))
            for needed in meta["dependencies"]
            if isinstance(needed, dict)
            and not any(f.startswith(f"charts/{needed.get('name')}") for f in files)
        ]
        if missing:
            raise invalid(
                path, f"its dependencies {', '.join(missing)} are not in charts/; nothing is fetched here"
            )
    values = parse(_utf8(path, files, "values.yaml"), values_name(path))
    if values.data is not None and not isinstance(values.data, dict):
        raise invalid(path, "values.yaml is not a mapping")
    return Chart(
        path, name, version, _word(meta, "appVersion"), _word(meta, "kubeVersion"), dict(files), values
    )


def values_name(path: Path) -> str:
    """How the chart's own values file is named in messages."""
    return str(path / "values.yaml") if path.is_dir() else f"{path}: values.yaml"


def invalid(path: Path | str, why: str) -> Problem:
    """`chart-invalid`."""
    return Problem(
        "chart-invalid",
        f"{path} is not a Helm chart that can be used: {why}",
        remedies=(
            Remedy("name the chart's folder or its .tgz (chart.source in the answers)", f"helm lint {path}"),
        ),
        exit_code=2,
    )


def _word(meta: Mapping[str, Any], key: str) -> str:
    value = meta.get(key)
    return "" if value is None else str(value)


def _utf8(path: Path, files: Mapping[str, bytes], name: str) -> str:
    try:
        return files.get(name, b"").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise invalid(path, f"{name} is not UTF-8 text ({error})") from None
