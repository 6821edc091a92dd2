"""What people do with recurring logics, whatever these run."""

from sqlalchemy import delete

from headgate.domain.clock import Clock
from headgate.domain.errors import ConflictError
from headgate.domain.ids import RecurringLogicId
from headgate.engine.recurrence import CANCELLED, disable, enable
from headgate.services.access import Actor, AnyRow, load
from headgate.stores.db import Transaction
from headgate.stores.db.tables import recurring_logics

VIEW: str = "view_recurring_logics"
EDIT: str = "edit_recurring_logics"


def cancel_logic(tx: Transaction, *, actor: Actor, logic_id: RecurringLogicId) -> None:
    """Let it fire no more; a task of its that runs goes on. Cancelling twice is no error."""
    row = _load_to_change(tx, actor, logic_id)
    disable(tx, row.id, state=CANCELLED)


def enable_logic(
    tx: Transaction, *, actor: Actor, clock: Clock, logic_id: RecurringLogicId, enabled: bool
) -> None:
    """Pause it or let it go on; ConflictError once it was cancelled."""
    row = _load_to_change(tx, actor, logic_id)
    if row.state == CANCELLED:
        raise ConflictError(
            "The recurring logic was cancelled; enable what it belongs to, such as its sync plan"
        )
    if enabled:
        enable(tx, row.id, now=clock())
    else:
        disable(tx, row.id)


def delete_logic(tx: Transaction, *, actor: Actor, logic_id: RecurringLogicId) -> None:
    """Delete it with what it belongs to, such as its sync plan."""
    row = _load_to_change(tx, actor, logic_id)
    tx.execute(delete(recurring_logics).where(recurring_logics.c.id == row.id))


def _load_to_change(tx: Transaction, actor: Actor, logic_id: RecurringLogicId) -> AnyRow:
    return load(tx, actor, recurring_logics, logic_id, permission=EDIT)
