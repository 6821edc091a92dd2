"""Why a version of a content view holds a package, or does not."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pyroaring import BitMap
from sqlalchemy import select

from headgate.domain.content import Content
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import ContentViewVersionId, RepositoryId
from headgate.plugin import (
    ContentType,
    Explained,
    Filter,
    Ground,
    HeldPart,
    MissingUnit,
    NamedUnit,
    TrustRules,
    filters_within,
)
from headgate.services.access import Actor, load
from headgate.services.organizations.trust import rules_of
from headgate.services.related import AnyRow
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    content_set_members,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    missing_files,
    repositories,
    repository_versions,
)

Unseal = Callable[[bytes], bytes]

# Of repositories elsewhere that have what a version lacks.
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class RepositoryExplained:
    """What one repository of the version has to say."""

    row: AnyRow  # id, name, label, content_type
    explained: Explained
    reasons: Sequence[Ground]  # why nothing that was asked for is here

    @property
    def present(self) -> bool:
        """Whether clients find something that was asked for."""
        return any(unit.present for unit in self.explained.units)


@dataclass(frozen=True, slots=True)
class VersionExplained:
    """The answer, repository by repository; those that have nothing to say come last."""

    version: AnyRow
    repositories: Sequence[RepositoryExplained]
    elsewhere: Sequence[Ground]  # where else it is, if the version has nothing of it

    @property
    def present(self) -> bool:
        """Whether clients find something that was asked for."""
        return any(each.present for each in self.repositories)


def explain(
    tx: Transaction,
    content_types: Mapping[str, ContentType],
    *,
    actor: Actor,
    unseal: Unseal,
    version_id: ContentViewVersionId,
    text: str,
    repository_id: RepositoryId | None = None,
) -> VersionExplained:
    """Say of each repository of the version (or of one) why it holds what the text means, or not.

    For packages the text is a name with or without version, release and architecture. BadRequest-
    Error while the version is being published; NotFoundError as `access.load`.
    """
    version = load(tx, actor, content_view_versions, version_id)
    view = load(tx, actor, content_views, version.content_view_id, permission="view_content_views")
    if not version.published:
        raise BadRequestError("This version is still being published.")
    rows = _held(tx, version_id, repository_id)
    parts = _parts(tx, rows, version.filters or (), unseal)
    found = [
        (row, _judged(content_types[row.content_type].explained(tx, text, part), part))
        for row, part in zip(rows, parts, strict=True)
    ]
    told = [RepositoryExplained(row, each, _absence(row, each)) for row, each in found]
    told.sort(key=lambda each: not each.explained.units)
    elsewhere: list[Ground] = []
    if not any(each.explained.units for each in told):
        elsewhere = _elsewhere(tx, content_types, view.organization_id, rows, text)
    return VersionExplained(version, told, elsewhere)


def _held(
    tx: Transaction, version_id: ContentViewVersionId, repository_id: RepositoryId | None
) -> Sequence[AnyRow]:
    held, latest = content_view_version_repositories.c, repository_versions
    query = (
        select(
            repositories.c.id,
            repositories.c.name,
            repositories.c.label,
            repositories.c.content_type,
            held.content_set_id,
            held.source_content_set_id.label("source_id"),
            latest.c.content_set_id.label("latest_id"),
            held.publication_id,
        )
        .join(repositories, repositories.c.id == held.repository_id)
        .outerjoin(
            repository_versions, repository_versions.c.id == repositories.c.latest_version_id
        )
        .where(held.version_id == version_id)
        .order_by(repositories.c.name, repositories.c.id)
    )
    if repository_id is not None:
        query = query.where(held.repository_id == repository_id)
    return tx.execute(query).all()


def _parts(
    tx: Transaction,
    rows: Sequence[AnyRow],
    filters: Sequence[Mapping[str, Any]],
    unseal: Unseal,
) -> list[HeldPart]:
    sets = {key for row in rows for key in (row.content_set_id, row.source_id, row.latest_id)}
    contents = _contents(tx, sets - {None})
    missing = _missing(tx, rows)
    return [
        HeldPart(
            source=_source(row, contents, chosen),
            content=contents.get(row.content_set_id, Content()),
            filters=chosen,
            missing=missing.get(row.id, {}),
            source_is_of_now=bool(chosen) and row.source_id is None,
            trust=partial(_trust, tx, row.id, unseal),
        )
        for row in rows
        for chosen in [filters_within(filters, row.id, row.content_type)]
    ]


def _trust(tx: Transaction, repository_id: int, unseal: Unseal) -> TrustRules:
    row = tx.execute(select(repositories).where(repositories.c.id == repository_id)).one()
    return rules_of(tx, row, unseal)


def _source(row: AnyRow, contents: Mapping[int, Content], filters: Sequence[Filter]) -> Content:
    """Return what the repository held before filters; what it holds now, if that is not kept."""
    content = contents.get(row.content_set_id, Content())
    if row.source_id is not None:
        return contents.get(row.source_id, Content())
    return content | contents.get(row.latest_id, Content()) if filters else content


def _judged(explained: Explained, part: HeldPart) -> Explained:
    """Say so where the answer rests on what the repository holds now."""
    if not part.source_is_of_now:
        return explained
    ground = Ground(
        "judged_by_now",
        "What the repository held before filters is no longer kept: this is judged by what it"
        " holds now.",
    )
    units = [
        each if each.present else replace(each, reasons=[*each.reasons, ground])
        for each in explained.units
    ]
    return replace(explained, units=units)


def _contents(tx: Transaction, content_set_ids: Collection[int]) -> dict[int, Content]:
    members = content_set_members.c
    found: dict[int, dict[str, BitMap]] = {}
    for row in tx.execute(
        select(members.content_set_id, members.content_type, members.units).where(
            among(tx, members.content_set_id, set(content_set_ids))
        )
    ):
        units = BitMap.deserialize(row.units)
        found.setdefault(row.content_set_id, {})[row.content_type] = units
    return {key: Content(units) for key, units in found.items()}


def _missing(
    tx: Transaction, rows: Sequence[AnyRow]
) -> dict[int, dict[tuple[str, int], MissingUnit]]:
    publications = {row.id: row.publication_id for row in rows}
    found: dict[int, dict[tuple[str, int], MissingUnit]] = {}
    query = select(missing_files).where(
        among(tx, missing_files.c.publication_id, set(publications.values()))
    )
    for row in tx.execute(query):
        if publications.get(row.repository_id) == row.publication_id:
            unit = MissingUnit(row.code, row.reason, row.url)
            found.setdefault(row.repository_id, {})[row.unit_type, row.unit_id] = unit
    return found


def _absence(row: AnyRow, explained: Explained) -> list[Ground]:
    if explained.units:
        return []
    message = f"Repository '{row.name}' did not hold it when this version was published"
    if explained.near:
        shown = ", ".join(explained.near[:_MOST_NAMED])
        more = len(explained.near) - _MOST_NAMED
        message += f"; it held {shown}" + (f" and {more} more" if more > 0 else "")
    return [Ground("not_in_repository", f"{message}.", {"near": list(explained.near)})]


def _elsewhere(
    tx: Transaction,
    content_types: Mapping[str, ContentType],
    organization_id: int,
    rows: Sequence[AnyRow],
    text: str,
) -> list[Ground]:
    """Tell which repositories of the organization hold it now: of the version, or others."""
    asked = {row.content_type for row in rows} or set(content_types)
    found = {name: content_types[name].named(tx, text) for name in sorted(asked)}
    found = {name: units for name, units in found.items() if units}
    if not found:
        return [Ground("unknown", "No repository ever had anything of this name.")]
    latest = tx.execute(
        select(
            repositories.c.id,
            repositories.c.name,
            repositories.c.content_type,
            repository_versions.c.content_set_id,
            repository_versions.c.created_at,
        )
        .join(repository_versions, repository_versions.c.id == repositories.c.latest_version_id)
        .where(
            repositories.c.organization_id == organization_id,
            repositories.c.content_type.in_(sorted(found)),
        )
        .order_by(repositories.c.name, repositories.c.id)
    ).all()
    contents = _contents(tx, [row.content_set_id for row in latest])
    within = {row.id for row in rows}
    reasons: list[Ground] = []
    for row in latest:
        held = _names_within(found[row.content_type], contents.get(row.content_set_id, Content()))
        if held:
            reasons.append(_later(row, held) if row.id in within else _beyond(row, held))
    reasons.sort(key=lambda reason: reason.code != "came_later")
    return reasons[:_MOST_NAMED] or [
        Ground("not_synced", "No repository of this organization holds it now.")
    ]


def _names_within(units: Sequence[NamedUnit], content: Content) -> list[str]:
    return [
        each.name
        for each in units
        if any(each.unit_id in content[unit_type] for unit_type in each.unit_types)
    ]


def _later(row: AnyRow, names: Sequence[str]) -> Ground:
    moment = row.created_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    message = f"Repository '{row.name}' holds {names[0]} since then: it changed on {moment}."
    return Ground("came_later", message, {"repository_id": row.id, "packages": list(names)})


def _beyond(row: AnyRow, names: Sequence[str]) -> Ground:
    message = f"Repository '{row.name}', which is not in this version, holds {names[0]}."
    return Ground("other_repository", message, {"repository_id": row.id, "packages": list(names)})
