"""Synchronizing a repository: upstream's content becomes its next version."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Row, select, update

from headgate.domain.content import Content
from headgate.domain.errors import NotFoundError, SubtaskFailedError
from headgate.domain.ids import ContentSetId, RepositoryId
from headgate.engine.port import Run
from headgate.plugin import PublishedFile, Synced, SyncWork
from headgate.services.blobs import unpin
from headgate.services.collection import unpin_units
from headgate.services.content_sets import load_content, save_content
from headgate.services.publications import save_publication
from headgate.services.remotes import remote_of
from headgate.services.repositories import add_version, latest_version_of, publish_options
from headgate.stores.db import Transaction
from headgate.stores.db.tables import repositories
from headgate.workflows.requests import sync_task
from headgate.workflows.workshop import Workshop


def sync(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Synchronize the repository in `repository_id`; `full` looks again at everything.

    Until the last transaction nobody sees anything of it. Output: `changed`, and the number of
    units added and removed by type.
    """
    repository, work = _begin(workshop, run)
    content_type = workshop.content_types[repository.content_type]
    synced = content_type.sync(work)
    if synced is None:
        return {"changed": False, "added": {}, "removed": {}}
    if synced.files is None or synced.files_key is None:
        options = work.options
        found = synced

        def make() -> list[dict[str, Any]]:
            files = content_type.publish(workshop.ports, run, found.content, options)
            return [asdict(file) for file in files]

        files = [PublishedFile(**file) for file in run.step("publish", make)]
        synced = replace(found, files=files, files_key=options.key(content_type.name))
    final = synced
    changed = run.transaction("save", lambda tx: _save(tx, workshop, run, repository, final))
    return {
        "changed": changed,
        "added": (synced.content - work.previous).counts,
        "removed": (work.previous - synced.content).counts,
    }


def sync_many(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Synchronize each of `repository_ids` in a sub-task of its own; failures become warnings."""
    ids: list[int] = run.input["repository_ids"]
    full = bool(run.input.get("full"))
    with workshop.ports.database.read() as tx:
        rows = tx.execute(select(repositories).where(repositories.c.id.in_(ids)))
        tasks = [
            sync_task(repository, user_id=run.user_id, full=full)
            for repository in rows
            if repository.url
        ]
    ends = run.children("synchronize", tasks)
    failed = [end for end in ends if end.result != "success"]
    for end in failed:
        for error in end.errors:
            run.warn(SubtaskFailedError(str(error.get("message", end.result))))
    return {"repositories": len(ends), "failed": len(failed)}


def _begin(workshop: Workshop, run: Run) -> tuple[Row[Any], SyncWork]:
    repository_id = RepositoryId(run.input["repository_id"])
    with workshop.ports.database.read() as tx:
        repository = tx.execute(
            select(repositories).where(repositories.c.id == repository_id)
        ).one_or_none()
        if repository is None:
            raise NotFoundError(
                f"Repository {repository_id} was deleted before it was synchronized"
            )
        latest = latest_version_of(tx, repository_id)
        previous = Content()
        if latest is not None:
            previous = load_content(tx, ContentSetId(latest.content_set_id))
        full = bool(run.input.get("full")) or latest is None
        work = SyncWork(
            ports=workshop.ports,
            run=run,
            organization_id=repository.organization_id,
            remote=remote_of(tx, repository, workshop.unseal),
            download_policy=repository.download_policy,
            mirroring_policy=repository.mirroring_policy,
            options=publish_options(repository),
            previous=previous,
            state=None if full else repository.upstream_state,
        )
    return repository, work


def _save(
    tx: Transaction, workshop: Workshop, run: Run, repository: Row[Any], synced: Synced
) -> bool:
    """Make what was found the repository's version; False if it already was."""
    clock = workshop.ports.clock
    content_set_id = save_content(
        tx,
        clock=clock,
        content=synced.content,
        unit_types=workshop.content_types[repository.content_type].unit_types,
    )
    publication_id = save_publication(
        tx,
        clock=clock,
        content_set_id=content_set_id,
        options=synced.files_key or "",
        files=synced.files or (),
    )
    changed = add_version(
        tx,
        clock=clock,
        repository_id=RepositoryId(repository.id),
        content_set_id=content_set_id,
        publication_id=publication_id,
        cause="sync",
        task_id=run.task_id,
    )
    tx.execute(
        update(repositories)
        .where(repositories.c.id == repository.id)
        .values(upstream_state=dict(synced.state))
    )
    unpin_units(tx, holder=run.task_id)
    unpin(tx, run.task_id)
    return changed
