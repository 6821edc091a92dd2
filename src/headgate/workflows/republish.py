"""Writing a repository's metadata anew, with or without need, under clients that read it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, select, update

from headgate.domain.errors import SubtaskFailedError
from headgate.domain.ids import ContentSetId, RepositoryId
from headgate.engine.port import Run
from headgate.plugin import MissingFile, PublishedFile, signer_of
from headgate.services.repositories.missing import (
    key_without,
    left_out,
    replace_publication,
    save_missing,
    set_aside_key,
    still_missing,
)
from headgate.services.repositories.repositories import publish_options
from headgate.services.repositories.repository_versions import serve_latest_from
from headgate.services.repositories.verification import (
    Holding,
    holdings_of_repository,
    holdings_of_version,
    latest_holding,
    repositories_by_id,
)
from headgate.services.storage.blobs import unpin
from headgate.services.units.content_sets import load_content
from headgate.services.units.publications import known_publication, save_publication
from headgate.stores.db import Transaction
from headgate.stores.db.tables import repositories, repository_versions
from headgate.workflows.repair_requests import sign_anew_task
from headgate.workflows.workshop import Workshop


def republish(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Write the metadata of `repository_id`, or of all repositories of `version_id`, anew.

    Content and versions stay what they are. Clients see the old metadata or the whole of the new.
    """
    holdings = holdings_of(workshop, run)
    for holding in holdings:
        publish_again(workshop, run, holding)
    return {"republished": len(holdings)}


def sign_anew(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Let the latest version of `repository_id` be signed as the repository asks now.

    Versions of content views, and earlier ones of the repository, stay as they were published.
    """
    repository_id = RepositoryId(run.input["repository_id"])

    def find() -> dict[str, Any] | None:
        with workshop.ports.database.read() as tx:
            found = latest_holding(tx, repository_id)
            if found is None:
                return None
            holding, key = found
            repository = repositories_by_id(tx, [holding])[repository_id]
            signed_so = signer_of(key) == repository.signing_fingerprint
            return None if signed_so else asdict(holding)

    found = run.step("look up", find)
    if found is not None:
        publish_again(workshop, run, Holding(**found), latest_only=True)
    return {"signed": found is not None}


def sign_many(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Do `sign_anew` for each of `repository_ids`, in sub-tasks; failures become warnings."""
    with workshop.ports.database.read() as tx:
        query = select(repositories).where(repositories.c.id.in_(run.input["repository_ids"]))
        rows = tx.execute(query.order_by(repositories.c.id)).all()
    tasks = [sign_anew_task(row, user_id=run.user_id) for row in rows]
    ends = run.children("repositories", tasks)
    for end in ends:
        for error in end.errors:
            run.warn(SubtaskFailedError(str(error.get("message", end.result))))
    return {"repositories": len(ends)}


def holdings_of(workshop: Workshop, run: Run) -> list[Holding]:
    """Return what the task is about: a version's repositories, or one repository by itself."""

    def find() -> list[dict[str, Any]]:
        with workshop.ports.database.read() as tx:
            return [asdict(each) for each in _find(tx, run)]

    return [Holding(**each) for each in run.step("look up", find)]


def _find(tx: Transaction, run: Run) -> Sequence[Holding]:
    if run.input.get("version_id") is not None:
        return holdings_of_version(tx, run.input["version_id"])
    holdings = holdings_of_repository(tx, run.input["repository_id"])
    if run.input.get("everywhere"):
        return holdings
    latest = tx.scalar(
        select(repository_versions.c.publication_id)
        .join(repositories, repositories.c.latest_version_id == repository_versions.c.id)
        .where(repositories.c.id == run.input["repository_id"])
    )
    return [each for each in holdings if each.publication_id == latest]


def publish_again(
    workshop: Workshop,
    run: Run,
    holding: Holding,
    found: Sequence[MissingFile] = (),
    *,
    latest_only: bool = False,
) -> None:
    """Let a new publication take the place of the holding's, without what is `found` missing.

    In every version, or in the repository's latest alone.
    """
    name = f"{holding.repository_id} {holding.publication_id}"
    with workshop.ports.database.read() as tx:
        repository = repositories_by_id(tx, [holding]).get(holding.repository_id)
    made: dict[str, Any] | None = run.step(
        f"publish {name}",
        lambda: None if repository is None else _made(workshop, run, repository, holding, found),
    )
    if made is None:
        return

    def take_over(tx: Transaction) -> None:
        _replace(tx, workshop, run, holding, made, latest_only=latest_only)

    run.transaction(f"replace {name}", take_over)


def _made(
    workshop: Workshop,
    run: Run,
    repository: Row[Any],
    holding: Holding,
    found: Sequence[MissingFile],
) -> dict[str, Any]:
    content_type = workshop.content_types[repository.content_type]
    options = publish_options(repository)
    with workshop.ports.database.read() as tx:
        content = load_content(tx, ContentSetId(holding.content_set_id))
        known = still_missing(tx, content_type, repository.id, content)
    named = {(each.unit_type, each.unit_id, each.path): each for each in (*known, *found)}
    missing = [each for each in named.values() if each.unit_id in content[each.unit_type]]
    offered = content - left_out(missing, content_type.unit_types)
    return {
        "key": key_without(options.key(content_type.name), repository.id, missing),
        "files": [
            asdict(file) for file in content_type.publish(workshop.ports, run, offered, options)
        ],
        "missing": [asdict(each) for each in missing],
    }


def _replace(
    tx: Transaction,
    workshop: Workshop,
    run: Run,
    holding: Holding,
    made: Mapping[str, Any],
    *,
    latest_only: bool,
) -> None:
    clock = workshop.ports.clock
    content_set_id = ContentSetId(holding.content_set_id)
    old = known_publication(tx, content_set_id, made["key"])
    if old is not None:
        set_aside_key(tx, old)
    new = save_publication(
        tx,
        clock=clock,
        content_set_id=content_set_id,
        options=made["key"],
        files=[PublishedFile(**each) for each in made["files"]],
    )
    save_missing(
        tx,
        clock=clock,
        publication_id=new,
        repository_id=holding.repository_id,
        missing=[MissingFile(**each) for each in made["missing"]],
    )
    if old is not None:  # made of the same content in the same way, for whomever
        replace_publication(tx, clock=clock, repository_id=None, old=old, new=new)
    here = {"repository_id": RepositoryId(holding.repository_id)}
    replace = serve_latest_from if latest_only else replace_publication
    replace(tx, clock=clock, **here, old=holding.publication_id, new=new)
    # Upstream's own metadata, if that is what was served, comes back with the next sync.
    tx.execute(
        update(repositories)
        .where(repositories.c.id == holding.repository_id)
        .values(upstream_state=None)
    )
    unpin(tx, run.task_id, clock=clock)
