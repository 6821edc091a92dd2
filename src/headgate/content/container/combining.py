"""Laying content over content: a tag points to one manifest, whatever it pointed to before."""

from collections.abc import Mapping, Sequence

from pyroaring import BitMap

from headgate.content.container.tables import container_manifests, container_tags
from headgate.content.container.units import LISTING, MANIFEST, TAG
from headgate.domain.content import Content
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of


def with_units(tx: Transaction, content: Content, units: Content) -> Content:
    """Return the content with these units; its tags of the same names give way.

    Manifests stay, reachable by digest (container.md 2).
    """
    taken = {
        row[0] for row in rows_of(tx, [container_tags.c.name], container_tags.c.id, units[TAG])
    }
    older = content[TAG] - units[TAG]
    columns = [container_tags.c.id, container_tags.c.name]
    gone = [row[0] for row in rows_of(tx, columns, container_tags.c.id, older) if row[1] in taken]
    both = content | units
    return both.replaced(**{TAG: both[TAG] - BitMap(gone)})


def names_of(tx: Transaction, content: Content) -> Mapping[str, Sequence[str]]:
    """Return names of tags and digests of manifests, by the types of units."""
    named = {
        TAG: [
            row[0]
            for row in rows_of(tx, [container_tags.c.name], container_tags.c.id, content[TAG])
        ]
    }
    for unit_type in (MANIFEST, LISTING):
        columns = [container_manifests.c.name]
        rows = rows_of(tx, columns, container_manifests.c.id, content[unit_type])
        named[unit_type] = [row[0] for row in rows]
    return {unit_type: names for unit_type, names in named.items() if names}
