"""One change of many things: what went well, and why the rest did not (katello.md 2.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Row, Table, select

from headgate.domain.errors import (
    BadRequestError,
    ConflictError,
    PermissionDeniedError,
    ValidationError,
)
from headgate.domain.ids import ProductId, RepositoryId
from headgate.services.access import Actor, held_for, load_many
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import products, repositories

MOST: int = 10_000

Key = TypeVar("Key", int, ProductId, RepositoryId)


@dataclass(slots=True)
class Changed:
    """Which things were changed, and the errors of the others in words."""

    done: list[Row[Any]] = field(default_factory=list[Row[Any]])
    errors: list[str] = field(default_factory=list[str])

    def messages(self, success: str) -> dict[str, Any]:
        """Return Katello's `displayMessages`; `success` has a place for the number."""
        told = [success % len(self.done)] if self.done else []
        return {"displayMessages": {"success": told, "error": self.errors}}


def each(
    tx: Transaction,
    actor: Actor,
    table: Table,
    keys: Sequence[int],
    *,
    refused: str,
    change: Callable[[Row[Any]], object],
) -> Changed:
    """Make the change of every thing by itself; one that is refused leaves the others alone.

    NotFoundError for the whole if the actor may not see one of them. `refused` has a place for
    the name of a thing that the actor may see but not change.
    """
    if not keys:
        raise BadRequestError("Missing values for ids.")
    changed = Changed()
    for row in load_many(tx, actor, table, list(dict.fromkeys(keys))):
        savepoint = tx.begin_nested()
        try:
            change(row)
        except PermissionDeniedError:
            savepoint.rollback()
            changed.errors.append(refused % row.name)
        except (ConflictError, BadRequestError, ValidationError) as error:
            savepoint.rollback()
            changed.errors.append(error.message)
        else:
            savepoint.commit()
            changed.done.append(row)
    return changed


def repositories_to_sync(
    tx: Transaction, actor: Actor, keys: Sequence[RepositoryId]
) -> list[Row[Any]]:
    """Return those that have an upstream and that the actor may synchronize."""
    rows = load_many(tx, actor, repositories, list(dict.fromkeys(keys)))
    held = held_for(tx, actor, repositories, rows, "sync_products")
    return [row for row in rows if row.url and row.id in held]


def repositories_of_products(
    tx: Transaction, actor: Actor, keys: Sequence[ProductId], *, permission: str
) -> list[Row[Any]]:
    """Return the repositories with an upstream of those products that the permission holds for."""
    rows = load_many(tx, actor, products, list(dict.fromkeys(keys)))
    held = held_for(tx, actor, products, rows, permission)
    allowed = [row.id for row in rows if row.id in held]
    if not allowed:
        return []
    found = select(repositories).where(
        among(tx, repositories.c.product_id, allowed), repositories.c.url.is_not(None)
    )
    return list(tx.execute(found.order_by(repositories.c.id)))
