"""Both Helms, each with caches and configuration of its own below a folder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.real.run import run


@dataclass(frozen=True)
class Helm:
    """One Helm: `name` is helm3 or helm4; the machine's own Helm settings are never read."""

    name: str
    home: Path
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """Environment that keeps every file of Helm below `home`."""
        folders = {"HELM_CACHE_HOME": "cache", "HELM_CONFIG_HOME": "config", "HELM_DATA_HOME": "data"}
        return {**{key: str(self.home / folder) for key, folder in folders.items()}, **self.extra}

    def __call__(self, *arguments: str | Path, stdin: str | None = None, check: bool = True) -> str:
        """Run helm; its standard output.  A failure raises AssertionError with its words."""
        return run(self.name, *arguments, env=self.env, stdin=stdin, check=check).stdout

    def version(self) -> str:
        """Such as v3.19.5."""
        return self("version", "--template", "{{.Version}}").strip()
