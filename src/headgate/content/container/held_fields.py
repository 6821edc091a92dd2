"""Searching tags by the repositories that hold them: by their names, and by those of their images.

What repositories hold is not known to SQL. It is read once for a search, in one statement and only
if it is searched so.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from pyroaring import BitMap
from sqlalchemy import ColumnElement, func, select

from headgate.content.container.tables import container_tags
from headgate.content.container.units import TAG
from headgate.search import Field, compares
from headgate.services.access import Actor, scoped
from headgate.services.units.units import UnitScope, held_sets
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import within
from headgate.stores.db.tables import (
    content_set_members,
    content_views,
    registry_names,
    repositories,
)

_tag = container_tags.c


class _Holder(NamedTuple):
    """A repository, the names under which the registry serves it, and the tags that it holds."""

    name: str
    images: Sequence[str]
    tags: BitMap


def tag_fields(tx: Transaction, actor: Actor, scope: UnitScope) -> dict[str, Field]:
    """Return `repository`, and `image`: names in the registry, of views within reach."""

    @cache
    def holders() -> Sequence[_Holder]:
        return _holders(tx, actor, scope)

    def field(names_of: Callable[[_Holder], Sequence[str]]) -> Field:
        def compare(operator: str, value: str) -> ColumnElement[bool]:
            test = compares(operator, value)
            found = (each.tags for each in holders() if any(map(test, names_of(each))))
            return within(tx, _tag.id, BitMap.union(BitMap(), *found))

        return Field(
            _tag.name,
            compare=compare,
            offered=lambda: {name for each in holders() for name in names_of(each)},
        )

    return {
        "repository": field(lambda holder: [holder.name]),
        "image": field(lambda holder: holder.images),
    }


def _holders(tx: Transaction, actor: Actor, scope: UnitScope) -> Sequence[_Holder]:
    """Return who holds tags within the scope; a repository once for each set that it has held."""
    held, sets = content_set_members.c, held_sets(actor, scope)
    views = scoped(select(content_views.c.id), actor, content_views)
    images = (
        select(func.aggregate_strings(registry_names.c.name, " "))
        .where(
            registry_names.c.repository_id == repositories.c.id,
            registry_names.c.content_view_id.in_(views),
        )
        .correlate(repositories)
        .scalar_subquery()
    )
    # A view shows its tags also to who does not see all of its repositories.
    found = (
        select(repositories.c.name, images.label("images"), held.units)
        .join(sets, sets.c.repository_id == repositories.c.id)
        .join(content_set_members, held.content_set_id == sets.c.content_set_id)
        .where(held.content_type == TAG)
    )
    rows = tx.execute(scoped(found, actor, repositories))
    return [
        _Holder(row.name, (row.images or "").split(), BitMap.deserialize(row.units)) for row in rows
    ]
