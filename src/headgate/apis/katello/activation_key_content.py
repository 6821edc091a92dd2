"""What hosts of an activation key may have: repositories, releases, subscriptions, collections."""

from typing import Any, Final, NoReturn

from headgate.apis.actions import Call, Listing, ListParams, Params, doc, list_page
from headgate.apis.katello.activation_keys import activation_keys
from headgate.apis.katello.host_collections import collection_object
from headgate.apis.katello.host_shapes import NO_SUBSCRIPTIONS
from headgate.apis.katello.offered_content import (
    OfferedContent,
    Subscription,
    list_content,
    no_releases,
)
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import ActivationKeyId
from headgate.services.access import load
from headgate.services.hosts.activation_keys import load_to_edit
from headgate.services.hosts.host_collection_records import HOST_COLLECTIONS, of_key, query
from headgate.services.hosts.overrides import OF_KEYS
from headgate.services.hosts.view_environments import KEYS
from headgate.stores.db.tables import activation_keys as table

_ONE: Final = "/katello/api/activation_keys/{id}"
_VIEW: Final = "view_activation_keys"


class ProductContent(OfferedContent):
    """Show the content that hosts of an activation key may enable."""

    id: ActivationKeyId = doc("Activation key ID")


@activation_keys.action("product_content", "GET", f"{_ONE}/product_content", permission=_VIEW)
def product_content(call: Call, params: ProductContent) -> Listing:
    """List repositories, with what the key says of each."""
    key = load(call.tx, call.actor, table, params.id)
    return list_content(call, params, KEYS, OF_KEYS, key, served=params.served)


class AvailableHostCollections(ListParams):
    """List host collections that an activation key does not have."""

    id: ActivationKeyId = doc("Activation key ID")
    name: str | None = doc("Host collection name to filter by", default=None)


@activation_keys.action(
    "available_host_collections", "GET", f"{_ONE}/host_collections/available", permission=_VIEW
)
def available_host_collections(call: Call, params: AvailableHostCollections) -> Listing:
    """List those of its organization."""
    key = load(call.tx, call.actor, table, params.id)
    found = query(call.actor, organization_id=key.organization_id, name=params.name)
    return list_page(
        call,
        params,
        of_key(found, params.id, within=False),
        catalog=HOST_COLLECTIONS,
        show=lambda row: collection_object(call, row),
    )


class AvailableReleases(Params):
    """Show the release versions that an activation key could ask for."""

    id: ActivationKeyId = doc("Activation key ID")


@activation_keys.action("available_releases", "GET", f"{_ONE}/releases", permission=_VIEW)
def available_releases(call: Call, params: AvailableReleases) -> dict[str, Any]:
    """List none."""
    load(call.tx, call.actor, table, params.id)
    return no_releases()


class _Subscriptions(Params):
    id: ActivationKeyId = doc("Activation key ID")
    subscription_id: int | None = doc("Subscription ID", default=None)
    subscriptions: list[Subscription] = doc("Several subscriptions", default=[], max_length=1_000)


class AddSubscriptions(_Subscriptions):
    """Add subscriptions to an activation key: answered by why that is not done."""

    quantity: int | None = doc("How many of it", default=None)


class RemoveSubscriptions(_Subscriptions):
    """Remove subscriptions from an activation key: answered by why that is not done."""


@activation_keys.action("add_subscriptions", "PUT", f"{_ONE}/add_subscriptions")
def add_subscriptions(call: Call, params: AddSubscriptions) -> NoReturn:
    """Refuse."""
    load_to_edit(call.tx, call.actor, params.id)
    raise BadRequestError(NO_SUBSCRIPTIONS)


@activation_keys.action("remove_subscriptions", "PUT", f"{_ONE}/remove_subscriptions")
def remove_subscriptions(call: Call, params: RemoveSubscriptions) -> NoReturn:
    """Refuse."""
    load_to_edit(call.tx, call.actor, params.id)
    raise BadRequestError(NO_SUBSCRIPTIONS)
