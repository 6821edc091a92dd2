"""What a resource lets itself be searched by."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Column, ColumnElement, FromClause, Select, false, select

from headgate.search.errors import SearchError
from headgate.search.tree import Text

# A `value` is a text that is put in order as a number, where it is one.
Kind = Literal["text", "value", "integer", "boolean", "datetime"]
Compare = Callable[[str, str], ColumnElement[bool]]
AnySelect: TypeAlias = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Related:
    """The way from related things to the listed ones.

    `key` is a column of the listed things and `link` the one that refers to it from beside them;
    `joins` lead on from there to what is compared, and only rows that meet `where` count. As a
    Field's `within` it finds the listed things; `values` goes the other way. What is their `own`,
    such as the facts of a host, exists for everybody for whom they exist.
    """

    key: ColumnElement[Any]
    link: ColumnElement[Any]
    joins: Sequence[tuple[FromClause, ColumnElement[bool]]] = ()
    where: Sequence[ColumnElement[bool]] = ()
    own: bool = False

    def __call__(self, compared: ColumnElement[bool]) -> ColumnElement[bool]:
        """Listed things with a related one of which this holds."""
        return self.key.in_(self._rows(self.link).where(compared))

    def values(self, column: ColumnElement[Any], listed: AnySelect) -> AnySelect:
        """Select what a column of related things holds beside the things that are `listed`."""
        keys = listed.with_only_columns(self.key).order_by(None)
        return self._rows(column).where(self.link.in_(keys))

    def _rows(self, column: ColumnElement[Any]) -> AnySelect:
        found: AnySelect = select(column).select_from(_table_of(self.link))
        for table, condition in self.joins:
            found = found.join(table, condition)
        return found.where(*self.where)


@dataclass(frozen=True, slots=True)
class Field:
    """One searchable field.

    `column` is what is compared. For things related to the listed ones, `within` wraps the
    comparison in the way from there to here; its opposite then means that no related thing compares
    so. `compare(operator, value)` replaces all of this where a field has an order of its own.
    `default` fields are searched for bare words. `keyed` fields have a field for every key:
    `facts.kernel` is what `keyed("kernel")` returns, and the plain name means any key; `keys` is
    the field of the keys themselves. `parts` are what a column is put together of with `-`, `.` or
    `:` between: what is sought without any of these is in one of them, and is found there in half
    the time.

    `read` returns the field that is meant, and is called only when it is searched by or completed:
    for fields that take a statement. `offered` returns the values that may be suggested, where they
    are not those of the column.
    """

    column: ColumnElement[Any]
    kind: Kind = "text"
    default: bool = False
    within: Callable[[ColumnElement[bool]], ColumnElement[bool]] | None = None
    compare: Compare | None = None
    keyed: "Callable[[str], Field] | None" = None
    keys: "Field | None" = None
    read: "Callable[[], Field] | None" = None
    offered: Callable[[], Iterable[str]] | None = None
    parts: Sequence[ColumnElement[str]] = ()

    @property
    def meant(self) -> "Field":
        """The field that is searched by."""
        return self if self.read is None else self.read()


@dataclass(frozen=True, slots=True)
class Fields:
    """The searchable fields of a resource by name; names are matched without case."""

    by_name: Mapping[str, Field]

    def named(self, name: Text) -> Field:
        """Return the field that is meant; SearchError if it is not offered."""
        found = self.find(name.text)
        if found is None:
            raise SearchError(
                f"Field '{name.text[:100]}' not recognized for searching!", position=name.position
            )
        return found.meant

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

    def with_further(self, further: Mapping[str, Field]) -> "Fields":
        """Return these fields and further ones."""
        return Fields({**self.by_name, **further})

    @property
    def defaults(self) -> Sequence[Field]:
        """The fields in which bare words are looked for."""
        return [field for field in self.by_name.values() if field.default]

    def sortable(self, name: str) -> ColumnElement[Any] | None:
        """Return what a list is ordered by under this name, if it is a column of its own."""
        field = self.by_name.get(name)
        plain = field is not None and field.within is None and isinstance(field.column, Column)
        return field.column if field is not None and plain else None


def _table_of(column: ColumnElement[Any]) -> FromClause:
    table: FromClause = column.table
    return table


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
