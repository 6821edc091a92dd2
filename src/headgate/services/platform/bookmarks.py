"""Bookmarks: searches that users keep, for themselves or for their colleagues, too.

A public one is seen by those who share an organization with its user; that of an administrator by
everybody. What it finds is found by who uses it, within what that one may see.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row, Select, delete, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import NotFoundError, PermissionDeniedError, ValidationError
from headgate.domain.ids import BookmarkId
from headgate.domain.names import check_name
from headgate.search import Field, Fields, SearchError, parse
from headgate.services.access import Actor, scoped
from headgate.services.listing import Catalog
from headgate.services.uniqueness import require_unique
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import bookmarks, users

LONGEST_QUERY: Final = 4096  # characters
_CONTROLLER: Final = re.compile(r"[a-z0-9_/]{1,64}")

BOOKMARKS: Final = Catalog(
    key=bookmarks.c.id,
    fields=Fields(
        {
            "id": Field(bookmarks.c.id, "integer"),
            "name": Field(bookmarks.c.name, default=True),
            "controller": Field(bookmarks.c.controller),
            "query": Field(bookmarks.c.query),
            "public": Field(bookmarks.c.public, "boolean"),
            "owner": Field(users.c.login),
        }
    ),
)


def query(actor: Actor) -> Select[Any]:
    """Select the actor's own bookmarks and the public ones, with the login of each one's user."""
    own = bookmarks.c.user_id == actor.user_id
    found = select(bookmarks, users.c.login).join(users, users.c.id == bookmarks.c.user_id)
    return scoped(found, actor, bookmarks).where(own | bookmarks.c.public)


def load_bookmark(tx: Transaction, actor: Actor, bookmark_id: BookmarkId) -> Row[Any]:
    """Return one as `query` gives it; NotFoundError for what others keep for themselves."""
    row = tx.execute(query(actor).where(bookmarks.c.id == bookmark_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"Could not find bookmark with id {bookmark_id}")
    return row


def create_bookmark(
    tx: Transaction, *, actor: Actor, clock: Clock, values: Mapping[str, Any]
) -> BookmarkId:
    """Keep a search: name, controller, query, public."""
    _check(values)
    own = {"controller": values["controller"], "user_id": actor.user_id}
    require_unique(tx, bookmarks, name=values["name"], **own)
    now = clock()
    row = {**values, **own, "created_at": now, "updated_at": now}
    return BookmarkId(insert_row(tx, bookmarks, row))


def update_bookmark(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    bookmark_id: BookmarkId,
    changes: Mapping[str, Any],
) -> None:
    """Change what is given; another's public one is for administrators to change."""
    row = _load_to_change(tx, actor, bookmark_id)
    after = {name: getattr(row, name) for name in ("name", "controller", "query")}
    after |= changes
    _check(after)
    require_unique(
        tx,
        bookmarks,
        except_id=row.id,
        name=after["name"],
        controller=after["controller"],
        user_id=row.user_id,
    )
    tx.execute(
        update(bookmarks).where(bookmarks.c.id == row.id).values(**changes, updated_at=clock())
    )


def delete_bookmark(tx: Transaction, *, actor: Actor, bookmark_id: BookmarkId) -> None:
    """Delete it, for all who see it."""
    row = _load_to_change(tx, actor, bookmark_id)
    tx.execute(delete(bookmarks).where(bookmarks.c.id == row.id))


def _load_to_change(tx: Transaction, actor: Actor, bookmark_id: BookmarkId) -> Row[Any]:
    row = load_bookmark(tx, actor, bookmark_id)
    if row.user_id != actor.user_id and not actor.admin:
        raise PermissionDeniedError(f"Bookmark '{row.name}' is {row.login}'s: only they change it")
    return row


def _check(values: Mapping[str, Any]) -> None:
    check_name(values["name"])
    errors: dict[str, list[str]] = {}
    if not _CONTROLLER.fullmatch(values["controller"]):
        errors["controller"] = ["must be the name of a list, such as products"]
    if not values["query"].strip():
        errors["query"] = ["can't be blank"]
    else:
        try:
            parse(values["query"])
        except SearchError as error:
            errors["query"] = [f"cannot be read: {error.message}"]
    if errors:
        raise ValidationError(errors)
