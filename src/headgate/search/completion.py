"""What may stand next in a search that is being typed.

The text is read as `language.py` reads it, as far as it goes; the last piece counts as unfinished
unless white space follows it. Names and operators come from the fields; the values of a field are
for the caller to look up (`Expected.field`), who knows what the asker may see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from headgate.search import tokens
from headgate.search.fields import Field, Fields
from headgate.search.language import refuse_unwritable
from headgate.search.tokens import Reader, unescaped
from headgate.search.tree import Text

JOINING: Final = ("and", "or")
PREFIXES: Final = ("not", "has")

_OPERATORS: Final = {
    "text": ("=", "!=", "~", "!~", "^", "!^"),
    "value": ("=", "!=", "~", "!~", "^", "!^", ">", "<", "<=", ">="),
    "integer": ("=", ">", "<", "<=", ">=", "!=", "^", "!^"),
    "boolean": ("=", "!="),
    "datetime": ("=", ">", "<", "<=", ">="),
}
_QUOTES: Final = ("'", '"')
_OF_OWN_ORDER: Final = ("=", "!=")
_VALUES: Final = {
    "boolean": ("true", "false"),
    "datetime": (
        *("today", "yesterday", '"1 hour ago"', '"3 days ago"', '"1 week ago"'),
        *('"1 month ago"', '"1 year ago"'),
    ),
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What may follow `kept`: one of these words, or a value of `field`, that begins as `typed`.

    `part` is where, in the text, the last part that `and` or `or` joins begins. With `base`, the
    values are the keys of a field, and follow this beginning of what was typed.
    """

    kept: str
    part: int
    typed: str = ""
    words: Sequence[str] = ()
    field: Field | None = None
    base: str = ""

    @property
    def fitting(self) -> Sequence[str]:
        """The words that begin as typed."""
        beginning = self.typed.lower()
        return [word for word in self.words if word.lower().startswith(beginning)]

    def with_value(self, value: str) -> str | None:
        """Return a value of the field as it is typed; None if it cannot be."""
        if not self.base:
            return written(value)
        return self.base + value if tokens.WORD.fullmatch(self.base + value) else None


def expected(text: str, fields: Fields) -> Expected:
    """Return what may stand next; SearchError if what is there already cannot be read."""
    refuse_unwritable(text)
    return _Reading(text, fields).to_the_end()


def written(value: str) -> str:
    """Return a value as it is typed: in quotes unless it can do without."""
    if value[:1] != "-" and tokens.VALUE.fullmatch(value) and "\\" not in value:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class _Reading:
    """Reads term after term; the one that is not finished says what may follow."""

    def __init__(self, text: str, fields: Fields) -> None:
        self._reader = Reader(text)
        self._text = text
        self._fields = fields
        self._part = 0
        self._open = 0

    def to_the_end(self) -> Expected:
        found = self._term(())
        while found is None:
            found = self._joint()
        return found

    def _joint(self) -> Expected | None:
        """Read what joins the next term, and that term."""
        while self._open and self._reader.take(tokens.CLOSE):
            self._open -= 1
        start = self._reader.skip_space()
        if self._reader.take(tokens.AND) or self._reader.take(tokens.OR):
            if self._unfinished:
                return self._next(start, (*JOINING, *self._fields.by_name))
            self._part = start
            return self._term(())
        return self._term(() if self._reader.take(tokens.COMMA) else JOINING)

    def _term(self, joining: Sequence[str]) -> Expected | None:
        while negated := self._reader.take(tokens.NOT) or self._reader.take(tokens.OPEN):
            self._open += negated == "("
            joining = ()
        start = self._reader.skip_space()
        names = tuple(self._fields.by_name)
        if self._reader.ended:
            return self._next(start, (*joining, *PREFIXES, *names))
        if self._reader.take(tokens.HAS) or self._reader.take(tokens.NULL):
            start = self._reader.skip_space()
            name = "" if self._reader.ended else self._name()
            whole = name and not self._unfinished
            return None if whole else self._keys(start, name) or self._next(start, names)
        if self._reader.take(tokens.NOT_IN_ALONE) or self._reader.take(tokens.IN_ALONE):
            return self._values(None, listed=True)
        if self._reader.take(tokens.OPERATOR):
            return self._values(None, listed=False)
        name = self._name()
        if not self._unfinished:
            return self._after(Text(name, start))
        field = self._fields.find(name)
        further = [f"{name} {each}" for each in _operators(field)] if field else []
        words = (*joining, *PREFIXES, *names, *further)
        return self._keys(start, name) or self._next(start, words)

    def _keys(self, start: int, name: str) -> Expected | None:
        """Return that the name goes on with a key, if it is of a field that has some."""
        base, dot, _ = name.partition(".")
        field = self._fields.by_name.get(base.lower())
        if not dot or field is None or field.keys is None or self._text[start:] != name:
            return None
        return Expected(self._text[:start], self._part, name, (), field.keys, base + dot)

    def _after(self, name: Text) -> Expected | None:
        """Read what follows the name of a field, or a bare word."""
        start = self._reader.skip_space()
        field = self._fields.find(name.text)
        if field is not None:
            operators = _operators(field)
            typed = self._text[start:].strip()
            if not typed and field.kind == "boolean":
                return self._next(start, (*operators, *JOINING))
            if any(each.startswith(typed) and each != typed for each in operators):
                return self._next(start, operators)
        listed = self._reader.take(tokens.NOT_IN) or self._reader.take(tokens.IN)
        if not listed and not self._reader.take(tokens.OPERATOR):
            return None
        return self._values(self._fields.named(name), listed=bool(listed))

    def _values(self, field: Field | None, *, listed: bool) -> Expected | None:
        nested = listed and bool(self._reader.take(tokens.OPEN))
        while not (nested and self._reader.take(tokens.CLOSE)):
            start = self._reader.skip_space()
            rest = self._text[start:]
            quoted = rest[:1] in _QUOTES and not self._reader.sees(tokens.QUOTED)
            if not rest or quoted or tokens.VALUE.fullmatch(rest):
                typed = unescaped(rest[1:]) if quoted else rest
                words = _VALUES.get(field.kind, ()) if field is not None else ()
                return Expected(self._text[:start], self._part, typed, words, field)
            if not (self._reader.take(tokens.QUOTED) or self._reader.take(tokens.VALUE)):
                raise self._reader.unreadable()
            further = tokens.COMMA if nested else tokens.FURTHER
            if not (listed and self._reader.take(further)) and not nested:
                return None
        return None

    @property
    def _unfinished(self) -> bool:
        """Whether the piece that was read last ends with the text."""
        return self._reader.at == len(self._text)

    def _name(self) -> str:
        if quoted := self._reader.take(tokens.QUOTED):
            return unescaped(quoted[1:-1])
        if name := self._reader.take(tokens.WORD):
            return name
        raise self._reader.unreadable()

    def _next(self, start: int, words: Sequence[str]) -> Expected:
        return Expected(self._text[:start], self._part, self._text[start:], words)


def _operators(field: Field) -> Sequence[str]:
    return _OPERATORS[field.kind] if field.compare is None else _OF_OWN_ORDER
