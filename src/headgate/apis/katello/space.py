"""`.../space`: whose bytes lie on the disk, and how many an organization may have."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import Call, Params, Resource, doc
from headgate.apis.katello.content_view_versions import content_view_versions
from headgate.apis.katello.content_views import content_views
from headgate.apis.katello.organizations import organizations
from headgate.apis.katello.repositories import repositories
from headgate.domain.ids import (
    ContentViewId,
    ContentViewVersionId,
    OrganizationId,
    RepositoryId,
)
from headgate.services.access import load
from headgate.services.organizations.quotas import Quota, quota_of, set_quota
from headgate.services.storage.space import Ledger, Usage
from headgate.services.storage.space_records import names_of, repositories_of, versions_of, views_of
from headgate.stores.db import tables

space = Resource("space", "Space")

_K = "/katello/api"


class Show(Params):
    """Show whose bytes lie in the blob store; the parts add up to its size."""


@space.action("show", "GET", f"{_K}/space")
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show the store; for administrators, as it is about everybody's."""
    del params
    call.actor.require_admin()
    totals = _ledger(call).totals()
    names = names_of(call.tx, totals.by_organization)
    return {
        "bytes": totals.bytes,
        "shared_between_organizations_bytes": totals.between_organizations,
        "in_progress_bytes": totals.in_progress,
        "collectable_bytes": totals.collectable,
        "organizations": [
            {"id": key, "name": names[key], **_usage(used), "quota": _quota(call, key, used)}
            for key, used in totals.by_organization.items()
        ],
    }


class OrganizationSpace(Params):
    """Show how many bytes an organization needs, and what for."""

    id: OrganizationId = doc("Organization ID")


@organizations.action("space", "GET", f"{_K}/organizations/{{id}}/space")
def of_organization(call: Call, params: OrganizationSpace) -> dict[str, Any]:
    """Show an organization with its repositories and content views, the greatest first."""
    row = load(call.tx, call.actor, tables.organizations, params.id)
    call.actor.require("view_products", organization_id=params.id)
    ledger = _ledger(call)
    held, views = repositories_of(call.tx, params.id), views_of(call.tx, params.id)
    used = ledger.organization(params.id)
    return {
        "id": row.id,
        "name": row.name,
        **_usage(used),
        "quota": _quota(call, row.id, used),
        "repositories": _listed(held, ledger.repositories([each.id for each in held])),
        "content_views": _listed(views, ledger.views([each.id for each in views])),
    }


class RepositorySpace(Params):
    """Show how many bytes a repository's content in Library needs."""

    id: RepositoryId = doc("Repository ID")


@repositories.action("space", "GET", f"{_K}/repositories/{{id}}/space")
def of_repository(call: Call, params: RepositorySpace) -> dict[str, Any]:
    """Show one; what it shares are its content's other versions, and other repositories."""
    row = load(call.tx, call.actor, tables.repositories, params.id, permission="view_products")
    used = _ledger(call).repositories([row.id])[row.id]
    return {"id": row.id, "name": row.name, **_usage(used)}


class ViewSpace(Params):
    """Show how many bytes a content view's versions need, together and each."""

    id: ContentViewId = doc("Content view ID")


@content_views.action("space", "GET", f"{_K}/content_views/{{id}}/space")
def of_view(call: Call, params: ViewSpace) -> dict[str, Any]:
    """Show one with its versions."""
    row = load(
        call.tx, call.actor, tables.content_views, params.id, permission="view_content_views"
    )
    ledger, versions = _ledger(call), versions_of(call.tx, row.id)
    used = ledger.versions([each.id for each in versions])
    return {
        "id": row.id,
        "name": row.name,
        **_usage(ledger.views([row.id])[row.id]),
        "versions": [
            {"id": each.id, "version": f"{each.major}.{each.minor}", **_usage(used[each.id])}
            for each in versions
        ],
    }


class VersionSpace(Params):
    """Show how many bytes a content view version needs."""

    id: ContentViewVersionId = doc("Content view version ID")


@content_view_versions.action("space", "GET", f"{_K}/content_view_versions/{{id}}/space")
def of_version(call: Call, params: VersionSpace) -> dict[str, Any]:
    """Show one."""
    row = load(call.tx, call.actor, tables.content_view_versions, params.id)
    load(
        call.tx,
        call.actor,
        tables.content_views,
        row.content_view_id,
        permission="view_content_views",
    )
    used = _ledger(call).versions([row.id])[row.id]
    return {"id": row.id, "version": f"{row.major}.{row.minor}", **_usage(used)}


class SetQuota(Params):
    """Limit how many bytes an organization may need."""

    id: OrganizationId = doc("Organization ID")
    soft_bytes: int | None = doc("Beyond this, tasks warn; null for no limit", default=None)
    hard_bytes: int | None = doc("Nothing goes beyond this; null for no limit", default=None)


@organizations.action("set_quota", "PUT", f"{_K}/organizations/{{id}}/quota")
def limit(call: Call, params: SetQuota) -> dict[str, Any]:
    """Change the limits that are given."""
    before = quota_of(call.tx, params.id)
    given = params.given
    quota = Quota(
        soft=params.soft_bytes if "soft_bytes" in given else before.soft,
        hard=params.hard_bytes if "hard_bytes" in given else before.hard,
    )
    set_quota(call.tx, actor=call.actor, organization_id=params.id, quota=quota)
    return {"id": params.id, "soft_bytes": quota.soft, "hard_bytes": quota.hard}


def _ledger(call: Call) -> Ledger:
    return Ledger(call.tx, call.services.content_types.values())


def _usage(used: Usage) -> dict[str, int]:
    return {
        "bytes": used.bytes,
        "exclusive_bytes": used.exclusive,
        "shared_bytes": used.shared,
    }


def _quota(call: Call, organization_id: int, used: Usage) -> dict[str, Any]:
    quota = quota_of(call.tx, organization_id)
    return {
        "soft_bytes": quota.soft,
        "hard_bytes": quota.hard,
        "state": quota.state(used.bytes),
    }


def _listed(rows: Iterable[Row[Any]], used: Mapping[int, Usage]) -> list[dict[str, Any]]:
    shown = [{"id": row.id, "name": row.name, **_usage(used[row.id])} for row in rows]
    return sorted(shown, key=lambda each: (-each["exclusive_bytes"], each["name"]))
