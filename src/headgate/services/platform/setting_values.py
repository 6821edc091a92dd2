"""What a setting is now: read where it is used, so that every process sees a change at once."""

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ScalarSelect, select

from headgate.domain.settings import SETTINGS, Setting
from headgate.stores.db import Transaction
from headgate.stores.db.tables import setting_values

_BY_NAME: Final[Mapping[str, Setting]] = {each.name: each for each in SETTINGS}
_NOTHING: Final[Mapping[str, Any]] = {}


def in_force(tx: Transaction, name: str, *, fixed: Mapping[str, Any] = _NOTHING) -> Any:
    """Return the setting's value: as the server's own settings fix it, as it was set, or usual."""
    if name in fixed:
        return fixed[name]
    return value_of(name, tx.scalar(select(stored(name))))


def stored(name: str) -> ScalarSelect[str]:
    """Return what a statement selects to have the setting read with it, for `value_of`."""
    query = select(setting_values.c.value).where(setting_values.c.name == _BY_NAME[name].name)
    return query.scalar_subquery()


def value_of(name: str, kept: str | None) -> Any:
    """Return the value of what is kept, the default where nothing is."""
    return _BY_NAME[name].default if kept is None else json.loads(kept)
