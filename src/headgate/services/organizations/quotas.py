"""Quotas: how many bytes an organization may need; beyond the soft one warns, the hard one refuses.

What counts is what the ledger calls the organization's bytes, shared or not: an organization never
exceeds its quota by what another one deletes. The hard quota is asked for twice. Before anything
is downloaded or taken in, what is announced must fit. In the transaction that would make it
visible, what is really there must: that one holds the quota's row, so concurrent tasks of an
organization take turns, and together they never pass it. What was downloaded by then is let go of
and collected. Bytes that hosts fetch on demand are counted, but never refused to them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, insert, select

from headgate.domain.byte_counts import readable
from headgate.domain.errors import QuotaExceededError, ValidationError
from headgate.domain.ids import OrganizationId
from headgate.plugin import ContentType
from headgate.services.access import Actor, load
from headgate.services.storage.space import organization_bytes
from headgate.stores.db import Database, Transaction
from headgate.stores.db.tables import organization_quotas, organizations

_HIGHEST: Final = 2**62


@dataclass(frozen=True, slots=True)
class Quota:
    """The limits of an organization in bytes; None: no limit."""

    soft: int | None = None
    hard: int | None = None

    def state(self, used: int) -> str:
        """Say in a word what the usage means: ok, soft, hard."""
        if self.hard is not None and used > self.hard:
            return "hard"
        return "soft" if self.soft is not None and used > self.soft else "ok"


def set_quota(
    tx: Transaction, *, actor: Actor, organization_id: OrganizationId, quota: Quota
) -> None:
    """Limit an organization, or lift a limit; for administrators, as the disk is theirs.

    A limit may be set below what is used: nothing goes, and nothing more comes.
    """
    load(tx, actor, organizations, organization_id)
    actor.require_admin()
    for name, value in (("soft_bytes", quota.soft), ("hard_bytes", quota.hard)):
        if value is not None and not 0 <= value <= _HIGHEST:
            raise ValidationError({name: ["must be a number of bytes, 0 or more"]})
    if quota.soft is not None and quota.hard is not None and quota.soft > quota.hard:
        raise ValidationError({"soft_bytes": ["must not be more than hard_bytes"]})
    mine = organization_quotas.c.organization_id == organization_id
    tx.execute(delete(organization_quotas).where(mine))
    if quota != Quota():
        values = {"soft_bytes": quota.soft, "hard_bytes": quota.hard}
        tx.execute(insert(organization_quotas).values(organization_id=organization_id, **values))


def quota_of(tx: Transaction, organization_id: int | None, *, lock: bool = False) -> Quota:
    """Return the limits of an organization; locked, they are the caller's until its commit."""
    query = select(organization_quotas.c.soft_bytes, organization_quotas.c.hard_bytes).where(
        organization_quotas.c.organization_id == organization_id
    )
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    return Quota() if row is None else Quota(row.soft_bytes, row.hard_bytes)


def require_room(
    database: Database,
    content_types: Iterable[ContentType],
    organization_id: int | None,
    *,
    more: int = 0,
) -> None:
    """Raise QuotaExceededError if so many more bytes would not fit; before they are fetched."""
    with database.read() as tx:
        quota = quota_of(tx, organization_id)
        if organization_id is None or quota.hard is None:
            return
        used = organization_bytes(tx, content_types, organization_id)
        if more and used + more > quota.hard:
            raise _exceeded(tx, organization_id, quota.hard, used, more)


def keep_within(
    tx: Transaction,
    database: Database,
    content_types: Iterable[ContentType],
    organization_id: int,
) -> None:
    """Raise QuotaExceededError if this transaction takes the organization beyond its hard quota.

    To be called when all else is done. What makes less of what is too much already passes.
    """
    quota = quota_of(tx, organization_id, lock=True)
    if quota.hard is None:
        return
    types = list(content_types)
    used = organization_bytes(tx, types, organization_id)
    if used <= quota.hard:
        return
    with database.read() as before:  # sees nothing of the transaction
        held = organization_bytes(before, types, organization_id)
        if used > held:
            raise _exceeded(before, organization_id, quota.hard, held, used - held)


def soft_warning(
    database: Database, content_types: Iterable[ContentType], organization_id: int | None
) -> QuotaExceededError | None:
    """Return what a task says that leaves its organization beyond the soft quota."""
    with database.read() as tx:
        quota = quota_of(tx, organization_id)
        if organization_id is None or quota.soft is None:
            return None
        used = organization_bytes(tx, content_types, organization_id)
        if used <= quota.soft:
            return None
        return QuotaExceededError(
            f"Organization '{_name(tx, organization_id)}' uses {readable(used)}, which is"
            f" {readable(used - quota.soft)} more than its soft quota of {readable(quota.soft)};"
            f" {_ADVICE}"
        )


_ADVICE: Final = (
    "delete content view versions or repositories (`organization space` tells which need most),"
    " or ask an administrator for a higher quota"
)


def _exceeded(
    tx: Transaction, organization_id: int, hard: int, used: int, more: int
) -> QuotaExceededError:
    return QuotaExceededError(
        f"Organization '{_name(tx, organization_id)}' uses {readable(used)}; {readable(more)} more"
        f" would be {readable(used + more - hard)} beyond its hard quota of {readable(hard)}:"
        f" {_ADVICE}"
    )


def _name(tx: Transaction, organization_id: int) -> Any:
    return tx.scalar(select(organizations.c.name).where(organizations.c.id == organization_id))
