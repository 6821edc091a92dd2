"""The grammar of scoped searches, as clients of Foreman write them (katello.md 2.4).

`name = x`, `a="x",b="y"` (a comma joins like `and`), `a b` (so does nothing at all), `not`, `!`,
`-`, `or`, `|`, parentheses, lists with `^` or `in`, `has field`, `null? field`, bare words.
An unquoted value ends at white space, a comma, a parenthesis, `&` or `|`.
"""

from typing import Any, Final

from lark import (
    Lark,
    Token,
    Transformer,
    UnexpectedInput,
    UnexpectedToken,
    v_args,  # type: ignore[reportUnknownVariableType] - lark is typed in part
)
from lark.exceptions import VisitError

from headgate.search.errors import SearchError
from headgate.search.tree import And, Comparison, Membership, Node, Not, Or, Presence, Text, Words

LONGEST: Final = 20_000  # characters
_DEEPEST: Final = 50  # parentheses within each other
_MOST_TERMS: Final = 200  # SQLite refuses expressions of depth 1000
_MOST_VALUES: Final = 5_000

_GRAMMAR: Final = r"""
    start: any

    ?any: all (_OR all)*
    ?all: term (_joined? term)*
    _joined: _AND | _COMMA

    ?term: _NOT term           -> negation
        | "(" any ")"
        | WORD OPERATOR value  -> comparison
        | WORD _IN values      -> within
        | WORD _NOT_IN values  -> without
        | _HAS WORD            -> present
        | _NULL WORD           -> absent
        | WORD                 -> word
        | QUOTED               -> phrase

    value: VALUE | QUOTED
    values: "(" [value (_COMMA value)*] ")" | value

    _OR.4: /(or(?![^\s()])|\|\|?)/i
    _AND.4: /(and(?![^\s()])|&&?)/i
    _NOT_IN.6: /(not\s+in(?=[\s(])|!\^)/i
    _IN.5: /(in(?=[\s(])|\^)/i
    _NOT.3: /(not(?=[\s(])|!|-)/i
    _HAS.4: /(has|set\?)(?=\s)/i
    _NULL.4: /null\?(?=\s)/i
    _COMMA: ","
    OPERATOR.5: /!=|<>|>=|<=|!~|=|~|<|>/

    QUOTED.2: /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/s
    WORD: /[^\s()",'=<>~!^&|\-][^\s()",=<>~!^&|]*/
    VALUE: /[^\s()",'&|][^\s(),&|]*/

    %ignore /\s+/
"""


def parse(text: str) -> Node:
    """Return the tree of a search; SearchError if it cannot be read or is too large."""
    if len(text) > LONGEST:
        raise SearchError(f"The search is longer than {LONGEST} characters", position=LONGEST)
    if "\0" in text:
        raise SearchError("The search contains a null character", position=text.index("\0"))
    _refuse_depth(text)
    try:
        return _Builder().transform(_PARSER.parse(text))  # type: ignore[reportUnknownMemberType] - lark is typed in part
    except UnexpectedInput as error:
        raise _unreadable(text, error) from error
    except RecursionError as error:
        raise SearchError("The search is nested too deeply", position=0) from error
    except VisitError as error:
        if isinstance(error.orig_exc, SearchError):
            raise error.orig_exc from error
        raise


def _refuse_depth(text: str) -> None:
    """Count parentheses before parsing; those within quotes count, too."""
    depth = 0
    for position, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            depth = max(depth - 1, 0)
        if depth > _DEEPEST:
            raise SearchError("The search is nested too deeply", position=position)


def _unreadable(text: str, error: UnexpectedInput) -> SearchError:
    position: int = error.pos_in_stream or 0
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":  # type: ignore[reportUnknownMemberType] - lark is typed in part
        return SearchError("The search ends too early", position=len(text))
    near = text[position : position + 20]
    return SearchError(
        f"The search cannot be read at character {position}: {near}", position=position
    )


@v_args(inline=True)  # type: ignore[reportUnknownArgumentType] - lark is typed in part
class _Builder(Transformer[Token, Node]):
    """Makes the tree from what the grammar found."""

    def __init__(self) -> None:
        super().__init__()
        self._terms = 0
        self._values = 0

    def start(self, node: Node) -> Node:
        return node

    def any(self, *terms: Node) -> Node:
        return Or(terms)

    def all(self, *terms: Node) -> Node:
        return And(terms)

    def negation(self, term: Node) -> Node:
        self._count(0)
        return Not(term)

    def comparison(self, field: Token, operator: Token, value: Text) -> Node:
        self._count(operator.start_pos)
        symbol: Any = "!=" if operator == "<>" else str(operator)
        return Comparison(_text(field), symbol, value)

    def within(self, field: Token, values: list[Text]) -> Node:
        self._count(field.start_pos)
        return Membership(_text(field), values, negated=False)

    def without(self, field: Token, values: list[Text]) -> Node:
        self._count(field.start_pos)
        return Membership(_text(field), values, negated=True)

    def present(self, field: Token) -> Node:
        self._count(field.start_pos)
        return Presence(_text(field), negated=False)

    def absent(self, field: Token) -> Node:
        self._count(field.start_pos)
        return Presence(_text(field), negated=True)

    def word(self, word: Token) -> Node:
        self._count(word.start_pos)
        return Words(_text(word))

    def phrase(self, quoted: Token) -> Node:
        self._count(quoted.start_pos)
        return Words(_text(quoted))

    def value(self, value: Token) -> Text:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise SearchError("The search has too many values", position=value.start_pos or 0)
        return _text(value)

    def values(self, *values: Text | None) -> list[Text]:
        return [value for value in values if value is not None]

    def _count(self, position: int | None) -> None:
        self._terms += 1
        if self._terms > _MOST_TERMS:
            raise SearchError("The search has too many terms", position=position or 0)


def _text(token: Token) -> Text:
    text = str(token)
    if token.type == "QUOTED":
        text = _unescaped(text[1:-1])
    return Text(text, token.start_pos or 0)


def _unescaped(text: str) -> str:
    r"""Take `\"` for `"` and `\\` for `\`; other backslashes stand for themselves."""
    found: list[str] = []
    escaped = False
    for character in text:
        if escaped:
            found.append(character if character in "\"'\\" else "\\" + character)
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            found.append(character)
    return "".join(found)


_PARSER: Final = Lark(_GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=True)
