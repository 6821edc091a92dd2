"""`/api/bookmarks`: searches that users keep."""

from typing import Any, Final

from headgate.apis.actions import (
    Call,
    Listing,
    ListParams,
    Params,
    Resource,
    doc,
    list_page,
    wrapped,
)
from headgate.domain.ids import BookmarkId
from headgate.services.access import AnyRow
from headgate.services.platform.bookmarks import (
    BOOKMARKS,
    LONGEST_QUERY,
    create_bookmark,
    delete_bookmark,
    load_bookmark,
    query,
    update_bookmark,
)

bookmarks = Resource("bookmarks", "Bookmarks", dialect="foreman")

_PATH: Final = "/api/bookmarks"
_ONE: Final = f"{_PATH}/{{id}}"


class Index(ListParams):
    """List all bookmarks."""


@bookmarks.action("index", "GET", _PATH, permission="view_bookmarks")
def index(call: Call, params: Index) -> Listing:
    """List the caller's own and the public ones."""
    return list_page(call, params, query(call.actor), catalog=BOOKMARKS, show=_shown)


class Show(Params):
    """Show a bookmark."""

    id: BookmarkId = doc("Bookmark ID")


@bookmarks.action("show", "GET", _ONE, permission="view_bookmarks")
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _shown(load_bookmark(call.tx, call.actor, params.id))


class CreateFields(Params):
    """What a bookmark is made of."""

    name: str = doc("Name of the bookmark", max_length=254)
    controller: str = doc("The list that it searches, such as products", max_length=64)
    query: str = doc("The search", max_length=LONGEST_QUERY)
    public: bool = doc("Whether others see it, too", default=False)


class Create(Params):
    """Create a bookmark."""

    bookmark: CreateFields = wrapped("Bookmark")


@bookmarks.action("create", "POST", _PATH, permission="create_bookmarks")
def create(call: Call, params: Create) -> dict[str, Any]:
    """Keep a search for the caller."""
    fields = params.bookmark
    bookmark_id = create_bookmark(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        values={
            "name": fields.name,
            "controller": fields.controller,
            "query": fields.query,
            "public": fields.public,
        },
    )
    return _shown(load_bookmark(call.tx, call.actor, bookmark_id))


class UpdateFields(Params):
    """What can be changed of a bookmark."""

    name: str | None = doc("Name of the bookmark", default=None, max_length=254)
    controller: str | None = doc(
        "The list that it searches, such as products", default=None, max_length=64
    )
    query: str | None = doc("The search", default=None, max_length=LONGEST_QUERY)
    public: bool | None = doc("Whether others see it, too", default=None)


class Update(Params):
    """Update a bookmark."""

    id: BookmarkId = doc("Bookmark ID")
    bookmark: UpdateFields = wrapped("Bookmark")


@bookmarks.action("update", "PUT", _ONE, permission="edit_bookmarks")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    given = params.bookmark.changes()
    update_bookmark(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        bookmark_id=params.id,
        changes={name: value for name, value in given.items() if value is not None},
    )
    return _shown(load_bookmark(call.tx, call.actor, params.id))


class Destroy(Params):
    """Delete a bookmark."""

    id: BookmarkId = doc("Bookmark ID")


@bookmarks.action("destroy", "DELETE", _ONE, permission="destroy_bookmarks")
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it; return it as it was."""
    shown = _shown(load_bookmark(call.tx, call.actor, params.id))
    delete_bookmark(call.tx, actor=call.actor, bookmark_id=params.id)
    return shown


def _shown(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "controller": row.controller,
        "query": row.query,
        "public": row.public,
        "owner_id": row.user_id,
        "owner_type": "User",
        "owner": row.login,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
