"""Searching by what stands beside RPM content: module streams, hosts, the trees of repositories.

What content sets hold is not known to SQL. These fields read it once for a search, in at most two
statements and only if they are searched by.
"""

from functools import cache
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import ColumnElement, literal, or_, select

from headgate.content.rpm.records import NEVRA_WITH_EPOCH
from headgate.content.rpm.tables import (
    distribution_tree_files,
    distribution_trees,
    module_documents,
    rpm_packages,
)
from headgate.search import Field, Related, checksum_field
from headgate.services.access import Actor, scoped
from headgate.services.units.units import UnitScope, units_by_repository, units_within
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among_texts, bound_pairs, elements, within
from headgate.stores.db.tables import (
    content_set_members,
    hosts,
    module_profile_streams,
    repositories,
    repository_versions,
)

_held = content_set_members.c
_package = rpm_packages.c
_tree, _file = distribution_trees.c, distribution_tree_files.c
_document, _stream = module_documents.c, module_profile_streams.c

_TREE: Final = "distribution_tree"
_TOLD: Final = ("version", "arch", "family", "variant")

# What a machine that is installed over the network starts from, in the trees of all releases.
_BOOT_FILES: Final = ("%vmlinuz%", "%/pxeboot/%", "%/boot.iso")
_BOOTABLE: Final = _tree.id.in_(
    select(_file.tree_id).where(or_(*(_file.path.like(each) for each in _BOOT_FILES)))
)


def package_fields(tx: Transaction, actor: Actor) -> dict[str, Field]:
    """Return `modular`: whether a module stream within reach lists the package."""

    @cache
    def read() -> Field:
        streams = units_within(tx, actor, "module_stream", UnitScope())
        held = within(tx, _document.id, streams)
        names = {
            nevra.rsplit("-", 2)[0]
            for artifacts in tx.scalars(select(_document.artifacts).where(held))
            for nevra in artifacts
        }
        # By name first: that takes an index, where a million packages would be written out.
        listed = (
            select(_package.id)
            .where(among_texts(tx, _package.name, names))
            .where(NEVRA_WITH_EPOCH.in_(elements(tx, _document.artifacts).where(held)))
            .correlate(None)
        )
        return Field(_package.id.in_(listed), "boolean")

    return {"modular": Field(literal(value=False), "boolean", read=read)}


def stream_fields(actor: Actor) -> dict[str, Field]:
    """Return `host`: the hosts within reach that have told of a module stream, enabled or not."""
    told = (
        select(hosts.c.id)
        .join(module_profile_streams, _stream.profile_id == hosts.c.module_profile_id)
        .where(
            *(
                _stream[name] == _document[name]
                for name in ("name", "stream", "version", "context", "arch")
            )
        )
        .correlate(module_documents)
    )

    def having(compared: ColumnElement[bool]) -> ColumnElement[bool]:
        return scoped(told, actor, hosts).where(compared).exists()

    return {"host": Field(hosts.c.name, within=having)}


def tree_fields(tx: Transaction, actor: Actor) -> dict[str, Field]:
    """Return the fields of the installable trees that repositories hold: `distribution_...`."""

    @cache
    def way() -> Related:
        held = units_by_repository(tx, actor, _TREE, UnitScope(), frozen=False)
        trees = bound_pairs(tx, _pairs(held))
        return Related(
            repositories.c.id,
            trees.c.first,
            [(distribution_trees, _tree.id == trees.c.second)],
            own=True,
        )

    def of_tree(field: Field) -> Field:
        return Field(field.column, field.kind, read=lambda: _beyond(field, way()))

    texts = {name: Field(_tree[name]) for name in _TOLD}
    others = {"bootable": Field(_BOOTABLE, "boolean"), "uuid": checksum_field(_tree.digest)}
    return {f"distribution_{name}": of_tree(each) for name, each in (texts | others).items()}


def tree_of(tx: Transaction, repository_id: int) -> dict[str, Any]:
    """Return what the tree of a repository is, by the names of its fields; nothing without one."""
    units = tx.scalar(
        select(_held.units)
        .join(repository_versions, repository_versions.c.content_set_id == _held.content_set_id)
        .join(repositories, repositories.c.latest_version_id == repository_versions.c.id)
        .where(repositories.c.id == repository_id, _held.content_type == _TREE)
    )
    if units is None:
        return {}
    rows = tx.execute(
        select(*(_tree[name] for name in _TOLD), _BOOTABLE.label("bootable"))
        .where(within(tx, _tree.id, BitMap.deserialize(units)))
        .order_by(_tree.id.desc())
        .limit(1)
    ).mappings()
    return {f"distribution_{name}": value for row in rows for name, value in row.items()}


def _pairs(held: dict[int, BitMap]) -> list[tuple[int, int]]:
    return [(repository_id, tree) for repository_id, trees in held.items() for tree in trees]


def _beyond(field: Field, way: Related) -> Field:
    """Return a field of trees as one of their repositories."""
    compare = field.compare
    if compare is None:
        return Field(field.column, field.kind, within=way)
    return Field(
        field.column,
        within=way,
        compare=lambda operator, value: way(compare(operator, value)),
    )
