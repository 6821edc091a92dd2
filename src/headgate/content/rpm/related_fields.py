"""Searching by what stands beside RPM content: module streams, hosts, the trees of repositories.

What content sets hold is not known to SQL. These fields read it once for a search, in one statement
and only if they are searched by.
"""

from functools import cache
from typing import Final

from pyroaring import BitMap
from sqlalchemy import ColumnElement, literal, or_, select

from headgate.content.rpm.records import NEVRA_WITH_EPOCH
from headgate.content.rpm.tables import (
    distribution_tree_files,
    distribution_trees,
    module_documents,
)
from headgate.search import Field, Related, checksum_field
from headgate.services.access import Actor, scoped
from headgate.services.units.units import UnitScope, units_by_repository, units_within
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import bound_pairs, elements, within
from headgate.stores.db.tables import hosts, module_profile_streams, repositories

_tree, _file = distribution_trees.c, distribution_tree_files.c
_document, _stream = module_documents.c, module_profile_streams.c

# What a machine that is installed over the network starts from, in the trees of all releases.
_BOOT_FILES: Final = ("%vmlinuz%", "%/pxeboot/%", "%/boot.iso")
_BOOTABLE: Final = _tree.id.in_(
    select(_file.tree_id).where(or_(*(_file.path.like(each) for each in _BOOT_FILES)))
)


def package_fields(tx: Transaction, actor: Actor) -> dict[str, Field]:
    """Return `modular`: whether a module stream within reach lists the package."""

    def read() -> Field:
        streams = units_within(tx, actor, "module_stream", UnitScope())
        listed = elements(tx, _document.artifacts).where(within(tx, _document.id, streams))
        return Field(NEVRA_WITH_EPOCH.in_(listed), "boolean")

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
        held = units_by_repository(tx, actor, "distribution_tree", UnitScope(), frozen=False)
        trees = bound_pairs(tx, _pairs(held))
        return Related(
            repositories.c.id,
            trees.c.first,
            [(distribution_trees, _tree.id == trees.c.second)],
            own=True,
        )

    def of_tree(field: Field) -> Field:
        return Field(field.column, field.kind, read=lambda: _beyond(field, way()))

    texts = {name: Field(_tree[name]) for name in ("version", "arch", "family", "variant")}
    others = {"bootable": Field(_BOOTABLE, "boolean"), "uuid": checksum_field(_tree.digest)}
    return {f"distribution_{name}": of_tree(each) for name, each in (texts | others).items()}


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
