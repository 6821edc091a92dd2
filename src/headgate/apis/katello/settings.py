"""`/api/settings`: settings of the running server, by the names that clients of Katello know."""

from typing import Any

from headgate.apis.actions import (
    Call,
    Listing,
    ListParams,
    Params,
    Resource,
    doc,
    list_page,
    wrapped,
)
from headgate.services.access import AnyRow
from headgate.services.platform.settings import (
    CATALOG,
    current,
    declared,
    load_setting,
    query,
    update_setting,
)

settings = Resource("settings", "Settings", dialect="foreman")

_PATH = "/api/settings"
_ONE = f"{_PATH}/{{id}}"
_VIEW = "view_settings"
_ID = "Name or ID of the setting"


class Index(ListParams):
    """List all settings."""


@settings.action("index", "GET", _PATH, permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List them with their values."""
    return list_page(call, params, query(), catalog=CATALOG, show=lambda row: _shown(call, row))


class Show(Params):
    """Show a setting."""

    id: str = doc(_ID, max_length=255)


@settings.action("show", "GET", _ONE, permission=_VIEW)
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _shown(call, load_setting(call.tx, params.id))


class UpdateFields(Params):
    """What can be changed of a setting."""

    value: Any = doc("Value of the setting; a text is read as the setting's type", default=None)


class Update(Params):
    """Update a setting."""

    id: str = doc(_ID, max_length=255)
    setting: UpdateFields = wrapped("Setting")


@settings.action("update", "PUT", _ONE, permission="edit_settings")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Set its value, which counts from the next request on."""
    if "value" in params.setting.given:
        update_setting(
            call.tx,
            actor=call.actor,
            clock=call.services.clock,
            fixed=call.services.fixed_settings,
            key=params.id,
            value=params.setting.value,
        )
    return _shown(call, load_setting(call.tx, params.id))


def _shown(call: Call, row: AnyRow) -> dict[str, Any]:
    setting = declared(row)
    fixed = call.services.fixed_settings
    return {
        "id": row.id,
        "name": row.name,
        "full_name": row.full_name,
        "description": row.description,
        "category": row.category,
        "category_name": row.category.capitalize(),
        "settings_type": setting.kind,
        "default": setting.default,
        "value": current(row, fixed),
        "select_values": {choice: choice for choice in setting.choices} or None,
        "readonly": row.name in fixed,
        "config_file": setting.file_key if row.name in fixed else None,
        "encrypted": False,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
