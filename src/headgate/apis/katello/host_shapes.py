"""Objects that the replies about keys, collections and hosts share."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from headgate.apis.actions import Call, Params, doc
from headgate.domain.ids import ContentViewId, DistributionId
from headgate.services.access import AnyRow
from headgate.services.hosts.overrides import ENABLED, Override, enabled_override, override_of
from headgate.services.hosts.view_environments import label_of

# Simple content access is all there is: whoever is registered gets content without an entitlement.
NO_SUBSCRIPTIONS: Final = (
    "Subscriptions are not added to or removed from anything here: with simple content access"
    " every registered host gets the content of its content view environments."
)


class ByList(Params):
    """Content view environments, by labels or by ids."""

    content_view_environments: list[str] | None = doc(
        "Labels of content view environments, ENV or ENV/CV, the first one first asked",
        default=None,
        max_length=50,
    )
    content_view_environment_ids: list[DistributionId] | None = doc(
        "IDs of content view environments, the first one first asked", default=None, max_length=50
    )
    content_view_id: ContentViewId | None = doc(
        "ID of the only content view, together with its environment", default=None
    )


class ContentOverride(Params):
    """What is said of one repository."""

    content_label: str = doc("Label of the content", max_length=512)
    name: str = doc("Name of the override", default="enabled", max_length=255)
    value: Any = doc("Value; for enabled true or false", default=None)
    remove: bool = doc("Remove the override, so that the default holds", default=False)


def overrides_from(given: Sequence[ContentOverride]) -> list[Override]:
    """Return what a request says of repositories."""
    return [
        override_of(each.content_label, each.name, each.value, remove=each.remove) for each in given
    ]


def environments_shown(rows: Sequence[AnyRow]) -> dict[str, Any]:
    """Return the content view environments of a key or host as lists."""
    return {
        "multi_content_view_environment": len(rows) > 1,
        "content_view_environments": [_environment(row) for row in rows],
        "content_view_environment_ids": [row.id for row in rows],
        "content_view_environment_labels": ",".join(label_of(row) for row in rows),
    }


def only_view(rows: Sequence[AnyRow]) -> dict[str, Any] | None:
    """Return the view of the only content view environment; None if there are none or several."""
    if len(rows) != 1:
        return None
    (row,) = rows
    return {
        "id": row.content_view_id,
        "name": row.content_view_name,
        "label": row.content_view_label,
        "composite": row.content_view_composite,
        "content_view_version_id": row.version_id,
        "content_view_version": _number(row),
        "content_view_default": row.content_view_default,
    }


def only_environment(rows: Sequence[AnyRow]) -> dict[str, Any] | None:
    """Return the environment of the only content view environment, as `only_view`."""
    if len(rows) != 1:
        return None
    (row,) = rows
    return {"id": row.environment_id, "name": row.environment_name, "label": row.environment_label}


def override_object(row: AnyRow) -> dict[str, Any]:
    """Return one content override."""
    return {"content_label": row.content_label, "name": row.name, "value": row.value}


def content_object(
    call: Call, row: AnyRow, overrides: Mapping[str, Sequence[AnyRow]]
) -> dict[str, Any]:
    """Return a repository (a row of `repository_records.query`) as hosts are told of it.

    `overrides` are those of the host or key by content label.
    """
    said = overrides.get(row.content_label, [])
    enabled = enabled_override(said)
    path, key = f"/{row.relative_path}", _key_url(call, row)
    return {
        "id": row.id,
        "content": {
            "id": row.content_id,
            "name": row.name,
            "label": row.content_label,
            "type": row.content_type,
            "vendor": "Custom",
            "content_url": path,
            "gpg_url": key,
            # As hammer reads them.
            "contentUrl": path,
            "gpgUrl": key,
            "created": row.created_at,
            "updated": row.updated_at,
        },
        "product": {
            "id": row.product_id,
            "cp_id": row.product_cp_id,
            "name": row.product_name,
            "label": row.product_label,
        },
        "enabled": ENABLED if enabled is None else enabled,
        "enabled_content_override": enabled,
        "overrides": [{"name": each.name, "value": each.value} for each in said],
        "override": _words(enabled),
        "redhat": False,
    }


def module_stream_object(row: AnyRow) -> dict[str, Any]:
    """Return a module stream of many hosts."""
    return {
        "id": row.id,
        "name": row.name,
        "stream": row.stream,
        "module_spec": f"{row.name}:{row.stream}",
    }


def trace_object(row: AnyRow) -> dict[str, Any]:
    """Return what on a host runs from files that were replaced."""
    return {
        "id": row.id,
        "host": row.host,
        "host_id": row.host_id,
        "application": row.application,
        "helper": row.helper,
        "app_type": row.app_type,
        "reboot_required": row.app_type == "static",
    }


def _environment(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": label_of(row),
        "content_view": {
            "id": row.content_view_id,
            "name": row.content_view_name,
            "label": row.content_view_label,
            "composite": row.content_view_composite,
            "rolling": row.content_view_rolling,
            "content_view_version": _number(row),
            "content_view_version_id": row.version_id,
            "content_view_default": row.content_view_default,
        },
        "lifecycle_environment": {
            "id": row.environment_id,
            "name": row.environment_name,
            "label": row.environment_label,
            "lifecycle_environment_library": row.environment_library,
        },
    }


def _number(row: AnyRow) -> str | None:
    return None if row.version_id is None else f"{row.major}.{row.minor}"


def _words(enabled: bool | None) -> str:
    if enabled is None:
        return "default"
    return "enabled" if enabled else "disabled"


def _key_url(call: Call, row: AnyRow) -> str | None:
    if row.gpg_key_id is None:
        return None
    return f"{call.base_url}/katello/api/v2/repositories/{row.id}/gpg_key_content"
