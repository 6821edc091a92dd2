"""The end of every change of a repository: its content is published and becomes its version."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Row, select

from headgate.domain.content import Content
from headgate.domain.errors import NotFoundError
from headgate.domain.ids import ContentSetId, RepositoryId
from headgate.engine.port import Run
from headgate.plugin import PublishedFile, Synced
from headgate.services.blobs import unpin
from headgate.services.collection import unpin_units
from headgate.services.content_sets import load_content, save_content
from headgate.services.publications import save_publication
from headgate.services.repositories import add_version, latest_version_of, publish_options
from headgate.stores.db import Transaction
from headgate.stores.db.tables import repositories
from headgate.workflows.workshop import Workshop


def load_repository(
    tx: Transaction, repository_id: RepositoryId
) -> tuple[Row[Any], Content | None]:
    """Return the repository and what its latest version holds (None before its first).

    NotFoundError when it was deleted since the task was asked for.
    """
    repository = tx.execute(
        select(repositories).where(repositories.c.id == repository_id)
    ).one_or_none()
    if repository is None:
        raise NotFoundError(f"Repository {repository_id} has been deleted meanwhile")
    latest = latest_version_of(tx, repository_id)
    if latest is None:
        return repository, None
    return repository, load_content(tx, ContentSetId(latest.content_set_id))


def make_version(
    workshop: Workshop,
    run: Run,
    repository: Row[Any],
    found: Synced,
    *,
    cause: str,
    also: Callable[[Transaction], None] | None = None,
) -> bool:
    """Publish what was found unless it brings its publication, and make it the version.

    One transaction, in which `also` takes part, makes it visible and lets go of the task's pins.
    False if the repository held exactly this before.
    """
    content_type = workshop.content_types[repository.content_type]
    files, key = found.files, found.files_key
    if files is None or key is None:
        options = publish_options(repository)

        def make() -> list[dict[str, Any]]:
            made = content_type.publish(workshop.ports, run, found.content, options)
            return [asdict(file) for file in made]

        files = [PublishedFile(**file) for file in run.step("publish", make)]
        key = options.key(content_type.name)
    final = replace(found, files=files, files_key=key)

    def save(tx: Transaction) -> bool:
        changed = _save(tx, workshop, run, repository, found=final, cause=cause)
        if also is not None:
            also(tx)
        return changed

    return run.transaction("save", save)


def _save(
    tx: Transaction,
    workshop: Workshop,
    run: Run,
    repository: Row[Any],
    *,
    found: Synced,
    cause: str,
) -> bool:
    clock = workshop.ports.clock
    content_set_id = save_content(
        tx,
        clock=clock,
        content=found.content,
        unit_types=workshop.content_types[repository.content_type].unit_types,
    )
    publication_id = save_publication(
        tx,
        clock=clock,
        content_set_id=content_set_id,
        options=found.files_key or "",
        files=found.files or (),
    )
    changed = add_version(
        tx,
        clock=clock,
        repository_id=RepositoryId(repository.id),
        content_set_id=content_set_id,
        publication_id=publication_id,
        cause=cause,
        task_id=run.task_id,
    )
    unpin_units(tx, holder=run.task_id)
    unpin(tx, run.task_id, clock=clock)
    return changed
