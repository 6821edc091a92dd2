"""What the resources of content units share: packages, advisories, groups, modules, files.

A list is narrowed by where the units are held; an id in a path names a unit that something within
the caller's reach holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pyroaring import BitMap

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.unit_filters import AVAILABLE_FOR, Filtering
from headgate.domain.ids import (
    ContentViewId,
    ContentViewVersionId,
    EnvironmentId,
    FilterId,
    FilterRuleId,
    OrganizationId,
    RepositoryId,
)
from headgate.search import Field
from headgate.services.access import AnySelect
from headgate.services.listing import Catalog, page
from headgate.services.units.named_units import Naming
from headgate.services.units.units import (
    UnitRows,
    UnitScope,
    find_unit,
    of_ids,
    select_named,
    units_within,
)
from headgate.stores.db.id_lists import within

Shown = Mapping[str, Any]
H = TypeVar("H", bound=Callable[..., Any])


class Index(ListParams):
    """List content units."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    repository_id: RepositoryId | None = doc("Repository ID", default=None)
    content_view_version_id: ContentViewVersionId | None = doc(
        "Content view version ID", default=None
    )
    environment_id: EnvironmentId | None = doc("Lifecycle environment ID", default=None)
    content_view_id: ContentViewId | None = doc("Content view ID", default=None)
    content_view_filter_id: FilterId | None = doc(
        "Only what this content view filter names", default=None, aliases=("filter_id",)
    )
    content_view_filter_rule_id: FilterRuleId | None = doc(
        "Only what this rule of a content view filter names", default=None, hidden=True
    )
    include_filter_ids: bool = doc(
        "Tell which filters of the content view name each unit", default=False, hidden=True
    )
    available_for: str | None = doc(
        "Only what could be added to the content view filter, or to the content view version",
        default=None,
        enum=AVAILABLE_FOR,
    )
    ids: list[int] | None = doc("IDs to filter content by", default=None)
    name: str | None = doc("Name of the unit", default=None)

    @property
    def scope(self) -> UnitScope:
        """Where the units are held."""
        return UnitScope(
            organization_id=self.organization_id,
            repository_id=self.repository_id,
            content_view_version_id=self.content_view_version_id,
            environment_id=self.environment_id,
            content_view_id=self.content_view_id,
        )

    @property
    def filtering(self) -> Filtering:
        """What of content view filters is asked for."""
        return Filtering(
            filter_id=self.content_view_filter_id,
            rule_id=self.content_view_filter_rule_id,
            content_view_id=self.content_view_id,
            with_ids=self.include_filter_ids,
            available_for=self.available_for,
        )


class Show(Params):
    """Show a content unit."""

    id: str = doc("Unit identifier")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    repository_id: RepositoryId | None = doc("Repository ID", default=None)


class Compare(ListParams):
    """Compare the content units of content view versions."""

    content_view_version_ids: list[ContentViewVersionId] = doc("Content view version IDs")
    repository_id: RepositoryId | None = doc("Library repository ID", default=None)
    restrict_comparison: str | None = doc(
        "Show only units that all versions hold, or that some lack",
        default=None,
        enum=("same", "different", "all"),
    )


@dataclass(frozen=True, slots=True)
class UnitKind:
    """One kind of unit: where it is kept, how it is searched and shown.

    `further` returns the fields that depend on who asks.
    """

    rows: UnitRows
    catalog: Catalog
    show: Callable[[Any], Shown]
    details: Callable[[Call, Any], Shown]
    naming: Naming | None = None  # how content view filters name such units
    further: Callable[[Call], Mapping[str, Field]] | None = None

    def catalog_for(self, call: Call) -> Catalog:
        """Return how such units are searched by who asks."""
        return (
            self.catalog if self.further is None else self.catalog.with_further(self.further(call))
        )


def declare_index(resource: Resource, path: str | None = None) -> Callable[[H], H]:
    """Declare an index of units of a kind, alone, of a repository and of a content view filter.

    `path` is the name of the resource unless given.
    """
    path = path or resource.name
    return resource.action(
        "index",
        "GET",
        f"/katello/api/{path}",
        also=_nested_paths(path),
        permission="view_products",
    )


def unit_resource(
    name: str, title: str, kind: UnitKind, *, path: str | None = None, own_index: bool = False
) -> Resource:
    """Declare index, compare and show for a kind of unit; `path` is the name unless given.

    With `own_index` the index is declared by the caller, over `list_units`.
    """
    resource = Resource(name, title)
    base = f"/katello/api/{path or name}"
    nested = f"/katello/api/repositories/{{repository_id}}/{path or name}"

    if not own_index:

        @declare_index(resource, path)
        def index(call: Call, params: Index) -> Listing:  # pyright: ignore[reportUnusedFunction] - declared
            """List them."""
            return list_units(call, params, kind)

    @resource.action("compare", "GET", f"{base}/compare", permission="view_products")
    def compare(call: Call, params: Compare) -> Listing:  # pyright: ignore[reportUnusedFunction] - declared
        """List the units of the versions, each with the versions that hold it."""
        return compared(call, params, kind.rows, catalog=kind.catalog_for(call), show=kind.show)

    @resource.action(
        "show", "GET", f"{base}/{{id}}", also=[f"{nested}/{{id}}"], permission="view_products"
    )
    def show(call: Call, params: Show) -> Shown:  # pyright: ignore[reportUnusedFunction] - declared
        """Show one."""
        scope = UnitScope(
            organization_id=params.organization_id, repository_id=params.repository_id
        )
        row = find_unit(call.tx, call.actor, kind.rows, scope, params.id)
        return kind.details(call, row)

    return resource


def list_units(
    call: Call,
    params: Index,
    kind: UnitKind,
    *,
    narrow: Callable[[AnySelect], AnySelect] | None = None,
    show: Callable[[Any], Shown] | None = None,
) -> Listing:
    """Return the page of units that the parameters ask for; `narrow` leaves out further rows."""
    chosen = params.filtering.read(call, params.scope)
    units = units_within(call.tx, call.actor, kind.rows.unit_type, chosen.scope)
    units = chosen.of(call, units, kind.rows.unit_type, kind.naming)
    units = of_ids(units, params.ids)
    query = select_named(kind.rows, params.name)
    if narrow is not None:
        query = narrow(query.where(within(call.tx, kind.rows.table.c.id, units)))
    listed = page(
        call.tx,
        query,
        catalog=kind.catalog_for(call),
        window=params.window,
        clock=call.services.clock,
        held=units,
    )
    naming = chosen.beside(kind.naming)
    shown = show or kind.show
    return Listing.of(listed, lambda row: {**shown(row), **naming(row)})


def compared(
    call: Call,
    params: Compare,
    rows: UnitRows,
    *,
    catalog: Catalog,
    show: Callable[[Any], Shown],
    select: Callable[[AnySelect], AnySelect] = lambda query: query,
) -> Listing:
    """Return the units of the versions, each with the versions that hold it (`comparison`).

    `select` adds to what is read of each.
    """
    holding = {
        version_id: units_within(
            call.tx,
            call.actor,
            rows.unit_type,
            UnitScope(content_view_version_id=version_id, repository_id=params.repository_id),
        )
        for version_id in dict.fromkeys(params.content_view_version_ids)
    }
    anywhere = BitMap.union(BitMap(), *holding.values())
    everywhere = BitMap.intersection(*holding.values()) if holding else BitMap()
    chosen = {"same": everywhere, "different": anywhere - everywhere}
    units = chosen.get(params.restrict_comparison or "all", anywhere)
    listed = page(
        call.tx,
        select(select_named(rows, None)),
        catalog=catalog,
        window=params.window,
        clock=call.services.clock,
        held=units,
    )

    def shown(row: Any) -> Shown:
        versions = [version_id for version_id, held in holding.items() if row.id in held]
        return {**show(row), "comparison": versions}

    return Listing.of(listed, shown)


def _nested_paths(path: str) -> tuple[str, ...]:
    """Return the further paths of an index: of a repository, and of a content view filter."""
    return (
        f"/katello/api/repositories/{{repository_id}}/{path}",
        f"/katello/api/content_view_filters/{{content_view_filter_id}}/{path}",
        f"/katello/api/content_views/{{content_view_id}}/filters/{{content_view_filter_id}}/{path}",
    )
