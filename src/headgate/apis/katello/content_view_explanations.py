"""`/katello/api/content_view_versions/:id/explain`: why a package, file or tag is there or not."""

from typing import Any

from headgate.apis.actions import Call, Params, doc
from headgate.apis.katello.content_view_versions import content_view_versions
from headgate.domain.ids import ContentViewVersionId, RepositoryId
from headgate.plugin import Explanation, Ground
from headgate.services.access import load
from headgate.services.views.explaining import RepositoryExplained, explain
from headgate.stores.db.tables import repositories

__all__ = ["content_view_versions"]


class Explain(Params):
    """Explain why a content view version holds a package, or does not."""

    id: ContentViewVersionId = doc("Content view version ID")
    package: str = doc(
        "Package: name, name.arch, name-version, name-version-release, with architecture or file"
        " name; of file repositories a path; of container repositories a tag or a digest",
        max_length=1024,
    )
    repository_id: RepositoryId | None = doc("Ask only this repository", default=None)


@content_view_versions.action(
    "explain",
    "GET",
    "/katello/api/content_view_versions/{id}/explain",
    permission="view_content_views",
)
def explain_package(call: Call, params: Explain) -> dict[str, Any]:
    """Answer for every repository of the version; what decides comes first among the reasons."""
    if params.repository_id is not None:
        load(call.tx, call.actor, repositories, params.repository_id)
    told = explain(
        call.tx,
        call.services.content_types,
        actor=call.actor,
        unseal=call.services.unseal,
        version_id=params.id,
        text=params.package.strip(),
        repository_id=params.repository_id,
    )
    return {
        "package": params.package,
        "content_view_version_id": params.id,
        "version": f"{told.version.major}.{told.version.minor}",
        "present": told.present,
        "results": [result for each in told.repositories for result in _results(each)],
        "reasons": [_reason(each) for each in told.elsewhere],
    }


def _results(each: RepositoryExplained) -> list[dict[str, Any]]:
    repository = {"id": each.row.id, "name": each.row.name, "label": each.row.label}
    if not each.explained.units:
        reasons = [_reason(reason) for reason in each.reasons]
        return [{"repository": repository, "package": None, "present": False, "reasons": reasons}]
    return [
        {
            "repository": repository,
            "package": _unit(unit),
            "present": unit.present,
            "reasons": [_reason(reason) for reason in unit.reasons],
        }
        for unit in each.explained.units
    ]


def _unit(unit: Explanation) -> dict[str, Any]:
    return {"id": unit.unit_id, "type": unit.unit_type, "name": unit.name}


def _reason(reason: Ground) -> dict[str, Any]:
    return {"code": reason.code, "message": reason.message, **reason.details}
