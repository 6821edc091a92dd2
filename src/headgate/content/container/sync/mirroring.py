"""One look at an upstream: which tags point where, and what of that becomes the content."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pyroaring import BitMap

from headgate.content.container.combining import with_units
from headgate.content.container.sync.faults import Faults
from headgate.content.container.sync.intake import ManifestIntake
from headgate.content.container.sync.registry import UpstreamRegistry
from headgate.content.container.sync.settings import MirrorSettings
from headgate.content.container.sync.signatures import Signatures
from headgate.content.container.sync.tag_rules import companions_of, is_companion
from headgate.content.container.sync.walk import Walk
from headgate.content.container.tables import container_signatures, container_tags
from headgate.content.container.units import SIGNATURE, TAG, insert_signatures, insert_tags
from headgate.domain.content import Content
from headgate.domain.errors import InvalidContentError, UpstreamError
from headgate.engine.port import Progress
from headgate.plugin import SyncWork
from headgate.services.repositories.downloads import AT_ONCE, MOST_AT_ONCE, together
from headgate.services.storage.collection import pin_units
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of
from headgate.stores.db.writes import write
from headgate.upstream import Downloader, UpstreamAbsentError

# Signatures of signatures of ... : so many times what refers to something is looked for.
_MOST_ROUNDS: Final = 4
# Images known before whose referrers are asked for by one sync: all have their turn.
_ASKED_AGAIN: Final = 64
_MOST_LEFT_OUT: Final = 10_000
# Builds that can be repeated say that they were made at the beginning of time: that is no age.
_NO_TIME: Final = datetime(1980, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at upstream found."""

    content: Content
    offered: Content
    state: Mapping[str, Any]
    faults: Sequence[Mapping[str, Any]]


class Mirroring:
    """One look; `look` is called once."""

    def __init__(
        self,
        work: SyncWork,
        settings: MirrorSettings,
        downloader: Downloader,
        intake: ManifestIntake,
    ) -> None:
        self._work = work
        self._settings = settings
        self._intake = intake
        self._signatures = Signatures(downloader, work.remote, work.settings)
        self._registry = UpstreamRegistry(downloader, work.remote, told=self._signatures.note)
        self._at_once = min(work.remote.concurrency or AT_ONCE, MOST_AT_ONCE)
        self._faults = Faults(keep_good=work.keep_good)
        state = work.state or {}
        self._state = state if state.get("settings") == settings.stamp else {}
        self._walk = Walk(
            self._registry,
            intake,
            work.ports,
            platforms=settings.platforms,
            at_once=self._at_once,
            faults=self._faults,
            complete_before=bool(self._state.get("complete")),
            organization_id=work.organization_id,
            came=self._came,
        )
        self._done = 0
        self._tags: dict[str, str] = {}  # that are kept, to digests
        self._digests: set[str] = set()  # that are kept
        self._left_out: set[str] = set()
        self._asked_again: set[str] = set()  # whose turn it is this time
        self._asked_until: str = self._state.get("asked_until", "")

    async def look(self) -> Looked:
        """Ask upstream, take in what is new, and say what the repository holds then."""
        rules = self._settings.tags
        names = await self._registry.tags()
        companions = [name for name in names if is_companion(name) and not rules.excludes(name)]
        first = [
            name for name in companions if self._settings.takes_all or rules.names_companion(name)
        ]
        targets = await self._resolve([*rules.chosen(names), *first])
        self._require_some_of(rules.chosen(names), targets)
        known_left_out = set(self._state.get("left_out", ()))
        self._left_out = known_left_out.intersection(targets.values())
        wanted = {name: digest for name, digest in targets.items() if digest not in known_left_out}
        await self._walk.visit([*wanted.values(), *rules.digests])
        for name, digest in wanted.items():
            self._keep_tag(name, digest)
        for digest in rules.digests:
            self._digests |= self._walk.closure(digest)
        await self._keep_previous(self._failed(targets))
        await self._follow(companions)
        self._faults.require_some(self._digests)
        return self._looked(await self._signed())

    async def _resolve(self, names: Sequence[str]) -> dict[str, str]:
        """Return where the tags point; those that vanished meanwhile are left out."""
        found: dict[str, str] = {}
        waiting = iter(names)

        async def ask() -> None:
            for name in waiting:
                try:
                    digest = await self._registry.resolve(name)
                except (UpstreamError, InvalidContentError) as error:
                    self._faults.note(name, error)
                else:
                    self._faults.came()
                    if digest is not None:
                        found[name] = digest
                self._came(len(names))

        await together(ask() for _ in range(self._at_once))
        return {name: found[name] for name in names if name in found}

    def _require_some_of(self, names: Sequence[str], targets: Mapping[str, str]) -> None:
        """Raise if tags are listed of which none is there: no mirror is emptied over that."""
        if names and not targets and not any(self._faults.has(name) for name in names):
            message = (
                f"it lists {len(names)} tags but has none of them: check the credentials and"
                " docker_upstream_name of the repository"
            )
            raise UpstreamAbsentError(message, url=self._work.remote.shown)

    def _keep_tag(self, name: str, digest: str) -> None:
        """Keep the tag with all below it, unless it has nothing that is wanted."""
        closure = self._walk.closure(digest)
        if self._is_too_old(closure) and not is_companion(name):
            closure = set[str]()
        if closure:
            self._tags[name] = digest
            self._digests |= closure
        elif self._walk.has(digest) and not self._walk.lacks_some(digest):
            self._left_out.add(digest)

    def _is_too_old(self, digests: Iterable[str]) -> bool:
        days = self._settings.most_days
        made = None if days is None else self._walk.newest(digests)
        if days is None or made is None or made < _NO_TIME:
            return False
        return made < self._work.ports.clock() - timedelta(days=days)

    def _failed(self, targets: Mapping[str, str]) -> list[str]:
        """Return the tags that upstream has, but not in a state in which they can be taken."""
        broken = [name for name, digest in targets.items() if self._faults.has(digest)]
        return [*broken, *(name for name in self._previous_tags() if self._faults.has(name))]

    async def _keep_previous(self, names: Sequence[str]) -> None:
        """Let these tags point to where they did: what was good is kept."""
        previous = self._previous_tags() if names else {}
        old = {name: previous[name] for name in names if name in previous}
        await self._walk.visit(old.values())
        for name, digest in old.items():
            self._keep_tag(name, digest)

    async def _follow(self, companions: Sequence[str]) -> None:
        """Keep what belongs to the images that are kept: by tags named after them, or by API."""
        tried = set(self._tags)
        own = {digest for name, digest in self._tags.items() if is_companion(name)}
        fresh, subjects = set(self._digests), self._digests - own
        for turn in range(_MOST_ROUNDS):
            before = set(self._digests)
            names = [name for name in companions_of(fresh, companions) if name not in tried]
            tried.update(names)
            targets = await self._resolve(names)
            referring = await self._referrers(sorted(subjects), again=turn == 0)
            await self._walk.visit([*targets.values(), *referring])
            for name, digest in targets.items():
                self._keep_tag(name, digest)
            await self._keep_previous(self._failed(targets))
            subjects = {
                digest for digest, of in referring.items() if self._walk.refers(digest, of)
            } - before
            for digest in subjects:
                self._digests |= self._walk.closure(digest)
            fresh = self._digests - before
            if not fresh:
                return

    async def _referrers(self, digests: Sequence[str], *, again: bool) -> dict[str, str]:
        """Return what refers to which manifest: as upstream says, or said when it was asked."""
        new = [digest for digest in digests if self._walk.is_new(digest)]
        known = sorted(set(digests).difference(new))
        if again:
            self._asked_again = set(self._turn(known))
        asked = [*new, *(self._asked_again.intersection(known) if again else ())]
        found = self._intake.referrers_here(set(known).difference(asked))
        waiting = iter(asked)

        async def ask() -> None:
            for digest in waiting:
                try:
                    referring = await self._registry.referrers(digest)
                except (UpstreamError, InvalidContentError) as error:
                    self._faults.note(f"referrers of {digest}", error)
                else:
                    found.update(dict.fromkeys(referring, digest))

        await together(ask() for _ in range(self._at_once))
        return found

    async def _signed(self) -> list[tuple[str, bytes]]:
        """Return the signatures that came, each with the manifest that it is of."""
        found: list[tuple[str, bytes]] = []
        if not self._signatures.are_kept:
            return found
        of_images = {digest for name, digest in self._tags.items() if not is_companion(name)}
        wanted = self._digests & {*of_images, *self._settings.tags.digests}
        waiting = iter(
            [each for each in wanted if self._walk.is_new(each) or each in self._asked_again]
        )

        async def ask() -> None:
            for digest in waiting:
                try:
                    found.extend((digest, each) for each in await self._signatures.of(digest))
                except (UpstreamError, InvalidContentError) as error:
                    self._faults.note(f"signatures of {digest}", error)

        await together(ask() for _ in range(self._at_once))
        return found

    def _turn(self, known: Sequence[str]) -> Sequence[str]:
        """Return those whose turn it is to be asked again, of images known before, in order."""
        if len(known) <= _ASKED_AGAIN or not self._state:
            return known
        later = [digest for digest in known if digest > self._asked_until]
        turn = [*later, *known][:_ASKED_AGAIN]
        self._asked_until = turn[-1]
        return turn

    def _looked(self, signed: Sequence[tuple[str, bytes]]) -> Looked:
        work = self._work
        manifests = self._intake.finish(sorted(self._digests))
        kept = self._kept_signatures()

        def insert(tx: Transaction) -> Content:
            hold_off_collection(tx)
            ids = insert_tags(tx, sorted(self._tags.items()))
            signatures = kept | BitMap(insert_signatures(tx, signed))
            units = {TAG: ids.values(), SIGNATURE: signatures}
            pin_units(tx, holder=work.run.task_id, units=units)
            return manifests.replaced(**units)

        content = offered = write(work.ports.database, insert)
        if work.mirroring_policy == "additive":
            with work.ports.database.read() as tx:
                content = with_units(tx, work.previous, offered)
        faults = self._faults.told()
        state = {
            "settings": self._settings.stamp,
            "policies": [work.mirroring_policy, work.download_policy],
            "complete": not faults,
            "left_out": sorted(self._left_out)[:_MOST_LEFT_OUT],
            "asked_until": self._asked_until,
            "trust": work.trust.stamp,
        }
        return Looked(content, offered, state, faults)

    def _kept_signatures(self) -> BitMap:
        """Return those of the last sync, of manifests that are kept and were not asked for."""
        if not self._signatures.are_kept:
            return BitMap()
        columns = [container_signatures.c.manifest]
        held = self._work.previous[SIGNATURE]
        with self._work.ports.database.read() as tx:
            rows = list(rows_of(tx, columns, container_signatures.c.id, held))
        return BitMap(
            row.key_
            for row in rows
            if row.manifest in self._digests
            and (
                row.manifest not in self._asked_again
                or self._faults.has(f"signatures of {row.manifest}")
            )
        )

    def _previous_tags(self) -> dict[str, str]:
        columns = [container_tags.c.name, container_tags.c.manifest]
        with self._work.ports.database.read() as tx:
            rows = rows_of(tx, columns, container_tags.c.id, self._work.previous[TAG])
            return {row.name: row.manifest for row in rows}

    def _came(self, of: int | None = None) -> None:
        self._done += 1
        self._work.run.report(Progress(items_done=self._done, items_total=of))
