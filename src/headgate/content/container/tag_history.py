"""The history of tags: where each pointed in a repository, since when, and who pointed it there."""

from sqlalchemy import insert

from headgate.content.container.tables import container_tag_moves, container_tags
from headgate.content.container.units import TAG
from headgate.plugin import Change
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of


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
