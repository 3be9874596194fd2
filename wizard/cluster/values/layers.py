"""Values laid over each other as Helm does it: mappings are merged, lists replaced, null removes a key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wizard.cluster.yaml_lines import Located, Path_


@dataclass(frozen=True, slots=True)
class Layers:
    """The chart's own values below, then each file in order; the last one wins."""

    chart: Located
    files: tuple[Located, ...]

    @property
    def merged(self) -> dict[str, Any]:
        """What the templates see."""
        out: dict[str, Any] = {}
        for layer in (self.chart, *self.files):
            out = _over(out, layer.data or {})
        return out

    def get(self, path: Path_, default: Any = None) -> Any:
        """The merged value at a path."""
        found: Any = self.merged
        for part in path:
            if not isinstance(found, Mapping) or part not in found:
                return default
            found = found[str(part)]
        return found

    def at(self, path: Path_) -> str:
        """FILE:LINE of the layer that decides the value at a path: the last that sets it, or replaces what holds it."""
        for layer in reversed((self.chart, *self.files)):
            found, here = layer.data, 0
            while here < len(path) and isinstance(found, Mapping) and path[here] in found:
                found, here = found[path[here]], here + 1
            if here == len(path) or (here and not isinstance(found, Mapping)):
                return layer.at(path[:here])
        return self.files[-1].file if self.files else self.chart.file

    def holding(self, text: str) -> str:
        """FILE:LINE of the last layer with a value that `text` was made of; "" where there is none."""
        for layer in reversed((self.chart, *self.files)):
            for path, value in leaves(layer.data):
                words = str(value)
                if len(words) > 3 and (text.startswith(words) or text in words):
                    return layer.at(path)
        return ""


def leaves(data: Any, path: Path_ = ()) -> list[tuple[Path_, Any]]:
    """Every scalar with its path."""
    if isinstance(data, Mapping):
        return [leaf for key, below in data.items() for leaf in leaves(below, (*path, key))]
    if isinstance(data, Sequence) and not isinstance(data, str):
        return [leaf for index, below in enumerate(data) for leaf in leaves(below, (*path, index))]
    return [(path, data)]


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(below)
    for key, value in above.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(out.get(key), Mapping):
            out[key] = _over(out[key], value)
        else:
            out[key] = value
    return out
