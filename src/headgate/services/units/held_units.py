"""Whether the units that a request names are where it says that they are."""

from collections.abc import Iterable

from headgate.domain.errors import NotFoundError
from headgate.services.access import Actor
from headgate.services.units.units import UnitScope, units_within
from headgate.stores.db import Transaction


def require_held(
    tx: Transaction, actor: Actor, unit_type: str, unit_ids: Iterable[int], scope: UnitScope
) -> None:
    """Raise NotFoundError for the first unit that the scope does not hold."""
    held = units_within(tx, actor, unit_type, scope)
    for unit_id in unit_ids:
        if not 0 < unit_id < 2**31 or unit_id not in held:
            raise NotFoundError(f"Could not find {unit_type.replace('_', ' ')} with id {unit_id}")
