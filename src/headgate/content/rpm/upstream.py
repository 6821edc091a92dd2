"""Fetching the metadata files of an upstream repository: one consistent set, verified."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256

from headgate.content.rpm.metadata.repomd import MAX_BYTES, MetadataFile, Repomd, parse_repomd
from headgate.content.rpm.metadata.treeinfo import MAX_BYTES as MAX_TREEINFO_BYTES
from headgate.domain.errors import InvalidContentError
from headgate.engine.port import Progress
from headgate.plugin import SyncWork
from headgate.services.blobs import Kept, keep
from headgate.services.downloads import together
from headgate.stores.blobs import Spool
from headgate.upstream import (
    Downloader,
    Expected,
    MemorySink,
    UpstreamAbsentError,
    WrongBytesError,
    run_downloads,
)

REPOMD = "repodata/repomd.xml"
# A repository signed as a whole; served beside an untouched repomd.xml.
SIGNATURES = ("repodata/repomd.xml.asc", "repodata/repomd.xml.key")
TREEINFOS = (".treeinfo", "treeinfo")

# Types that only say again what another file says: nothing is lost without them.
_COMPRESSED_AGAIN = ("_gz", "_xz")
_REPEATING = ("_db", "_zck", "filelists-ext", "filelists_ext", "prestodelta", "deltainfo")
# An upstream that is being updated offers files of two generations for a moment.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class UpstreamMetadata:
    """What upstream offers, all of it here and verified, pinned by the task."""

    repomd: Repomd
    repomd_bytes: bytes
    files: Sequence[tuple[MetadataFile, Kept]]
    others: Mapping[str, Kept]  # repomd.xml, signatures and treeinfo by their paths
    left_out: bool  # whether repomd.xml lists files that were not fetched

    @property
    def digest(self) -> str:
        """What names this state of the repository."""
        return sha256(self.repomd_bytes).hexdigest()

    def repeats(self, file: MetadataFile) -> bool:
        """Whether another file says the same in another form."""
        return repeats(file, self.repomd)

    def find(self, kind: str) -> tuple[MetadataFile, Kept] | None:
        """Return the file of a type."""
        return next((entry for entry in self.files if entry[0].type == kind), None)


def fetch_metadata(work: SyncWork) -> UpstreamMetadata | None:
    """Bring the metadata; None when it is in the state of the last sync."""
    return run_downloads(
        work.ports.downloads,
        lambda downloader: _Fetch(work).run(downloader),
        check=work.run.check,
    )


def repeats(file: MetadataFile, repomd: Repomd) -> bool:
    """Whether another file of the repository says the same in another form."""
    if file.type.endswith(_COMPRESSED_AGAIN):
        return repomd.find(file.type[:-3]) is not None
    return file.type.endswith(_REPEATING)


def source_path(base: str | None, location: str) -> str:
    """Return what to fetch: the location below the repository, or below its `xml:base`."""
    return location if base is None else f"{base.rstrip('/')}/{location}"


class _Fetch:
    """One fetch of all metadata files."""

    def __init__(self, work: SyncWork) -> None:
        self._work = work
        self._bytes = 0

    async def run(self, downloader: Downloader) -> UpstreamMetadata | None:
        """Fetch repomd.xml and what it lists; begin again when it changed meanwhile."""
        data = await self._repomd(downloader)
        if self._work.state and self._work.state.get("repomd") == sha256(data).hexdigest():
            return None
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._listed(downloader, data)
            except (UpstreamAbsentError, WrongBytesError):
                newer = await self._repomd(downloader)
                if newer == data or attempt == _TRIES:
                    raise
                data = newer
        raise AssertionError("the last try returns or raises")

    async def _repomd(self, downloader: Downloader) -> bytes:
        sink = MemorySink()
        expected = Expected(most_bytes=MAX_BYTES)
        await downloader.fetch(self._work.remote, REPOMD, sink, expected=expected)
        return bytes(sink.data)

    async def _listed(self, downloader: Downloader, data: bytes) -> UpstreamMetadata:
        repomd = parse_repomd(data)
        if repomd.find("primary") is None:
            raise InvalidContentError("repomd.xml lists no primary metadata: no yum repository")
        chosen = [file for file in repomd.files if self._is_wanted(file, repomd)]
        with ExitStack() as stack:
            spools: list[Spool] = [stack.enter_context(self._spool()) for _ in chosen]
            pairs = zip(chosen, spools, strict=True)
            await together(self._file(downloader, file, spool) for file, spool in pairs)
            extra = await self._extras(downloader, stack)
            repomd_spool = stack.enter_context(self._spool())
            repomd_spool.write(data)
            paths = [REPOMD, *extra]
            kept = await asyncio.to_thread(
                keep,
                self._work.ports.database,
                self._work.ports.store,
                [*spools, repomd_spool, *extra.values()],
                holder=self._work.run.task_id,
                clock=self._work.ports.clock,
            )
        return UpstreamMetadata(
            repomd=repomd,
            repomd_bytes=data,
            files=list(zip(chosen, kept, strict=False)),
            others=dict(zip(paths, kept[len(chosen) :], strict=True)),
            left_out=len(chosen) < len(repomd.files),
        )

    def _is_wanted(self, file: MetadataFile, repomd: Repomd) -> bool:
        """Everything for an exact mirror; else what no other file says as well."""
        return self._work.mirroring_policy == "mirror_complete" or not repeats(file, repomd)

    async def _file(self, downloader: Downloader, file: MetadataFile, spool: Spool) -> None:
        checksum = {file.checksum.type: file.checksum.raw.hex()}
        await downloader.fetch(
            self._work.remote,
            source_path(file.location_base, file.location),
            spool,
            expected=Expected(size=file.size, checksums=checksum),
            progress=lambda count: self._count(count, file.location),
        )

    async def _extras(self, downloader: Downloader, stack: ExitStack) -> dict[str, Spool]:
        """Fetch what repomd.xml does not list: signatures, and the first treeinfo there is."""
        found: dict[str, Spool] = {}
        for path in (*SIGNATURES, *TREEINFOS):
            if path in TREEINFOS and any(name in found for name in TREEINFOS):
                continue
            spool = stack.enter_context(self._spool())
            expected = Expected(most_bytes=MAX_TREEINFO_BYTES)
            try:
                await downloader.fetch(self._work.remote, path, spool, expected=expected)
            except UpstreamAbsentError:
                continue
            found[path] = spool
        return found

    def _spool(self) -> Spool:
        return self._work.ports.store.spool()

    def _count(self, count: int, url: str) -> None:
        self._bytes += count
        self._work.run.report(Progress(bytes_done=self._bytes, url=url))
