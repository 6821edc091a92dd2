"""The envelope of lists, in Katello's and in Foreman's dialect (katello.md 2.1)."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from headgate.apis.actions.call import Call
from headgate.apis.actions.params import Params, doc
from headgate.domain.errors import ValidationError
from headgate.services.access import Actor, AnyRow, AnySelect
from headgate.services.listing import (
    DEFAULT_PER_PAGE,
    MOST_PER_PAGE,
    Catalog,
    Listed,
    Window,
    page,
)

_ORDER: Final = (
    *("total", "subtotal", "selectable", "page", "per_page", "error", "search", "sort"),
    "results",
)


class ListParams(Params):
    """What every list takes."""

    search: str | None = doc("Search string", default=None, max_length=20_000)
    page: int = doc("Page number, starting at 1", default=1)
    per_page: str | None = doc("Number of results per page to return, or all", default=None)
    order: str | None = doc("Sort field and order, such as 'name DESC'", default=None)
    sort_by: str | None = doc("Field to sort the results on", default=None)
    sort_order: str | None = doc("How to order the sorted results, ASC or DESC", default=None)
    full_result: bool = doc("Whether or not to show all results", default=False)

    @property
    def window(self) -> Window:
        """What of the list is asked for."""
        asked = self.per_page is not None and bool(self.per_page.strip())
        return Window(
            search=self.search,
            page=max(self.page, 1),
            usual=not (asked or self.full_result),
            per_page=None if self.full_result else _per_page(self.per_page),
            order=self.order,
            sort_by=self.sort_by,
            sort_order=self.sort_order,
            completing=self.__dict__.get("_completing"),
        )

    def completing(self, actor: Actor) -> Self:
        """Return the same parameters, which ask how the search of the actor may go on."""
        asked = copy(self)
        asked.__dict__["_completing"] = actor
        return asked


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as an action returns it: the page, and its rows as the API shows them."""

    listed: Listed
    results: Sequence[Any]

    @classmethod
    def of(cls, listed: Listed, show: Callable[[AnyRow], Any]) -> "Listing":
        """Show each row."""
        return cls(listed, [show(row) for row in listed.rows])


def list_page(
    call: Call,
    params: ListParams,
    query: AnySelect,
    *,
    catalog: Catalog,
    show: Callable[[AnyRow], Any],
) -> Listing:
    """Return the page of `query` (narrowed already) that the parameters ask for.

    For rows whose showing needs more statements, use `listing.page` and build the `Listing`.
    """
    listed = page(
        call.tx,
        query,
        catalog=catalog,
        window=params.window,
        clock=call.services.clock,
        strict=call.dialect == "foreman",
    )
    return Listing.of(listed, show)


def envelope(
    listing: Listing, params: Params, *, dialect: Literal["katello", "foreman"]
) -> dict[str, Any]:
    """Return the object around the results.

    `per_page` is echoed as the text that it was sent as: clients compare it.
    """
    listed = listing.listed
    window = listed.window
    asked = params.per_page if isinstance(params, ListParams) else None
    per_page = listed.subtotal if window.per_page is None else window.per_page
    body: dict[str, Any] = {
        "total": listed.total,
        "subtotal": listed.subtotal,
        "page": window.page,
        "per_page": per_page if asked is None or dialect == "foreman" else asked,
        "search": window.search,
        "sort": {"by": listed.sort_by, "order": listed.sort_order},
        "results": listing.results,
    }
    if dialect == "katello":
        body |= {"selectable": listed.subtotal, "error": listed.error}
    return {name: body[name] for name in _ORDER if name in body}


def _per_page(text: str | None) -> int | None:
    if text is None or not text.strip():
        return DEFAULT_PER_PAGE
    if text.strip() == "all":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise ValidationError({"per_page": ["must be a number or all"]})
    return min(int(text), MOST_PER_PAGE)
