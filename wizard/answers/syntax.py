"""What the YAML parser objects to, in words that help; its own texts may quote values, so they are never passed on."""

from wizard.answers.flaws import Flaw

_QUOTES = "put the value in quotes"
_COLON = "put the value in quotes if it holds a colon, or indent the key like its neighbours"

_WORDS: tuple[tuple[str, Flaw], ...] = (  # a part of the parser's text → ours; the first that fits
    ("'\\t'", Flaw("a tab", "spaces")),
    ("mapping values are not allowed", Flaw("a second ': ' in one value", "'key: value'", _COLON)),
    (
        "could not find expected ':'",
        Flaw("a line that is no 'key: value'", "a colon and a space after the key"),
    ),
    ("undefined alias", Flaw("'*' begins an alias that is nowhere defined", "a value", _QUOTES)),
    ("second occurrence", Flaw("one anchor ('&…') defined twice", "every anchor once")),
    ("but found another document", Flaw("a second document begins", "one document, with no second '---'")),
    ("<document start>", Flaw("text after the end of the document ('...')", "one document")),
    ("unexpected end of stream", Flaw("a quotation mark that is never closed", "a closing quotation mark")),
    (
        "unexpected document separator",
        Flaw("a quotation mark that is never closed", "a closing quotation mark"),
    ),
    ("cannot start any token", Flaw("a character that no value can begin with", "a value", _QUOTES)),
    ("sequence entries are not allowed", Flaw("'- ' where no list can begin", "a list on lines of its own")),
    ("found ']'", Flaw("a closing bracket that was never opened", "a value", _QUOTES)),
    ("found '}'", Flaw("a closing bracket that was never opened", "a value", _QUOTES)),
    ("expected the node content", Flaw("a value that cannot begin so", "a value", _QUOTES)),
    ("escape", Flaw("an escape that YAML does not know", "single quotes round a text with backslashes")),
    ("tag", Flaw("a tag ('!…')", "a value", "put a text that begins with '!' in quotes")),
    ("anchor", Flaw("'&' begins an anchor", "a value", _QUOTES)),
    ("alias", Flaw("'*' begins an alias", "a value", _QUOTES)),
)
_INDENT = Flaw("indentation that fits no line above", "keys of one section in one column")
_AFTER = Flaw("something after a value that was complete", "one value", "put the whole value in quotes")
_OPEN = Flaw("a bracket that is never closed", "',' or the closing bracket")
_OTHER = Flaw("no valid YAML", "'key: value' lines, indented with spaces")

AT_THE_OPENING = ("never closed", "no 'key: value'")
"""Messages that are told where the thing began, not where the parser gave up."""


def words(problem: str, line: str, column: int) -> Flaw:
    """Ours for the parser's `problem`, met in `line` at `column` (from 0). The place is not set."""
    found = next((flaw for theirs, flaw in _WORDS if theirs in problem), None)
    if found:
        return found
    if "expected ',' or" in problem:
        return _OPEN
    if "<block end>" in problem:
        return _AFTER if line[:column].strip(" -") else _INDENT
    return _OTHER
