"""`/katello/api/package_groups`."""

from typing import Any

from headgate.apis.actions import Call
from headgate.apis.katello.units import UnitKind, unit_resource
from headgate.content.rpm.filters.named import GROUP_COLUMNS, groups_named
from headgate.content.rpm.records import PACKAGE_GROUPS
from headgate.content.rpm.tables import package_groups as table
from headgate.services.units.named_units import Naming
from headgate.services.units.units import UnitRows

_KINDS = ("mandatory", "default", "optional", "conditional")


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "uuid": row.digest.hex(),
        "package_group_id": row.group_id,
        "name": row.name,
        "description": row.description,
    }


def _details(_call: Call, row: Any) -> dict[str, Any]:
    by_kind = {
        f"{kind}_package_names": [each["name"] for each in row.members if each["type"] == kind]
        for kind in _KINDS
    }
    return {**_shown(row), **by_kind, "package_names": [each["name"] for each in row.members]}


# Categories and environments are units too, but no package groups to Katello's clients.
package_groups = unit_resource(
    "package_groups",
    "Package groups",
    UnitKind(
        UnitRows("package_group", table, key=table.c.group_id, only=table.c.kind == "group"),
        PACKAGE_GROUPS,
        _shown,
        _details,
        naming=Naming("package_group", GROUP_COLUMNS, groups_named),
    ),
)
