"""Synchronizing a repository: upstream's content becomes its next version."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select, update

from headgate.domain.content import Content
from headgate.domain.errors import (
    InvalidContentError,
    MissingFileError,
    NotFoundError,
    SubtaskFailedError,
    UpstreamError,
)
from headgate.domain.ids import ContentSetId, RepositoryId
from headgate.engine.port import Run
from headgate.plugin import MissingFile, SyncWork
from headgate.services.organizations.trust import rules_of, stale_warning, state_of
from headgate.services.repositories.missing import is_incomplete
from headgate.services.repositories.own_settings import own_settings
from headgate.services.repositories.remotes import remote_of
from headgate.services.repositories.repositories import publish_options
from headgate.services.repositories.repository_versions import latest_version_of
from headgate.services.units.content_sets import load_content
from headgate.stores.db import Transaction
from headgate.stores.db.tables import repositories
from headgate.upstream import Remote
from headgate.workflows.quotas import ports_with_room
from headgate.workflows.repository_version import make_version
from headgate.workflows.requests import sync_task
from headgate.workflows.workshop import Workshop

# Errors of a task, and lines of a client's screen.
_MOST_NAMED = 20


def sync(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Synchronize the repository in `repository_id`; `full` looks again at everything.

    Until the last transaction nobody sees anything of it. Output: `changed`, and the number of
    units added and removed by type.
    """
    repository, work, number = _begin(workshop, run)
    content_type = workshop.content_types[repository.content_type]
    # What steps have found rests on the version that was the latest when they began.
    base = run.step("base", lambda: number) if content_type.pushable else number
    try:
        synced = content_type.sync(work)
    except InvalidContentError as error:
        raise UpstreamError(
            f"{error.message}; upstream's content is broken or hostile: check the URL of the"
            " repository, or tell whoever runs the upstream",
            url=work.remote.shown,
        ) from error
    seen = repository.upstream_seen if synced is None else synced.seen
    stale = stale_warning(repository, seen, workshop.ports.clock)
    if stale is not None:
        run.warn(stale)
    if synced is None:
        return {"changed": False, "added": {}, "removed": {}}

    def remember(tx: Transaction) -> None:
        tx.execute(
            update(repositories)
            .where(repositories.c.id == repository.id)
            .values(upstream_state=dict(synced.state), upstream_seen=synced.seen)
        )

    changed = make_version(
        workshop, run, repository, synced, base=base, cause="sync", also=remember
    )
    missing = synced.missing or ()
    warn_of_missing(run, repository, missing)
    return {
        "changed": changed,
        "added": (synced.content - work.previous).counts,
        "removed": (work.previous - synced.content).counts,
        "missing_files": len(missing),
    }


def warn_of_missing(run: Run, repository: Row[Any], missing: Sequence[MissingFile]) -> None:
    """Let the task end with a warning that names the files, the first of them if there are many."""
    for each in missing[:_MOST_NAMED]:
        run.warn(
            MissingFileError(
                f"{each.path} is missing and not offered to clients: {each.reason}",
                url=each.url or "",
            )
        )
    if missing:
        run.warn(
            SubtaskFailedError(
                f"Repository '{repository.name}' is incomplete: {len(missing)} files are missing;"
                " they are tried again by the next synchronization"
            )
        )


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
    for end in ends:
        for error in end.errors:
            run.warn(SubtaskFailedError(str(error.get("message", end.result))))
    failed = [end for end in ends if end.result not in ("success", "warning")]
    return {"repositories": len(ends), "failed": len(failed)}


def _begin(workshop: Workshop, run: Run) -> tuple[Row[Any], SyncWork, int]:
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
        full = (
            bool(run.input.get("full"))
            or latest is None
            or is_incomplete(tx, latest.publication_id)
        )
        remote = remote_of(tx, repository, workshop.unseal)
        work = work_on(tx, workshop, run, repository, remote)
        state = None if full else state_of(repository)
    number = 0 if latest is None else latest.number
    return repository, replace(work, previous=previous, state=state), number


def work_on(
    tx: Transaction, workshop: Workshop, run: Run, repository: Row[Any], remote: Remote
) -> SyncWork:
    """Return what a content type wants to know of the repository to ask its upstream anew."""
    accept_older = bool(run.input.get("accept_older"))
    return SyncWork(
        ports=ports_with_room(workshop),
        run=run,
        organization_id=repository.organization_id,
        remote=remote,
        download_policy=repository.download_policy,
        mirroring_policy=repository.mirroring_policy,
        options=publish_options(repository),
        previous=Content(),
        state=None,
        trust=rules_of(tx, repository, workshop.unseal, accept_older=accept_older),
        keep_good=repository.missing_files_policy == "keep_good",
        repository_id=RepositoryId(repository.id),
        ignorable_content=repository.ignorable_content or (),
        retain_versions=repository.retain_package_versions_count or 0,
        settings=own_settings(tx, repository),
    )
