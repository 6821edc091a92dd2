"""Writing the metadata of dormant publications again, before clients are to have it.

What segments and fragments are written to is the same, byte for byte, and known to be so by the
digests of what was let go of: repomd.xml and its signature were kept and fit again. Where other
bytes come out (upstream's own metadata cannot be made again; another version of a compressor),
a whole publication of the same content takes the place, signed as the repository asks now.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Row, select

from headgate.domain.content import Content
from headgate.domain.errors import ConflictError
from headgate.domain.ids import ContentSetId, PublicationId
from headgate.engine.port import Run
from headgate.plugin import MissingFile, PublishedFile, PublishOptions
from headgate.services.repositories.missing import (
    key_without,
    left_out,
    missing_of,
    replace_publication,
    save_missing,
    whole_key,
)
from headgate.services.repositories.repositories import publish_options
from headgate.services.storage.blobs import unpin
from headgate.services.storage.collection import request_collection
from headgate.services.storage.collection_lock import hold_off_collection, hold_off_sleep
from headgate.services.units.content_sets import load_content
from headgate.services.units.publications import (
    awaken,
    dormant_in,
    fits,
    keep_awake,
    save_publication,
)
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_view_version_repositories,
    publications,
    repositories,
    repository_versions,
)
from headgate.workflows.quotas import keep_within_quota
from headgate.workflows.workshop import Workshop


def wake(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Wake `publication_id` for clients that ask for it, if its organization has the room."""

    def within(tx: Transaction) -> None:
        keep_within_quota(tx, workshop, run.organization_id)

    wake_publication(workshop, run, run.input["publication_id"], also=within)
    return {}


def once_awake(
    workshop: Workshop,
    run: Run,
    name: str,
    version_ids: Sequence[int],
    change: Callable[[Transaction], None],
) -> None:
    """Make a change that lets clients have these versions, in one transaction named so.

    If all of their metadata is there, as that of new versions is, this costs one query; what is
    dormant is written first. It stays awake meanwhile: versions that are being published do, and
    so do those whose lock the task holds (`content_view_version:ID`).
    """

    def attempt(tx: Transaction) -> list[int]:
        hold_off_sleep(tx)
        dormant = dormant_in(tx, version_ids)
        if not dormant:
            change(tx)
        return dormant

    dormant: list[int] = run.transaction(name, attempt)
    for publication_id in dormant:
        wake_publication(workshop, run, publication_id)
    if dormant and run.transaction(f"{name} what was woken", attempt):
        raise ConflictError("Metadata of the version fell dormant meanwhile; run the task again")


def wake_publication(
    workshop: Workshop,
    run: Run,
    publication_id: int,
    *,
    also: Callable[[Transaction], None] | None = None,
) -> None:
    """Let a publication be awake for a while; waking one that is awake only prolongs that."""
    made: list[dict[str, Any]] = run.step(
        f"write publication {publication_id}", lambda: _written(workshop, run, publication_id)
    )

    def keep(tx: Transaction) -> None:
        clock = workshop.ports.clock
        hold_off_collection(tx)
        awake = {publication_id}
        for part in made:
            awake.add(_kept(tx, workshop, publication_id, part))
        keep_awake(tx, awake, clock() + workshop.dormancy.awake_for)
        unpin(tx, run.task_id, clock=clock)
        request_collection(tx, clock)  # of others, if too many were woken
        if also is not None:
            also(tx)

    run.transaction(f"wake publication {publication_id}", keep)


def _written(workshop: Workshop, run: Run, publication_id: int) -> list[dict[str, Any]]:
    """Write the files; those that were let go of, or a publication for each repository."""
    with workshop.ports.database.begin() as tx:
        hold_off_collection(tx)  # waits for who lets it fall dormant right now
        row = tx.execute(
            select(publications).where(publications.c.id == publication_id)
        ).one_or_none()
        if row is None or not row.dormant:
            return []
        named = _repositories_of(tx, publication_id)
        missing = missing_of(tx, publication_id)
        content = load_content(tx, ContentSetId(row.content_set_id))
    if not named:
        return []
    content_type = workshop.content_types[named[0].content_type]
    offered = content - left_out(missing, content_type.unit_types)
    options = PublishOptions.of_key(whole_key(row.options), content_type.name)
    if options is not None:
        unsigned = replace(options, signing=None)
        files = content_type.publish(workshop.ports, run, offered, unsigned)
        with workshop.ports.database.read() as tx:
            if fits(tx, publication_id, files):
                return [{"files": [asdict(file) for file in files]}]
    made = _in_its_place(
        workshop,
        run,
        named,
        content_set_id=row.content_set_id,
        offered=offered,
        missing=missing,
    )
    return list(made)


def _in_its_place(
    workshop: Workshop,
    run: Run,
    named: Sequence[Row[Any]],
    *,
    content_set_id: int,
    offered: Content,
    missing: Sequence[MissingFile],
) -> Iterator[dict[str, Any]]:
    """Publish the content as each of the repositories asks now; those that ask alike share it."""
    by_options: dict[PublishOptions, list[dict[str, Any]]] = {}
    for repository in named:
        content_type = workshop.content_types[repository.content_type]
        own = publish_options(repository)
        if own not in by_options:
            made = content_type.publish(workshop.ports, run, offered, own)
            by_options[own] = [asdict(file) for file in made]
        yield {
            "files": by_options[own],
            "repository_id": repository.id,
            "content_set_id": content_set_id,
            "key": key_without(own.key(content_type.name), repository.id, missing),
            "missing": [asdict(each) for each in missing],
        }


def _kept(
    tx: Transaction, workshop: Workshop, publication_id: int, part: Mapping[str, Any]
) -> PublicationId:
    """Give the publication its files, or let another take its place for one repository."""
    clock = workshop.ports.clock
    files = [PublishedFile(**each) for each in part["files"]]
    if "key" not in part:
        if fits(tx, publication_id, files):
            awaken(tx, publication_id, files, clock=clock)
        return PublicationId(publication_id)
    new = save_publication(
        tx,
        clock=clock,
        content_set_id=part["content_set_id"],
        options=part["key"],
        files=files,
    )
    save_missing(
        tx,
        clock=clock,
        publication_id=new,
        repository_id=part["repository_id"],
        missing=[MissingFile(**each) for each in part["missing"]],
    )
    if new != publication_id:
        replace_publication(
            tx, clock=clock, repository_id=part["repository_id"], old=publication_id, new=new
        )
    return new


def _repositories_of(tx: Transaction, publication_id: int) -> Sequence[Row[Any]]:
    """Return the repositories that are served from a publication, now or in kept versions."""
    ids = [
        select(table.c.repository_id).where(table.c.publication_id == publication_id)
        for table in (repository_versions, content_view_version_repositories)
    ]
    query = select(repositories).where(repositories.c.id.in_(ids[0].union(ids[1])))
    return tx.execute(query.order_by(repositories.c.id)).all()
