"""Planning a publish: the request decides and freezes, the task does the work.

A plan is a version that nobody sees yet, named after its task (`begin_publish`). It becomes visible
with `finish_publish`, or goes with `abandon_publish` (`services/views/versions.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.content import Content
from headgate.domain.content_views import ContentViewVersion
from headgate.domain.errors import BadRequestError, ConflictError, ValidationError
from headgate.domain.ids import (
    ContentViewId,
    ContentViewVersionId,
    EnvironmentId,
    OrganizationId,
    TaskId,
)
from headgate.services.access import Actor, load, load_many, require_for
from headgate.services.containers.naming import check_names
from headgate.services.organizations.organizations import library_of
from headgate.services.related import AnyRow
from headgate.services.serving.distributions import environment_value
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.units.content_sets import save_content
from headgate.services.views.content_views import require_plain
from headgate.services.views.version_inputs import Inputs, inputs_of, latest_published
from headgate.services.views.versions import abandon_dead_publishes
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among_texts
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    content_view_components,
    content_view_version_components,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    lifecycle_environments,
    task_locks,
    tasks,
)

# Workflows by which a version comes about, as `workflows/` names them.
PUBLISH = "publish"
AUTO_PUBLISH = "auto_publish"
_ALL: Mapping[int, Sequence[str]] = {}


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """What a publish will do; `unchanged` when the latest version already is the result."""

    version_id: ContentViewVersionId
    number: str
    unchanged: bool


def plan_publish(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    content_view_id: ContentViewId,
    description: str | None = None,
    major: int | None = None,
    minor: int | None = None,
    only_if_needed: bool = False,
    plan_digest: str | None = None,
    chosen: Mapping[int, Sequence[str]] = _ALL,
) -> PublishPlan:
    """Freeze the view as it is now in a new version, not yet published.

    A sync that is running is not waited for: its result is for the next version. A composite view
    is not published while one of its components is, or while it is about to publish itself:
    ConflictError; so also when the inputs are no longer those of `plan_digest`, a preview's.
    `chosen` names the files of all packages that are taken of some repositories.
    """
    view = require_publishable(load(tx, actor, content_views, content_view_id))
    require_for(tx, actor, content_views, [view], "publish_content_views")
    if view.composite:
        _require_at_rest(tx, view)
    number = None if major is None else (major, minor or 0)
    return plan_version(
        tx,
        view,
        clock=clock,
        description=description,
        number=number,
        only_if_needed=only_if_needed,
        plan_digest=plan_digest,
        chosen=chosen,
    )


def plan_version(
    tx: Transaction,
    view: Row[Any] | AnyRow,
    *,
    clock: Clock,
    description: str | None = None,
    number: tuple[int, int] | None = None,
    only_if_needed: bool = False,
    triggered_by_id: int | None = None,
    plan_digest: str | None = None,
    chosen: Mapping[int, Sequence[str]] = _ALL,
) -> PublishPlan:
    """As `plan_publish`, for a view that has been found fit."""
    hold_off_collection(tx)
    abandon_dead_publishes(tx, clock=clock, content_view_id=ContentViewId(view.id))
    inputs = inputs_of(tx, view, chosen)
    if plan_digest is not None and inputs.digest != plan_digest:
        raise ConflictError(
            f"Content view '{view.name}' would publish something else than what was previewed: its"
            " repositories, filters or components have changed since. Preview it again."
        )
    if only_if_needed:
        latest = latest_published(tx, view.id)
        if latest is not None and latest.inputs_digest == inputs.digest:
            words = f"{latest.major}.{latest.minor}"
            return PublishPlan(ContentViewVersionId(latest.id), words, unchanged=True)
    major, minor = _next_number(tx, view, number)
    version_id = insert_row(
        tx,
        content_view_versions,
        {
            "content_view_id": view.id,
            "major": major,
            "minor": minor,
            "description": description,
            "filters": inputs.filters,
            "inputs_digest": inputs.digest,
            "triggered_by_id": triggered_by_id,
            "solve_dependencies": inputs.solve_dependencies,
            "created_at": clock(),
        },
    )
    _freeze(tx, version_id, inputs, clock)
    return PublishPlan(ContentViewVersionId(version_id), f"{major}.{minor}", unchanged=False)


def begin_publish(tx: Transaction, *, version_id: ContentViewVersionId, task_id: TaskId) -> None:
    """Name the task that a planned version lives or dies with."""
    tx.execute(
        update(content_view_versions)
        .where(content_view_versions.c.id == version_id)
        .values(task_id=task_id)
    )


def require_publishable(view: Row[Any]) -> Row[Any]:
    """Return the view, or raise BadRequestError for kinds that are not published by hand."""
    require_plain(view, "published")
    if view.rolling:
        raise BadRequestError(
            f"Rolling content view '{view.name}' has no versions: its environments serve what its"
            " repositories hold now."
        )
    if view.import_only:
        raise BadRequestError(
            "Import only Content Views cannot be directly published. Content can only be updated"
            " by importing into the view."
        )
    if view.generated_for != "none":
        raise BadRequestError(
            "Generated content views cannot be directly published. They can be updated only via"
            " export."
        )
    return view


def check_publish_targets(
    tx: Transaction,
    *,
    actor: Actor,
    content_view_id: ContentViewId,
    environment_ids: Sequence[EnvironmentId],
    force: bool,
) -> None:
    """Raise unless a new version, which Library gets first, may go on to these environments."""
    view = require_publishable(load(tx, actor, content_views, content_view_id))
    if not environment_ids:
        return
    require_for(tx, actor, content_views, [view], "promote_or_remove_content_views")
    library = library_of(tx, view.organization_id)
    value = ContentViewVersion(ContentViewVersionId(0), "to be published", frozenset([library.id]))
    for target in load_many(tx, actor, lifecycle_environments, environment_ids):
        if target.organization_id != view.organization_id:
            raise BadRequestError(
                f"Environment '{target.name}' is of another organization than the content view."
            )
        value = value.promoted_to(environment_value(target), force=force)


def check_publish_names(
    tx: Transaction, *, version_id: ContentViewVersionId, environment_ids: Sequence[EnvironmentId]
) -> None:
    """Raise ValidationError unless the registry can name what a planned version will serve."""
    organization_id = tx.execute(
        select(content_views.c.organization_id)
        .join(content_view_versions, content_view_versions.c.content_view_id == content_views.c.id)
        .where(content_view_versions.c.id == version_id)
    ).scalar_one()
    library = library_of(tx, OrganizationId(organization_id))
    check_names(tx, version_id=version_id, environment_ids=[library.id, *environment_ids])


def _require_at_rest(tx: Transaction, view: Row[Any]) -> None:
    components = tx.scalars(
        select(content_view_components.c.content_view_id).where(
            content_view_components.c.composite_id == view.id
        )
    )
    views = {f"content_view:{each}": PUBLISH for each in components}
    views[f"content_view:{view.id}"] = AUTO_PUBLISH
    rows = tx.execute(
        select(task_locks.c.resource, tasks.c.workflow, tasks.c.action, tasks.c.id)
        .join(tasks, tasks.c.id == task_locks.c.task_id)
        .where(
            among_texts(tx, task_locks.c.resource, views),
            task_locks.c.live,
            tasks.c.workflow.in_([PUBLISH, AUTO_PUBLISH]),
        )
        .order_by(tasks.c.number)
    )
    for row in rows:
        if views[row.resource] == row.workflow:
            raise ConflictError(
                f"Composite content view '{view.name}' cannot be published now: the task"
                f" '{row.action}' ({row.id}) has not ended. Wait for it, then publish again."
            )


def _freeze(tx: Transaction, version_id: int, inputs: Inputs, clock: Clock) -> None:
    nothing: int | None = None
    if any(each.content_set_id is None for each in inputs.repositories):
        nothing = save_content(tx, clock=clock, content=Content(), unit_types={})
    rows = [
        {
            "version_id": version_id,
            "repository_id": each.repository_id,
            "relative_path": each.relative_path,
            "content_set_id": nothing if each.content_set_id is None else each.content_set_id,
            "publication_id": each.publication_id,
        }
        for each in inputs.repositories
    ]
    if rows:
        tx.execute(insert(content_view_version_repositories), rows)
    parts = [
        {"version_id": version_id, "component_id": component} for component in inputs.component_ids
    ]
    if parts:
        tx.execute(insert(content_view_version_components), parts)


def _next_number(
    tx: Transaction, view: Row[Any] | AnyRow, chosen: tuple[int, int] | None
) -> tuple[int, int]:
    # Read again: giving up dead publishes may have freed numbers.
    next_major = tx.execute(
        select(content_views.c.next_major).where(content_views.c.id == view.id)
    ).scalar_one()
    number = (next_major, 0) if chosen is None else chosen
    taken = tx.scalar(
        select(content_view_versions.c.id).where(
            content_view_versions.c.content_view_id == view.id,
            content_view_versions.c.major == number[0],
            content_view_versions.c.minor == number[1],
        )
    )
    if taken is not None:
        raise ValidationError({"major": [f"version {number[0]}.{number[1]} exists already"]})
    tx.execute(
        update(content_views)
        .where(content_views.c.id == view.id)
        .values(next_major=max(next_major, number[0] + 1))
    )
    return number
