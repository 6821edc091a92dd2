"""Lists: search, order and pages of what an actor may see, in at most two statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import Column, ColumnElement, ScalarSelect, Table, func, literal, select

from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.search import Field, Fields, SearchError, condition
from headgate.services.access import Actor, AnyRow, AnySelect, scoped
from headgate.services.completion import Completed, Suggestion, complete
from headgate.services.platform.setting_values import stored, value_of
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import within
from headgate.stores.db.tables import organizations

DEFAULT_PER_PAGE: Final = 20
MOST_PER_PAGE: Final = 2**32  # what the collection asks for when it wants everything
_HIGHEST_OFFSET: Final = 2**62
_PER_PAGE: Final = "entries_per_page"
# So many keys are read in a millisecond or two.
_FEW: Final = 2_000
# Rows read in a row while one is looked up by what an index says of it (SQLite: 0.25 and 1.5 us).
_OUT_OF_PLACE: Final = 8


@dataclass(frozen=True, slots=True)
class Window:
    """What of a list is asked for; `per_page` is None for all of it."""

    search: str | None = None
    page: int = 1
    per_page: int | None = DEFAULT_PER_PAGE
    usual: bool = False  # nobody said how many a page: as many as the setting says
    order: str | None = None  # "name DESC"
    sort_by: str | None = None
    sort_order: str | None = None
    # Not the rows are asked for, but what the search may go on with, by this one.
    completing: Actor | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """How things of one kind are searched and sorted.

    `sorts` names the columns that a list may be ordered by, beside the searchable ones that are
    plain columns; ties are broken by the key, the newest first.
    """

    key: ColumnElement[Any]
    fields: Fields
    default_sort: tuple[str, str] = ("name", "asc")
    sorts: Mapping[str, ColumnElement[Any]] = field(default_factory=dict[str, ColumnElement[Any]])

    def with_further(self, further: Mapping[str, Field]) -> "Catalog":
        """Return the same with further fields to search by: such as depend on who asks."""
        return replace(self, fields=self.fields.with_further(further))

    def column_of(self, name: str) -> ColumnElement[Any]:
        """Return what to sort by; ValidationError for names that are not offered."""
        found = self.sorts.get(name)
        if found is None:
            found = self.fields.sortable(name)
        if found is None:
            raise ValidationError({"sort_by": [f"cannot be {name[:64]}"]})
        return found


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list. `error` tells why a search found nothing: it could not be read.

    `suggestions` are what a window that is `completing` asked for, instead of rows.
    """

    rows: Sequence[AnyRow]
    total: int
    subtotal: int
    window: Window
    sort_by: str
    sort_order: str
    error: str | None = None
    suggestions: Sequence[Suggestion] = ()


def page(
    tx: Transaction,
    query: AnySelect,
    *,
    catalog: Catalog,
    window: Window,
    clock: Clock,
    strict: bool = False,
    held: BitMap | None = None,
) -> Listed:
    """Return the asked-for page of `query`, which is narrowed to what may be seen already.

    With `held` it is not: only rows with these keys are listed, and each of them has one.
    An unreadable search gives an empty page with `error`, or raises SearchError if `strict`.
    Two statements: one for both counts (and how many a page has), one for the rows. After a search
    of what is held, what was found too often to be noted is counted with the rows.
    """
    sort_by, sort_order = _sort(window, catalog)
    every = _Rows(tx, query, catalog, held, known=held is not None and query.whereclause is None)
    if window.completing is not None:
        suggested = complete(
            tx,
            Completed(every.narrowed(), catalog.key, catalog.fields),
            actor=window.completing,
            text=window.search or "",
        )
        return Listed((), 0, 0, window, sort_by, sort_order, suggestions=suggested)
    ordered_by = catalog.column_of(sort_by)
    searched, error = None, None
    try:
        if window.search and window.search.strip():
            searched = condition(window.search, catalog.fields, now=clock())
    except SearchError as unreadable:
        if strict:
            raise
        error = unreadable
    found = _found(tx, every, searched)
    if window.usual:
        window = replace(window, per_page=value_of(_PER_PAGE, found.kept))
    if error is not None:
        return Listed((), found.total, 0, window, sort_by, sort_order, error=error.message)
    direction = ordered_by.desc() if sort_order == "desc" else ordered_by.asc()
    final = found.rows.narrowed(tested=found.quick_to_walk(ordered_by, window))
    rows, subtotal = _read(tx, found, _cut(final.order_by(direction, catalog.key.desc()), window))
    return Listed(rows, found.total, subtotal, window, sort_by, sort_order)


def where_equal(query: AnySelect, table: Table, **values: object) -> AnySelect:
    """Narrow to rows with these values; a value of None narrows nothing.

    For the plain `name`, `label` ... parameters by which clients look things up.
    """
    given = {column: value for column, value in values.items() if value is not None}
    return query.where(*(table.c[column] == value for column, value in given.items()))


def of_organizations(
    query: AnySelect,
    actor: Actor,
    table: Table,
    *,
    organization_id: int | None = None,
    **values: object,
) -> AnySelect:
    """Narrow rows of a table to what the actor may see (of one organization) and to `where_equal`.

    The name and the label of its organization are added to each.
    """
    owner = organizations.c
    joined = query.join(organizations, owner.id == table.c.organization_id).add_columns(
        owner.name.label("organization_name"), owner.label.label("organization_label")
    )
    return where_equal(
        scoped(joined, actor, table, organization_id=organization_id), table, **values
    )


def _sort(window: Window, catalog: Catalog) -> tuple[str, str]:
    by, direction = window.sort_by, window.sort_order
    if window.order:
        first, _, rest = window.order.strip().partition(" ")
        by, direction = first, rest.strip() or None
    default_by, default_direction = catalog.default_sort
    if not by:
        return default_by, _direction(direction or default_direction)
    return by, _direction(direction or "asc")


def _direction(text: str) -> str:
    if text.lower() not in ("asc", "desc"):
        raise ValidationError({"sort_order": ["must be ASC or DESC"]})
    return text.lower()


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a query selects, of what is held; `known` when that is all of what is held."""

    tx: Transaction
    query: AnySelect
    catalog: Catalog
    held: BitMap | None
    known: bool

    def narrowed(self, *, tested: bool = False) -> AnySelect:
        """Return the query for what is held."""
        if self.held is None:
            return self.query
        return self.query.where(within(self.tx, self.catalog.key, self.held, tested=tested))

    def where(self, searched: ColumnElement[bool]) -> "_Rows":
        """Return what the condition leaves."""
        return replace(self, query=self.query.where(searched), known=False)

    def of(self, keys: Iterable[int]) -> "_Rows":
        """Return those with these keys, which are some of them."""
        return replace(self, held=BitMap(keys), known=True)

    @property
    def count(self) -> int | ScalarSelect[int]:
        """How many there are, or what counts them."""
        if self.known and self.held is not None:
            return len(self.held)
        return select(func.count()).select_from(self.keys.subquery()).scalar_subquery()

    @property
    def keys(self) -> AnySelect:
        """The query for keys alone.

        Where nearly every row is held, an index that has all that is asked for is read instead of
        the rows (of a million packages: 70 MB instead of 400).
        """
        nearly_all = bool(self.held) and len(self.held) * 4 > self.held.max() * 3
        return self.narrowed(tested=nearly_all).with_only_columns(self.catalog.key).order_by(None)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a list shows pages of. `least` is how many there are, and more unless `exactly` so."""

    rows: _Rows
    total: int
    least: int
    exactly: bool
    kept: str | None  # of the setting that says how many a page has

    def quick_to_walk(self, ordered_by: ColumnElement[Any], window: Window) -> bool:
        """Whether the page is reached sooner in the order of an index than among what is held.

        A row that is not wanted is passed by for every wanted one, as many times as there are rows
        in all; and to look at one out of its place takes as long as to read several in a row.
        """
        held = self.rows.held
        if not held or not self.least or window.per_page is None:
            return False
        if not isinstance(ordered_by, Column):
            return False
        table: Table = ordered_by.table
        if not any(index.expressions[0] is ordered_by for index in table.indexes):
            return False
        passed = min(window.page * window.per_page, self.least) * held.max() // self.least
        return passed * _OUT_OF_PLACE < len(held)


def _found(tx: Transaction, every: _Rows, searched: ColumnElement[bool] | None) -> _Found:
    """Count what there is and what is found; what is found of what is held is noted, if few."""
    kept = stored(_PER_PAGE).label("kept")
    total = every.count
    if searched is not None and every.held is not None:
        rows = every.where(searched)
        few = rows.keys.add_columns(kept, _labelled(total, "total"))
        noted = tx.execute(few.limit(_FEW + 1)).all()
        if noted:
            exactly = len(noted) <= _FEW
            rows = every.of(row[0] for row in noted) if exactly else rows
            return _Found(rows, noted[0].total, len(noted), exactly, noted[0].kept)
    rows = every if searched is None else every.where(searched)
    subtotal = 0 if searched is not None and every.held is not None else rows.count
    counts = _labelled(total, "total"), _labelled(subtotal, "subtotal")
    row = tx.execute(select(kept, *counts)).one()
    return _Found(rows, row.total, row.subtotal, exactly=True, kept=row.kept)


def _labelled(count: int | ScalarSelect[int], name: str) -> ColumnElement[int]:
    return (literal(count) if isinstance(count, int) else count).label(name)


def _read(tx: Transaction, found: _Found, query: AnySelect) -> tuple[Sequence[AnyRow], int]:
    """Return the rows of a page, and how many there are on all pages."""
    if found.exactly:
        return (tx.execute(query).all() if found.least else ()), found.least
    count = found.rows.count
    rows = tx.execute(query.add_columns(_labelled(count, "on_all_pages"))).all()
    if rows:
        return rows, rows[0].on_all_pages
    return (), tx.execute(select(_labelled(count, "on_all_pages"))).scalar_one()


def _cut(query: AnySelect, window: Window) -> AnySelect:
    if window.per_page is None:
        return query
    offset = min((window.page - 1) * window.per_page, _HIGHEST_OFFSET)
    return query.limit(window.per_page).offset(offset)
