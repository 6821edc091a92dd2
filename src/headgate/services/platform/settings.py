"""Settings of the running server: listed, searched and changed."""

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row, Select, String, func, literal, or_, select, union_all, update

from headgate.domain.clock import Clock
from headgate.domain.errors import (
    ConflictError,
    NotFoundError,
    NotImplementedYetError,
    ValidationError,
)
from headgate.domain.settings import SETTINGS, Setting
from headgate.search import Field, Fields
from headgate.services.access import Actor
from headgate.services.listing import Catalog
from headgate.services.platform.setting_values import value_of
from headgate.stores.db import Transaction
from headgate.stores.db.statements import upsert
from headgate.stores.db.tables import http_proxies, setting_values

# Kept with the proxies: there is one default among them.
_DEFAULT_PROXY: Final = "content_default_http_proxy"
_LONGEST_KEY: Final = 64

_BY_ID: Final[Mapping[int, Setting]] = {each.id: each for each in SETTINGS}

# As rows of a table, so that settings are searched and sorted as everything else is.
_declared = union_all(
    *(
        select(
            literal(each.id).label("id"),
            literal(each.name, String).label("name"),
            literal(each.title, String).label("full_name"),
            literal(each.description, String).label("description"),
            literal(each.category, String).label("category"),
        )
        for each in SETTINGS
    )
).subquery("settings")

CATALOG: Final = Catalog(
    key=_declared.c.id,
    fields=Fields(
        {
            "id": Field(_declared.c.id, "integer"),
            "name": Field(_declared.c.name, default=True),
            "full_name": Field(_declared.c.full_name, default=True),
            "description": Field(_declared.c.description, default=True),
            "category": Field(_declared.c.category),
        }
    ),
    sorts={name: _declared.c[name] for name in ("id", "name", "full_name", "category")},
)


def query() -> Select[Any]:
    """Select the settings with what is kept of each (`kept`, `created_at`, `updated_at`)."""
    default_proxy = (
        select(func.min(http_proxies.c.name))
        .where(http_proxies.c.content_default)
        .scalar_subquery()
    )
    return select(
        _declared,
        setting_values.c.value.label("kept"),
        setting_values.c.created_at,
        setting_values.c.updated_at,
        default_proxy.label("default_proxy"),
    ).outerjoin(setting_values, setting_values.c.name == _declared.c.name)


def load_setting(tx: Transaction, key: str) -> Row[Any]:
    """Return one setting as `query` gives it, by its name or its id; NotFoundError for others."""
    number = int(key) if key.isascii() and key.isdigit() and len(key) < 10 else 0
    wanted = or_(_declared.c.name == key, _declared.c.id == number)
    row = None if "\0" in key else tx.execute(query().where(wanted)).one_or_none()
    if row is None:
        raise NotFoundError(f"Could not find setting with id {key[:_LONGEST_KEY]}")
    return row


def declared(row: Row[Any]) -> Setting:
    """Return what a setting is, beside its value."""
    return _BY_ID[row.id]


def current(row: Row[Any], fixed: Mapping[str, Any]) -> Any:
    """Return the value of a row of `query`."""
    if row.name == _DEFAULT_PROXY:
        return row.default_proxy or ""
    return fixed[row.name] if row.name in fixed else value_of(row.name, row.kept)


def update_setting(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    fixed: Mapping[str, Any],
    key: str,
    value: Any,
) -> None:
    """Set a setting, for all organizations and at once.

    To set what is set already is no change, whatever the setting. ConflictError if the server's
    own settings fix it, NotImplementedYetError if nothing would follow it yet.
    """
    actor.require("edit_settings")
    row = load_setting(tx, key)
    setting = declared(row)
    wanted = setting.read(value)
    if wanted == current(row, fixed):
        return
    if setting.name in fixed:
        raise ConflictError(
            f"Setting '{setting.name}' is fixed by {setting.file_key} of the server's own settings"
            " (its file, environment or command line); change it there and restart the server."
        )
    if setting.lacks is not None:
        raise NotImplementedYetError(
            f"{setting.lacks} is not implemented yet, so setting '{setting.name}' was not changed"
        )
    if setting.name == _DEFAULT_PROXY:
        _choose_default_proxy(tx, actor, str(wanted))
        return
    _keep(tx, clock, setting, wanted)


def _keep(tx: Transaction, clock: Clock, setting: Setting, value: object) -> None:
    now = clock()
    kept = json.dumps(value)
    statement = upsert(tx, setting_values).values(
        id=setting.id, name=setting.name, value=kept, created_at=now, updated_at=now
    )
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=[setting_values.c.id], set_={"value": kept, "updated_at": now}
        )
    )


def _choose_default_proxy(tx: Transaction, actor: Actor, name: str) -> None:
    """What all organizations go through is for administrators to choose."""
    actor.require_admin()
    chosen = tx.scalar(select(http_proxies.c.id).where(http_proxies.c.name == name))
    if name and chosen is None:
        raise ValidationError({"value": ["must be the name of an HTTP proxy, or empty"]})
    default = http_proxies.c.content_default
    tx.execute(update(http_proxies).where(default).values(content_default=False))
    if chosen is not None:
        tx.execute(
            update(http_proxies).where(http_proxies.c.id == chosen).values(content_default=True)
        )
