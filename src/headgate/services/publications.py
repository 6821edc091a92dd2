"""Publications: the same content with the same options is published once."""

from collections.abc import Sequence

from sqlalchemy import insert, select

from headgate.domain.clock import Clock
from headgate.domain.ids import ContentSetId, PublicationId
from headgate.plugin import PublishedFile
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import publication_files, publications


def known_publication(
    tx: Transaction, content_set_id: ContentSetId, options: str
) -> PublicationId | None:
    """Return the publication of this content with these options, if there is one."""
    found = tx.scalar(
        select(publications.c.id).where(
            publications.c.content_set_id == content_set_id, publications.c.options == options
        )
    )
    return None if found is None else PublicationId(found)


def save_publication(
    tx: Transaction,
    *,
    clock: Clock,
    content_set_id: ContentSetId,
    options: str,
    files: Sequence[PublishedFile],
) -> PublicationId:
    """Record a publication; one that another task recorded meanwhile is returned instead."""
    known = known_publication(tx, content_set_id, options)
    if known is not None:
        return known
    publication_id = insert_row(
        tx,
        publications,
        {"content_set_id": content_set_id, "options": options, "created_at": clock()},
    )
    if files:
        tx.execute(
            insert(publication_files),
            [
                {
                    "publication_id": publication_id,
                    "path": file.path,
                    "blob_id": file.blob_id,
                    "content_type": file.media_type,
                }
                for file in files
            ],
        )
    return PublicationId(publication_id)


def files_of_publication(tx: Transaction, publication_id: int) -> list[PublishedFile]:
    """Return the metadata files of a publication."""
    rows = tx.execute(
        select(
            publication_files.c.path,
            publication_files.c.blob_id,
            publication_files.c.content_type,
        ).where(publication_files.c.publication_id == publication_id)
    )
    return [PublishedFile(*row) for row in rows]
