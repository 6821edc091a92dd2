"""One repository of a version: its content is published, unless that was done before."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, update

from headgate.domain.clock import Clock
from headgate.domain.content import Content
from headgate.domain.ids import ContentViewVersionId
from headgate.engine.port import Run
from headgate.plugin import ContentType, MissingFile, PublishedFile, PublishOptions
from headgate.services.repositories.missing import (
    key_without,
    left_out,
    save_missing,
    still_missing,
)
from headgate.services.repositories.repositories import publish_options
from headgate.services.units.content_sets import save_content
from headgate.services.units.publications import known_publication, save_publication
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_view_version_repositories
from headgate.workflows.workshop import Workshop


def publish_version_repository(
    workshop: Workshop,
    run: Run,
    version_id: ContentViewVersionId,
    repository: Row[Any],
    *,
    content: Callable[[Transaction], Content],
    source_set_id: int | None,
) -> None:
    """Let the version hold this content of the repository, with metadata that lists it.

    `content` is asked once, unless the process dies. `source_set_id` names what it was chosen from.
    """
    content_type = workshop.content_types[repository.content_type]
    freezing = _Freezing(
        clock=workshop.ports.clock,
        content_type=content_type,
        version_id=version_id,
        repository=repository,
        source_set_id=source_set_id,
    )

    def make() -> dict[str, Any]:
        with workshop.ports.database.read() as tx:
            held = content(tx)
            missing = still_missing(tx, content_type, repository.id, held)
        with workshop.ports.database.begin() as tx:
            if freezing.done(tx, held, missing, None):
                return {}
        offered = held - left_out(missing, content_type.unit_types)
        files = content_type.publish(workshop.ports, run, offered, freezing.options)
        return {
            "content": held.dumped(),
            "files": [asdict(file) for file in files],
            "missing": [asdict(each) for each in missing],
        }

    made = run.step(f"publish repository {repository.id} of {version_id}", make)
    if made:
        held = Content.loaded(made["content"])
        files = [PublishedFile(**file) for file in made["files"]]
        missing = [MissingFile(**each) for each in made["missing"]]
        run.transaction(
            f"keep repository {repository.id} of {version_id}",
            lambda tx: freezing.done(tx, held, missing, files),
        )


@dataclass(frozen=True, slots=True)
class _Freezing:
    """One repository of a version, and what it is chosen from."""

    clock: Clock
    content_type: ContentType
    version_id: ContentViewVersionId
    repository: Row[Any]
    source_set_id: int | None

    @property
    def options(self) -> PublishOptions:
        """How it is published."""
        return publish_options(self.repository)

    def done(
        self,
        tx: Transaction,
        held: Content,
        missing: Sequence[MissingFile],
        files: Sequence[PublishedFile] | None,
    ) -> bool:
        """Point the version at the content; without files only if it was published before."""
        content_set_id = save_content(
            tx, clock=self.clock, content=held, unit_types=self.content_type.unit_types
        )
        key = key_without(self.options.key(self.content_type.name), self.repository.id, missing)
        publication_id = known_publication(tx, content_set_id, key, awake=True)
        if publication_id is None and files is not None:
            publication_id = save_publication(
                tx, clock=self.clock, content_set_id=content_set_id, options=key, files=files
            )
        if publication_id is None:
            return False
        save_missing(
            tx,
            clock=self.clock,
            publication_id=publication_id,
            repository_id=self.repository.id,
            missing=missing,
        )
        self._point(tx, content_set_id, publication_id)
        return True

    def _point(self, tx: Transaction, content_set_id: int, publication_id: int) -> None:
        table = content_view_version_repositories
        tx.execute(
            update(table)
            .where(
                table.c.version_id == self.version_id,
                table.c.repository_id == self.repository.id,
            )
            .values(
                content_set_id=content_set_id,
                source_content_set_id=self.source_set_id,
                publication_id=publication_id,
            )
        )
