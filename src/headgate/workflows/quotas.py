"""The organization's quota (`services/organizations/quotas.py`), as tasks mind it."""

from dataclasses import replace

from headgate.engine.port import Run
from headgate.plugin import Ports
from headgate.services.organizations.quotas import keep_within, require_room, soft_warning
from headgate.stores.db import Transaction
from headgate.workflows.workshop import Workshop


def keep_within_quota(tx: Transaction, workshop: Workshop, organization_id: int | None) -> None:
    """Raise QuotaExceededError, at the end of a transaction, if it passes the hard quota."""
    if organization_id is not None:
        database = workshop.ports.database
        keep_within(tx, database, workshop.content_types.values(), organization_id)


def ports_with_room(workshop: Workshop) -> Ports:
    """Return the ports, by which what would not fit is refused before it is fetched."""
    database, types = workshop.ports.database, list(workshop.content_types.values())

    def room(organization_id: int | None, more: int) -> None:
        require_room(database, types, organization_id, more=more)

    return replace(workshop.ports, require_room=room)


def warn_of_quota(workshop: Workshop, run: Run) -> None:
    """Let the task warn if its organization is beyond the soft quota; outside of steps."""
    database, types = workshop.ports.database, workshop.content_types.values()
    warning = soft_warning(database, types, run.organization_id)
    if warning is not None:
        run.warn(warning)
