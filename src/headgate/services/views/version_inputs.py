"""What a content view would freeze now: its repositories' latest content, or its components'.

A plain view takes the latest content set of each repository. A composite one takes what the
versions of its components hold. A repository that several of them hold is served once, with the
units of all: where two units have one name (a package's location, an advisory's id), that of the
version made last stays (`ContentType.with_units`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, func, select

from headgate.domain.content import digest_of
from headgate.domain.content_views import inputs_digest
from headgate.plugin import CHOSEN, PublishOptions, filter_applies, signer_of
from headgate.services.related import AnyRow, grouped
from headgate.services.views.filters import filters_of
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    content_sets,
    content_view_components,
    content_view_repositories,
    content_view_version_components,
    content_view_version_repositories,
    content_view_versions,
    publications,
    repositories,
    repository_versions,
)

_EMPTY = digest_of({})
_ALL: Mapping[int, Sequence[str]] = {}


@dataclass(frozen=True, slots=True)
class RepositoryInput:
    """One repository of a version to be; `publication_id` is None where one must be made."""

    repository_id: int
    relative_path: str
    content_set_id: int | None  # None: the repository was never synced
    publication_id: int | None  # signed as the repository asks now
    key: tuple[bytes, str]  # what decides its part of the version


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that decides what a version holds."""

    repositories: Sequence[RepositoryInput]
    filters: Sequence[dict[str, Any]]
    component_ids: Sequence[int]  # versions that a composite one is made from, the oldest first
    solve_dependencies: bool = False

    @property
    def digest(self) -> str:
        """Equal inputs publish equal versions."""
        keys = {each.repository_id: each.key for each in self.repositories}
        return inputs_digest(
            keys, self.filters, self.component_ids, solve_dependencies=self.solve_dependencies
        )


def inputs_of(
    tx: Transaction, view: Row[Any] | AnyRow, chosen: Mapping[int, Sequence[str]] = _ALL
) -> Inputs:
    """Return what the view would freeze now, in at most four statements.

    Of the repositories in `chosen` only packages whose files have these names.
    """
    if view.composite:
        component_ids = [row.version_id for row in component_versions(tx, [view.id])]
        return Inputs(_of_components(tx, component_ids), [], component_ids)
    filters = filters_of(tx, view.id) + [_choice(*each) for each in sorted(chosen.items())]
    found = _of_repositories(tx, view.id, filters)
    return Inputs(found, filters, (), view.solve_dependencies)


def _choice(repository_id: int, filenames: Sequence[str]) -> dict[str, Any]:
    """Return the filter that keeps nothing else of a repository, as versions keep filters."""
    return {
        "id": None,
        "name": "chosen packages",
        "type": CHOSEN,
        "inclusion": True,
        "original_packages": False,
        "original_module_streams": False,
        "repository_ids": [repository_id],
        "rules": [{"name": filename} for filename in sorted(set(filenames))],
    }


def component_versions(tx: Transaction, composite_ids: Iterable[int]) -> Sequence[AnyRow]:
    """Return the published versions that composites would take now, the oldest first.

    Rows have `composite_id`, `content_view_id` and `version_id`. A component without any
    published version is left out.
    """
    component = content_view_components.c
    chosen = func.coalesce(component.version_id, latest_of(component.content_view_id))
    rows = tx.execute(
        select(component.composite_id, component.content_view_id, chosen.label("version_id"))
        .where(among(tx, component.composite_id, composite_ids), chosen.is_not(None))
        .order_by(chosen)
    )
    return rows.all()


def latest_of(content_view_id: ColumnElement[int]) -> ScalarSelect[int]:
    """Return the id of the newest published version of the view in this column."""
    versions = content_view_versions.alias("newest")
    return (
        select(versions.c.id)
        .where(versions.c.content_view_id == content_view_id, versions.c.published)
        .order_by(versions.c.major.desc(), versions.c.minor.desc())
        .limit(1)
        .scalar_subquery()
    )


def latest_published(tx: Transaction, content_view_id: int) -> Row[Any] | None:
    """Return the view's newest published version."""
    return tx.execute(
        select(content_view_versions)
        .where(
            content_view_versions.c.content_view_id == content_view_id,
            content_view_versions.c.published,
        )
        .order_by(content_view_versions.c.major.desc(), content_view_versions.c.minor.desc())
        .limit(1)
    ).one_or_none()


def component_sets(tx: Transaction, version_id: int, repository_id: int) -> list[int]:
    """Return the content sets that a composite version's components hold of a repository.

    In the order in which they are laid over each other; none for versions of plain views.
    """
    parts = content_view_version_components.c
    return component_set_ids(
        tx, select(parts.component_id).where(parts.version_id == version_id), repository_id
    )


def component_set_ids(
    tx: Transaction, component_ids: Sequence[int] | Select[int], repository_id: int
) -> list[int]:
    """Return the content sets that these versions hold of a repository, in the same order."""
    held = content_view_version_repositories.c
    return list(
        tx.scalars(
            select(held.content_set_id)
            .where(held.version_id.in_(component_ids), held.repository_id == repository_id)
            .order_by(held.version_id)
        )
    )


def _of_repositories(
    tx: Transaction, content_view_id: int, filters: Sequence[Mapping[str, Any]]
) -> list[RepositoryInput]:
    latest = repository_versions.c
    rows = tx.execute(
        select(
            repositories.c.id,
            repositories.c.relative_path,
            repositories.c.content_type,
            repositories.c.checksum_type,
            repositories.c.metadata_compression,
            repositories.c.signing_fingerprint,
            latest.content_set_id,
            latest.publication_id,
            publications.c.options,
            content_sets.c.digest,
        )
        .join(
            content_view_repositories,
            content_view_repositories.c.repository_id == repositories.c.id,
        )
        .outerjoin(repository_versions, latest.id == repositories.c.latest_version_id)
        .outerjoin(content_sets, content_sets.c.id == latest.content_set_id)
        .outerjoin(publications, publications.c.id == latest.publication_id)
        .where(content_view_repositories.c.content_view_id == content_view_id)
        .order_by(repositories.c.name, repositories.c.id)
    )
    return [
        RepositoryInput(
            repository_id=row.id,
            relative_path=row.relative_path,
            content_set_id=row.content_set_id,
            publication_id=None if _applies(filters, row) else _usable(row),
            key=(
                row.digest or _EMPTY,
                _signed(f"{row.checksum_type}:{row.metadata_compression}", row),
            ),
        )
        for row in rows
    ]


def _usable(row: AnyRow) -> int | None:
    """Return the publication, unless it is not signed by the key that the repository names now."""
    signer = signer_of(row.options or "")
    return row.publication_id if signer == row.signing_fingerprint else None


def _signed(key: str, row: AnyRow) -> str:
    return PublishOptions(signing=row.signing_fingerprint).signed_key(key)


def _applies(filters: Sequence[Mapping[str, Any]], repository: AnyRow) -> bool:
    return any(filter_applies(each, repository.id, repository.content_type) for each in filters)


def _of_components(tx: Transaction, version_ids: Sequence[int]) -> list[RepositoryInput]:
    held = content_view_version_repositories.c
    rows = tx.execute(
        select(
            held.repository_id,
            held.relative_path,
            held.content_set_id,
            held.publication_id,
            repositories.c.signing_fingerprint,
            content_sets.c.digest,
            publications.c.options,
        )
        .join(repositories, repositories.c.id == held.repository_id)
        .join(content_sets, content_sets.c.id == held.content_set_id)
        .join(publications, publications.c.id == held.publication_id)
        .where(among(tx, held.version_id, version_ids))
        .order_by(held.version_id)
    )
    return [_laid_over(parts) for parts in grouped(rows, "repository_id").values()]


def _laid_over(parts: Sequence[AnyRow]) -> RepositoryInput:
    """Return the one repository that several components hold; one publication is taken as it is."""
    last = parts[-1]
    one = len({part.publication_id for part in parts}) == 1
    digests = [part.digest for part in parts]
    digest = last.digest if one else sha256(b"".join(digests)).digest()
    usable = _usable(last)
    options = last.options if usable is not None else _signed(f"again:{last.options}", last)
    return RepositoryInput(
        repository_id=last.repository_id,
        relative_path=last.relative_path,
        content_set_id=last.content_set_id,
        publication_id=usable if one else None,
        key=(digest, options),
    )
