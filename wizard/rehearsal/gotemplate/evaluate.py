"""Executing a parsed template."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wizard.rehearsal.gotemplate.parser import Templates
from wizard.rehearsal.gotemplate.printing import show
from wizard.rehearsal.gotemplate.tokens import TemplateError
from wizard.rehearsal.gotemplate.tree import (
    Branch,
    Call,
    Chain,
    Command,
    Dot,
    Function,
    Jump,
    Literal,
    Node,
    Operand,
    Pipeline,
    Show,
    Text,
    Variable,
)

Functions = Mapping[str, Callable[..., Any]]
_DEEPEST = 200


class _Jumped(Exception):
    pass


def truth(value: Any) -> bool:
    """Go's: false, 0, nil and what is empty are not."""
    return bool(value)


class Execution:
    """One rendering of a set of templates."""

    def __init__(self, templates: Templates, functions: Functions) -> None:
        self.templates = templates
        self.functions = functions
        self._depth = 0

    def run(self, name: str, data: Any) -> str:
        """The text of a template. Raises TemplateError."""
        if name not in self.templates:
            raise TemplateError(f'no template "{name}" associated with template "gotpl"')
        if self._depth >= _DEEPEST:
            raise TemplateError(f"rendering template has a nested reference name: {name}")
        self._depth += 1
        try:
            out: list[str] = []
            _Frame(self, name, data).nodes(self.templates[name], data, out)
            return "".join(out)
        finally:
            self._depth -= 1


class _Frame:
    """One template's variables."""

    def __init__(self, execution: Execution, name: str, data: Any) -> None:
        self.execution = execution
        self.name = name
        self.scopes: list[dict[str, Any]] = [{"$": data}]
        self.line = 0

    def fail(self, why: str) -> TemplateError:
        return TemplateError(f'template: {self.name}:{self.line}: executing "{self.name}": {why}')

    def nodes(self, nodes: list[Node], dot: Any, out: list[str]) -> None:
        for node in nodes:
            self.line = node.line
            match node:
                case Text():
                    out.append(node.text)
                case Show():
                    value = self.pipeline(node.pipeline, dot)
                    if not node.pipeline.names:
                        out.append(show(value))
                case Branch():
                    self.branch(node, dot, out)
                case Call():
                    value = self.pipeline(node.pipeline, dot) if node.pipeline else None
                    out.append(self.execution.run(node.name, value))
                case Jump():
                    raise _Jumped(node.kind)

    def branch(self, node: Branch, dot: Any, out: list[str]) -> None:
        self.scopes.append({})
        try:
            if node.kind == "range":
                self.range(node, dot, out)
                return
            value = self.pipeline(node.pipeline, dot)
            if truth(value):
                self.nodes(node.body, value if node.kind == "with" else dot, out)
            else:
                self.nodes(node.other, dot, out)
        finally:
            self.scopes.pop()

    def range(self, node: Branch, dot: Any, out: list[str]) -> None:
        bare = Pipeline(node.pipeline.commands)
        items = list(self.items(self.pipeline(bare, dot)))
        if not items:
            self.nodes(node.other, dot, out)
        names = node.pipeline.names
        for key, value in items:
            self.scopes.append({})
            if names:
                self.scopes[-1][names[-1]] = value
                if len(names) == 2:
                    self.scopes[-1][names[0]] = key
            try:
                self.nodes(node.body, value, out)
            except _Jumped as jumped:
                if str(jumped) == "break":
                    break
            finally:
                self.scopes.pop()

    def items(self, value: Any) -> Iterator[tuple[Any, Any]]:
        if isinstance(value, dict):
            yield from ((k, value[k]) for k in sorted(value))
        elif isinstance(value, list | tuple):
            yield from enumerate(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield from ((n, n) for n in range(value))
        elif value is not None:
            raise self.fail(f"range can't iterate over {show(value)}")

    def pipeline(self, pipeline: Pipeline, dot: Any) -> Any:
        value: Any = None
        for number, command in enumerate(pipeline.commands):
            value = self.command(command, dot, (value,) if number else ())
        for name in pipeline.names[-1:]:
            self.assign(name, value, pipeline.declares)
        return value

    def assign(self, name: str, value: Any, declares: bool) -> None:
        if declares:
            self.scopes[-1][name] = value
            return
        for scope in reversed(self.scopes):
            if name in scope:
                scope[name] = value
                return
        raise self.fail(f"undefined variable {name!r}")

    def command(self, command: Command, dot: Any, final: tuple[Any, ...]) -> Any:
        first, *rest = command.operands
        if isinstance(first, Function):
            return self.call(first.name, rest, dot, final)
        value = self.operand(first, dot, called=bool(rest or final))
        if callable(value):
            return value(*(self.operand(o, dot) for o in rest), *final)
        if rest or final:
            raise self.fail("can't give argument to non-function")
        return value

    def call(self, name: str, operands: list[Operand], dot: Any, final: tuple[Any, ...]) -> Any:
        if name in ("and", "or"):
            return self.short(name, operands, dot, final)
        if name not in self.execution.functions:
            raise self.fail(f'function "{name}" not defined')
        arguments = [self.operand(o, dot) for o in operands]
        line = self.line
        try:
            return self.execution.functions[name](*arguments, *final)
        except TemplateError as error:
            self.line = line
            raise self.fail(f"error calling {name}: {error}") from None
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, ZeroDivisionError) as error:
            raise self.fail(f"error calling {name}: {error}") from None

    def short(self, name: str, operands: list[Operand], dot: Any, final: tuple[Any, ...]) -> Any:
        value: Any = None
        for operand in operands:
            value = self.operand(operand, dot)
            if truth(value) == (name == "or"):
                return value
        return final[0] if final else value

    def operand(self, operand: Operand, dot: Any, called: bool = False) -> Any:
        match operand:
            case Literal():
                return operand.value
            case Dot():
                return dot
            case Variable():
                return self.variable(operand.name)
            case Function():
                return self.call(operand.name, [], dot, ())
            case Pipeline():
                return self.pipeline(operand, dot)
            case Chain():
                value = self.operand(operand.base, dot)
                for name in operand.fields:
                    value = self.field(value, name)
                return value() if callable(value) and not called else value

    def variable(self, name: str) -> Any:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        raise self.fail(f"undefined variable {name!r}")

    def field(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return value.get(name)
        if value is None:
            raise self.fail(f"nil pointer evaluating interface {{}}.{name}")
        raise self.fail(f"can't evaluate field {name} in type {type(value).__name__}")
