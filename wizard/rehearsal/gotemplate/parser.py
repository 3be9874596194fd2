"""From tokens to a tree."""

from collections.abc import Iterator

from wizard.rehearsal.gotemplate.tokens import Piece, TemplateError, Token, pieces, unquote
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

_WORDS = {"true": True, "false": False, "nil": None}
Templates = dict[str, list[Node]]


def parse(source: str, name: str, templates: Templates) -> None:
    """Parse a file: what it defines, and its own body under its name, go to `templates`. Raises TemplateError."""
    _Parser(name, pieces(source, name), templates).file()


class _Parser:
    def __init__(self, name: str, found: Iterator[Piece], templates: Templates) -> None:
        self.name = name
        self.pieces = found
        self.templates = templates
        self.line = 1

    def fail(self, why: str) -> TemplateError:
        return TemplateError(f"template: {self.name}:{self.line}: {why}")

    def file(self) -> None:
        body, end = self.block()
        if end is not None:
            raise self.fail(f"unexpected {{{{{end.text}}}}}")
        self.templates[self.name] = body

    def block(self) -> tuple[list[Node], Token | None]:
        """Nodes up to `end` or `else` (whose rest is kept), or the end of the file."""
        nodes: list[Node] = []
        for piece in self.pieces:
            self.line = piece.line
            if piece.tokens is None:
                nodes.append(Text(piece.line, piece.text))
                continue
            if not piece.tokens:
                raise self.fail("missing value for command")
            first = piece.tokens[0]
            word = first.text if first.kind == "word" else ""
            if word in ("end", "else"):
                self.rest = piece.tokens[1:]
                return nodes, first
            node = self.action(piece, word)
            if node is not None:
                nodes.append(node)
        return nodes, None

    def action(self, piece: Piece, word: str) -> Node | None:
        tokens = list(piece.tokens or ())
        line = piece.line
        match word:
            case "if" | "with" | "range":
                return self.branch(word, tokens[1:], line)
            case "define":
                self.define(tokens)
                return None
            case "block":
                self.define(tokens[:2])
                return Call(line, unquote(tokens[1].text), self.pipeline(tokens[2:]))
            case "template":
                rest = self.pipeline(tokens[2:]) if tokens[2:] else None
                return Call(line, unquote(tokens[1].text), rest)
            case "break" | "continue":
                return Jump(line, word)
        return Show(line, self.pipeline(tokens))

    def define(self, tokens: list[Token]) -> None:
        if len(tokens) != 2 or tokens[1].kind != "string":
            raise self.fail("missing name in define")
        body, end = self.block()
        if end is None or end.text != "end":
            raise self.fail("unexpected EOF in define")
        self.templates[unquote(tokens[1].text)] = body

    def branch(self, kind: str, tokens: list[Token], line: int) -> Branch:
        found = Branch(line, kind, self.pipeline(tokens))
        found.body, end = self.block()
        if end is not None and end.text == "else":
            rest = list(self.rest)
            if rest and rest[0].text in ("if", "with"):
                found.other = [self.branch(rest[0].text, rest[1:], self.line)]
                return found
            found.other, end = self.block()
        if end is None or end.text != "end":
            raise self.fail(f"unexpected EOF in {kind}")
        return found

    def pipeline(self, tokens: list[Token]) -> Pipeline:
        reader = _Reader(self, tokens)
        found = reader.pipeline()
        if reader.left:
            raise self.fail(f"unexpected {reader.left[0].text!r} in command")
        return found


class _Reader:
    """Reads one pipeline."""

    def __init__(self, parser: _Parser, tokens: list[Token]) -> None:
        self.parser = parser
        self.left = tokens

    def pipeline(self) -> Pipeline:
        names, declares = self.declaration()
        commands = [self.command()]
        while self.left and self.left[0].text == "|" and self.left[0].kind == "mark":
            self.left.pop(0)
            commands.append(self.command())
        return Pipeline(tuple(commands), names, declares)

    def declaration(self) -> tuple[tuple[str, ...], bool]:
        for count in (1, 3):
            head = self.left[: count + 1]
            if len(head) == count + 1 and head[-1].text in (":=", "=") and head[-1].kind == "mark":
                names = [t for t in head[:-1] if t.text != ","]
                if all(t.kind == "variable" for t in names):
                    del self.left[: count + 1]
                    return tuple(t.text for t in names), head[-1].text == ":="
        return (), True

    def command(self) -> Command:
        operands = []
        while self.left and not (self.left[0].kind == "mark" and self.left[0].text in ("|", ")")):
            operands.append(self.operand())
        if not operands:
            raise self.parser.fail("missing value for command")
        return Command(tuple(operands))

    def operand(self) -> Operand:
        token = self.left.pop(0)
        base = self.simple(token)
        fields = [token.text[1:]] if token.kind == "field" else []
        while self.left and self.left[0].kind == "field" and self.left[0].close:
            fields.append(self.left.pop(0).text[1:])
        return Chain(base, tuple(fields)) if fields else base

    def simple(self, token: Token) -> Operand:
        match token.kind:
            case "field" | "dot":
                return Dot()
            case "variable":
                return Variable(token.text)
            case "string":
                return Literal(unquote(token.text))
            case "char":
                return Literal(ord(unquote(token.text)))
            case "number":
                return Literal(_number(token.text))
            case "word":
                return Literal(_WORDS[token.text]) if token.text in _WORDS else Function(token.text)
        if token.text == "(":
            inner = self.pipeline()
            if not self.left or self.left.pop(0).text != ")":
                raise self.parser.fail("unclosed left paren")
            return inner
        raise self.parser.fail(f"unexpected {token.text!r} in operand")


def _number(text: str) -> int | float:
    plain = text.replace("_", "")
    if plain.lower().lstrip("+-").startswith("0x"):
        return int(plain, 16)
    return float(plain) if any(c in plain for c in ".eE") else int(plain)
