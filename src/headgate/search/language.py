"""The language of scoped searches, as clients of Foreman write them (katello.md 2.4).

    sequence   = chain { [","] chain }                        every one of them holds
    chain      = term { ("and" | "&" | "or" | "|") term }     nested to the right
    term       = { "not" | "!" | "-" } ( "(" sequence ")" | presence | comparison | words )
    presence   = ("has" | "set?" | "null?") name
    comparison = [name] operator value | [name] ["not"] "in" values
    operator   = "=" "==" "!=" "<>" "<" ">" "<=" ">=" "~" "!~" "before" "after" "at"
    values     = "(" { value [","] } ")" | value { "," value }; "^" is "in", "!^" is "not in"

`and` and `or` bind alike: `a and b or c` is `a and (b or c)`, as it is in Foreman; what stands side
by side or behind a comma binds least, so `a b or c` is the same. Names and values may be quoted. An
unquoted value ends at white space, a comma, a parenthesis, `&` or `|`.

Read by hand: which word is a name, an operator or a value depends on where it stands, and the
place of a fault is told exactly.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from headgate.search import tokens
from headgate.search.errors import SearchError
from headgate.search.tokens import Reader, unescaped
from headgate.search.tree import And, Comparison, Membership, Node, Not, Or, Presence, Text, Words

LONGEST: Final = 20_000  # characters
_DEEPEST: Final = 30  # terms within each other: databases and Python's own stack are bounded
_MOST_TERMS: Final = 200  # SQLite refuses expressions of depth 1000
_MOST_VALUES: Final = 5_000

_SYNONYMS: Final = {"==": "=", "<>": "!=", "before": "<", "after": ">", "at": "="}


def parse(text: str) -> Node:
    """Return the tree of a search; SearchError if it cannot be read or is too large."""
    refuse_unwritable(text)
    return _Parser(text).search()


def refuse_unwritable(text: str) -> None:
    """Raise SearchError for a text that is too long, or that no database can hold."""
    if len(text) > LONGEST:
        raise SearchError(f"The search is longer than {LONGEST} characters", position=LONGEST)
    if "\0" in text:
        raise SearchError("The search contains a null character", position=text.index("\0"))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SearchError(
            "The search contains half of a character", position=error.start
        ) from error


class _Parser:
    """Reads a text from left to right."""

    def __init__(self, text: str) -> None:
        self._reader = Reader(text)
        self._depth = 0
        self._terms = 0
        self._values = 0

    def search(self) -> Node:
        found = self._sequence()
        if not self._reader.ended:
            raise self._reader.unreadable()
        if _depth_of(found) > _DEEPEST:
            raise _too_deep(0)
        return found

    def _sequence(self) -> Node:
        chains = [self._chain()]
        while not self._reader.ended and not self._reader.sees(tokens.CLOSE):
            self._reader.take(tokens.COMMA)
            chains.append(self._chain())
        return _joined(And, chains)

    def _chain(self) -> Node:
        terms, kinds = [self._term()], list[type[And] | type[Or]]()
        while True:
            if self._reader.take(tokens.AND):
                kinds.append(And)
            elif self._reader.take(tokens.OR):
                kinds.append(Or)
            else:
                break
            terms.append(self._term())
        found = terms.pop()
        while terms:
            found = _joined(kinds.pop(), [terms.pop(), found])
        return found

    def _term(self) -> Node:
        negations = 0
        while self._reader.take(tokens.NOT):
            negations += 1
            if negations > _DEEPEST:
                raise _too_deep(self._reader.at)
        found = self._nested() if self._reader.sees(tokens.OPEN) else self._single()
        return Not(found) if negations % 2 else found

    def _nested(self) -> Node:
        self._reader.take(tokens.OPEN)
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _too_deep(self._reader.at)
        found = self._sequence()
        if not self._reader.take(tokens.CLOSE):
            raise self._reader.unreadable()
        self._depth -= 1
        return found

    def _single(self) -> Node:
        self._terms += 1
        if self._terms > _MOST_TERMS:
            raise SearchError("The search has too many terms", position=self._reader.at)
        if self._reader.take(tokens.HAS):
            return Presence(self._name(), negated=False)
        if self._reader.take(tokens.NULL):
            return Presence(self._name(), negated=True)
        if self._reader.take(tokens.NOT_IN_ALONE):
            return Membership(None, self._members(), negated=True)
        if self._reader.take(tokens.IN_ALONE):
            return Membership(None, self._members(), negated=False)
        if operator := self._reader.take(tokens.OPERATOR):
            return Comparison(None, _operator(operator), self._value())
        quoted = self._reader.sees(tokens.QUOTED)
        return self._said_of(self._name(), quoted=quoted)

    def _said_of(self, name: Text, *, quoted: bool) -> Node:
        if self._reader.take(tokens.NOT_IN):
            return Membership(name, self._members(), negated=True)
        if self._reader.take(tokens.IN):
            return Membership(name, self._members(), negated=False)
        if operator := self._reader.take(tokens.OPERATOR):
            return Comparison(name, _operator(operator), self._value())
        return Words(name, quoted)

    def _members(self) -> Sequence[Text]:
        found: list[Text] = []
        if not self._reader.take(tokens.OPEN):
            found.append(self._value())
            while self._reader.take(tokens.FURTHER):
                found.append(self._value())
            return found
        while not self._reader.take(tokens.CLOSE):
            if found:
                self._reader.take(tokens.COMMA)
            found.append(self._value())
        return found

    def _name(self) -> Text:
        return self._text_of(tokens.WORD)

    def _value(self) -> Text:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise SearchError("The search has too many values", position=self._reader.at)
        return self._text_of(tokens.VALUE)

    def _text_of(self, bare: re.Pattern[str]) -> Text:
        start = self._reader.skip_space()
        if quoted := self._reader.take(tokens.QUOTED):
            return Text(unescaped(quoted[1:-1]), start)
        if plain := self._reader.take(bare):
            return Text(plain, start)
        raise self._reader.unreadable()


def _joined(kind: type[And] | type[Or], nodes: Sequence[Node]) -> Node:
    """Join nodes; those that are joined so already are taken apart, to nest less."""
    if len(nodes) == 1:
        return nodes[0]
    terms: list[Node] = []
    for node in nodes:
        terms.extend(node.terms if isinstance(node, kind) else [node])
    return kind(terms)


def _depth_of(node: Node) -> int:
    if isinstance(node, And | Or):
        return 1 + max(_depth_of(term) for term in node.terms)
    return 1 + _depth_of(node.term) if isinstance(node, Not) else 0


def _too_deep(position: int) -> SearchError:
    return SearchError("The search is nested too deeply", position=position)


def _operator(found: str) -> Any:
    return _SYNONYMS.get(found.lower(), found)
