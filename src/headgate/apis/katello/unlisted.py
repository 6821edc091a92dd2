"""Lists that no query makes: of things of which there can be none (yet), and short ones."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from headgate.apis.actions import Call, Listing, ListParams
from headgate.domain.errors import BadRequestError
from headgate.search import SearchError, parse
from headgate.services.listing import Listed


def nothing_listed(call: Call, params: ListParams) -> Listing:
    """Return the empty list; nothing makes things of the kind.

    A search that cannot be read is told as other lists tell it; any field can be searched by.
    """
    window = params.window
    if window.usual:
        window = replace(window, per_page=call.setting("entries_per_page"))
    error: str | None = None
    try:
        if window.search and window.search.strip():
            parse(window.search)
    except SearchError as unreadable:
        if call.dialect == "foreman":
            raise
        error = unreadable.message
    return Listing(Listed((), 0, 0, window, window.sort_by or "id", "asc", error=error), ())


def listed_whole(call: Call, params: ListParams, rows: Sequence[Any]) -> Listing:
    """Return the page of a short list that is put together here; it cannot be searched."""
    window = params.window
    if window.search and window.search.strip() and window.completing is None:
        raise BadRequestError("This list cannot be searched")
    if window.usual:
        window = replace(window, per_page=call.setting("entries_per_page"))
    shown = rows
    if window.per_page is not None:
        first = (window.page - 1) * window.per_page
        shown = rows[first : first + window.per_page]
    return Listing(Listed((), len(rows), len(rows), window, "name", "asc"), shown)
