"""What base paths served and when: `.../@2026-11-01/` serves what the path served then.

Every change of a distribution leaves a line in the transaction that makes it. Lines outlive
versions: what is no longer kept is not served, rather than something else in its place.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Row, bindparam, insert, select

from headgate.domain.clock import Clock
from headgate.services.serving.served import ServedRepository, of_earlier, of_version
from headgate.stores.db import Transaction
from headgate.stores.db.tables import distribution_changes
from headgate.stores.db.types import UtcDateTime

# A version; what repositories hold (default and rolling views); nothing from now on.
Serves = Literal["version", "latest", "nothing"]

_MOMENT: Final = re.compile(r"@(\d{4}-\d\d-\d\d)(?:T(\d{6})Z)?")

_changes = distribution_changes.c
_SERVED_UNTIL = (
    select(distribution_changes)
    .where(
        _changes.base_path == bindparam("base"),
        _changes.at < bindparam("until", type_=UtcDateTime),
    )
    .order_by(_changes.id.desc())
    .limit(1)
)


def note_serving(
    tx: Transaction,
    *,
    clock: Clock,
    base_path: str,
    organization_id: int,
    content_view_id: int,
    serves: Serves,
    version_id: int | None = None,
) -> None:
    """Remember what the base path serves from now on."""
    tx.execute(
        insert(distribution_changes).values(
            base_path=base_path,
            organization_id=organization_id,
            content_view_id=content_view_id,
            serves=serves,
            version_id=version_id,
            at=clock(),
        )
    )


def read_moment(segment: str) -> datetime | None:
    """Return the end of the time that a segment of a path names; None for other segments.

    `@2026-11-01` is the whole day in UTC, so its last state; `@2026-11-01T093000Z` a second.
    """
    found = _MOMENT.fullmatch(segment)
    if found is None:
        return None
    day, time = found.groups()
    try:
        if time is None:
            return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
        moment = datetime.strptime(day + time, "%Y-%m-%d%H%M%S").replace(tzinfo=UTC)
        return moment + timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None


def serving_until(tx: Transaction, base_path: str, until: datetime) -> Row[Any] | None:
    """Return the line that tells what the base path served just before `until`."""
    return tx.execute(_SERVED_UNTIL, {"base": base_path, "until": until}).first()


def served_then(
    tx: Transaction, bases: Sequence[str], path: Sequence[str], stamp: str, until: datetime
) -> ServedRepository | None:
    """Return the repository that `path`, up to its moment `stamp`, named just before `until`.

    `bases` are the base paths that it may begin with, in the order in which they count.
    """
    for base in bases:
        rest = path[base.count("/") + 1 :]
        row = serving_until(tx, base, until)
        if row is None or not rest:
            continue
        found: list[ServedRepository] = []
        if row.version_id is not None:
            found = of_version(tx, row.version_id, base, rest)
        elif row.serves == "latest":
            found = of_earlier(
                tx, row.organization_id, row.content_view_id, base, rest, until=until
            )
        wanted = "/".join(path)
        for each in found:
            if each.base == wanted:  # the moment stands right behind the repository
                return replace(each, base=f"{wanted}/{stamp}")
    return None
