"""From the digests that are wanted to all that belongs to them: children, level by level."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from headgate.content.container.manifests import Descriptor, Manifest
from headgate.content.container.sync.faults import Faults
from headgate.content.container.sync.intake import ManifestIntake, Seen
from headgate.content.container.sync.registry import UpstreamRegistry
from headgate.domain.errors import InvalidContentError, UpstreamError
from headgate.domain.platforms import Platform, is_wanted, platform_of
from headgate.plugin import Ports
from headgate.services.repositories.downloads import together
from headgate.stores.blobs import Spool
from headgate.upstream import UpstreamAbsentError

# An index of indices of ... : nobody means more.
_MOST_DEPTH: Final = 6
_MOST_MANIFESTS: Final = 200_000  # of one sync
# What a manifest's configuration may be without the quota being asked for room.
_SMALL_CONFIG: Final = 4 << 20
# Builders list attestations beside the images that these are of.
_ATTESTED: Final = "vnd.docker.reference.digest"


class Walk:
    """The manifests of one sync, by their digests."""

    def __init__(
        self,
        registry: UpstreamRegistry,
        intake: ManifestIntake,
        ports: Ports,
        *,
        platforms: Sequence[Platform],
        at_once: int,
        faults: Faults,
        complete_before: bool,
        organization_id: int,
        came: Callable[[], None],
    ) -> None:
        self._registry = registry
        self._intake = intake
        self._ports = ports
        self._platforms = platforms
        self._at_once = at_once
        self._faults = faults
        # Whether the last sync took whatever upstream had of what is known since then.
        self._complete_before = complete_before
        self._organization_id = organization_id
        self._came = came
        self._seen: dict[str, Seen] = {}
        self._listed: set[str] = set()  # by lists that are here
        self._settled: set[str] = set()  # here, or not to be had
        self._absent: set[str] = set()

    async def visit(self, digests: Iterable[str]) -> None:
        """Bring the manifests and, of those that are lists, the children that are wanted."""
        level = self._unseen(digests)
        for _ in range(_MOST_DEPTH):
            if not level:
                return
            if len(self._seen) + len(level) > _MOST_MANIFESTS:
                raise InvalidContentError(f"Upstream has more than {_MOST_MANIFESTS} manifests")
            known = await asyncio.to_thread(self._intake.known, level)
            self._seen.update({each.digest: each for each in known})
            await self._fetch_all(self._unseen(level))
            level = self._unseen(self._children_of(level))
        for digest in level:
            message = f"{digest} is in lists that are nested deeper than {_MOST_DEPTH}"
            self._faults.note(digest, InvalidContentError(message))

    def children(self, digest: str) -> list[str]:
        """Return what a list lists and is wanted, whether it is here or not."""
        seen = self._seen.get(digest)
        if seen is None:
            return []
        wanted = [child for child in seen.children if is_wanted(self._platforms, _platform(child))]
        taken = {child.digest for child in wanted}
        return [
            child.digest
            for child in wanted
            if child.annotations.get(_ATTESTED, child.digest) in taken
        ]

    def closure(self, digest: str) -> set[str]:
        """Return what is here of a manifest and all below it; nothing of other platforms alone."""
        found: set[str] = set()
        waiting = [digest]
        while waiting:
            each = waiting.pop()
            seen = self._seen.get(each)
            if each in found or seen is None or not is_wanted(self._platforms, seen.platform):
                continue
            found.add(each)
            waiting.extend(self.children(each))
        root = self._seen.get(digest)
        if root is not None and root.children and found == {digest}:
            return set()
        return found

    def newest(self, digests: Iterable[str]) -> datetime | None:
        """Return when the newest of the images was made, if any of them says so."""
        times = [seen.created for seen in map(self._seen.get, digests) if seen is not None]
        return max((time for time in times if time is not None), default=None)

    def is_new(self, digest: str) -> bool:
        """Say whether the manifest came just now."""
        return digest in self._seen and self._seen[digest].new

    def refers(self, digest: str, subject: str) -> bool:
        """Say whether a manifest is here that refers to the subject."""
        seen = self._seen.get(digest)
        return seen is not None and seen.subject == subject

    def has(self, digest: str) -> bool:
        """Say whether the manifest is here now."""
        return digest in self._seen

    def lacks_some(self, digest: str) -> bool:
        """Say whether something of a list could not be had."""
        return any(self._faults.has(child) for child in self.children(digest))

    def _unseen(self, digests: Iterable[str]) -> list[str]:
        return [
            digest
            for digest in dict.fromkeys(digests)
            if digest not in self._seen
            and digest not in self._absent
            and not self._faults.has(digest)
        ]

    def _children_of(self, digests: Iterable[str]) -> list[str]:
        """Return the wanted children, and remember which need not be asked for.

        What did not come with a list that is known since a complete sync was not there.
        """
        found: list[str] = []
        for digest in digests:
            children = self.children(digest)
            found += children
            self._listed.update(children)
            seen = self._seen.get(digest)
            if self._complete_before and seen is not None and not seen.new:
                self._settled.update(children)
        return found

    async def _fetch_all(self, digests: Sequence[str]) -> None:
        settled = self._settled.intersection(digests)
        self._absent |= settled
        waiting = iter([digest for digest in digests if digest not in settled])

        async def fetch() -> None:
            for digest in waiting:
                try:
                    self._seen[digest] = await self._fetch(digest)
                    self._faults.came()
                except UpstreamAbsentError as error:
                    self._miss(digest, error)
                except (UpstreamError, InvalidContentError) as error:
                    self._faults.note(digest, error)
                self._came()

        await together(fetch() for _ in range(self._at_once))
        await self._intake.flush()

    def _miss(self, digest: str, error: UpstreamAbsentError) -> None:
        """An upstream may have indices without all of their children, as we do."""
        if digest in self._listed:
            self._absent.add(digest)
        else:
            self._faults.note(digest, error)

    async def _fetch(self, digest: str) -> Seen:
        given = await self._registry.manifest(digest)
        return await self._intake.take(given, await self._config(given.manifest))

    async def _config(self, manifest: Manifest) -> Spool | None:
        config = manifest.config
        if config is None:
            return None
        if config.size > _SMALL_CONFIG:
            self._ports.require_room(self._organization_id, config.size)
        spool = self._ports.store.spool()
        try:
            await self._registry.blob(config, spool)
        except UpstreamAbsentError as error:
            spool.close()
            message = f"upstream has the manifest, but not its configuration {config.digest}"
            raise UpstreamError(message, url=error.url) from error
        except BaseException:
            spool.close()
            raise
        return spool


def _platform(child: Descriptor) -> Platform | None:
    return platform_of(child.os, child.architecture, child.variant)
