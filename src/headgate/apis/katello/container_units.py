"""`/katello/api/docker_tags`, `docker_manifests` and `docker_manifest_lists` (katello.md 1.10)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyroaring import BitMap

from headgate.apis.actions import Call, Listing, Resource
from headgate.apis.katello.unit_filters import Beside as ShownBeside
from headgate.apis.katello.unit_filters import Chosen
from headgate.apis.katello.units import Compare, Index, Show, compared, declare_index
from headgate.content.container.filters import tags_named
from headgate.content.container.held_fields import tag_fields
from headgate.content.container.records import (
    TAGS,
    Beside,
    Held,
    beside,
    is_here,
    manifests_catalog,
    manifests_of_tags,
    with_manifests,
)
from headgate.content.container.tables import container_manifests, container_tags
from headgate.content.container.units import LISTING, MANIFEST, TAG
from headgate.services.access import AnyRow, AnySelect
from headgate.services.listing import Catalog, page
from headgate.services.units.named_units import Naming
from headgate.services.units.serving_places import places_serving
from headgate.services.units.units import (
    UnitRows,
    UnitScope,
    find_unit,
    of_ids,
    select_held,
    select_named,
    units_by_type,
)

Shown = dict[str, Any]

_TYPES: Final = (TAG, MANIFEST, LISTING)
_TAGS_NAMED: Final = Naming("docker", (container_tags.c.id, container_tags.c.name), tags_named)


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands beside the rows of a list, as far as who asks may see it."""

    held: Held
    beside: Beside
    places: Mapping[int, Sequence[AnyRow]]


@dataclass(frozen=True, slots=True)
class _Kind:
    rows: UnitRows
    digest: str  # the column that says which manifest a row is about
    show: Callable[[AnyRow, _Around], Shown]

    def select(self, query: AnySelect) -> AnySelect:
        """Return the selection with all that is shown of a row."""
        return with_manifests(query) if self.rows.table is container_tags else query

    def catalog(self, call: Call, held: Held, scope: UnitScope) -> Catalog:
        """Return how they are searched by who asks."""
        if self.rows.table is container_tags:
            return TAGS.with_further(tag_fields(call.tx, call.actor, scope))
        return manifests_catalog(call.tx, held)


def _resource(name: str, title: str, kind: _Kind) -> Resource:
    resource = Resource(name, title)
    base = f"/katello/api/{name}"
    nested = f"/katello/api/repositories/{{repository_id}}/{name}"

    @declare_index(resource)
    def index(call: Call, params: Index) -> Listing:  # pyright: ignore[reportUnusedFunction] - declared
        """List them."""
        chosen = params.filtering.read(call, params.scope)
        scope = chosen.scope
        held = units_by_type(call.tx, call.actor, _TYPES, scope)
        units = _chosen(call, chosen, kind, held)
        listed = page(
            call.tx,
            kind.select(select_named(kind.rows, params.name)),
            catalog=kind.catalog(call, held, scope),
            window=params.window,
            clock=call.services.clock,
            held=of_ids(units, params.ids),
        )
        around = _around(call, kind, scope, held, listed.rows)
        naming = _naming(chosen, kind, around)
        return Listing.of(listed, lambda row: {**kind.show(row, around), **naming(row)})

    @resource.action("compare", "GET", f"{base}/compare", permission="view_products")
    def compare(call: Call, params: Compare) -> Listing:  # pyright: ignore[reportUnusedFunction] - declared
        """List the units of the versions, each with the versions that hold it."""
        return compared(
            call,
            params,
            kind.rows,
            catalog=kind.catalog(call, {}, UnitScope(repository_id=params.repository_id)),
            select=kind.select,
            show=lambda row: _plain(kind, row),
        )

    @resource.action(
        "show", "GET", f"{base}/{{id}}", also=[f"{nested}/{{id}}"], permission="view_products"
    )
    def show(call: Call, params: Show) -> Shown:  # pyright: ignore[reportUnusedFunction] - declared
        """Show one."""
        scope = UnitScope(
            organization_id=params.organization_id, repository_id=params.repository_id
        )
        found = find_unit(call.tx, call.actor, kind.rows, scope, params.id)
        held = units_by_type(call.tx, call.actor, _TYPES, scope)
        row = call.tx.execute(
            kind.select(select_held(call.tx, kind.rows, BitMap([found.id])))
        ).one()
        return kind.show(row, _around(call, kind, scope, held, [row]))

    return resource


def _chosen(call: Call, chosen: Chosen, kind: _Kind, held: Held) -> BitMap:
    """Return what was asked for of the units that the scope holds.

    A manifest is named by whatever names one of its tags.
    """
    unit_type = kind.rows.unit_type
    if unit_type == TAG or chosen.scope.filter_id is None:
        return chosen.of(call, held[unit_type], unit_type, _TAGS_NAMED)
    by_tag = tags_named(chosen.rules_for(_TAGS_NAMED.filter_type))
    named = manifests_of_tags(call.tx, held[TAG], by_tag) & held[unit_type]
    return held[unit_type] - named if chosen.unnamed else named


def _naming(chosen: Chosen, kind: _Kind, around: _Around) -> ShownBeside:
    """Return what shows of a row the filters that name it, or a tag of it."""
    if kind.rows.unit_type == TAG:
        return chosen.beside(_TAGS_NAMED)
    return chosen.beside(_TAGS_NAMED, lambda row: around.beside.tags[row.name])


def _around(
    call: Call, kind: _Kind, scope: UnitScope, held: Held, rows: Sequence[AnyRow]
) -> _Around:
    digests = sorted({getattr(row, kind.digest) for row in rows})
    ids = [row.id for row in rows]
    return _Around(
        held,
        beside(call.tx, held, digests) if rows else Beside(),
        places_serving(call.tx, call.actor, kind.rows.unit_type, ids, scope),
    )


def _plain(kind: _Kind, row: AnyRow) -> Shown:
    """Return a row without what stands beside it."""
    shown = kind.show(row, _Around({}, Beside(), {}))
    left_out = {"environments", "tags", "related_tags", "manifests", "platforms"}
    return {name: value for name, value in shown.items() if name not in left_out}


def _tag(row: AnyRow, around: _Around) -> Shown:
    manifest = None
    if row.manifest_id is not None:
        manifest = {
            "id": row.manifest_id,
            "digest": row.manifest,
            "manifest_type": "list" if row.listing else "image",
            "type": row.kind,
            "schema_version": row.schema_version,
            "compressed_size": None if row.listing else row.compressed_size,
            "created": row.created,
            "is_bootable": bool(row.bootable),
            "is_flatpak": bool(row.flatpak),
        }
    first = row.schema_version == 1
    others = [each for each in around.beside.tags[row.manifest] if each.id != row.id]
    return {
        "id": row.id,
        "name": row.name,
        "digest": row.manifest,
        "manifest": manifest,
        "manifest_schema1": manifest if first else None,
        "manifest_schema2": None if first else manifest,
        "related_tags": [{"id": each.id, "name": each.name} for each in others],
        "environments": _places(row, around),
    }


def _manifest(row: AnyRow, around: _Around) -> Shown:
    platform = _platform(row)
    return {
        **_common(row, around),
        "os": row.os,
        "architecture": row.architecture,
        "variant": row.variant,
        "platforms": [] if platform is None else [platform],
        "compressed_size": row.compressed_size,
        "created": row.created,
    }


def _manifest_list(row: AnyRow, around: _Around) -> Shown:
    children = around.beside.children[row.name]
    platforms = (_platform(each) for each in children)
    return {
        **_common(row, around),
        "platforms": list(dict.fromkeys(each for each in platforms if each is not None)),
        "manifests": [
            {
                "id": each.id if is_here(around.held, each.id) else None,
                "digest": each.name,
                "media_type": each.media_type,
                "size": each.size,
                "platform": _platform(each),
            }
            for each in children
        ],
    }


def _common(row: AnyRow, around: _Around) -> Shown:
    return {
        "id": row.id,
        "digest": row.name,
        "schema_version": row.schema_version,
        "manifest_type": "list" if row.listing else "image",
        "type": row.kind,
        # Layers may come on demand, manifests never do.
        "downloaded": True,
        "media_type": row.media_type,
        "artifact_type": row.artifact_type,
        "subject": row.subject,
        "size": row.size,
        "annotations": row.annotations,
        "labels": row.labels,
        "is_bootable": row.bootable,
        "is_flatpak": row.flatpak,
        "tags": [{"id": each.id, "name": each.name} for each in around.beside.tags[row.name]],
        "environments": _places(row, around),
    }


def _platform(row: AnyRow) -> str | None:
    if not row.os or not row.architecture:
        return None
    return "/".join(part for part in (row.os, row.architecture, row.variant) if part)


def _places(row: AnyRow, around: _Around) -> list[Shown]:
    return [_place(each) for each in around.places.get(row.id, ())]


def _place(row: AnyRow) -> Shown:
    label = row.environment_label
    version = None
    if row.version_id is not None:
        version = {"id": row.version_id, "version": f"{row.major}.{row.minor}"}
    return {
        "id": row.id,
        "label": label if row.default else f"{label}/{row.content_view_label}",
        "lifecycle_environment": {"id": row.environment_id, "name": row.environment_name},
        "content_view": {"id": row.content_view_id, "name": row.content_view_name},
        "content_view_version": version,
        "repository": {"id": row.repository_id, "name": row.repository_name},
    }


docker_tags: Final = _resource(
    "docker_tags", "Docker tags", _Kind(UnitRows(TAG, container_tags), "manifest", _tag)
)
docker_manifests: Final = _resource(
    "docker_manifests",
    "Docker manifests",
    _Kind(UnitRows(MANIFEST, container_manifests, container_manifests.c.name), "name", _manifest),
)
docker_manifest_lists: Final = _resource(
    "docker_manifest_lists",
    "Docker manifest lists",
    _Kind(
        UnitRows(LISTING, container_manifests, container_manifests.c.name),
        "name",
        _manifest_list,
    ),
)
