"""The history of tags: where each pointed in a repository, since when, and who pointed it there."""

from typing import Final

from sqlalchemy import insert, select

from headgate.content.container.tables import container_tag_moves, container_tags
from headgate.content.container.units import TAG
from headgate.plugin import Change
from headgate.search import Field, Fields
from headgate.services.access import AnySelect
from headgate.services.listing import Catalog
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of

_move = container_tag_moves.c

MOVES: Final = Catalog(
    key=_move.id,
    fields=Fields(
        {
            "id": Field(_move.id, "integer"),
            "name": Field(_move.name, default=True),
            "digest": Field(_move.manifest),
            "cause": Field(_move.cause),
            "user": Field(_move.user),
            "moved_at": Field(_move.moved_at, "datetime"),
        }
    ),
    default_sort=("moved_at", "desc"),
)


def moves_of(repository_id: int, name: str | None) -> AnySelect:
    """Select what became of the tags of a repository that the caller may see, or of one tag."""
    query = select(container_tag_moves).where(_move.repository_id == repository_id)
    return query if name is None else query.where(_move.name == name)


def note_moves(tx: Transaction, change: Change) -> None:
    """Write down which tags of the repository point elsewhere now, and which are gone."""
    before, after = change.before[TAG], change.after[TAG]
    columns = [container_tags.c.name, container_tags.c.manifest]
    moved: dict[str, str | None] = {
        row.name: None for row in rows_of(tx, columns, container_tags.c.id, before - after)
    }
    for row in rows_of(tx, columns, container_tags.c.id, after - before):
        moved[row.name] = row.manifest
    rows = [
        {
            "repository_id": change.repository_id,
            "name": name,
            "manifest": manifest,
            "cause": change.cause,
            "user": change.user,
            "moved_at": change.at,
        }
        for name, manifest in sorted(moved.items())
    ]
    if rows:
        tx.execute(insert(container_tag_moves), rows)
