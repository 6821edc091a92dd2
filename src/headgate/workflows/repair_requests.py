"""Asking for repairs: verification, reclaiming space, writing metadata anew."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from headgate.domain.ids import OrganizationId, UserId
from headgate.engine.port import NewTask
from headgate.workflows.bulk_requests import LABEL, organization_of

_WORDS = {
    "verify_checksum": ("Actions::Katello::Repository::VerifyChecksum", "Verify checksums of"),
    "reclaim_space": ("Actions::Pulp3::Repository::ReclaimSpace", "Reclaim space of"),
    "republish": ("Actions::Katello::Repository::MetadataGenerate", "Republish"),
    "sign_anew": ("Actions::Katello::Repository::MetadataGenerate", "Publish the signature of"),
}
_VERSION_WORDS = {
    "verify_checksum": (
        "Actions::Katello::ContentView::VerifyChecksum",
        "Verify checksums of",
    ),
    "republish": (
        "Actions::Katello::ContentViewVersion::RepublishRepositories",
        "Republish",
    ),
}


def verify_checksum_task(repository: Row[Any], *, user_id: UserId | None) -> NewTask:
    """Read again what the repository serves, in every version, and repair it."""
    return _of_repository("verify_checksum", repository, user_id=user_id, everywhere=True)


def reclaim_space_task(repository: Row[Any], *, user_id: UserId | None) -> NewTask:
    """Give back bytes that can be fetched again."""
    return _of_repository("reclaim_space", repository, user_id=user_id)


def republish_task(repository: Row[Any], *, user_id: UserId | None) -> NewTask:
    """Write the repository's metadata anew."""
    return _of_repository("republish", repository, user_id=user_id)


def sign_anew_task(repository: Row[Any], *, user_id: UserId | None) -> NewTask:
    """Let what the repository itself serves be signed as it asks now."""
    return _of_repository("sign_anew", repository, user_id=user_id)


def sign_many_task(
    key: Row[Any], repositories: Sequence[Row[Any]], *, user_id: UserId | None
) -> NewTask:
    """Do the same for all repositories that one key signs, each in a sub-task."""
    return NewTask(
        workflow="sign_many",
        label=LABEL,
        action=f"Publish the signatures of key '{key.name}' ({len(repositories)} repositories)",
        input={
            "signing_key": {"id": key.id, "name": key.name},
            "repository_ids": [row.id for row in repositories],
        },
        user_id=user_id,
        organization_id=organization_of(repositories),
    )


def version_task(
    workflow: str, view: Row[Any], version: Row[Any], *, user_id: UserId | None
) -> NewTask:
    """Verify or republish a content view version; it cannot be deleted meanwhile."""
    label, verb = _VERSION_WORDS[workflow]
    return NewTask(
        workflow=workflow,
        label=label,
        action=f"{verb} content view '{view.name}' version {version.major}.{version.minor}",
        input={
            "content_view": {"id": view.id, "name": view.name},
            "version_id": version.id,
        },
        user_id=user_id,
        organization_id=OrganizationId(view.organization_id),
        exclusive=[f"content_view_version:{version.id}"],
    )


def repair_many_task(
    what: str, repositories: Sequence[Row[Any]], *, user_id: UserId | None
) -> NewTask:
    """Do the same for several repositories, each in a sub-task."""
    _, verb = _WORDS[what]
    return NewTask(
        workflow="repair_many",
        label=LABEL,
        action=f"Bulk action: {verb.lower()} {len(repositories)} repositories",
        input={"what": what, "repository_ids": [row.id for row in repositories]},
        user_id=user_id,
        organization_id=organization_of(repositories),
    )


def _of_repository(
    workflow: str, repository: Row[Any], *, user_id: UserId | None, **options: object
) -> NewTask:
    label, verb = _WORDS[workflow]
    return NewTask(
        workflow=workflow,
        label=label,
        action=f"{verb} repository '{repository.name}'",
        input={
            "repository_id": repository.id,
            "repository": {"id": repository.id, "name": repository.name},
            **options,
        },
        user_id=user_id,
        organization_id=OrganizationId(repository.organization_id),
        exclusive=[f"repository:{repository.id}"],
    )
