"""The one way from the ids of a request to rows.

Tenants are separated here by construction: every id in a path, a query or a nested body goes
through `load`, `load_many` or `require_visible`, every list through `scoped`. Things of another
organization and things that do not exist are told apart by nobody.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Integer, Row, Select, Table, select

from headgate.domain.errors import ConflictError, NotFoundError
from headgate.services.actor import Actor, lacking
from headgate.services.kinds import KIND_OF_TABLE, TABLE_OF_ID, Kind
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import organizations, tasks

# The range of an id column on every database; anything else names nothing.
_HIGHEST_ID = 2**31 - 1
_LONGEST_KEY = 64
_LONGEST_NAME = 255

# A select and a row of any columns.
AnySelect: TypeAlias = Select[*tuple[Any, ...]]
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
SelectT = TypeVar("SelectT", bound=AnySelect)


def missing(id_type: object, key: object) -> NotFoundError:
    """Return the error for a parameter of this type that names nothing the actor may see."""
    table = TABLE_OF_ID.get(id_type)
    kind = Kind("content", tasks) if table is None else KIND_OF_TABLE[table]
    return kind.missing(key)


def load(
    tx: Transaction,
    actor: Actor,
    table: Table,
    key: object,
    *,
    permission: str | None = None,
    organization_id: int | None = None,
) -> Row[Any]:
    """Return the row with this id.

    NotFoundError if there is none, it is another organization's or not of `organization_id`;
    PermissionDeniedError if the actor sees it but lacks `permission` in its organization.
    """
    (row,) = load_many(tx, actor, table, [key], permission=permission)
    if organization_id is not None and row.organization_id != organization_id:
        raise KIND_OF_TABLE[table].missing(key)
    return row


def load_many(
    tx: Transaction,
    actor: Actor,
    table: Table,
    keys: Sequence[object],
    *,
    permission: str | None = None,
) -> list[Row[Any]]:
    """Return the rows with these ids in their order; the whole call fails if any one would."""
    kind = KIND_OF_TABLE[table]
    found: dict[object, Row[Any]] = {}
    for batch in batched(_checked(kind, keys)):
        query = select(table).where(kind.key.in_(batch), kind.visible_to(actor))
        found.update((row.id, row) for row in tx.execute(query))
    rows = [_taken(kind, found, key) for key in keys]
    if permission is not None:
        require_for(tx, actor, table, found.values(), permission)
    return rows


def require_for(
    tx: Transaction, actor: Actor, table: Table, rows: Iterable[Row[Any]], permission: str
) -> None:
    """Raise PermissionDeniedError unless the actor holds the permission for each of these rows."""
    rows = list(rows)
    held = held_for(tx, actor, table, rows, permission)
    if any(row.id not in held for row in rows):
        raise lacking(permission)


def held_for(
    tx: Transaction, actor: Actor, table: Table, rows: Iterable[Row[Any]], permission: str
) -> frozenset[object]:
    """Return the ids of those rows of a table for which the actor holds the permission.

    Rows need their id and the column that leads to their organization.
    """
    kind = KIND_OF_TABLE[table]
    held = set[object]()
    left: list[object] = []
    for row in rows:
        organization_id = None if actor.admin else kind.organization_of(tx, row)
        whole = actor.may(permission, organization_id=organization_id)
        held.add(row.id) if whole else left.append(row.id)
    if actor.searching(permission):
        for batch in batched(left):
            query = select(kind.key).where(kind.key.in_(batch), kind.granted(actor, permission))
            held.update(tx.scalars(query))
    return frozenset(held)


def lacked(
    tx: Transaction, actor: Actor, table: Table, keys: Collection[int], permission: str
) -> str | None:
    """Return what the actor lacks to do it to all of these rows: to see them, or the permission.

    A statement or two for any number of ids; those that name nothing do not count.
    """
    if actor.admin:
        return None
    kind = KIND_OF_TABLE[table]
    for each in filter(None, (kind.view, permission)):
        held = select(kind.key).where(kind.granted(actor, each))
        others = select(kind.key).where(among(tx, kind.key, keys), kind.key.not_in(held))
        if tx.execute(others.limit(1)).first() is not None:
            return each
    return None


def find(tx: Transaction, actor: Actor, table: Table, **values: str) -> Row[Any]:
    """Return the one row with these values, such as a label that is unique over everything.

    NotFoundError as for ids.
    """
    kind = KIND_OF_TABLE[table]
    conditions = [table.c[column] == value for column, value in values.items()]
    row = tx.execute(select(table).where(*conditions, kind.visible_to(actor))).one_or_none()
    if row is None:
        words = " and ".join(f"{column} {value[:255]}" for column, value in values.items())
        raise NotFoundError(f"Could not find {kind.noun} with {words}")
    return row


def find_named(
    tx: Transaction,
    actor: Actor,
    table: Table,
    name: str,
    *,
    organization_id: int | None = None,
) -> int | None:
    """Return the id of the one thing of this name (in an organization); None if there is none.

    ConflictError if the actor sees several: names are unique in one organization only.
    """
    kind = KIND_OF_TABLE[table]
    named = select(kind.key).where(table.c.name == name[:_LONGEST_NAME]).limit(2)
    found = tx.scalars(scoped(named, actor, table, organization_id=organization_id)).all()
    if len(found) > 1:
        raise ConflictError(
            f"There is a {kind.noun} named {name[:_LONGEST_NAME]} in several organizations; use"
            " its id"
        )
    return found[0] if found else None


def require_visible(tx: Transaction, actor: Actor, table: Table, keys: Iterable[object]) -> None:
    """Raise NotFoundError unless the actor may see every one of these ids.

    Costs nothing for administrators and for organizations.
    """
    kind = KIND_OF_TABLE[table]
    wanted = _checked(kind, keys)
    if actor.admin:
        return
    if table is organizations:
        found = {key for key in wanted if key in actor.organization_ids}
    else:
        found = set[object]()
        for batch in batched(wanted):
            query = select(kind.key).where(kind.key.in_(batch), kind.visible_to(actor))
            found.update(tx.scalars(query))
    for key in wanted:
        if key not in found:
            raise kind.missing(key)


def scoped(
    query: SelectT, actor: Actor, table: Table, *, organization_id: int | None = None
) -> SelectT:
    """Narrow a select of `table` to what the actor may see (of one organization)."""
    kind = KIND_OF_TABLE[table]
    if organization_id is not None:
        if not actor.sees(organization_id):
            raise KIND_OF_TABLE[organizations].missing(organization_id)
        query = query.where(kind.in_organizations([organization_id]))
        if organization_id in kind.seen_by(actor):
            return query
    return query if actor.admin else query.where(kind.visible_to(actor))


def _checked(kind: Kind, keys: Iterable[object]) -> list[Any]:
    """Return the distinct keys; NotFoundError for values that no id column holds."""
    numeric = isinstance(kind.key.type, Integer)
    distinct = dict.fromkeys(keys)
    for key in distinct:
        if numeric:
            possible = type(key) is int and 0 < key <= _HIGHEST_ID
        else:
            possible = isinstance(key, str) and len(key) <= _LONGEST_KEY and "\0" not in key
        if not possible:
            raise kind.missing(key)
    return list(distinct)


def _taken(kind: Kind, found: Mapping[object, Row[Any]], key: object) -> Row[Any]:
    row = found.get(key)
    if row is None:
        raise kind.missing(key)
    return row
