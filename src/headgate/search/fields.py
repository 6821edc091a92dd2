"""What a resource lets itself be searched by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Column, ColumnElement, false

from headgate.search.errors import SearchError
from headgate.search.tree import Text

Kind = Literal["text", "integer", "boolean", "datetime"]
Compare = Callable[[str, str], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Field:
    """One searchable field.

    `column` is what is compared. For things related to the listed ones, `within` wraps the
    comparison in the way from there to here (`lambda c: versions.c.id.in_(select(...).where(c))`);
    its opposite then means that no related thing compares so. `compare(operator, value)` replaces
    all of this where a field has an order of its own. `default` fields are searched for bare words.
    `keyed` fields have a field for every key: `facts.kernel` is what `keyed("kernel")` returns, and
    the plain name means any key. `parts` are what a column is put together of with `-`, `.` or `:`
    between: what is sought without any of these is in one of them, and is found there in half the
    time.
    """

    column: ColumnElement[Any]
    kind: Kind = "text"
    default: bool = False
    within: Callable[[ColumnElement[bool]], ColumnElement[bool]] | None = None
    compare: Compare | None = None
    keyed: "Callable[[str], Field] | None" = None
    parts: Sequence[ColumnElement[str]] = ()


@dataclass(frozen=True, slots=True)
class Fields:
    """The searchable fields of a resource by name; names are matched without case."""

    by_name: Mapping[str, Field]

    def named(self, name: Text) -> Field:
        """Return the field; SearchError if it is not offered."""
        found = self.find(name.text)
        if found is None:
            raise SearchError(
                f"Field '{name.text[:100]}' not recognized for searching!", position=name.position
            )
        return found

    def find(self, name: str) -> Field | None:
        """Return the field of this name, or of this name and key (`facts.kernel`)."""
        plain = self.by_name.get(name.lower())
        if plain is not None:
            return plain
        base, _, key = name.partition(".")
        found = self.by_name.get(base.lower())
        if found is None or found.keyed is None or not key:
            return None
        return found.keyed(key)

    @property
    def defaults(self) -> Sequence[Field]:
        """The fields in which bare words are looked for."""
        return [field for field in self.by_name.values() if field.default]

    def sortable(self, name: str) -> ColumnElement[Any] | None:
        """Return what a list is ordered by under this name, if it is a column of its own."""
        field = self.by_name.get(name)
        plain = field is not None and field.within is None and isinstance(field.column, Column)
        return field.column if field is not None and plain else None


def checksum_field(column: Column[bytes]) -> Field:
    """Return a field over raw bytes that is compared with hex digits; only `=` can hold."""

    def compare(operator: str, value: str) -> ColumnElement[bool]:
        try:
            raw = bytes.fromhex(value)
        except ValueError:
            return false()
        return column == raw if operator == "=" else false()

    return Field(column, compare=compare)


NO_FIELDS: Final = Fields({})
