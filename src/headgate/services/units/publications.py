"""Publications: the same content with the same options is published once.

One that nothing serves may be *dormant*: it has let go of most of its files (`dormant_files`), and
its row, with what it lacks and its small files, stays. Whatever lets clients have it wakes it
first (`workflows/waking.py`); `services/units/dormancy.py` decides when it falls dormant.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.ids import ContentSetId, PublicationId
from headgate.plugin import PublishedFile
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.statements import upsert
from headgate.stores.db.tables import (
    blobs,
    content_view_version_repositories,
    dormant_files,
    publication_files,
    publications,
)

_OWN: Final = publication_files.c
_GONE: Final = dormant_files.c


def known_publication(
    tx: Transaction, content_set_id: ContentSetId, options: str, *, awake: bool = False
) -> PublicationId | None:
    """Return the publication of this content with these options, if there is one.

    With `awake` only if all of its files are there, which stays so until the end of a transaction
    that has held off collection before.
    """
    query = select(publications.c.id).where(
        publications.c.content_set_id == content_set_id, publications.c.options == options
    )
    found = tx.scalar(query.where(~publications.c.dormant) if awake else query)
    return None if found is None else PublicationId(found)


def save_publication(
    tx: Transaction,
    *,
    clock: Clock,
    content_set_id: ContentSetId,
    options: str,
    files: Sequence[PublishedFile],
) -> PublicationId:
    """Record a publication; one that another task recorded meanwhile is returned instead, awake."""
    hold_off_collection(tx)
    known = known_publication(tx, content_set_id, options)
    if known is not None:
        awaken(tx, known, files, clock=clock)
        return known
    row = {"content_set_id": content_set_id, "options": options, "created_at": clock()}
    # Another task may record it after that look: then this waits for it, and finds its row.
    insertion = upsert(tx, publications).values(**row).on_conflict_do_nothing()
    made: int | None = tx.execute(insertion.returning(publications.c.id)).scalar_one_or_none()
    if made is None:
        return save_publication(
            tx, clock=clock, content_set_id=content_set_id, options=options, files=files
        )
    _insert_files(tx, made, files)
    return PublicationId(made)


def files_of_publication(tx: Transaction, publication_id: int) -> list[PublishedFile]:
    """Return the metadata files of a publication; of a dormant one those that it has kept."""
    rows = tx.execute(
        select(_OWN.path, _OWN.blob_id, _OWN.content_type).where(
            _OWN.publication_id == publication_id
        )
    )
    return [PublishedFile(*row) for row in rows]


def is_dormant(tx: Transaction, publication_id: int) -> bool:
    """Say whether the publication has let go of files; False for one that is no more."""
    query = select(publications.c.dormant).where(publications.c.id == publication_id)
    return bool(tx.scalar(query))


def dormant_in(tx: Transaction, version_ids: Iterable[int]) -> list[int]:
    """Return the dormant publications that these content view versions name."""
    held = content_view_version_repositories.c
    return list(
        tx.scalars(
            select(publications.c.id)
            .join(content_view_version_repositories, held.publication_id == publications.c.id)
            .where(among(tx, held.version_id, version_ids), publications.c.dormant)
            .distinct()
            .order_by(publications.c.id)
        )
    )


def put_to_sleep(tx: Transaction, files: Mapping[int, Sequence[str]]) -> None:
    """Let publications go of these of their files; the caller holds `begin_sleep`."""
    for publication_id, paths in files.items():
        gone = (_OWN.publication_id == publication_id, _OWN.path.in_(paths))
        noted = (
            select(_OWN.publication_id, _OWN.path, blobs.c.digest, blobs.c.size, _OWN.content_type)
            .join(blobs, blobs.c.id == _OWN.blob_id)
            .where(*gone)
        )
        tx.execute(
            insert(dormant_files).from_select([column.name for column in dormant_files.c], noted)
        )
        tx.execute(delete(publication_files).where(*gone))
    tx.execute(
        update(publications)
        .where(among(tx, publications.c.id, files))
        .values(dormant=True, awake_until=None)
    )


def fits(tx: Transaction, publication_id: int, files: Iterable[PublishedFile]) -> bool:
    """Say whether these are, byte for byte, the files that a dormant publication let go of."""
    return _restored(tx, publication_id, files) is not None


def awaken(
    tx: Transaction, publication_id: int, files: Sequence[PublishedFile], *, clock: Clock
) -> None:
    """Give a dormant publication its files; nothing happens to one that is awake.

    If they are the bytes that it let go of, its others stay: clients cannot tell. Else `files`
    take the place of all that it has.
    """
    mine = select(publications.c.dormant).where(publications.c.id == publication_id)
    if not tx.scalar(mine.with_for_update()):
        return
    restored = _restored(tx, publication_id, files)
    change = update(publications).where(publications.c.id == publication_id)
    if restored is None:
        tx.execute(delete(publication_files).where(_OWN.publication_id == publication_id))
        # What is in memory of it is known by this moment (`ServedRepository.published_at`).
        change = change.values(created_at=clock())
    _insert_files(tx, publication_id, files if restored is None else restored)
    tx.execute(delete(dormant_files).where(_GONE.publication_id == publication_id))
    tx.execute(change.values(dormant=False))


def keep_awake(tx: Transaction, publication_ids: Iterable[int], until: datetime) -> None:
    """Let publications stay awake for whoever has asked for them, though nothing serves them."""
    asked = among(tx, publications.c.id, publication_ids)
    tx.execute(update(publications).where(asked).values(awake_until=until))


def _restored(
    tx: Transaction, publication_id: int, files: Iterable[PublishedFile]
) -> list[PublishedFile] | None:
    """Return those of the files that it let go of; None if any of them is another or lacks."""
    offered = {file.path: file for file in files}
    noted = tx.execute(
        select(_GONE.path, _GONE.digest).where(_GONE.publication_id == publication_id)
    ).all()
    if any(row.path not in offered for row in noted):
        return None
    wanted = {offered[row.path].blob_id: row.digest for row in noted}
    query = select(blobs.c.id, blobs.c.digest).where(among(tx, blobs.c.id, wanted))
    here = {row.id: row.digest for row in tx.execute(query)}
    if here != wanted:
        return None
    return [offered[row.path] for row in noted]


def _insert_files(tx: Transaction, publication_id: int, files: Sequence[PublishedFile]) -> None:
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
