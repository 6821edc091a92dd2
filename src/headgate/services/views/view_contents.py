"""What a content view holds at some point, repository by repository.

A point is a version, an environment now or on a day, or what a publish would give.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, or_, select

from headgate.domain.content import Content
from headgate.domain.errors import BadRequestError, NotFoundError
from headgate.domain.ids import ContentSetId
from headgate.plugin import ContentType, SolvePart, filters_within
from headgate.services.serving.distributions import base_path_of
from headgate.services.serving.history import read_moment, serving_until
from headgate.services.units.content_sets import load_content
from headgate.services.views.version_inputs import Inputs, RepositoryInput, component_set_ids
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_view_repositories,
    content_view_version_repositories,
    content_view_versions,
    distributions,
    lifecycle_environments,
    repositories,
    repository_versions,
)
from headgate.stores.db.types import UtcDateTime

# The point that a publish would reach.
PLANNED: Final = "planned"


@dataclass(frozen=True, slots=True)
class ViewContent:
    """What a point holds; the repositories' content types and contents by repository id."""

    name: str  # 2.0, Dev@2026-11-01 ...
    version_id: int | None = None
    contents: Mapping[int, tuple[str, Content]] = field(
        default_factory=dict[int, tuple[str, Content]]
    )


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """One repository of what a publish would give: what it is chosen from, and what is kept."""

    content_type: str
    part: SolvePart


def content_at(tx: Transaction, view: Row[Any], point: str) -> ViewContent:
    """Return what the view held: `2.0`, `Dev`, `Dev@2026-11-01`.

    NotFoundError for what is not there, or no longer kept; BadRequestError for other words.
    """
    number = _version_number(point)
    if number is not None:
        return _of_version(tx, _version_of(tx, view, number, point), point)
    environment, mark, day = point.partition("@")
    row = _environment_of(tx, view, environment)
    if not mark:
        return _served_now(tx, view, row, point)
    return _served_on(tx, view, row, point, f"@{day}")


def planned_content(
    tx: Transaction, content_types: Mapping[str, ContentType], inputs: Inputs
) -> ViewContent:
    """Return what a publish of these inputs gives, before dependencies are solved."""
    parts = planned_parts(tx, content_types, inputs)
    return ViewContent(
        PLANNED,
        contents={
            repository_id: (planned.content_type, planned.part.kept)
            for repository_id, planned in parts.items()
        },
    )


def planned_parts(
    tx: Transaction, content_types: Mapping[str, ContentType], inputs: Inputs
) -> Mapping[int, PlannedPart]:
    """Return what a publish of these inputs takes and keeps, by repository."""
    kinds = _content_types(tx, [each.repository_id for each in inputs.repositories])
    return {
        each.repository_id: PlannedPart(
            kinds[each.repository_id],
            _planned(tx, content_types[kinds[each.repository_id]], inputs, each),
        )
        for each in inputs.repositories
    }


def laid_over(
    tx: Transaction, content_type: ContentType, content_set_ids: Sequence[int]
) -> Content:
    """Return the units of all the sets; of two with one name that of the later set."""
    first, *others = (load_content(tx, ContentSetId(each)) for each in content_set_ids)
    for other in others:
        first = content_type.with_units(tx, first, other)
    return first


def _planned(
    tx: Transaction, content_type: ContentType, inputs: Inputs, repository: RepositoryInput
) -> SolvePart:
    sets: Sequence[int] = ()
    if inputs.component_ids:
        sets = component_set_ids(tx, inputs.component_ids, repository.repository_id)
    if not sets and repository.content_set_id is not None:
        sets = [repository.content_set_id]
    filters = filters_within(inputs.filters, repository.repository_id, content_type.name)
    source = laid_over(tx, content_type, sets) if sets else Content()
    kept = content_type.filtered(tx, source, filters)
    return SolvePart(repository.repository_id, source, kept, filters)


def _version_number(point: str) -> tuple[int, int] | None:
    major, mark, minor = point.partition(".")
    if mark and all(
        part.isascii() and part.isdigit() and len(part) < 10 for part in (major, minor)
    ):
        return int(major), int(minor)
    return None


def _version_of(tx: Transaction, view: Row[Any], number: tuple[int, int], point: str) -> int:
    version = content_view_versions.c
    found = tx.scalar(
        select(version.id).where(
            version.content_view_id == view.id,
            version.major == number[0],
            version.minor == number[1],
            version.published,
        )
    )
    if found is None:
        raise NotFoundError(f"Content view '{view.name}' has no version {point}")
    return found


def _environment_of(tx: Transaction, view: Row[Any], name: str) -> Row[Any]:
    environment = lifecycle_environments.c
    row = tx.execute(
        select(lifecycle_environments)
        .where(
            environment.organization_id == view.organization_id,
            or_(environment.name == name, environment.label == name),
        )
        .order_by(environment.name != name)
        .limit(1)
    ).one_or_none()
    if row is None:
        raise BadRequestError(
            f"'{name[:64]}' is no point to compare: give a version (2.0), an environment (Dev), an"
            f" environment on a day (Dev@2026-11-01), or {PLANNED}"
        )
    return row


def _served_now(tx: Transaction, view: Row[Any], environment: Row[Any], point: str) -> ViewContent:
    served = tx.execute(
        select(distributions.c.version_id).where(
            distributions.c.content_view_id == view.id,
            distributions.c.environment_id == environment.id,
        )
    ).one_or_none()
    if served is None:
        raise NotFoundError(f"Content view '{view.name}' is not in the environment {point}")
    if served.version_id is not None:
        return _of_version(tx, served.version_id, point)
    return _held(tx, point, _LATEST, content_view_id=view.id)


def _served_on(
    tx: Transaction, view: Row[Any], environment: Row[Any], point: str, stamp: str
) -> ViewContent:
    until = read_moment(stamp)
    if until is None:
        raise BadRequestError(f"'{stamp[:64]}' is no day: write it as @2026-11-01")
    served = serving_until(tx, base_path_of(tx, view, environment), until)
    if served is not None and served.version_id is not None:
        return _of_version(tx, served.version_id, point)
    if served is not None and served.serves == "latest":
        return _held(tx, point, _EARLIER, content_view_id=view.id, until=until)
    raise NotFoundError(
        f"What content view '{view.name}' served as {point} is not known or no longer kept"
    )


def _of_version(tx: Transaction, version_id: int, name: str) -> ViewContent:
    held = content_view_version_repositories.c
    query = (
        select(repositories.c.id, repositories.c.content_type, held.content_set_id)
        .join(content_view_version_repositories, held.repository_id == repositories.c.id)
        .where(held.version_id == bindparam("version_id"))
    )
    found = _held(tx, name, query, version_id=version_id)
    return ViewContent(name, version_id, found.contents)


_version = repository_versions.c
_OF_VIEW = (
    select(repositories.c.id, repositories.c.content_type, _version.content_set_id)
    .join(
        content_view_repositories,
        content_view_repositories.c.repository_id == repositories.c.id,
    )
    .where(content_view_repositories.c.content_view_id == bindparam("content_view_id"))
)
_LATEST = _OF_VIEW.join(repository_versions, _version.id == repositories.c.latest_version_id)
# The last row of each repository is what it held then.
_EARLIER = (
    _OF_VIEW.join(repository_versions, _version.repository_id == repositories.c.id)
    .where(_version.created_at < bindparam("until", type_=UtcDateTime))
    .order_by(_version.number)
)


def _held(
    tx: Transaction, name: str, query: Select[*tuple[Any, ...]], **values: object
) -> ViewContent:
    sets = {row.id: (row.content_type, row.content_set_id) for row in tx.execute(query, values)}
    return ViewContent(
        name,
        contents={
            repository_id: (content_type, load_content(tx, ContentSetId(content_set_id)))
            for repository_id, (content_type, content_set_id) in sets.items()
        },
    )


def _content_types(tx: Transaction, repository_ids: Sequence[int]) -> dict[int, str]:
    columns = select(repositories.c.id, repositories.c.content_type)
    rows = tx.execute(columns.where(repositories.c.id.in_(repository_ids)))
    return {row.id: row.content_type for row in rows}
