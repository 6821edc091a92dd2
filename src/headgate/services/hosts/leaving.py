"""What becomes of keys and hosts when an environment serves a content view no longer.

Those that have other content view environments lose this one. Those that would be left without
any are given a replacement, if the request names one; without it nothing may be removed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, insert, not_, select

from headgate.domain.errors import BadRequestError, ConflictError
from headgate.services.hosts.view_environments import HOSTS, KEYS, Holders, are_there
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import distributions


@dataclass(frozen=True, slots=True)
class Replacements:
    """The content view environments that take the place of those that go, if any."""

    for_hosts: int | None = None
    for_keys: int | None = None


NONE = Replacements()


def require_no_orphans(
    tx: Transaction, distribution_ids: Collection[int], replacements: Replacements = NONE
) -> None:
    """Raise BadRequestError if hosts or keys would be left without content."""
    left: list[str] = []
    for noun, holders, replacement in _each(replacements):
        if replacement is None:
            count = len(_orphans(tx, holders, distribution_ids))
            left += [f"{count} {noun}(s)"] if count else []
    if left:
        raise BadRequestError(
            f"This would leave {' and '.join(left)} without a content view; give them another one"
            " first, or say which one takes its place."
        )


def let_go(
    tx: Transaction, distribution_ids: Collection[int], replacements: Replacements = NONE
) -> None:
    """Take these content view environments from all keys and hosts.

    BadRequestError if some would be left without content; ConflictError if a replacement is gone.
    """
    if not distribution_ids:
        return
    require_no_orphans(tx, distribution_ids, replacements)
    for _, holders, replacement in _each(replacements):
        orphans = _orphans(tx, holders, distribution_ids)
        going = among(tx, holders.table.c.distribution_id, distribution_ids)
        tx.execute(delete(holders.table).where(going))
        if not orphans:
            continue
        if (
            replacement is None
            or replacement in distribution_ids
            or not are_there(tx, [replacement])
        ):
            raise ConflictError("What was to take the place of the content view is gone itself")
        rows = [
            {holders.owner.name: each, "distribution_id": replacement, "position": 0}
            for each in orphans
        ]
        tx.execute(insert(holders.table), rows)


def places_of(tx: Transaction, content_view_id: int, environment_ids: Collection[int]) -> list[int]:
    """Return the ids of the content view environments of a view in these environments."""
    places = distributions.c
    return list(
        tx.scalars(
            select(places.id).where(
                places.content_view_id == content_view_id,
                among(tx, places.environment_id, environment_ids),
            )
        )
    )


def _each(replacements: Replacements) -> Sequence[tuple[str, Holders, int | None]]:
    return (
        ("host", HOSTS, replacements.for_hosts),
        ("activation key", KEYS, replacements.for_keys),
    )


def _orphans(tx: Transaction, holders: Holders, distribution_ids: Collection[int]) -> Sequence[int]:
    """Return the keys or hosts that have nothing but these."""
    table = holders.table
    going: ColumnElement[bool] = among(tx, table.c.distribution_id, distribution_ids)
    others = select(holders.owner).where(not_(going))
    return tx.scalars(
        select(holders.owner).where(going, holders.owner.not_in(others)).distinct()
    ).all()
