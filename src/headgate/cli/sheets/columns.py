"""Between a cell and what the API says and takes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from headgate.cli.errors import REFUSED, CellError, CliError
from headgate.cli.options import split
from headgate.cli.output import value_at
from headgate.cli.plain import fields_of, members_of
from headgate.cli.sheets.book import Book
from headgate.cli.sheets.cells import joined
from headgate.cli.sheets.nouns import Column

Json = Mapping[str, Any]

_TRUE: Final = frozenset({"yes", "true", "1", "y", "t", "on"})
_FALSE: Final = frozenset({"no", "false", "0", "n", "f", "off"})
_ON: Final = frozenset({"1", "yes", "true", "enabled"})
_OFF: Final = frozenset({"0", "no", "false", "disabled"})
_NO_OVERRIDE: Final = "default"
_TIME: Final = "%Y-%m-%d %H:%M:%S UTC"


class Cells(NamedTuple):
    """Writes and reads the cells of one organization's things."""

    book: Book
    organization_id: int

    def shown(self, row: Json, column: Column) -> str:
        """Return what a cell says of a thing."""
        if column.kind == "secret" or (column.only_if and not row.get(column.only_if)):
            return ""
        value = value_at(row, column.shown)
        if column.kind == "many":
            return joined(sorted(self._name(column, each) for each in members_of(value) or ()))
        if column.kind == "texts":
            members = members_of(value)
            return joined(split(value or "") if members is None else map(str, members))
        if value is None:
            return ""
        return self._name(column, value) if column.kind == "one" else _said(value, column)

    def same(self, cell: str, column: Column) -> str:
        """Return the cell in the words of `shown`; CellError if it says nothing that can be."""
        if column.kind in ("text", "secret", "one"):
            return cell
        cell = cell.strip()
        if column.kind == "many":
            return joined(sorted(set(split(cell))))
        if column.kind == "texts":
            return joined(split(cell))
        if column.kind == "flag":
            return _flag(cell, column)
        return _plain(cell, column) if cell else ""

    def sent(self, cell: str, column: Column) -> Any:
        """Return what the API is told for a cell (in the words of `shown`).

        CellError if it names something that is not there.
        """
        if column.kind == "one":
            return self._id(column, cell) if cell else None
        if column.kind == "many":
            return [self._id(column, name) for name in split(cell)]
        if column.kind == "texts":
            return split(cell)
        if column.kind == "yes":
            return cell == "yes"
        if column.kind == "limit":
            return int(cell) if cell else None
        return cell

    def _name(self, column: Column, value: Any) -> str:
        fields = fields_of(value)
        key: int = value if fields is None else fields["id"]
        return self.book.name_of(column.of, self.organization_id, key)

    def _id(self, column: Column, name: str) -> int:
        try:
            return self.book.id_of(column.of, self.organization_id, name)
        except CliError as error:
            raise CellError(column.title, error.message, error.code) from error


def body_of(values: Sequence[tuple[Column, Any]]) -> dict[str, Any]:
    """Return the object that sets these columns."""
    body: dict[str, Any] = {}
    for column, value in values:
        *outer, name = column.sent.split(".")
        inner = body
        for each in outer:
            inner = inner.setdefault(each, {})
        if column.kind == "limit":
            inner["unlimited_hosts"] = value is None
        if column.kind != "limit" or value is not None:
            inner[name] = value
    return body


def _said(value: Any, column: Column) -> str:
    if column.kind == "flag":
        return _flag(str(value), column)
    return ("yes" if value else "no") if column.kind == "yes" else str(value)


def _plain(cell: str, column: Column) -> str:
    if column.kind == "yes":
        if cell.lower() in _TRUE | _FALSE:
            return "yes" if cell.lower() in _TRUE else "no"
        raise CellError(column.title, f"it is yes or no, not '{cell}'", REFUSED)
    try:
        if column.kind == "time":
            moment = datetime.fromisoformat(cell.removesuffix(" UTC"))
            known = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            return known.astimezone(UTC).strftime(_TIME)
        return str(int(cell))
    except (ValueError, OverflowError):
        what = "a time such as 2030-01-31 02:00:00 UTC" if column.kind == "time" else "a number"
        raise CellError(column.title, f"it is {what}, not '{cell}'", REFUSED) from None


def _flag(cell: str, column: Column) -> str:
    """Return what an override says; those that are on or off may be written in several ways."""
    word = cell.lower()
    if word == _NO_OVERRIDE:
        raise CellError(column.title, "a sheet removes no overrides", REFUSED)
    if word in _ON | _OFF:
        return "1" if word in _ON else "0"
    return cell
