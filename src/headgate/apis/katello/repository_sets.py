"""`/katello/api/repository_sets`: one for each custom repository; others come with a manifest."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, list_page
from headgate.apis.katello.host_shapes import content_object
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import (
    ActivationKeyId,
    HostId,
    OrganizationId,
    ProductId,
    RepositoryId,
)
from headgate.services.access import AnyRow, load
from headgate.services.hosts.content import content_query
from headgate.services.hosts.overrides import (
    OF_HOSTS,
    OF_KEYS,
    by_label,
    enabled_override,
    overrides_of,
)
from headgate.services.hosts.view_environments import HOSTS, KEYS
from headgate.services.repositories.repository_sets import (
    REPOSITORY_SETS,
    STATUSES,
    TYPES,
    VENDOR,
    load_set,
    sets_query,
    with_status,
)
from headgate.stores.db.tables import repositories

repository_sets = Resource("repository_sets", "Repository sets")

_FLAT: Final = "/katello/api/repository_sets"
_NESTED: Final = "/katello/api/products/{product_id}/repository_sets"
_VIEW: Final = "view_products"
_SAID: Final = ("enabled", "enabled_content_override", "override", "overrides")

Overrides = Mapping[str, Sequence[AnyRow]]
_NONE: Final[Overrides] = {}


class Index(ListParams):
    """List repository sets."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    product_id: ProductId | None = doc("ID of a product to list repository sets from", default=None)
    name: str | None = doc("Name of the repository set", default=None)
    enabled: bool = doc("Only sets with a repository, which every custom one has", default=False)
    with_active_subscription: bool = doc(
        "Only what a subscription gives; custom content needs none", default=False
    )
    with_custom: bool = doc("Also those of custom products", default=True)
    repository_type: str | None = doc("Only those of this type", default=None, enum=TYPES)
    status: list[str] = doc(
        "Only those that are enabled, disabled or overridden on hosts", default=[], enum=STATUSES
    )
    activation_key_id: ActivationKeyId | None = doc(
        "What hosts of this activation key could use, with its overrides", default=None
    )
    host_id: HostId | None = doc("What this host could use, with its overrides", default=None)
    content_access_mode_all: bool = doc(
        "All content of the organization, as is the case anyway", default=False
    )
    content_access_mode_env: bool = doc(
        "Only content of the host's or key's content view environments", default=False
    )


@repository_sets.action("index", "GET", _FLAT, also=[_NESTED], permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List them."""
    kind = params.repository_type
    found = sets_query(
        call.actor,
        organization_id=params.organization_id,
        product_id=params.product_id,
        name=params.name,
        custom=kind == "custom" or (kind is None and params.with_custom),
    )
    said: Overrides = {}
    for holders, overrides, owner_id, permission in (
        (KEYS, OF_KEYS, params.activation_key_id, "view_activation_keys"),
        (HOSTS, OF_HOSTS, params.host_id, "view_hosts"),
    ):
        if owner_id is not None:
            owner = load(call.tx, call.actor, holders.things, owner_id, permission=permission)
            served = params.content_access_mode_env and not params.content_access_mode_all
            usable = content_query(call.actor, holders, owner, served=served)
            found = found.where(repositories.c.id.in_(usable.with_only_columns(repositories.c.id)))
            said = by_label(overrides_of(call.tx, overrides, [owner_id]).get(owner_id, []))
    if params.status:
        overridden = {label: enabled_override(rows) for label, rows in said.items()}
        found = with_status(found, call.tx, params.status, overridden)
    return list_page(
        call, params, found, catalog=REPOSITORY_SETS, show=lambda row: _shown(call, row, said)
    )


class One(Params):
    """Which repository set."""

    id: str = doc("ID of the repository set", max_length=32)
    product_id: ProductId | None = doc("ID of its product", default=None)
    organization_id: OrganizationId | None = doc("Organization ID", default=None)


class Show(One):
    """Get info about a repository set."""


@repository_sets.action(
    "show", "GET", f"{_FLAT}/{{id}}", also=[f"{_NESTED}/{{id}}"], permission=_VIEW
)
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _shown(call, _load(call, params))


class AvailableRepositories(One):
    """Get list of available repositories for the repository set."""


@repository_sets.action(
    "available_repositories",
    "GET",
    f"{_FLAT}/{{id}}/available_repositories",
    also=[f"{_NESTED}/{{id}}/available_repositories"],
    permission=_VIEW,
)
def available_repositories(call: Call, params: AvailableRepositories) -> NoReturn:
    """Refuse: nothing is to be enabled from a custom set."""
    raise _custom(_load(call, params))


class Enable(One):
    """Enable a repository from the set."""

    basearch: str | None = doc("Basearch to enable", default=None, max_length=64)
    releasever: str | None = doc("Releasever to enable", default=None, max_length=64)


@repository_sets.action(
    "enable", "PUT", f"{_FLAT}/{{id}}/enable", also=[f"{_NESTED}/{{id}}/enable"]
)
def enable(call: Call, params: Enable) -> NoReturn:
    """Refuse."""
    _refuse(call, params)


class Disable(Enable):
    """Disable a repository from the set."""

    repository_id: RepositoryId | None = doc("ID of the repository to disable", default=None)


@repository_sets.action(
    "disable", "PUT", f"{_FLAT}/{{id}}/disable", also=[f"{_NESTED}/{{id}}/disable"]
)
def disable(call: Call, params: Disable) -> NoReturn:
    """Refuse."""
    _refuse(call, params)


def _refuse(call: Call, params: One) -> NoReturn:
    row = _load(call, params)
    load(call.tx, call.actor, repositories, row.id, permission="edit_products")
    raise _custom(row)


def _load(call: Call, params: One) -> AnyRow:
    return load_set(
        call.tx,
        call.actor,
        params.id,
        organization_id=params.organization_id,
        product_id=params.product_id,
    )


def _custom(row: AnyRow) -> BadRequestError:
    return BadRequestError(
        f"Repository set '{row.name}' is custom content: its one repository is there as long as the"
        " set, so none can be enabled from it or disabled. Delete the repository instead, or"
        " override the content of hosts and activation keys."
    )


def _shown(call: Call, row: AnyRow, said: Overrides = _NONE) -> dict[str, Any]:
    """Return a set; `said` are the overrides of a host or key."""
    content = content_object(call, row, said)
    return {
        "id": row.content_id,
        "name": row.name,
        "label": row.content_label,
        "vendor": VENDOR,
        "type": row.content_type,
        "gpgUrl": content["content"]["gpg_url"],
        "contentUrl": f"/{row.relative_path}",
        **{name: content[name] for name in _SAID},
        "redhat": False,
        "archRestricted": None if row.arch == "noarch" else row.arch,
        "osRestricted": row.os_versions[0] if row.os_versions else None,
        "product": {"id": row.product_id, "name": row.product_name, "label": row.product_label},
        "repositories": [
            {
                "id": row.id,
                "name": row.name,
                "content_type": row.content_type,
                "arch": row.arch,
                "releasever": None,
            }
        ],
    }
