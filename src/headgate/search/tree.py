"""The tree of a search."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Operator = Literal["=", "!=", "~", "!~", ">", "<", ">=", "<="]


@dataclass(frozen=True, slots=True)
class Text:
    """A name or value and where it stands in the search."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Words:
    """A bare word or a phrase in quotes: looked for in the default fields.

    A bare word that names a boolean field says that it is true.
    """

    words: Text
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`; without a field, any of the default ones."""

    field: Text | None
    operator: Operator
    value: Text


@dataclass(frozen=True, slots=True)
class Membership:
    """`field ^ (a, b)`; without a field, any of the default ones."""

    field: Text | None
    values: Sequence[Text]
    negated: bool


@dataclass(frozen=True, slots=True)
class Presence:
    """`has field` or, negated, `null? field`."""

    field: Text
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a term."""

    term: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """All of the terms."""

    terms: Sequence["Node"]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the terms."""

    terms: Sequence["Node"]


Node: TypeAlias = Words | Comparison | Membership | Presence | Not | And | Or
