"""Uploads in progress: a row and a growing file each, until a task imports them.

Chunks are written at offsets, as Katello's clients send them, but never beyond the end of what is
there: a file of its full size has no holes. An upload belongs to a repository and to the user who
began it (katello.md 1.3; an id alone opened those of others in the systems that this replaces).
"""

import errno
import os
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.container_repositories import CONTAINER
from headgate.domain.errors import (
    BadRequestError,
    InvalidContentError,
    StorageFullError,
    ValidationError,
)
from headgate.domain.ids import RepositoryId, UploadId
from headgate.plugin import ContentType
from headgate.services.access import Actor, load, missing
from headgate.services.units.units import UnitScope, units_within
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_uploads, repositories, tasks

MOST_BYTES: Final = 64 << 30
MOST_CHUNK: Final = 32 << 20
MOST_AT_ONCE: Final = 1_000  # of one user: rows and files that nobody finished
TAG: Final = "docker_tag"
UNIT_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "yum": ("rpm", "srpm"),
    "file": ("file",),
    CONTAINER: (TAG,),
}

_ABANDONED: Final = timedelta(days=1)
_SETTLED: Final = timedelta(minutes=10)
_READ: Final = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


def create_upload(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    repository_id: RepositoryId,
    size: int,
    checksum: str | None = None,
    content_type: str | None = None,
) -> UploadId:
    """Begin an upload of `size` bytes; `checksum` is a SHA-256 in hex digits."""
    repository = load_target(tx, actor, repository_id)
    if actor.user_id is None:
        raise BadRequestError("Only users can upload")
    unit_type = unit_type_for(repository, content_type)
    if unit_type == TAG:
        size = 0  # a name and a digest, which come with the import
    elif not 0 < size <= MOST_BYTES:
        raise ValidationError({"size": [f"must be between 1 and {MOST_BYTES} bytes"]})
    mine = select(content_uploads.c.id).where(
        content_uploads.c.user_id == actor.user_id, content_uploads.c.imported_at.is_(None)
    )
    if len(tx.scalars(mine.limit(MOST_AT_ONCE)).all()) == MOST_AT_ONCE:
        raise BadRequestError(f"{MOST_AT_ONCE} uploads are under way; import or delete some first")
    upload_id = UploadId(str(uuid4()))
    tx.execute(
        insert(content_uploads).values(
            id=upload_id,
            repository_id=repository_id,
            user_id=actor.user_id,
            content_type=unit_type,
            size=size,
            checksum=checked_checksum(checksum),
            created_at=clock(),
        )
    )
    return upload_id


def load_target(tx: Transaction, actor: Actor, repository_id: RepositoryId) -> Row[Any]:
    """Return the repository if the actor may put content into it."""
    return load(tx, actor, repositories, repository_id, permission="edit_products")


def unit_type_for(repository: Row[Any], asked: str | None) -> str:
    """Return the kind of unit that an upload becomes: the one asked for, or the usual one."""
    allowed = UNIT_TYPES.get(repository.content_type, ())
    if not allowed:
        raise BadRequestError(f"Nothing can be uploaded to {repository.content_type} repositories")
    if repository.content_type == CONTAINER and asked != TAG:
        raise BadRequestError(
            "Images are not uploaded but pushed, with podman push; what can be uploaded is a"
            f" {TAG}: a name and the digest of a manifest that is here"
        )
    if asked and asked not in allowed:
        raise ValidationError({"content_type": [f"must be one of: {', '.join(allowed)}"]})
    return asked or allowed[0]


def checked_checksum(checksum: str | None) -> str | None:
    """Return the SHA-256 in lower case, None for none; ValidationError if it is not one."""
    if not checksum:
        return None
    if not _SHA256.fullmatch(checksum.lower()):
        raise ValidationError({"checksum": ["must be a SHA-256 of 64 hexadecimal digits"]})
    return checksum.lower()


def known_unit(
    tx: Transaction,
    actor: Actor,
    repository_id: RepositoryId,
    checksum: str | None,
    *,
    unit_type: str,
    content_types: Mapping[str, ContentType],
) -> int | None:
    """Return a package of the organization with this checksum, whose bytes are here.

    Only what the repository's own organization holds: the answer tells that there is such a
    package. Files have none, for their name is a part of what they are.
    """
    repository = load_target(tx, actor, repository_id)
    if checksum is None or unit_type not in UNIT_TYPES["yum"]:
        return None
    columns: Any = content_types[repository.content_type].unit_types[unit_type].table.c
    here = columns.blob_id.is_not(None)
    same = select(columns.id).where(columns.checksum == bytes.fromhex(checksum), here)
    rows = tx.scalars(same).all()
    scope = UnitScope(organization_id=repository.organization_id)
    held = units_within(tx, actor, unit_type, scope) if rows else ()
    return next((unit_id for unit_id in rows if unit_id in held), None)


def load_upload(
    tx: Transaction,
    actor: Actor,
    repository_id: RepositoryId,
    upload_id: UploadId,
    *,
    imported: bool = False,
) -> Row[Any]:
    """Return the actor's own upload into this repository; NotFoundError for any other.

    One that was imported is there for those only who want to delete it (`imported`).
    """
    load_target(tx, actor, repository_id)
    row = load(tx, actor, content_uploads, upload_id)
    done = row.imported_at is not None and not imported
    if done or row.repository_id != repository_id or row.user_id != actor.user_id:
        raise missing(UploadId, upload_id)
    return row


def write_chunk(folder: Path, upload: Row[Any], *, offset: int, content: bytes) -> None:
    """Write a chunk; one that was written before may come again."""
    if len(content) > MOST_CHUNK:
        raise BadRequestError(f"A chunk is larger than {MOST_CHUNK} bytes; send smaller ones")
    if offset < 0 or offset + len(content) > upload.size:
        raise BadRequestError(
            f"The chunk at {offset} with {len(content)} bytes does not fit into the upload, which"
            f" was announced with {upload.size} bytes"
        )
    with _room(folder):
        # Not "ab": Linux appends whatever the offset, then.
        descriptor = os.open(path_of(folder, upload.id), os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0):
            end = os.fstat(descriptor).st_size
            if offset > end:
                raise BadRequestError(f"The chunk at {offset} leaves a gap: {end} bytes are here")
            _write_at(descriptor, offset, content)


def save_whole(folder: Path, chunks: Iterator[bytes]) -> UploadId:
    """Write a file that came in one piece; return its id."""
    upload_id = UploadId(str(uuid4()))
    path = path_of(folder, upload_id)
    try:
        with _room(folder), path.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return upload_id


def require_complete(folder: Path, upload: Row[Any]) -> None:
    """Flush the upload's file; BadRequestError unless all of it is here."""
    path = path_of(folder, upload.id)
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        size = 0
    else:
        with os.fdopen(descriptor, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            os.fsync(file.fileno())
    if size != upload.size:
        raise BadRequestError(
            f"Upload {upload.id} is incomplete: {size} of {upload.size} bytes are here"
        )


def require_checksum(path: Path, checksum: str, *, name: str) -> None:
    """Raise InvalidContentError unless the file has this SHA-256."""
    total = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_READ):
            total.update(chunk)
    if total.hexdigest() != checksum:
        raise InvalidContentError(
            f"The upload '{name}' has the SHA-256 {total.hexdigest()} and not {checksum}, which"
            " was announced; upload it again"
        )


def delete_upload(tx: Transaction, folder: Path, upload: Row[Any]) -> None:
    """Give an upload up; its file goes at once."""
    forget_uploads(tx, [upload.id])
    path_of(folder, upload.id).unlink(missing_ok=True)


def forget_uploads(tx: Transaction, upload_ids: Sequence[str]) -> None:
    """Drop the rows of uploads."""
    tx.execute(delete(content_uploads).where(content_uploads.c.id.in_(list(upload_ids))))


def note_import(tx: Transaction, upload_ids: Sequence[str], *, clock: Clock) -> None:
    """Let nothing more be done with uploads than to delete them, which clients do after an import.

    The collection's `content_upload` fails if that is answered by 404. `sweep_uploads` takes the
    files, and the rows that nobody deleted.
    """
    tx.execute(
        update(content_uploads)
        .where(content_uploads.c.id.in_(list(upload_ids)))
        .values(imported_at=clock())
    )


def sweep_uploads(tx: Transaction, folder: Path, *, clock: Clock) -> int:
    """Remove uploads that nobody finished within a day, and files that nothing names any more.

    Files named by an unfinished task stay, and those that may just be arriving. Return how many
    files went.
    """
    oldest = clock() - _ABANDONED
    settled = (clock() - _SETTLED).timestamp()
    busy = _named_by_tasks(tx)
    of = content_uploads.c
    rows = tx.execute(select(of.id, of.created_at, of.imported_at)).all()
    stale = [row.id for row in rows if row.created_at < oldest and row.id not in busy]
    forget_uploads(tx, stale)
    wanted = busy | {row.id for row in rows if row.imported_at is None} - set(stale)
    removed = 0
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.name not in wanted and path.stat().st_mtime < settled:
                path.unlink()
                removed += 1
    return removed


def path_of(folder: Path, upload_id: str) -> Path:
    """Return where the bytes of an upload are; the id is one of ours, never a client's text."""
    return folder / str(UUID(upload_id))


def _named_by_tasks(tx: Transaction) -> set[str]:
    inputs = tx.scalars(
        select(tasks.c.input).where(
            tasks.c.workflow == "import_uploads", tasks.c.ended_at.is_(None)
        )
    )
    return {each["id"] for given in inputs for each in given.get("uploads", [])}


@contextmanager
def _room(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFullError(
                f"No room left for uploads in {folder}: free some space there, then try again"
            ) from error
        raise


def _write_at(descriptor: int, offset: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
