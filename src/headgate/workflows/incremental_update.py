"""Updating versions incrementally: content is added, dependencies too if asked, then all is served.

Environments get every updated version in one transaction. When anything fails before it, none of
the new versions stays.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.exc import SQLAlchemyError

from headgate.domain.content import Content
from headgate.domain.errors import BadRequestError, HeadgateError
from headgate.domain.ids import ContentSetId, ContentViewVersionId
from headgate.engine.port import Run
from headgate.plugin import SolvePart
from headgate.services.storage.blobs import unpin
from headgate.services.storage.collection import pin_units, unpin_units
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.units.content_sets import load_content
from headgate.services.views.dependency_reports import report_of, save_report
from headgate.services.views.incremental_updates import finish_update, sources_of
from headgate.services.views.version_inputs import component_sets
from headgate.services.views.versions import abandon_publish
from headgate.services.views.view_contents import laid_over
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_view_version_repositories, repositories
from headgate.workflows.dependencies import solve_parts
from headgate.workflows.incremental_requests import INCREMENTAL_UPDATE
from headgate.workflows.publish_requests import ask_what_follows
from headgate.workflows.rights import require_still
from headgate.workflows.version_repository import publish_version_repository
from headgate.workflows.waking import once_awake
from headgate.workflows.workshop import Workshop


def incremental_update(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Make the versions in `updates` and let their environments serve them.

    The output is Katello's: what was added to each version, by name.
    """
    updates: Sequence[Mapping[str, Any]] = run.input["updates"]
    try:
        require_still(workshop, run, INCREMENTAL_UPDATE)
        changed = [
            _recompose(workshop, run, each) if each["composite"] else _update(workshop, run, each)
            for each in updates
        ]
        version_ids = [each["version_id"] for each in updates]
        once_awake(
            workshop, run, "serve", version_ids, lambda tx: _serve(tx, workshop, run, updates)
        )
    except Exception as error:
        reason = error.message if isinstance(error, HeadgateError) else "An internal error happened"

        def abandon(tx: Transaction) -> None:
            for each in reversed(updates):
                abandon_publish(
                    tx,
                    clock=workshop.ports.clock,
                    version_id=each["version_id"],
                    user=run.input["user"],
                    reason=reason,
                )

        # Where even this fails, the disk being full, the collector does it later.
        with suppress(HeadgateError, SQLAlchemyError):
            run.transaction("abandon", abandon)
        raise
    return {"changed_content": changed}


def _serve(
    tx: Transaction, workshop: Workshop, run: Run, updates: Sequence[Mapping[str, Any]]
) -> None:
    clock, user = workshop.ports.clock, run.input["user"]
    for each in updates:
        finish_update(
            tx,
            clock=clock,
            version_id=each["version_id"],
            environment_ids=each["environment_ids"],
            task_id=run.task_id,
            user=user,
        )
    for each in updates:
        if not each["composite"]:
            ask_what_follows(
                tx, clock=clock, version_id=each["version_id"], user_id=run.user_id, user=user
            )
    unpin(tx, run.task_id, clock=clock)
    unpin_units(tx, holder=run.task_id)


def _update(workshop: Workshop, run: Run, planned: Mapping[str, Any]) -> dict[str, Any]:
    version_id = ContentViewVersionId(planned["version_id"])
    sources = run.transaction(f"pin for {version_id}", lambda tx: _pin(tx, run, version_id))
    added = run.step(
        f"choose for {version_id}",
        lambda: _choose(workshop, run, version_id, sources),
    )
    report = added["report"]
    if report is not None:

        def keep(tx: Transaction) -> None:
            save_report(tx, clock=workshop.ports.clock, version_id=version_id, report=report)

        run.transaction(f"keep the report of {version_id}", keep)
    for repository in _repositories(workshop, version_id):
        units = added["units"].get(str(repository.id))
        if units is not None:
            _publish(workshop, run, version_id, repository, Content.loaded(units))
    return {"content_view_version": {"id": version_id}, "added_units": added["names"]}


def _publish(
    workshop: Workshop,
    run: Run,
    version_id: ContentViewVersionId,
    repository: Row[Any],
    added: Content,
) -> None:
    content_type = workshop.content_types[repository.content_type]

    def content(tx: Transaction) -> Content:
        base = load_content(tx, ContentSetId(repository.base_set_id))
        return content_type.with_units(tx, base, added)

    publish_version_repository(
        workshop,
        run,
        version_id,
        repository,
        content=content,
        source_set_id=repository.source_content_set_id,
    )


def _recompose(workshop: Workshop, run: Run, planned: Mapping[str, Any]) -> dict[str, Any]:
    """Put a composite's version together from what its components hold now."""
    version_id = ContentViewVersionId(planned["version_id"])
    for repository in _repositories(workshop, version_id):
        content_type = workshop.content_types[repository.content_type]

        def content(
            tx: Transaction, row: Row[Any] = repository, kind: Any = content_type
        ) -> Content:
            parts = component_sets(tx, version_id, row.id)
            return laid_over(tx, kind, parts or [row.base_set_id])

        publish_version_repository(
            workshop, run, version_id, repository, content=content, source_set_id=None
        )
    return {"content_view_version": {"id": version_id}, "added_units": {}}


def _repositories(workshop: Workshop, version_id: ContentViewVersionId) -> list[Row[Any]]:
    held = content_view_version_repositories.c
    with workshop.ports.database.read() as tx:
        return list(
            tx.execute(
                select(
                    repositories,
                    held.content_set_id.label("base_set_id"),
                    held.source_content_set_id,
                )
                .join(content_view_version_repositories, held.repository_id == repositories.c.id)
                .where(held.version_id == version_id)
                .order_by(repositories.c.id)
            )
        )


def _pin(tx: Transaction, run: Run, version_id: ContentViewVersionId) -> dict[str, Any]:
    """Hold what Library has of the version's repositories: a sync may replace it meanwhile."""
    hold_off_collection(tx)
    found: dict[str, Any] = {}
    for repository_id, content_set_id in sources_of(tx, version_id).items():
        content = load_content(tx, ContentSetId(content_set_id))
        pin_units(tx, holder=run.task_id, units=content.units)
        found[str(repository_id)] = content.dumped()
    return found


def _choose(
    workshop: Workshop,
    run: Run,
    version_id: ContentViewVersionId,
    sources: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """Return what to add to each repository, by what names it is told, and the solver's report."""
    parts: dict[str, list[SolvePart]] = {}
    added: dict[int, Content] = {}
    for row in _repositories(workshop, version_id):
        if str(row.id) not in sources:
            continue
        content_type = workshop.content_types[row.content_type]
        source = Content.loaded(sources[str(row.id)])
        with workshop.ports.database.read() as tx:
            base = load_content(tx, ContentSetId(row.base_set_id))
            brought = content_type.brought_by(
                tx, source, run.input["errata_ids"], run.input["package_ids"]
            )
        added[row.id] = brought - base
        parts.setdefault(row.content_type, []).append(SolvePart(row.id, source, base | brought))
    if not any(content.units for content in added.values()):
        raise BadRequestError(
            "Nothing was added: the content is not in the repositories of the version, or the"
            " version holds all of it already."
        )
    report = None
    if run.input["resolve_dependencies"]:
        roots = Content()
        for content in added.values():
            roots = roots | content
        solutions = solve_parts(workshop, run, parts, roots)
        report = report_of(solutions)
        for solution in solutions:
            for repository_id, content in solution.additions.items():
                added[repository_id] = added[repository_id] | content
    with workshop.ports.database.read() as tx:
        names = _names(tx, workshop, added)
    units = {str(each): content.dumped() for each, content in added.items() if content.units}
    return {"units": units, "names": names, "report": report}


def _names(tx: Transaction, workshop: Workshop, added: Mapping[int, Content]) -> dict[str, Any]:
    names: dict[str, set[str]] = {}
    for content_type in workshop.content_types.values():
        for content in added.values():
            for unit_type, found in content_type.names_of(tx, content).items():
                names.setdefault(unit_type, set()).update(found)
    return {unit_type: sorted(found) for unit_type, found in sorted(names.items())}
