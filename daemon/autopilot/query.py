"""The board's query language: read, checked and written again, so that nothing unknown reaches the board.

Called by the connect dialog and `/query` (a person edits the text: `parse_query`) and by `query_writer.py` (a model
writes it). A query is code for the board's search: a model that was talked into something, or a stray quotation mark,
must end here and not in the board's answer "0 vacancies".

    any      := all ((OR | ",") all)*
    all      := single ([AND] single)*
    single   := NOT single | FIELD ":" single | "(" any ")" | "phrase" | ["!"] word ["*"]

`NOT` binds closest, then `AND` (which may be left out), then `OR`. Text that was read is written in one canonical form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from daemon.dialogs.errors import AnswerRejected
from daemon.outbox.message import Text

FIELDS = ("NAME", "COMPANY_NAME", "DESCRIPTION")
LONGEST_QUERY = 1000
LONGEST_WORD = 60
DEEPEST = 6
MOST_TERMS = 60

OPERATORS = {"AND": "AND", "OR": "OR", "NOT": "NOT", "И": "AND", "ИЛИ": "OR", "НЕ": "NOT"}
QUOTES = str.maketrans(dict.fromkeys("«»“”„‟″", '"'))

TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<phrase>"[^"]*")
  | (?P<field>[^\W\d][\w]*\s*:(?!//))
  | (?P<bracket>[()])
  | (?P<comma>[,;])
  | (?P<word>!?[\w.#&][\w.+\#&'/’-]*\*?)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class QueryRejected(AnswerRejected):
    """This query can't be used; `hint` tells the person what is wrong with it."""


def reject(reason: str, **values: str | int) -> QueryRejected:
    """The rejection for a reason of the catalogue: `autopilot.query.<reason>`."""
    return QueryRejected(Text(f"autopilot.query.{reason}", values))


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a quoted phrase, as it is written."""

    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """A node with parts: `OR`, `AND`, `NOT` or the name of a field."""

    operator: str
    parts: tuple[Node, ...]


Node = Term | Group


@dataclass(frozen=True, slots=True)
class Token:
    """One sign of the query: kind `term`, `operator`, `field`, `(` or `)`."""

    kind: str
    text: str


def parse_query(text: str) -> str:
    """The same query in canonical form. Raises `QueryRejected` with a hint for the person."""
    return write(read(text))


def read(text: str) -> Node:
    """The tree of a query. Raises `QueryRejected`."""
    text = text.translate(QUOTES).strip()
    if not text:
        raise reject("empty")
    if len(text) > LONGEST_QUERY:
        raise reject("too_long", length=len(text), limit=LONGEST_QUERY)
    reader = _Reader(tokenise(text))
    tree = reader.read_any(0)
    reader.expect_end()
    if not finds_something(tree):
        raise reject("only_not")
    return tree


def tokenise(text: str) -> list[Token]:
    """The signs of a query. Raises `QueryRejected` at the first one that the language does not have."""
    tokens = [
        _token(match.lastgroup or "", match.group()) for match in TOKEN.finditer(text) if match.lastgroup != "space"
    ]
    while tokens and tokens[-1] == Token("operator", "OR") and text.rstrip().endswith((",", ";")):
        tokens.pop()
        text = text.rstrip()[:-1]
    if sum(token.kind == "term" for token in tokens) > MOST_TERMS:
        raise reject("too_many_terms", limit=MOST_TERMS)
    return tokens


def _token(kind: str, text: str) -> Token:
    if kind == "word":
        return _word(text)
    if kind == "phrase":
        return _phrase(text)
    if kind == "field":
        return _field(text)
    if kind == "comma":
        # People list words with commas and mean any of them.
        return Token("operator", "OR")
    if kind == "bracket":
        return Token(text, text)
    raise reject("unclosed_quote") if text == '"' else reject("unknown_sign", sign=text)


def _word(text: str) -> Token:
    # The board wants operators in capitals; a person who writes "python or golang" means the operator all the same.
    operator = OPERATORS.get(text.upper() if text.isascii() else text)
    if operator is not None:
        return Token("operator", operator)
    if len(text) > LONGEST_WORD:
        raise reject("word_too_long", limit=LONGEST_WORD)
    if not any(sign.isalnum() for sign in text):
        raise reject("unknown_sign", sign=text)
    return Token("term", text)


def _phrase(text: str) -> Token:
    words = text[1:-1].split()
    if not any(sign.isalnum() for word in words for sign in word):
        raise reject("empty_phrase")
    return Token("term", f'"{" ".join(words)}"')


def _field(text: str) -> Token:
    name = text.rstrip(": \t\r\n").upper()
    if name not in FIELDS:
        raise reject("unknown_field", field=text.rstrip(": \t\r\n"), known=", ".join(FIELDS))
    return Token("field", name)


class _Reader:
    """Recursive descent over the tokens; depth is counted so that no text can exhaust the stack."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def read_any(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise reject("too_deep", limit=DEEPEST)
        parts = [self._read_all(depth)]
        while self._take("operator", "OR"):
            parts.append(self._read_all(depth))
        return _group("OR", parts)

    def expect_end(self) -> None:
        if self._peek() is not None:
            raise reject("stray_bracket")

    def _read_all(self, depth: int) -> Node:
        parts = [self._read_single(depth)]
        while True:
            is_joined = self._take("operator", "AND")
            token = self._peek()
            ends = token is None or token.kind == ")" or token == Token("operator", "OR")
            if ends and not is_joined:
                return _group("AND", parts)
            parts.append(self._read_single(depth))

    def _read_single(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise reject("too_deep", limit=DEEPEST)
        token = self._peek()
        if token is None:
            raise self._cut_short()
        self._at += 1
        if token.kind == "term":
            return Term(token.text)
        if token.kind == "(":
            return self._read_bracket(depth)
        if token.kind == "field" or token.text == "NOT":
            return Group(token.text, (self._read_single(depth + 1),))
        raise reject("stray_bracket") if token.kind == ")" else reject("operator_alone", operator=token.text)

    def _read_bracket(self, depth: int) -> Node:
        inside = self.read_any(depth + 1)
        if not self._take(")", ")"):
            raise reject("unclosed_bracket")
        return inside

    def _cut_short(self) -> QueryRejected:
        last = self._tokens[-1] if self._tokens else Token("term", "")
        if last.kind == "(":
            return reject("unclosed_bracket")
        return reject("operator_alone", operator=last.text)

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, kind: str, text: str) -> bool:
        if self._peek() != Token(kind, text):
            return False
        self._at += 1
        return True


def _group(operator: str, parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else Group(operator, tuple(parts))


def finds_something(node: Node) -> bool:
    """Whether it asks for anything at all: a query that only excludes would bring the whole board."""
    if isinstance(node, Term):
        return True
    if node.operator == "NOT":
        return False
    if node.operator == "OR":
        return all(finds_something(part) for part in node.parts)
    return any(finds_something(part) for part in node.parts)


def write(node: Node) -> str:
    """The canonical text of a tree."""
    if isinstance(node, Term):
        return node.text
    if node.operator == "OR":
        return " OR ".join(_inside(part, ("OR",)) for part in node.parts)
    if node.operator == "AND":
        return " AND ".join(_inside(part, ("OR", "AND")) for part in node.parts)
    sign = "NOT " if node.operator == "NOT" else f"{node.operator}:"
    return sign + _inside(node.parts[0], ("OR", "AND"))


def _inside(node: Node, bracketed: tuple[str, ...]) -> str:
    text = write(node)
    return f"({text})" if isinstance(node, Group) and node.operator in bracketed else text
