"""From a request target to a file: in memory as long as the database has not changed.

What a path names in one publication never changes, so an entry stays right as long as its
repository is served as it was (`ServedRepository` is equal). Only that is looked up again when
the stamp has moved: one query for each repository in use, whatever the number of its files.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from headgate.apis.content.answers import FileHeaders, Headers, file_headers
from headgate.apis.content.paths import ContentPath
from headgate.apis.content.vouching import Vouching
from headgate.apis.flights import Flights
from headgate.plugin import ContentType
from headgate.services.serving.paths import (
    ServedFile,
    ServedRepository,
    find_file,
    find_repository,
)
from headgate.stores.blobs import BlobStore, Digest
from headgate.stores.db import Database
from headgate.stores.db.changes import Stamp

T = TypeVar("T")

# About 1.5 kB each.
_MOST_ENTRIES = 16_384
_THREADS = 4


@dataclass(slots=True)
class Current:
    """A repository as it is served, and the stamp at which that was last seen."""

    served: ServedRepository
    stamp: Stamp


@dataclass(slots=True)
class Entry:
    """A file that is here, ready to be sent."""

    current: Current
    path: str  # `/ORG/ENV/CV/...`, for the guard
    headers: FileHeaders
    digest: Digest
    disk: str | None  # its file, if the store has files
    accel: Headers | None = None  # of an X-Accel-Redirect, made when first wanted
    content: bytes | None = None  # verified, but not in the store yet


@dataclass(frozen=True, slots=True)
class Found:
    """What a path names: a file here (`entry`), one to be fetched (`file`), or none of these."""

    served: ServedRepository
    rest: str  # within the repository
    entry: Entry | None
    file: ServedFile | None
    refusal: str | None = None  # why the file, which is here, is not served


class Lookup:
    """The resolved paths of one process."""

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        content_types: Mapping[str, ContentType],
        *,
        vouching: Vouching | None = None,
    ) -> None:
        self._vouching = vouching
        self._database = database
        self._store = store
        self._content_types = content_types
        self._entries: dict[bytes, Entry] = {}
        self._served: dict[str, Current] = {}
        self._flights = Flights("lookup", threads=_THREADS)

    def known(self, raw: bytes, stamp: Stamp) -> Entry | None:
        """Return the entry for a request target if it is right at this stamp."""
        entry = self._entries.get(raw)
        return entry if entry is not None and entry.current.stamp == stamp else None

    async def find(self, raw: bytes, path: ContentPath, stamp: Stamp) -> Found | None:
        """Look the path up; None if no repository is served there."""
        entry = self._entries.get(raw)
        if entry is not None:
            current = entry.current
            key = (current.served.base, stamp)
            served = await self._flights.once(key, lambda: self._find_repository(path.text))
            if served == current.served:
                current.stamp = stamp
                return Found(current.served, path.text, entry, None)
            self._entries.pop(raw, None)
        found = await self._flights.once((raw, stamp), lambda: self._find(path))
        if found is None:
            return None
        served, file, refusal = found
        if refusal is not None:
            return Found(served, path.text[len(served.base) + 1 :], None, file, refusal)
        return self.found(raw, path, served, file, stamp)

    def found(
        self,
        raw: bytes,
        path: ContentPath,
        served: ServedRepository,
        file: ServedFile | None,
        stamp: Stamp,
        *,
        content: bytes | None = None,
    ) -> Found:
        """Remember what the path names, or named at this stamp.

        With `content` the file may not be in the store yet: that is told, not remembered.
        """
        rest = path.text[len(served.base) + 1 :]
        current = self._remember_served(served, stamp)
        if file is None or file.digest is None or file.size is None:
            return Found(served, rest, None, file)
        entry = self._make_entry(path, current, file, file.digest, file.size)
        if content is None:
            self._remember(self._entries, raw, entry)
        else:
            entry.content = content
        return Found(served, rest, entry, file)

    def forget(self, raw: bytes) -> None:
        """Drop an entry whose file turned out to be gone."""
        self._entries.pop(raw, None)

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Run what reads the database beside the event loop."""
        return await self._flights.in_thread(function)

    def close(self) -> None:
        """End the threads."""
        self._flights.close()

    def _find_repository(self, path: str) -> ServedRepository | None:
        with self._database.read() as tx:
            return find_repository(tx, path)

    def _find(
        self, path: ContentPath
    ) -> tuple[ServedRepository, ServedFile | None, str | None] | None:
        with self._database.read() as tx:
            served = find_repository(tx, path.text)
            if served is None:
                return None
            rest = path.text[len(served.base) + 1 :]
            if path.is_folder or not rest:
                return served, None, None
            file = find_file(tx, served, rest, self._content_types)
        if self._vouching is None or file is None or file.digest is None:
            return served, file, None
        return served, file, self._vouching.refusal(served, file)

    def _remember_served(self, served: ServedRepository, stamp: Stamp) -> Current:
        current = self._served.get(served.base)
        if current is None or current.served != served:
            current = Current(served, stamp)
            self._remember(self._served, served.base, current)
        current.stamp = stamp
        return current

    def _make_entry(
        self, path: ContentPath, current: Current, file: ServedFile, digest: Digest, size: int
    ) -> Entry:
        disk: Path | None = self._store.path(digest)
        return Entry(
            current=current,
            path=f"/{path.text}",
            headers=file_headers(
                path.text,
                size=size,
                media_type=file.media_type,
                hex_digest=digest.hex,
                changed_at=file.changed_at,
                public=current.served.unprotected,
            ),
            digest=digest,
            disk=None if disk is None else str(disk),
        )

    @staticmethod
    def _remember(entries: dict[Any, Any], key: Hashable, entry: object) -> None:
        if len(entries) >= _MOST_ENTRIES:
            del entries[next(iter(entries))]  # the oldest
        entries[key] = entry
