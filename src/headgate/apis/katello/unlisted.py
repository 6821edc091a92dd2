"""Lists of things of which there can be none (yet): their envelope is real, and empty."""

from dataclasses import replace

from headgate.apis.actions import Call, Listing, ListParams
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
