"""Making incomplete versions whole once their missing files have come from anywhere."""

from dataclasses import asdict
from typing import Any

from headgate.domain.ids import ContentSetId
from headgate.engine.port import Run
from headgate.plugin import MissingFile, PublishedFile
from headgate.services.repositories.healing import Gap, borrow, gaps_of
from headgate.services.repositories.missing import (
    absent_files,
    key_without,
    left_out,
    only_absent,
    replace_publication,
    save_missing,
    whole_key,
)
from headgate.services.repositories.repositories import publish_options
from headgate.services.storage.blobs import unpin
from headgate.services.units.content_sets import load_content
from headgate.services.units.publications import files_of_publication, is_dormant, save_publication
from headgate.stores.db import Transaction
from headgate.workflows.workshop import Workshop


def heal(workshop: Workshop, run: Run, organization_id: int) -> int:
    """Look whether what is missing in the organization's versions is here; return how many gained.

    What they lacked comes into their metadata; content sets, and so versions, stay what they are.
    """
    found: list[int] = run.step(
        "look for missing files", lambda: _look(workshop, run, organization_id)
    )
    for publication_id in found:
        _heal(workshop, run, organization_id, publication_id)
    return len(found)


def _look(workshop: Workshop, run: Run, organization_id: int) -> list[int]:
    ports, types = workshop.ports, workshop.content_types
    with ports.database.read() as tx:
        gaps = gaps_of(tx, organization_id)
        if not gaps:
            return []
        wanted = [
            (types[gap.repository.content_type], file)
            for gap in gaps
            for file in absent_files(tx, types[gap.repository.content_type], gap.missing)
        ]
    with ports.database.begin() as tx:
        borrow(tx, ports.store, types, wanted, organization_id=organization_id, holder=run.task_id)
    with ports.database.read() as tx:
        return [gap.publication_id for gap in gaps if _gained(tx, workshop, gap)]


def _gained(tx: Transaction, workshop: Workshop, gap: Gap) -> bool:
    absent = only_absent(tx, workshop.content_types[gap.repository.content_type], gap.missing)
    return len(absent) < len(gap.missing)


def _heal(workshop: Workshop, run: Run, organization_id: int, publication_id: int) -> None:
    """Publish again with what has come, and let that take the publication's place."""
    with workshop.ports.database.read() as tx:
        gaps = {gap.publication_id: gap for gap in gaps_of(tx, organization_id)}
    gap = gaps.get(publication_id)
    made: dict[str, Any] | None = run.step(
        f"publish {publication_id} again",
        lambda: None if gap is None else _made(workshop, run, gap),
    )
    if made is None:
        return

    def replace(tx: Transaction) -> None:
        clock = workshop.ports.clock
        missing = [MissingFile(**each) for each in made["missing"]]
        new = save_publication(
            tx,
            clock=clock,
            content_set_id=ContentSetId(made["content_set_id"]),
            options=made["key"],
            files=[PublishedFile(**each) for each in made["files"]],
        )
        save_missing(
            tx,
            clock=clock,
            publication_id=new,
            repository_id=made["repository_id"],
            missing=missing,
        )
        replace_publication(
            tx,
            clock=clock,
            repository_id=made["repository_id"],
            old=publication_id,
            new=new,
        )
        unpin(tx, run.task_id, clock=clock)

    run.transaction(f"replace {publication_id}", replace)


def _made(workshop: Workshop, run: Run, gap: Gap) -> dict[str, Any]:
    content_type = workshop.content_types[gap.repository.content_type]
    options = publish_options(gap.repository)
    with workshop.ports.database.read() as tx:
        content = load_content(tx, ContentSetId(gap.content_set_id))
        absent = only_absent(tx, content_type, gap.missing)
        dormant = is_dormant(tx, gap.publication_id)
        files = files_of_publication(tx, gap.publication_id)
    key = whole_key(gap.options)
    lacked = left_out(gap.missing, content_type.unit_types)
    lacks = left_out(absent, content_type.unit_types)
    if lacks.units != lacked.units or dormant:
        files = content_type.publish(workshop.ports, run, content - lacks, options)
        key = options.key(content_type.name)
    return {
        "content_set_id": gap.content_set_id,
        "repository_id": gap.repository.id,
        "key": key_without(key, gap.repository.id, absent),
        "files": [asdict(file) for file in files],
        "missing": [asdict(each) for each in absent],
    }
