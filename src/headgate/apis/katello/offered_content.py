"""Content that hosts of a key, or a host, may enable; it takes no subscriptions."""

from typing import Any

from sqlalchemy import Column

from headgate.apis.actions import Call, Listing, ListParams, Params, doc, list_page
from headgate.apis.katello.host_shapes import content_object
from headgate.services.access import AnyRow
from headgate.services.hosts.content import content_query
from headgate.services.hosts.overrides import by_label, overrides_of
from headgate.services.hosts.view_environments import Holders
from headgate.services.repositories.repository_records import REPOSITORIES


class OfferedContent(ListParams):
    """Which content is listed."""

    content_access_mode_all: bool = doc("All content of the organization", default=False)
    content_access_mode_env: bool = doc(
        "Only content of its content view environments", default=False
    )

    @property
    def served(self) -> bool:
        """Whether only what the content view environments serve is listed."""
        return self.content_access_mode_env and not self.content_access_mode_all


class Subscription(Params):
    """A subscription."""

    id: int = doc("Subscription ID")
    quantity: int | None = doc("How many of it", default=None)


def list_content(
    call: Call,
    params: ListParams,
    holders: Holders,
    overrides: Column[Any],
    owner: AnyRow,
    *,
    served: bool,
) -> Listing:
    """List repositories, with what the key or host (`owner`) says of each.

    `overrides` is `OF_KEYS` or `OF_HOSTS`.
    """
    said = by_label(overrides_of(call.tx, overrides, [owner.id]).get(owner.id, []))
    return list_page(
        call,
        params,
        content_query(call.actor, holders, owner, served=served),
        catalog=REPOSITORIES,
        show=lambda row: content_object(call, row, said),
    )


def no_releases() -> dict[str, Any]:
    """Return no release versions: only content of a vendor has some, and there is none yet."""
    return {"results": [], "total": 0, "subtotal": 0}
