"""A small strict reader of YAML mappings that knows the line of everything it refuses."""

from collections.abc import Iterator

import yaml

_MOST = 1024 * 1024  # bytes


class Misread(ValueError):
    """What is wrong, and on which line (0 = nowhere in particular)."""

    def __init__(self, line: int, why: str) -> None:
        self.why = "".join(c if c.isprintable() else "\ufffd" for c in why)  # it may quote the file
        super().__init__(self.why)
        self.line = line


class Node:
    """A YAML node that is taken apart key by key; `end` refuses what is left over."""

    def __init__(self, node: yaml.Node, where: str) -> None:
        self._node = node
        self.where = where
        self.line = node.start_mark.line + 1
        self._keys: dict[str, Node] = {}
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                name = key.value if isinstance(key, yaml.ScalarNode) else ""
                if not name or name in self._keys:
                    raise Misread(key.start_mark.line + 1, f"{name or 'a key'} stands twice, or is no text")
                self._keys[name] = Node(value, f"{where}.{name}".lstrip("."))
        self._left = dict(self._keys)

    @classmethod
    def load(cls, text: bytes) -> "Node":
        """The one document. Raises Misread."""
        if len(text) > _MOST:
            raise Misread(0, f"it has more than {_MOST} bytes")
        loader = None
        try:
            loader = yaml.SafeLoader(text)
            for event in iter(loader.get_event, None):  # an alias can multiply a small file without end
                if isinstance(event, yaml.AliasEvent):
                    raise Misread(
                        event.start_mark.line + 1 if event.start_mark else 0, "it has an alias (*name)"
                    )
            loader.dispose()
            loader = yaml.SafeLoader(text)
            node = loader.get_single_node()
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            if isinstance(error, Misread):
                raise
            mark = getattr(error, "problem_mark", None)
            said = getattr(error, "problem", None) or str(error) or type(error).__name__
            raise Misread(mark.line + 1 if mark else 0, f"it is no YAML: {said}") from None
        finally:
            if loader is not None:
                loader.dispose()
        if not isinstance(node, yaml.MappingNode):
            raise Misread(0, "it is no mapping of keys to values")
        return cls(node, "")

    def fault(self, why: str) -> Misread:
        """A fault on this line."""
        return Misread(self.line, f"{self.where or 'it'} {why}")

    def take(self, key: str) -> "Node | None":
        """The value of a key, None where it is not given."""
        return self._left.pop(key, None)

    def need(self, key: str) -> "Node":
        """The value of a key that must be there."""
        found = self.take(key)
        if found is None:
            raise self.fault(f"lacks {key}")
        return found

    def mapping(self) -> "Node":
        """This, if it is a mapping."""
        if not isinstance(self._node, yaml.MappingNode):
            raise self.fault("is no mapping of keys to values")
        return self

    def items(self) -> Iterator[tuple[str, "Node"]]:
        """Every key with its value."""
        self.mapping()
        self._left = {}
        return iter(self._keys.items())

    def list(self) -> "Iterator[Node]":
        """The values of a list."""
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.fault("is no list")
        return (Node(one, f"{self.where}[{place}]") for place, one in enumerate(self._node.value))

    def text(self) -> str:
        """The text of a scalar, as written."""
        if not isinstance(self._node, yaml.ScalarNode) or not self._node.value:
            raise self.fault("is no text")
        value: str = self._node.value
        return value

    def word(self, *known: str) -> str:
        """One of some words."""
        if (found := self.text()) not in known:
            raise self.fault(f"is {found!r}; known: {', '.join(known)}")
        return found

    def number(self) -> int:
        """A positive whole number."""
        text = self.text()
        if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 10):
            raise self.fault(f"is {text!r}, no positive whole number")
        return int(text)

    def end(self) -> None:
        """Raises Misread for a key that is not known."""
        for key, node in self._left.items():
            known = ", ".join(k for k in self._keys if k not in self._left)
            raise Misread(
                node.line,
                f"{node.where}: the key {key!r} is not known here" + (f" (beside {known})" if known else ""),
            )
