"""Fetching the metadata files of an upstream repository: one consistent set, verified."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256

from headgate.content.rpm.metadata.mirrors import REPOMD
from headgate.content.rpm.metadata.repomd import MetadataFile, Repomd, parse_repomd
from headgate.content.rpm.metadata.treeinfo import MAX_BYTES as MAX_TREEINFO_BYTES
from headgate.content.rpm.mirrors import Refused, find_repomd
from headgate.content.rpm.trust_metadata import SIGNATURE, Belief, believe, check_age
from headgate.domain.errors import (
    HeadgateError,
    InvalidContentError,
    UntrustedContentError,
    UpstreamError,
)
from headgate.engine.port import Progress
from headgate.plugin import SyncWork
from headgate.services.repositories.downloads import together
from headgate.services.repositories.remotes import save_mirrors
from headgate.services.storage.blobs import Kept, keep
from headgate.stores.blobs import Spool
from headgate.upstream import (
    Downloader,
    Expected,
    UpstreamAbsentError,
    WrongBytesError,
    run_downloads,
)

# A repository signed as a whole; served beside an untouched repomd.xml.
SIGNATURES = (SIGNATURE, "repodata/repomd.xml.key")
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
    belief: Belief
    mirrors: tuple[str, ...] = ()  # whence packages come, best first; none: from the URL itself

    @property
    def digest(self) -> str:
        """What names this state of the repository."""
        return sha256(self.repomd_bytes).hexdigest()

    @property
    def weak(self) -> frozenset[str]:
        """Which kinds of checksums it relies on that keep out accidents only."""
        files = self.repomd.files
        told = [*(file.checksum for file in files), *(file.open_checksum for file in files)]
        return frozenset(each.type for each in told if each is not None and each.weak)

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
        self._remote = work.remote
        self._refused = Refused()
        self._bytes = 0
        self._url = work.remote.shown

    async def run(self, downloader: Downloader) -> UpstreamMetadata | None:
        """Fetch repomd.xml and what it lists; begin again when it changed meanwhile."""
        data = await self._repomd(downloader)
        if self._work.state and self._work.state.get("repomd") == sha256(data).hexdigest():
            await asyncio.to_thread(self._save_mirrors)
            return None
        for attempt in range(1, _TRIES + 1):
            try:
                found = await self._listed(downloader, data)
            except (UpstreamAbsentError, WrongBytesError, UntrustedContentError) as error:
                newer = await self._again(downloader, data, error)
                another = newer != data or bool(self._refused.mirrors)
                if not another or attempt == _TRIES:
                    raise
                data = newer
            else:
                await asyncio.to_thread(self._save_mirrors)
                return found
        raise AssertionError("the last try returns or raises")

    async def _repomd(self, downloader: Downloader) -> bytes:
        found = await find_repomd(
            downloader, self._work.remote, is_old=self._is_old, refused=self._refused
        )
        self._remote = found.remote
        return found.repomd

    async def _again(self, downloader: Downloader, data: bytes, error: HeadgateError) -> bytes:
        """Look for another repomd.xml: upstream is being updated, or this mirror of several is."""
        if not self._remote.mirrors:
            return await self._repomd(downloader)
        if isinstance(error, UntrustedContentError):
            self._refused.mirrors.add(self._remote.mirrors[0])
        else:
            self._refused.digests.add(sha256(data).hexdigest())
        try:
            return await self._repomd(downloader)
        except UpstreamError:
            raise error from None

    def _is_old(self, repomd: Repomd) -> bool:
        rules = replace(self._work.trust, replay="warn")
        return not rules.accept_older and (
            check_age(rules, repomd, self._work.ports.clock()) is not None
        )

    def _save_mirrors(self) -> None:
        if self._remote.mirrors != self._work.remote.mirrors:
            with self._work.ports.database.begin() as tx:
                save_mirrors(tx, self._work.repository_id, self._remote.mirrors)

    async def _listed(self, downloader: Downloader, data: bytes) -> UpstreamMetadata:
        repomd = parse_repomd(data)
        if repomd.find("primary") is None:
            raise InvalidContentError("repomd.xml lists no primary metadata: no yum repository")
        chosen = [file for file in repomd.files if self._is_wanted(file, repomd)]
        with ExitStack() as stack:
            extra = await self._extras(downloader, stack)
            belief = await asyncio.to_thread(self._believed, data, repomd, extra)
            spools: list[Spool] = [stack.enter_context(self._spool()) for _ in chosen]
            pairs = zip(chosen, spools, strict=True)
            await together(self._file(downloader, file, spool) for file, spool in pairs)
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
            belief=belief,
            mirrors=self._remote.mirrors,
        )

    def _believed(self, data: bytes, repomd: Repomd, extra: Mapping[str, Spool]) -> Belief:
        spool = extra.get(SIGNATURE)
        signature = None if spool is None else b"".join(spool.read())
        return believe(self._work.trust, data, repomd, signature, self._work.ports.clock())

    def _is_wanted(self, file: MetadataFile, repomd: Repomd) -> bool:
        """Everything for an exact mirror; else what no other file says as well."""
        return self._work.mirroring_policy == "mirror_complete" or not repeats(file, repomd)

    async def _file(self, downloader: Downloader, file: MetadataFile, spool: Spool) -> None:
        checksum = {file.checksum.type: file.checksum.raw.hex()}
        await downloader.fetch(
            self._remote,
            source_path(file.location_base, file.location),
            spool,
            expected=Expected(size=file.size, checksums=checksum),
            progress=self._count,
            trying=self._trying,
        )

    async def _extras(self, downloader: Downloader, stack: ExitStack) -> dict[str, Spool]:
        """Fetch what repomd.xml does not list: signatures, and the first treeinfo there is."""
        found: dict[str, Spool] = {}
        treeinfos = () if "treeinfo" in self._work.ignorable_content else TREEINFOS
        for path in (*SIGNATURES, *treeinfos):
            if path in TREEINFOS and any(name in found for name in TREEINFOS):
                continue
            spool = stack.enter_context(self._spool())
            expected = Expected(most_bytes=MAX_TREEINFO_BYTES)
            try:
                await downloader.fetch(self._remote, path, spool, expected=expected, optional=True)
            except UpstreamAbsentError:
                continue
            found[path] = spool
        return found

    def _spool(self) -> Spool:
        return self._work.ports.store.spool()

    def _trying(self, url: str) -> None:
        self._url = url

    def _count(self, count: int) -> None:
        self._bytes += count
        self._work.run.report(Progress(bytes_done=self._bytes, url=self._url))
