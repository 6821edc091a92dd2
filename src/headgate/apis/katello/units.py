"""What the resources of content units share: packages, advisories, groups, modules, files.

A list is narrowed by where the units are held; an id in a path names a unit that something within
the caller's reach holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, false, select

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.domain.errors import NotFoundError
from headgate.domain.ids import (
    ContentViewId,
    ContentViewVersionId,
    EnvironmentId,
    OrganizationId,
    RepositoryId,
)
from headgate.services.listing import Catalog, page
from headgate.services.units import UnitScope, units_within
from headgate.stores.db.id_lists import within

Shown = Mapping[str, Any]


class Index(ListParams):
    """List content units."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    repository_id: RepositoryId | None = doc("Repository ID", default=None)
    content_view_version_id: ContentViewVersionId | None = doc(
        "Content view version ID", default=None
    )
    environment_id: EnvironmentId | None = doc("Lifecycle environment ID", default=None)
    content_view_id: ContentViewId | None = doc("Content view ID", default=None)
    ids: list[int] | None = doc("IDs to filter content by", default=None)
    name: str | None = doc("Name of the unit", default=None)


class Show(Params):
    """Show a content unit."""

    id: str = doc("Unit identifier")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    repository_id: RepositoryId | None = doc("Repository ID", default=None)


@dataclass(frozen=True, slots=True)
class UnitKind:
    """One kind of unit: where it is kept, how it is searched and shown.

    `key` is a column by which an id that is no number is looked up (`errata_id`).
    """

    unit_type: str
    table: Table
    catalog: Catalog
    show: Callable[[Any], Shown]
    details: Callable[[Call, Any], Shown]
    key: ColumnElement[str] | None = None
    only: ColumnElement[bool] | None = None  # of the table's rows


def unit_resource(name: str, title: str, kind: UnitKind) -> Resource:
    """Declare index and show for a kind of unit."""
    resource = Resource(name, title)
    base = f"/katello/api/{name}"
    nested = f"/katello/api/repositories/{{repository_id}}/{name}"

    @resource.action("index", "GET", base, also=[nested], permission="view_products")
    def index(call: Call, params: Index) -> Listing:  # pyright: ignore[reportUnusedFunction] - declared
        """List them."""
        return _index(call, params, kind)

    @resource.action(
        "show", "GET", f"{base}/{{id}}", also=[f"{nested}/{{id}}"], permission="view_products"
    )
    def show(call: Call, params: Show) -> Shown:  # pyright: ignore[reportUnusedFunction] - declared
        """Show one."""
        return kind.details(call, _load(call, params, kind))

    return resource


def _index(call: Call, params: Index, kind: UnitKind) -> Listing:
    scope = UnitScope(
        organization_id=params.organization_id,
        repository_id=params.repository_id,
        content_view_version_id=params.content_view_version_id,
        environment_id=params.environment_id,
        content_view_id=params.content_view_id,
    )
    units = units_within(call.tx, call.actor, kind.unit_type, scope)
    if params.ids is not None:
        units &= type(units)(each for each in params.ids if 0 < each < 2**31)
    query = select(kind.table).where(within(call.tx, kind.table.c.id, units))
    if kind.only is not None:
        query = query.where(kind.only)
    if params.name is not None:
        query = query.where(kind.table.c.name == params.name if "name" in kind.table.c else false())
    listed = page(
        call.tx, query, catalog=kind.catalog, window=params.window, clock=call.services.clock
    )
    return Listing.of(listed, kind.show)


def _load(call: Call, params: Show, kind: UnitKind) -> Any:
    scope = UnitScope(organization_id=params.organization_id, repository_id=params.repository_id)
    units = units_within(call.tx, call.actor, kind.unit_type, scope)
    text = params.id
    if text.isascii() and text.isdigit() and len(text) <= 10:
        condition: ColumnElement[bool] = kind.table.c.id == min(int(text), 2**31 - 1)
    elif kind.key is not None:
        condition = kind.key == text
    else:
        condition = false()
    query = select(kind.table).where(condition).order_by(kind.table.c.id.desc())
    if kind.only is not None:
        query = query.where(kind.only)
    row = next((row for row in call.tx.execute(query) if row.id in units), None)
    if row is None:
        noun = kind.unit_type.replace("_", " ")
        raise NotFoundError(f"Could not find {noun} with id {text[:64]}")
    return row
