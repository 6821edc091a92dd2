"""Finding repomd.xml: below the URL of a repository, or through the list of mirrors that it names.

Lists are told by their URL (`mirrorlist`, `metalink`) or by what is there instead of a repository.
They are read again by each sync. Which mirror's repomd.xml is taken:

- the first that a metalink vouches for as the newest; else the newest of its alternates;
- without hashes the first that is no older than what was synchronized before: mirrors lag behind,
  and the first of a list may be the last to be updated. Where all are older the newest of them is
  taken: whether it may be is a matter of trust.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import new as new_hash
from hashlib import sha256

from headgate.content.rpm.metadata.mirrors import (
    MAX_BYTES as MAX_LIST_BYTES,
)
from headgate.content.rpm.metadata.mirrors import (
    REPOMD,
    MirrorList,
    RepomdState,
    parse_mirrors,
)
from headgate.content.rpm.metadata.repomd import MAX_BYTES, Repomd, parse_repomd
from headgate.domain.errors import InvalidContentError, UpstreamError
from headgate.upstream import (
    Downloader,
    Expected,
    MemorySink,
    Remote,
    UpstreamAbsentError,
    WrongBytesError,
)

# dnf asks for `mirrorlist=` and `metalink=` apart; Katello has one URL for all.
_LIST_URL = re.compile(r"mirrorlist|metalink|\.meta4(\?|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A repomd.xml, and where all else is fetched from: its mirror comes first."""

    remote: Remote
    repomd: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """What has been tried and was no good."""

    # Of repomd.xml, SHA-256, where no mirror has the files that it lists.
    digests: set[str] = field(default_factory=set[str])
    # Those whose signatures are not to be believed: others may have the right ones beside it.
    mirrors: set[str] = field(default_factory=set[str])


async def find_repomd(
    downloader: Downloader, remote: Remote, *, is_old: Callable[[Repomd], bool], refused: Refused
) -> Found:
    """Return the repomd.xml to go by; `is_old` tells what was outdated before."""
    plain = replace(remote, mirrors=())
    listed = await _read_list(downloader, plain) if _LIST_URL.search(remote.url) else None
    if listed is None:
        try:
            data = await _read(downloader, plain, REPOMD, MAX_BYTES)
            absent = None
        except UpstreamAbsentError as error:
            data, absent = b"", error
        if b"<repomd" not in data[:4096]:
            with suppress(UpstreamError):
                listed = await _read_list(downloader, plain)
        if listed is None and absent is not None:
            raise absent
        if listed is None:
            return Found(plain, data)
    choice = _Choice(_mirrored(plain, listed, refused), listed.states, is_old, refused)
    return await choice.run(downloader)


def generation(repomd: Repomd) -> int:
    """Return when the newest of the files was made (seconds since 1970), 0 if nobody says."""
    return max((file.timestamp or 0 for file in repomd.files), default=0)


@dataclass(slots=True)
class _Choice:
    """The choice of one repomd.xml among those of the mirrors."""

    remote: Remote
    states: Sequence[RepomdState]
    is_old: Callable[[Repomd], bool]
    refused: Refused
    # What will do if no mirror has better: mirror, bytes, and how good (greater is better).
    _candidates: list[tuple[int, str, bytes]] = field(default_factory=list[tuple[int, str, bytes]])
    _asked: str = ""

    async def run(self, downloader: Downloader) -> Found:
        sink = MemorySink()
        urls = {str(url): mirror for mirror, url in self._addresses()}

        def trying(url: str) -> None:
            self._asked = urls.get(url, "")

        try:
            fetched = await downloader.fetch(
                self.remote,
                REPOMD,
                sink,
                expected=Expected(most_bytes=MAX_BYTES),
                trying=trying,
                check=lambda: self._check(bytes(sink.data)),
            )
        except UpstreamError:
            if not self._candidates:
                raise
            _, mirror, data = max(self._candidates, key=lambda each: each[0])
            return self._found(mirror, data)
        return self._found(fetched.mirror or "", bytes(sink.data))

    def _addresses(self) -> list[tuple[str, object]]:
        return list(zip(self.remote.mirrors, self.remote.addresses(REPOMD), strict=True))

    def _found(self, mirror: str, data: bytes) -> Found:
        """Begin with the mirror that gave it; those that failed before it come last."""
        mirrors = self.remote.mirrors
        first = mirrors.index(mirror) if mirror in mirrors else 0
        return Found(replace(self.remote, mirrors=mirrors[first:] + mirrors[:first]), data)

    def _check(self, data: bytes) -> None:
        """Raise what is said of this mirror unless its repomd.xml is as good as can be hoped."""
        if sha256(data).hexdigest() in self.refused.digests:
            raise self._wrong("it does not have the files that its repomd.xml lists")
        try:
            repomd = parse_repomd(data)
        except InvalidContentError as error:
            raise self._wrong(error.message) from error
        if not self.states:
            if not self.is_old(repomd):
                return
            self._candidates.append((generation(repomd), self._asked, data))
            raise self._wrong("its repomd.xml is older than what was synchronized before")
        for rank, state in enumerate(self.states):
            if new_hash(state.algorithm, data).hexdigest() == state.digits:
                if rank == 0:
                    return
                self._candidates.append((-rank, self._asked, data))
                raise self._wrong("its repomd.xml is not the newest that the metalink tells of")
        raise self._wrong("its repomd.xml is none of those that the metalink tells of")

    def _wrong(self, what: str) -> WrongBytesError:
        return WrongBytesError(what, url=f"{self._asked}{REPOMD}")


def _mirrored(remote: Remote, listed: MirrorList, refused: Refused) -> Remote:
    """Take http mirrors from an https list only if the list says what they must have."""
    urls = listed.urls
    if remote.url.startswith("https:") and not listed.states:
        urls = tuple(url for url in urls if url.startswith("https:"))
    if not urls:
        raise UpstreamError(
            "all mirrors of this https list are http, and the list tells no hashes: that would not"
            " be safe; use a metalink, or the list's http URL if you accept it",
            url=remote.shown,
        )
    left = tuple(url for url in urls if url not in refused.mirrors)
    if not left:
        raise UpstreamError("none of its mirrors is to be believed", url=remote.shown)
    return replace(remote, mirrors=left)


async def _read_list(downloader: Downloader, remote: Remote) -> MirrorList | None:
    data = await _read(downloader, remote, "", MAX_LIST_BYTES)
    try:
        return parse_mirrors(data)
    except InvalidContentError as error:
        raise UpstreamError(
            f"{error.message}: check the URL of the repository", url=remote.shown
        ) from error


async def _read(downloader: Downloader, remote: Remote, path: str, most_bytes: int) -> bytes:
    sink = MemorySink()
    await downloader.fetch(remote, path, sink, expected=Expected(most_bytes=most_bytes))
    return bytes(sink.data)
