"""Lists of things of which there can be none (yet): their envelope is real, and empty."""

from headgate.apis.actions import Listing, ListParams
from headgate.services.listing import Listed


def nothing_listed(params: ListParams) -> Listing:
    """Return the empty list; nothing makes things of the kind."""
    window = params.window
    return Listing(Listed((), 0, 0, window, window.sort_by or "id", "asc"), ())
