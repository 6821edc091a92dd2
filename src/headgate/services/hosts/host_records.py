"""Reading hosts: as rows of a list, and what stands beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, Table, func, select

from headgate.domain.ids import HostId
from headgate.search import Field, Fields, Related
from headgate.search.fields import Kind
from headgate.services.access import Actor, load, scoped
from headgate.services.hosts.view_environments import HOSTS, held_by, search_fields
from headgate.services.listing import Catalog, of_organizations
from headgate.services.organizations.parameters import parameters_of_hosts
from headgate.services.related import AnyRow, Grouped, grouped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among, among_texts
from headgate.stores.db.tables import (
    activation_key_hosts,
    activation_keys,
    host_collection_hosts,
    host_collections,
    host_facts,
    host_parameters,
    host_products,
    host_traces,
    hosts,
    locations,
    organizations,
    package_profile_packages,
    repositories,
    smart_proxies,
    users,
)
from headgate.stores.db.tables.hosts import BOOTC_IMAGES

_packages = package_profile_packages.c

PACKAGE_NAME: Final = (
    _packages.name + "-" + _packages.version + "-" + _packages.release + "." + _packages.arch
)


def _related(
    column: Column[Any],
    link: Column[Any],
    *joins: tuple[Table, ColumnElement[bool]],
    kind: Kind = "text",
) -> Field:
    """Return a field of things beside hosts; `link` is the host's column among them."""
    own = column.table is link.table
    return Field(column, kind, within=Related(hosts.c.id, link, joins, own=own))


def _installed(column: ColumnElement[Any]) -> Field:
    return Field(column, within=Related(hosts.c.package_profile_id, _packages.profile_id, own=True))


def _keyed(of: Table, *conditions: ColumnElement[bool]) -> Field:
    """Values by name, such as `facts.uname::machine`; the plain name means any of them."""
    within = Related(hosts.c.id, of.c.host_id, where=conditions, own=True)
    return Field(
        of.c.value,
        "value",
        within=within,
        keyed=lambda key: _keyed(of, of.c.name == key, *conditions),
        keys=Field(of.c.name, within=within),
    )


_members, _keys = host_collection_hosts.c, activation_key_hosts.c
_COLLECTION: Final = (host_collections, host_collections.c.id == _members.host_collection_id)
_KEY: Final = (activation_keys, activation_keys.c.id == _keys.activation_key_id)

_HOST_FIELDS: Final = {
    "id": Field(hosts.c.id, "integer"),
    "name": Field(hosts.c.name, default=True),
    "comment": Field(hosts.c.comment),
    "organization": Field(organizations.c.name),
    "organization_id": Field(hosts.c.organization_id, "integer"),
    "location": Field(locations.c.title),
    "location_id": Field(hosts.c.location_id, "integer"),
    "owner": Field(users.c.login),
    "owner_id": Field(hosts.c.owner_id, "integer"),
    "content_source": Field(smart_proxies.c.name),
    "content_source_id": Field(hosts.c.content_source_id, "integer"),
    "created_at": Field(hosts.c.created_at, "datetime"),
    "registered_at": Field(hosts.c.registered_at, "datetime"),
    "last_checkin": Field(hosts.c.last_checkin, "datetime"),
    "subscription_uuid": Field(hosts.c.uuid),
    "release_version": Field(hosts.c.release_version),
    "service_level": Field(hosts.c.service_level),
    "usage": Field(hosts.c.purpose_usage),
    "role": Field(hosts.c.purpose_role),
    "autoheal": Field(hosts.c.autoheal, "boolean"),
    **{
        column.name: Field(column)
        for image in BOOTC_IMAGES
        for column in (hosts.c[f"bootc_{image}_image"], hosts.c[f"bootc_{image}_digest"])
    },
    "host_collection": _related(host_collections.c.name, _members.host_id, _COLLECTION),
    "host_collection_id": _related(_members.host_collection_id, _members.host_id, kind="integer"),
    "activation_key": _related(activation_keys.c.name, _keys.host_id, _KEY),
    "activation_key_id": _related(_keys.activation_key_id, _keys.host_id, kind="integer"),
    "trace_app": _related(host_traces.c.application, host_traces.c.host_id),
    "trace_app_type": _related(host_traces.c.app_type, host_traces.c.host_id),
    "trace_helper": _related(host_traces.c.helper, host_traces.c.host_id),
    "installed_product": _related(host_products.c.product_name, host_products.c.host_id),
    "fact": _related(host_facts.c.name, host_facts.c.host_id),
    "facts": _keyed(host_facts),
    # What is hidden from who only looks is not found out by searching either.
    "params": _keyed(host_parameters, host_parameters.c.hidden_value.is_(False)),
    "installed_package": _installed(PACKAGE_NAME),
    "installed_package_name": _installed(_packages.name),
    **search_fields(HOSTS, hosts.c.id),
}

HOST_CATALOG: Final = Catalog(key=hosts.c.id, fields=Fields(_HOST_FIELDS))

IMAGES: Final = Catalog(
    key=hosts.c.bootc_booted_image,
    fields=Fields(
        {name: field for name, field in _HOST_FIELDS.items() if name.startswith("bootc_")}
    ),
    default_sort=("bootc_booted_image", "asc"),
)


@dataclass(frozen=True, slots=True)
class Beside:
    """Of the hosts of a page: content view environments, collections, parameters."""

    environments: Grouped
    collections: Grouped
    parameters: Grouped


def query(actor: Actor, *, organization_id: int | None = None, **plain: object) -> Select[Any]:
    """Select hosts with what they refer to."""
    joined = (
        select(
            hosts,
            locations.c.title.label("location_title"),
            users.c.login.label("owner_login"),
            smart_proxies.c.name.label("content_source_name"),
            smart_proxies.c.url.label("content_source_url"),
            repositories.c.name.label("kickstart_repository_name"),
        )
        .select_from(hosts)
        .outerjoin(locations, locations.c.id == hosts.c.location_id)
        .outerjoin(users, users.c.id == hosts.c.owner_id)
        .outerjoin(smart_proxies, smart_proxies.c.id == hosts.c.content_source_id)
        .outerjoin(repositories, repositories.c.id == hosts.c.kickstart_repository_id)
    )
    return of_organizations(joined, actor, hosts, organization_id=organization_id, **plain)


def load_host(tx: Transaction, actor: Actor, host_id: HostId) -> AnyRow:
    """Return one host as `query` gives it; NotFoundError as for every id."""
    load(tx, actor, hosts, host_id)
    return tx.execute(query(actor).where(hosts.c.id == host_id)).one()


def beside(tx: Transaction, rows: Sequence[AnyRow], *, parameters: bool = True) -> Beside:
    """Read what stands beside these hosts, in three statements; two without parameters."""
    ids = [row.id for row in rows]
    collections = tx.execute(
        select(host_collections, _members.host_id)
        .join(host_collections, host_collections.c.id == _members.host_collection_id)
        .where(among(tx, _members.host_id, ids))
        .order_by(host_collections.c.name)
    )
    return Beside(
        environments=held_by(tx, HOSTS, ids),
        collections=grouped(collections, "host_id"),
        parameters=parameters_of_hosts(tx, ids) if parameters else {},
    )


def products_of(tx: Transaction, host_id: int) -> Sequence[AnyRow]:
    """Return what a host says of the products that are installed on it."""
    of = host_products.c
    return tx.execute(
        select(host_products).where(of.host_id == host_id).order_by(of.product_id)
    ).all()


def facts_of(tx: Transaction, host_id: int) -> dict[str, str]:
    """Return the facts that a host last sent."""
    of = host_facts.c
    rows = tx.execute(select(of.name, of.value).where(of.host_id == host_id).order_by(of.name))
    return {row.name: row.value for row in rows}


def keys_of(tx: Transaction, host_id: int) -> Sequence[AnyRow]:
    """Return the activation keys that a host was registered with."""
    return tx.execute(
        select(activation_keys.c.id, activation_keys.c.name)
        .join(activation_key_hosts, _keys.activation_key_id == activation_keys.c.id)
        .where(_keys.host_id == host_id)
        .order_by(activation_keys.c.name)
    ).all()


def booted_images(actor: Actor, *, organization_id: int | None = None) -> Select[Any]:
    """Select the images that hosts have booted, each once."""
    image = hosts.c.bootc_booted_image
    found = select(image).where(image.is_not(None)).distinct()
    return scoped(found, actor, hosts, organization_id=organization_id)


def booted_digests(
    tx: Transaction, actor: Actor, images: Sequence[str], *, organization_id: int | None = None
) -> Sequence[AnyRow]:
    """Return how many hosts have booted each digest of these images."""
    image, digest = hosts.c.bootc_booted_image, hosts.c.bootc_booted_digest
    found = (
        select(image, digest, func.count().label("host_count"))
        .where(among_texts(tx, image, images))
        .group_by(image, digest)
        .order_by(image, digest)
    )
    return tx.execute(scoped(found, actor, hosts, organization_id=organization_id)).all()
