"""What published content lacks: kept beside the publication, carried on, made up for.

A publication that lacks files has a key of its own (`key_without`), so it is never taken for the
whole. Its content set is the whole: when the files come, another publication of the same content
takes its place in every version, and no version is made for that.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from pyroaring import BitMap
from sqlalchemy import delete, func, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.content import Content
from headgate.domain.errors import UntrustedContentError
from headgate.domain.ids import PublicationId
from headgate.plugin import ContentType, MissingFile, UnitFile, UnitType
from headgate.services.storage.collection import request_collection
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_view_version_repositories,
    missing_files,
    offered_units,
    publications,
    repository_versions,
)

_WITHOUT = ":without:"
# Files whose bytes are here, but refused: until a sync of the repository takes them.
_REFUSED = UntrustedContentError.code
_TAKEN = "taken"
_COLUMNS = (
    missing_files.c.unit_type,
    missing_files.c.unit_id,
    missing_files.c.path,
    missing_files.c.size,
    missing_files.c.checksum,
    missing_files.c.url,
    missing_files.c.code,
    missing_files.c.reason,
)


def key_without(key: str, repository_id: int, missing: Sequence[MissingFile]) -> str:
    """Return the key of a publication of this repository that lacks these files."""
    if not missing:
        return whole_key(key)
    names = sorted(f"{each.unit_type}:{each.unit_id}:{each.path}" for each in missing)
    digest = sha256("\n".join(names).encode()).hexdigest()[:32]
    return f"{whole_key(key)}{_WITHOUT}{repository_id}:{digest}"


def whole_key(key: str) -> str:
    """Return the key that the publication has when nothing is missing."""
    return key.partition(_WITHOUT)[0]


def left_out(missing: Iterable[MissingFile], unit_types: Mapping[str, UnitType]) -> Content:
    """Return the units that published metadata does not list: clients could not have them."""
    units: dict[str, BitMap] = {}
    for each in missing:
        if not unit_types[each.unit_type].composed:
            units.setdefault(each.unit_type, BitMap()).add(each.unit_id)
    return Content.of(units)


def save_missing(
    tx: Transaction,
    *,
    clock: Clock,
    publication_id: PublicationId,
    repository_id: int,
    missing: Sequence[MissingFile],
) -> None:
    """Write what the publication lacks, in the place of what was said of it before."""
    tx.execute(delete(missing_files).where(missing_files.c.publication_id == publication_id))
    now = clock()
    rows = [
        {
            "publication_id": publication_id,
            "repository_id": repository_id,
            "tried_at": now,
            **{name: getattr(each, name) for name in MissingFile.__slots__},
        }
        for each in missing
    ]
    if rows:
        tx.execute(insert(missing_files), rows)


def missing_of(tx: Transaction, publication_id: int) -> list[MissingFile]:
    """Return what a publication lacks, in the order of the paths."""
    lacks = missing_files.c.publication_id == publication_id
    rows = tx.execute(select(*_COLUMNS).where(lacks).order_by(missing_files.c.path))
    return [MissingFile(*row) for row in rows]


def missing_within(tx: Transaction, repository_id: int, content: Content) -> list[MissingFile]:
    """Return what of the content the repository's publications are known to lack."""
    rows = tx.execute(
        select(*_COLUMNS)
        .where(missing_files.c.repository_id == repository_id)
        .order_by(missing_files.c.path, missing_files.c.tried_at)
    )
    found = [MissingFile(*row) for row in rows]
    latest = {(each.unit_type, each.unit_id, each.path): each for each in found}
    return [each for each in latest.values() if each.unit_id in content[each.unit_type]]


def is_incomplete(tx: Transaction, publication_id: int) -> bool:
    """Say whether the publication lacks anything."""
    lacks = missing_files.c.publication_id == publication_id
    return (tx.scalar(select(func.count()).where(lacks)) or 0) > 0


def replace_publication(
    tx: Transaction, *, clock: Clock, repository_id: int | None, old: int, new: int
) -> None:
    """Let the repository (None: every one) be served from `new` wherever it is from `old`.

    Both are of the same content, so versions stay what they are. Other repositories with the same
    content may share `old`.
    """
    if old == new:
        return
    for table in (repository_versions, content_view_version_repositories):
        change = update(table).where(table.c.publication_id == old).values(publication_id=new)
        if repository_id is not None:
            change = change.where(table.c.repository_id == repository_id)
        tx.execute(change)
    request_collection(tx, clock)


def note_taken(
    tx: Transaction, repository_id: int, content: Content, refused: Sequence[MissingFile]
) -> None:
    """Note that the repository's sync has taken all of this content but what is still refused.

    What was refused of it before is missing no more, in every version (`only_absent`).
    """
    still = {(each.unit_type, each.unit_id) for each in refused}
    column = missing_files.c
    rows = tx.execute(
        select(column.unit_type, column.unit_id)
        .where(column.repository_id == repository_id, column.code == _REFUSED)
        .distinct()
    )
    for row in rows.all():
        if row.unit_id in content[row.unit_type] and tuple(row) not in still:
            tx.execute(
                update(missing_files)
                .where(
                    column.repository_id == repository_id,
                    column.unit_type == row.unit_type,
                    column.unit_id == row.unit_id,
                )
                .values(code=_TAKEN)
            )


def set_aside_key(tx: Transaction, publication_id: int) -> None:
    """Free a publication's key for another one of the same content, made anew."""
    tx.execute(
        update(publications)
        .where(publications.c.id == publication_id)
        .values(options=f"replaced:{publication_id}")
    )


def save_offered(tx: Transaction, repository_id: int, offered: Content) -> None:
    """Remember which units of its latest version the repository's upstream has."""
    tx.execute(delete(offered_units).where(offered_units.c.repository_id == repository_id))
    rows = [
        {"repository_id": repository_id, "unit_type": unit_type, "units": units.serialize()}
        for unit_type, units in offered.units.items()
    ]
    if rows:
        tx.execute(insert(offered_units), rows)


def offered_by(tx: Transaction, repository_id: int) -> Content:
    """Return which units of its latest version the repository's upstream has."""
    rows = tx.execute(
        select(offered_units.c.unit_type, offered_units.c.units).where(
            offered_units.c.repository_id == repository_id
        )
    )
    return Content.of({unit_type: BitMap.deserialize(units) for unit_type, units in rows})


def still_missing(
    tx: Transaction, content_type: ContentType, repository_id: int, content: Content
) -> list[MissingFile]:
    """Return what of the content is known to be missing and has not come meanwhile."""
    return only_absent(tx, content_type, missing_within(tx, repository_id, content))


def only_absent(
    tx: Transaction, content_type: ContentType, missing: Sequence[MissingFile]
) -> list[MissingFile]:
    """Return those of the files whose bytes are not here, or refused."""
    absent = {_name(file) for file in absent_files(tx, content_type, missing)}
    return [each for each in missing if each.code == _REFUSED or _name(each) in absent]


def absent_files(
    tx: Transaction, content_type: ContentType, missing: Sequence[MissingFile]
) -> list[UnitFile]:
    """Return what there is to know of those of the files whose bytes are not here."""
    units: dict[str, BitMap] = {}
    for each in missing:
        units.setdefault(each.unit_type, BitMap()).add(each.unit_id)
    names = {_name(each) for each in missing}
    return [
        file
        for file in content_type.files_of(tx, Content.of(units))
        if file.blob_id is None and _name(file) in names
    ]


def _name(file: MissingFile | UnitFile) -> tuple[str, int, str]:
    return file.unit_type, file.unit_id, file.path
