"""Publishing a content view version: filter, write metadata where none fits, then serve it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.exc import SQLAlchemyError

from headgate.domain.content import Content
from headgate.domain.errors import ConflictError, HeadgateError
from headgate.domain.ids import ContentViewVersionId, EnvironmentId
from headgate.engine.port import Run
from headgate.plugin import Filter, filters_within
from headgate.services.storage.blobs import unpin
from headgate.services.views.publish_plans import begin_publish, plan_version
from headgate.services.views.version_inputs import component_sets
from headgate.services.views.versions import abandon_publish, finish_publish
from headgate.services.views.view_contents import laid_over
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_view_version_repositories,
    content_view_versions,
    content_views,
    repositories,
)
from headgate.workflows.dependencies import solve_version
from headgate.workflows.publish_requests import ask_what_follows
from headgate.workflows.quotas import keep_within_quota, warn_of_quota
from headgate.workflows.rights import PUBLISH, require_still
from headgate.workflows.version_repository import publish_version_repository
from headgate.workflows.waking import once_awake
from headgate.workflows.workshop import Workshop


def publish(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Publish the version in `version_id`; repositories without filters cost nothing.

    Hosts of Library and of `environment_ids` see the old version or the whole of the new one.
    """
    version_id = ContentViewVersionId(run.input["version_id"])
    _require_planned(workshop, version_id)
    environment_ids = run.input["environment_ids"]
    return _publish(workshop, run, version_id, environment_ids, check=PUBLISH)


def auto_publish(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Publish the composite view in `content_view_id` as its components are when this runs.

    No version is made if another publish was faster.
    """
    clock = workshop.ports.clock

    def plan(tx: Transaction) -> int | None:
        view = tx.execute(
            select(content_views).where(content_views.c.id == run.input["content_view_id"])
        ).one_or_none()
        if view is None:
            raise ConflictError("The content view was deleted before it could publish itself")
        planned = plan_version(
            tx,
            view,
            clock=clock,
            description=run.input["description"],
            only_if_needed=True,
            triggered_by_id=run.input["triggered_by_id"],
        )
        if planned.unchanged:
            return None
        begin_publish(tx, version_id=planned.version_id, task_id=run.task_id)
        return planned.version_id

    version_id = run.transaction("plan", plan)
    if version_id is None:
        return {"changed": False}
    return _publish(workshop, run, ContentViewVersionId(version_id), [])


def _publish(
    workshop: Workshop,
    run: Run,
    version_id: ContentViewVersionId,
    environment_ids: Sequence[EnvironmentId],
    *,
    check: str | None = None,
) -> Mapping[str, Any]:
    """Publish a planned version, or give it up; `check` is the workflow whose right is needed."""
    clock, user = workshop.ports.clock, run.input["user"]
    try:
        if check is not None:
            require_still(workshop, run, check)
        required = solve_version(workshop, run, version_id)
        for repository in _unpublished(workshop, version_id):
            also = required.get(repository.id, Content())
            _publish_repository(workshop, run, version_id, repository, also=also)

        def serve(tx: Transaction) -> None:
            finish_publish(
                tx,
                clock=clock,
                version_id=version_id,
                environment_ids=environment_ids,
                task_id=run.task_id,
                user=user,
            )
            ask_what_follows(tx, clock=clock, version_id=version_id, user_id=run.user_id, user=user)
            unpin(tx, run.task_id, clock=clock)
            keep_within_quota(tx, workshop, run.organization_id)

        once_awake(workshop, run, "serve", [version_id], serve)
        warn_of_quota(workshop, run)
    except Exception as error:
        reason = error.message if isinstance(error, HeadgateError) else "An internal error happened"

        def abandon(tx: Transaction) -> None:
            abandon_publish(tx, clock=clock, version_id=version_id, user=user, reason=reason)

        # Where even this fails, the disk being full, the collector does it later.
        with suppress(HeadgateError, SQLAlchemyError):
            run.transaction("abandon", abandon)
        raise
    return {"content_view_version_id": version_id}


def _require_planned(workshop: Workshop, version_id: ContentViewVersionId) -> None:
    with workshop.ports.database.read() as tx:
        planned = select(content_view_versions.c.id).where(content_view_versions.c.id == version_id)
        if tx.scalar(planned) is None:
            raise ConflictError("The version has been given up; publish the content view again")


def _unpublished(workshop: Workshop, version_id: ContentViewVersionId) -> list[Row[Any]]:
    held = content_view_version_repositories.c
    with workshop.ports.database.read() as tx:
        return list(
            tx.execute(
                select(repositories, held.content_set_id.label("source_set_id"))
                .join(content_view_version_repositories, held.repository_id == repositories.c.id)
                .where(held.version_id == version_id, held.publication_id.is_(None))
                .order_by(repositories.c.id)
            )
        )


def _publish_repository(
    workshop: Workshop,
    run: Run,
    version_id: ContentViewVersionId,
    repository: Row[Any],
    *,
    also: Content,
) -> None:
    content_type = workshop.content_types[repository.content_type]
    with workshop.ports.database.read() as tx:
        parts = component_sets(tx, version_id, repository.id)

    def content(tx: Transaction) -> Content:
        source = laid_over(tx, content_type, parts or [repository.source_set_id])
        filters = filters_for(tx, version_id, repository)
        return content_type.filtered(tx, source, filters) | also

    publish_version_repository(
        workshop,
        run,
        version_id,
        repository,
        content=content,
        source_set_id=None if parts else repository.source_set_id,
    )


def filters_for(
    tx: Transaction, version_id: ContentViewVersionId, repository: Row[Any]
) -> list[Filter]:
    """Return the version's filters, as frozen with it, that apply to a repository."""
    query = select(content_view_versions.c.filters).where(content_view_versions.c.id == version_id)
    return filters_within(tx.scalar(query) or (), repository.id, repository.content_type)
