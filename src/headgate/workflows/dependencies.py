"""Solving dependencies: while a version is published, or only to tell what it would add."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from headgate.domain.content import Content
from headgate.domain.errors import ConflictError, NotFoundError
from headgate.domain.ids import ContentSetId, ContentViewVersionId
from headgate.engine.port import Run
from headgate.plugin import Solution, SolvePart, filters_within
from headgate.services.units.content_sets import load_content
from headgate.services.views.dependency_reports import report_of, save_report
from headgate.services.views.previews import planned, previewed, require_unchanged
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_view_version_repositories,
    content_view_versions,
    content_views,
    repositories,
)
from headgate.workflows.workshop import Workshop


def solve_version(
    workshop: Workshop, run: Run, version_id: ContentViewVersionId
) -> Mapping[int, Content]:
    """Return what to add to which repository of a planned version; nothing unless it asks for it.

    Comes before any of its repositories is published. The report is kept with the version.
    """
    with workshop.ports.database.read() as tx:
        wanted = tx.scalar(
            select(content_view_versions.c.solve_dependencies).where(
                content_view_versions.c.id == version_id
            )
        )
    if not wanted:
        return {}

    def work() -> dict[str, Any]:
        with workshop.ports.database.read() as tx:
            parts = _parts_of_version(tx, workshop, version_id)
        solutions = solve_parts(workshop, run, parts)
        additions = {
            str(repository_id): content.dumped()
            for solution in solutions
            for repository_id, content in solution.additions.items()
        }
        return {"additions": additions, "report": report_of(solutions)}

    found = run.step("solve dependencies", work)

    def keep(tx: Transaction) -> None:
        save_report(tx, clock=workshop.ports.clock, version_id=version_id, report=found["report"])

    run.transaction("keep the report of dependencies", keep)
    return {int(each): Content.loaded(units) for each, units in found["additions"].items()}


def check_dependencies(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Tell what publishing the view in `content_view_id` now would add; nothing is changed."""

    def work() -> dict[str, Any]:
        with workshop.ports.database.read() as tx:
            plan = planned(tx, workshop.content_types, _view_of(tx, run))
        return report_of(solve_parts(workshop, run, plan.by_content_type))

    return run.step("solve dependencies", work)


def preview_dependencies(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Preview publishing the view in `content_view_id`, with what its packages require.

    If the view solves dependencies, what that adds counts as added. `most` differences of each type
    are listed. ConflictError when the view changes meanwhile: the answer is of one moment.
    """
    types = workshop.content_types

    def work() -> dict[str, Any]:
        with workshop.ports.database.read() as tx:
            plan = planned(tx, types, _view_of(tx, run))
        solutions = solve_parts(workshop, run, plan.by_content_type)
        if plan.inputs.solve_dependencies:
            for solution in solutions:
                plan = plan.with_added(solution.additions)
        with workshop.ports.database.read() as tx:
            view = _view_of(tx, run)
            require_unchanged(tx, view, plan)
            found = previewed(
                tx, types, view, plan, most=run.input["most"], dependencies=report_of(solutions)
            )
        return found.as_json()

    return run.step("preview", work)


Parts = Mapping[str, Sequence[SolvePart]]  # by content type


def solve_parts(
    workshop: Workshop, run: Run, parts: Parts, roots: Content | None = None
) -> list[Solution]:
    """Let each content type solve its repositories together."""
    return [
        workshop.content_types[name].solve(workshop.ports, run, own, roots)
        for name, own in parts.items()
    ]


def _view_of(tx: Transaction, run: Run) -> Row[Any]:
    view = tx.execute(
        select(content_views).where(content_views.c.id == run.input["content_view_id"])
    ).one_or_none()
    if view is None:
        raise NotFoundError("The content view has been deleted meanwhile")
    return view


def _parts_of_version(
    tx: Transaction, workshop: Workshop, version_id: ContentViewVersionId
) -> Parts:
    version = tx.execute(
        select(content_view_versions).where(content_view_versions.c.id == version_id)
    ).one_or_none()
    if version is None:
        raise ConflictError("The version has been given up; publish the content view again")
    held = content_view_version_repositories.c
    rows = tx.execute(
        select(held.repository_id, held.content_set_id).where(held.version_id == version_id)
    )
    return _parts(tx, workshop, {row[0]: row[1] for row in rows}, version.filters)


def _parts(
    tx: Transaction,
    workshop: Workshop,
    sets: Mapping[int, int | None],
    frozen: Sequence[Mapping[str, Any]],
) -> Parts:
    """Return each repository with what the filters keep of its content set."""
    parts: dict[str, list[SolvePart]] = {}
    for repository_id, content_set_id in sorted(sets.items()):
        if content_set_id is None:
            continue
        name = tx.scalar(
            select(repositories.c.content_type).where(repositories.c.id == repository_id)
        )
        if name is None:
            continue
        source = load_content(tx, ContentSetId(content_set_id))
        filters = filters_within(frozen, repository_id, name)
        kept = workshop.content_types[name].filtered(tx, source, filters)
        parts.setdefault(name, []).append(SolvePart(repository_id, source, kept, filters))
    return parts
