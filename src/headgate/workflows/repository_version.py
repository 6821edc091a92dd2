"""The end of every change of a repository: its content is published and becomes its version."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, select

from headgate.domain.content import Content
from headgate.domain.errors import ConflictError, NotFoundError
from headgate.domain.ids import ContentSetId, PublicationId, RepositoryId
from headgate.engine.port import Run
from headgate.plugin import Change, MissingFile, PublishedFile, Synced
from headgate.services.accounts.users import login_of
from headgate.services.repositories.missing import (
    is_incomplete,
    key_without,
    left_out,
    note_taken,
    offered_by,
    replace_publication,
    save_missing,
    save_offered,
    still_missing,
)
from headgate.services.repositories.repositories import publish_options
from headgate.services.repositories.repository_versions import add_version, latest_version_of
from headgate.services.storage.blobs import unpin
from headgate.services.storage.collection import unpin_units
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.units.content_sets import load_content, save_content
from headgate.services.units.publications import save_publication
from headgate.stores.db import Transaction
from headgate.stores.db.tables import repositories
from headgate.workflows.healing import heal
from headgate.workflows.quotas import keep_within_quota, warn_of_quota
from headgate.workflows.workshop import Workshop

_NOTHING: Final = Content()


class Loaded(NamedTuple):
    """A repository as a task finds it; before its first version it holds nothing."""

    repository: Row[Any]
    content: Content
    number: int  # of the version; 0 before the first


def load_repository(tx: Transaction, repository_id: RepositoryId) -> Loaded:
    """Return the repository with what its latest version holds.

    NotFoundError when it was deleted since the task was asked for.
    """
    repository = tx.execute(
        select(repositories).where(repositories.c.id == repository_id)
    ).one_or_none()
    if repository is None:
        raise NotFoundError(f"Repository {repository_id} has been deleted meanwhile")
    latest = latest_version_of(tx, repository_id)
    if latest is None:
        return Loaded(repository, Content(), 0)
    content = load_content(tx, ContentSetId(latest.content_set_id))
    return Loaded(repository, content, latest.number)


def revise(
    workshop: Workshop,
    run: Run,
    loaded: Loaded,
    *,
    cause: str,
    added: Content = _NOTHING,
    removed: Content = _NOTHING,
    also: Callable[[Transaction], None] | None = None,
) -> dict[str, Any]:
    """Add and remove units by hand, and make the result the version; return what has changed.

    Where clients push meanwhile, it is done to what the repository holds in the transaction that
    saves it: no push is lost.
    """
    repository = loaded.repository
    content_type = workshop.content_types[repository.content_type]

    def change(tx: Transaction, before: Content) -> Content:
        return content_type.revised(tx, repository.id, before, added=added, removed=removed)

    if not content_type.pushable:
        with workshop.ports.database.read() as tx:
            content = change(tx, loaded.content)
        changed = make_version(
            workshop,
            run,
            repository,
            Synced(content, {}),
            base=loaded.number,
            cause=cause,
            also=also,
        )
        return _difference(loaded.content, content) | {"changed": changed}

    def save(tx: Transaction) -> dict[str, Any]:
        _lock(tx, repository.id)
        now = load_repository(tx, RepositoryId(repository.id))
        content = change(tx, now.content)
        missing = still_missing(tx, content_type, repository.id, content)
        key = publish_options(now.repository).key(content_type.name)
        found = Synced(content, {}, files=(), files_key=key, missing=missing)
        changed = _save(tx, workshop, run, repository, found=found, base=now.number, cause=cause)
        if also is not None:
            also(tx)
        keep_within_quota(tx, workshop, repository.organization_id)
        return _difference(now.content, content) | {"changed": changed}

    done = run.transaction("save", save)
    warn_of_quota(workshop, run)
    heal(workshop, run, repository.organization_id)
    return done


def make_version(
    workshop: Workshop,
    run: Run,
    repository: Row[Any],
    found: Synced,
    *,
    base: int,
    cause: str,
    also: Callable[[Transaction], None] | None = None,
) -> bool:
    """Publish what was found unless it brings its publication, and make it the version.

    `base` is the number of the version from which it was made (0: of none). ConflictError, and
    nothing is saved, if the repository has another one by now: somebody has pushed.

    One transaction, in which `also` takes part, makes it visible and lets go of the task's pins.
    What is missing stays out of the metadata. False if the repository held exactly this before,
    also when less of it is missing now.
    """
    content_type = workshop.content_types[repository.content_type]
    lacking = left_out(found.missing or (), content_type.unit_types)
    if found.files is None or found.files_key is None or found.missing is None or lacking.units:
        made = run.step("publish", lambda: _publish(workshop, run, repository, found))
        found = replace(
            found,
            files=[PublishedFile(**file) for file in made["files"]],
            files_key=publish_options(repository).key(content_type.name),
            missing=[MissingFile(**each) for each in made["missing"]],
        )

    def save(tx: Transaction) -> bool:
        changed = _save(tx, workshop, run, repository, found=found, base=base, cause=cause)
        if also is not None:
            also(tx)
        keep_within_quota(tx, workshop, repository.organization_id)
        return changed

    changed = run.transaction("save", save)
    warn_of_quota(workshop, run)
    heal(workshop, run, repository.organization_id)
    return changed


def _publish(
    workshop: Workshop, run: Run, repository: Row[Any], found: Synced
) -> dict[str, Sequence[dict[str, Any]]]:
    """Write metadata of all but what is missing: by the sync, or still since one before."""
    content_type = workshop.content_types[repository.content_type]
    missing = found.missing
    if missing is None:
        with workshop.ports.database.read() as tx:
            missing = still_missing(tx, content_type, repository.id, found.content)
    content = found.content - left_out(missing, content_type.unit_types)
    files = content_type.publish(workshop.ports, run, content, publish_options(repository))
    return {
        "files": [asdict(file) for file in files],
        "missing": [asdict(each) for each in missing],
    }


def _save(
    tx: Transaction,
    workshop: Workshop,
    run: Run,
    repository: Row[Any],
    *,
    found: Synced,
    base: int,
    cause: str,
) -> bool:
    clock = workshop.ports.clock
    _lock(tx, repository.id)
    latest = latest_version_of(tx, RepositoryId(repository.id))
    if (0 if latest is None else latest.number) != base:
        raise ConflictError(
            f"Repository '{repository.name}' was changed while this task was at work on it;"
            " nothing was saved. Ask for it again"
        )
    content_set_id, publication_id = _keep(tx, workshop, repository, found)
    if latest is not None and latest.content_set_id == content_set_id:
        _replace_incomplete(tx, workshop, latest, publication_id, found)
    before = Content()
    if latest is not None:
        before = load_content(tx, ContentSetId(latest.content_set_id))
    change = Change(
        repository_id=repository.id,
        before=before,
        after=found.content,
        cause=cause,
        user=login_of(tx, run.user_id),
        at=clock(),
    )
    workshop.content_types[repository.content_type].changed(tx, change)
    changed = add_version(
        tx,
        clock=clock,
        repository_id=RepositoryId(repository.id),
        content_set_id=content_set_id,
        publication_id=publication_id,
        cause=cause,
        task_id=run.task_id,
    )
    offered = offered_by(tx, repository.id) if found.offered is None else found.offered
    save_offered(tx, repository.id, offered & found.content)
    unpin_units(tx, holder=run.task_id, saved=found.content)
    unpin(tx, run.task_id, clock=clock)
    return changed


def _keep(
    tx: Transaction, workshop: Workshop, repository: Row[Any], found: Synced
) -> tuple[ContentSetId, PublicationId]:
    """Keep content, files and what is missing; return the ids of content set and publication."""
    clock = workshop.ports.clock
    missing = found.missing or ()
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
        options=key_without(found.files_key or "", repository.id, missing),
        files=found.files or (),
    )
    save_missing(
        tx,
        clock=clock,
        publication_id=publication_id,
        repository_id=repository.id,
        missing=missing,
    )
    if found.offered is not None:  # a sync has looked at all of it
        note_taken(tx, repository.id, found.content, missing)
    return content_set_id, publication_id


def _replace_incomplete(
    tx: Transaction,
    workshop: Workshop,
    latest: Row[Any],
    publication_id: PublicationId,
    found: Synced,
) -> None:
    """Serve the same content anew if something of it is missing, or was."""
    if found.missing or is_incomplete(tx, latest.publication_id):
        replace_publication(
            tx,
            clock=workshop.ports.clock,
            repository_id=latest.repository_id,
            old=latest.publication_id,
            new=publication_id,
        )


def _lock(tx: Transaction, repository_id: int) -> None:
    """Let whoever changes the repository, too, wait until this transaction ends."""
    hold_off_collection(tx)
    row = select(repositories.c.id).where(repositories.c.id == repository_id)
    tx.execute(row.with_for_update())


def _difference(before: Content, after: Content) -> dict[str, Any]:
    return {"added": (after - before).counts, "removed": (before - after).counts}
