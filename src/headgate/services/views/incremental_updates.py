"""Incremental updates: the next minor version of what is published, with content added by hand.

The request plans (`plan_update`): one new version for each named one, frozen as the named one is.
The task adds the content and ends with one transaction for all of them (`finish_update`), so
environments get all of the update or nothing of it. Numbers and words are Katello's (katello.md,
appendix).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import BadRequestError, ConflictError
from headgate.domain.ids import ContentViewVersionId, EnvironmentId, TaskId
from headgate.services.access import Actor, load, load_many, require_for
from headgate.services.serving.distributions import environments_serving
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.views.content_views import require_plain
from headgate.services.views.promotions import serve_in
from headgate.services.views.version_history import record
from headgate.services.views.versions import abandon_dead_publishes
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    content_view_version_components,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    lifecycle_environments,
    repositories,
    repository_versions,
)


@dataclass(frozen=True, slots=True)
class Target:
    """A version to be updated, and where its update is to be served."""

    version_id: ContentViewVersionId
    environment_ids: Sequence[EnvironmentId]


@dataclass(frozen=True, slots=True)
class PlannedUpdate:
    """A version to be, and of which it is the update."""

    version_id: ContentViewVersionId
    base_id: ContentViewVersionId
    content_view_id: int
    name: str  # of the view, with the new number
    environment_ids: Sequence[EnvironmentId]
    composite: bool

    def as_input(self) -> dict[str, Any]:
        """Return what the task needs of it."""
        return {
            "version_id": self.version_id,
            "base_id": self.base_id,
            "environment_ids": list(self.environment_ids),
            "composite": self.composite,
        }


def plan_update(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    targets: Sequence[Target],
    description: str | None,
    propagate: bool,
) -> list[PlannedUpdate]:
    """Freeze the next minor version of each, plain views first, then their composites.

    With `propagate` composites whose version in some environment holds a named version get one,
    too, served where that one is.
    """
    hold_off_collection(tx)
    if len({each.version_id for each in targets}) != len(targets):
        raise BadRequestError("A content view version is named twice.")
    checked = [_checked(tx, actor, each) for each in targets]
    plain = [each for each in checked if not each[1].composite]
    chosen = [each for each in checked if each[1].composite]
    planned = [
        _plan(tx, clock, version, view, environments, description=description)
        for version, view, environments in plain
    ]
    updates = {each.base_id: each.version_id for each in planned}
    if propagate:
        chosen += _composites_of(tx, actor, updates, known=[row.id for row, *_ in chosen])
    for version, view, environments in chosen:
        parts = _parts(tx, version, updates)
        if not set(parts) & set(updates.values()):
            raise BadRequestError(
                "Cannot perform an incremental update on a Composite Content View Version"
                f" ({view.name} version {version.major}.{version.minor}) alone. Name the version"
                " of a component that it holds, too."
            )
        planned.append(
            _plan(tx, clock, version, view, environments, description=description, parts=parts)
        )
    return planned


def sources_of(tx: Transaction, version_id: int) -> dict[int, int]:
    """Return the content set that each repository of a version has in Library now."""
    held = content_view_version_repositories.c
    rows = tx.execute(
        select(held.repository_id, repository_versions.c.content_set_id)
        .join(repositories, repositories.c.id == held.repository_id)
        .join(repository_versions, repository_versions.c.id == repositories.c.latest_version_id)
        .where(held.version_id == version_id)
    )
    return {row[0]: row[1] for row in rows}


def finish_update(
    tx: Transaction,
    *,
    clock: Clock,
    version_id: ContentViewVersionId,
    environment_ids: Sequence[int],
    task_id: TaskId,
    user: str,
) -> None:
    """Make the version visible and let the environments asked for serve it; Library only if so."""
    version = tx.execute(
        update(content_view_versions)
        .where(content_view_versions.c.id == version_id)
        .values(published=True, task_id=task_id)
        .returning(content_view_versions)
    ).one_or_none()
    if version is None:
        raise ConflictError("The version was given up before it could be published")
    record(
        tx,
        clock=clock,
        version=version,
        action="publish",
        user=user,
        task_id=task_id,
        description=version.description,
    )
    for environment_id in environment_ids:
        serve_in(
            tx,
            clock=clock,
            version=version,
            environment_id=environment_id,
            user=user,
            task_id=task_id,
        )


def _checked(
    tx: Transaction, actor: Actor, target: Target
) -> tuple[Row[Any], Row[Any], Sequence[EnvironmentId]]:
    version = load(tx, actor, content_view_versions, target.version_id)
    view = require_plain(
        load(tx, actor, content_views, version.content_view_id), "incrementally updated"
    )
    require_for(tx, actor, content_views, [view], "publish_content_views")
    if not version.published:
        raise BadRequestError("This version is still being published.")
    if view.import_only or view.generated_for != "none":
        raise BadRequestError(
            f"Content view '{view.name}' is made by imports or exports alone; it cannot be"
            " incrementally updated."
        )
    wanted = list(dict.fromkeys(target.environment_ids))
    if wanted:
        require_for(tx, actor, content_views, [view], "promote_or_remove_content_views")
        load_many(tx, actor, lifecycle_environments, wanted)
    serving = {row.id for row in environments_serving(tx, version.id)}
    if set(wanted) - serving:
        raise BadRequestError(
            f"Content View Version {view.name} {version.major}.{version.minor} is not in all"
            " specified environments: an update takes the place of the version in the environments"
            " that hold it."
        )
    return version, view, wanted


def _plan(
    tx: Transaction,
    clock: Clock,
    base: Row[Any],
    view: Row[Any],
    environment_ids: Sequence[EnvironmentId],
    *,
    description: str | None,
    parts: Sequence[int] = (),
) -> PlannedUpdate:
    abandon_dead_publishes(tx, clock=clock, content_view_id=view.id)
    versions = content_view_versions.c
    highest = tx.scalar(
        select(func.max(versions.minor)).where(
            versions.content_view_id == view.id, versions.major == base.major
        )
    )
    minor = int(highest or 0) + 1
    # Never that of a publish: what was added by hand is not among a view's inputs.
    digest = sha256(f"incremental:{base.inputs_digest}:{minor}".encode()).hexdigest()
    version_id = insert_row(
        tx,
        content_view_versions,
        {
            "content_view_id": view.id,
            "major": base.major,
            "minor": minor,
            "description": description,
            "filters": base.filters,
            "inputs_digest": digest,
            "created_at": clock(),
        },
    )
    _freeze(tx, base.id, version_id, parts)
    return PlannedUpdate(
        ContentViewVersionId(version_id),
        ContentViewVersionId(base.id),
        view.id,
        f"{view.name} {base.major}.{minor}",
        environment_ids,
        bool(view.composite),
    )


def _freeze(tx: Transaction, base_id: int, version_id: int, parts: Sequence[int]) -> None:
    held = content_view_version_repositories.c
    copied = (
        "repository_id",
        "relative_path",
        "content_set_id",
        "source_content_set_id",
        "publication_id",
    )
    rows = tx.execute(select(*(held[name] for name in copied)).where(held.version_id == base_id))
    values = [{"version_id": version_id, **row} for row in rows.mappings()]
    if parts:  # put together anew from what the components then hold
        values = [
            {**each, "publication_id": None, "source_content_set_id": None} for each in values
        ]
    if values:
        tx.execute(insert(content_view_version_repositories), values)
    if parts:
        tx.execute(
            insert(content_view_version_components),
            [{"version_id": version_id, "component_id": part} for part in parts],
        )


def _parts(tx: Transaction, composite: Row[Any], updates: Mapping[Any, int]) -> list[int]:
    """Return what the composite's version is made from once the updates take their places."""
    table = content_view_version_components
    own = tx.scalars(select(table.c.component_id).where(table.c.version_id == composite.id))
    return sorted(updates.get(each, each) for each in own)


def _composites_of(
    tx: Transaction, actor: Actor, updates: Mapping[Any, int], *, known: Sequence[int]
) -> list[tuple[Row[Any], Row[Any], Sequence[EnvironmentId]]]:
    """Return composite versions in use that hold one of the versions, with where they serve."""
    table = content_view_version_components
    ids = tx.scalars(
        select(table.c.version_id).where(table.c.component_id.in_(list(updates))).distinct()
    )
    found: list[tuple[Row[Any], Row[Any], Sequence[EnvironmentId]]] = []
    for version_id in sorted(set(ids) - set(known)):
        serving = [row.id for row in environments_serving(tx, version_id)]
        if serving:
            target = Target(ContentViewVersionId(version_id), serving)
            found.append(_checked(tx, actor, target))
    return found
