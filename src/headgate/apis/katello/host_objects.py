"""A host as the replies show it."""

from collections.abc import Sequence
from typing import Any, Final

from headgate.apis.actions import Call
from headgate.apis.katello.host_shapes import environments_shown, only_environment, only_view
from headgate.apis.katello.shapes import named_all, permissions
from headgate.domain.hosts import parameter_value
from headgate.services.access import AnyRow
from headgate.services.hosts.host_records import Beside
from headgate.services.organizations.parameters import HOST, Owner, parameters_of
from headgate.stores.db.tables.hosts import BOOTC_IMAGES

_HIDDEN: Final = "*****"


def host_object(
    call: Call, row: AnyRow, around: Beside, *, parameters: bool = True, reveal: bool = False
) -> dict[str, Any]:
    """Return a host (a row of `host_records.query`); `reveal` shows hidden values."""
    environments = around.environments.get(row.id, [])
    facet = _content_facet(row, environments)
    shown: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "certname": row.name,
        "comment": row.comment,
        "organization_id": row.organization_id,
        "organization_name": row.organization_name,
        "location_id": row.location_id,
        "location_name": row.location_title,
        "owner_id": row.owner_id,
        "owner_name": row.owner_login,
        "owner_type": None if row.owner_id is None else "User",
        # Nothing is provisioned here, and nothing reports.
        "managed": False,
        "build": False,
        "enabled": True,
        "hostgroup_id": None,
        "hostgroup_name": None,
        "hostgroup_title": None,
        "operatingsystem_id": None,
        "operatingsystem_name": None,
        "ip": None,
        "mac": None,
        # Hammer asks the text for its length.
        "image_file": "",
        # Where the collection compares them with what a playbook asks for.
        "content_view_id": facet["content_view_id"],
        "lifecycle_environment_id": facet["lifecycle_environment_id"],
        "content_source_id": row.content_source_id,
        "kickstart_repository_id": row.kickstart_repository_id,
        "content_facet_attributes": facet,
        "subscription_facet_attributes": _subscription_facet(row),
        "host_collections": named_all(around.collections.get(row.id, [])),
        "permissions": permissions(
            call, row.organization_id, "view_hosts", "edit_hosts", "destroy_hosts"
        ),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
    if parameters:
        shown |= _parameters(around.parameters.get(row.id, []), reveal=reveal)
    return shown


def parameter_object(row: AnyRow, kind: str, *, reveal: bool = False) -> dict[str, Any]:
    """Return a parameter of a host, organization or location; `reveal` shows a hidden value."""
    value = parameter_value(row.value, row.parameter_type)
    return {
        "id": row.id,
        "name": row.name,
        "parameter_type": row.parameter_type,
        "hidden_value?": row.hidden_value,
        "value": _HIDDEN if row.hidden_value and not reveal else value,
        "associated_type": kind,
    }


def bootc_of(row: AnyRow) -> dict[str, Any]:
    """Return what the host says of image mode."""
    names = [f"bootc_{image}_{part}" for image in BOOTC_IMAGES for part in ("image", "digest")]
    return {name: getattr(row, name) for name in names}


def _content_facet(row: AnyRow, environments: Sequence[AnyRow]) -> dict[str, Any]:
    view, environment = only_view(environments), only_environment(environments)
    source = None
    if row.content_source_id is not None:
        source = {
            "id": row.content_source_id,
            "name": row.content_source_name,
            "url": row.content_source_url,
        }
    kickstart = None
    if row.kickstart_repository_id is not None:
        kickstart = {
            "id": row.kickstart_repository_id,
            "name": row.kickstart_repository_name,
        }
    return {
        "id": row.id,
        "uuid": row.uuid,
        **environments_shown(environments),
        "content_view": view,
        "content_view_id": view and view["id"],
        "content_view_name": view and view["name"],
        "content_view_version": view and view["content_view_version"],
        "content_view_version_id": view and view["content_view_version_id"],
        "content_view_default": view and view["content_view_default"],
        "lifecycle_environment": environment,
        "lifecycle_environment_id": environment and environment["id"],
        "lifecycle_environment_name": environment and environment["name"],
        "content_source": source,
        "content_source_id": row.content_source_id,
        "content_source_name": row.content_source_name,
        "kickstart_repository": kickstart,
        "kickstart_repository_id": row.kickstart_repository_id,
        "kickstart_repository_name": row.kickstart_repository_name,
        # Null: nothing has counted them yet, which is something else than that there are none.
        "errata_counts": None,
        "applicable_package_count": None,
        "upgradable_package_count": None,
        "applicable_module_stream_count": None,
        "upgradable_module_stream_count": None,
        **bootc_of(row),
    }


def _subscription_facet(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "uuid": row.uuid,
        "registered_at": row.registered_at,
        "last_checkin": row.last_checkin,
        "release_version": row.release_version,
        "autoheal": row.autoheal,
        "service_level": row.service_level,
        "purpose_usage": row.purpose_usage,
        "purpose_role": row.purpose_role,
        "purpose_addons": row.purpose_addons,
        "hypervisor_guest_uuids": row.hypervisor_guest_uuids,
    }


def parameters_shown(call: Call, owner: Owner) -> list[dict[str, Any]]:
    """Return the parameters of a thing as the thing shows them, without hidden values."""
    rows = parameters_of(call.tx, call.actor, owner)
    return [parameter_object(each, owner.kind.name) for each in rows]


def _parameters(rows: Sequence[AnyRow], *, reveal: bool) -> dict[str, Any]:
    """Return the host's own parameters, and what counts for it: of a name the last one."""

    def shown(row: AnyRow) -> dict[str, Any]:
        # Who may change a host need not be allowed to see what its organization hides.
        own = row.associated_type == HOST.name
        return parameter_object(row, row.associated_type, reveal=reveal and own)

    last = {each.name: each for each in rows}
    return {
        "parameters": [shown(each) for each in rows if each.associated_type == HOST.name],
        "all_parameters": [shown(each) for _, each in sorted(last.items())],
    }
