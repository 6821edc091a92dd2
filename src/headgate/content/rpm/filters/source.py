"""What filters look at: packages, advisories, streams and groups, and what joins them."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Final, NamedTuple

from pyroaring import BitMap

_NONE: Final = BitMap()


class Package(NamedTuple):
    """A binary package."""

    id: int
    name: str
    epoch: str
    version: str
    release: str
    arch: str

    @property
    def nevra(self) -> str:
        """The form in which module streams list their artifacts."""
        return f"{self.name}-{self.epoch}:{self.version}-{self.release}.{self.arch}"

    @property
    def filename(self) -> str:
        """The form in which advisories list their packages."""
        return f"{self.name}-{self.version}-{self.release}.{self.arch}.rpm"


class Stream(NamedTuple):
    """A module stream in one version and context."""

    id: int
    name: str
    stream: str
    version: str
    context: str
    arch: str
    artifacts: Sequence[str]  # NEVRAs

    @property
    def key(self) -> str:
        """The form in which rules and advisories name it."""
        return ":".join(self[1:6])


class Advisory(NamedTuple):
    """An advisory; `modules` are keys of streams."""

    id: int
    errata_id: str
    type: str
    issued: datetime | None
    updated: datetime | None
    filenames: Sequence[str]
    modules: Sequence[str]


class Group(NamedTuple):
    """An element of comps: a group names packages, a category or environment names groups."""

    id: int
    kind: str
    group_id: str
    name: str
    members: Sequence[str]


class ModuleDocument(NamedTuple):
    """A document about a module that is no stream: defaults, obsoletes ..."""

    id: int
    name: str


@dataclass(frozen=True)
class Source:
    """A repository's content before filters. Nothing else can ever come out of them."""

    packages: Sequence[Package] = ()
    advisories: Sequence[Advisory] = ()
    streams: Sequence[Stream] = ()
    groups: Sequence[Group] = ()
    module_documents: Sequence[ModuleDocument] = ()

    @cached_property
    def plain(self) -> BitMap:
        """Packages of no stream: filters of packages speak of these alone."""
        return self.package_ids - BitMap(self.streams_of)

    @cached_property
    def package_ids(self) -> BitMap:
        """All packages."""
        return BitMap(self._ids)

    @cached_property
    def stream_ids(self) -> BitMap:
        """All streams."""
        return BitMap(stream.id for stream in self.streams)

    @cached_property
    def streams_of(self) -> Mapping[int, list[int]]:
        """The streams that list each modular package."""
        listing: dict[str, list[int]] = {}
        for stream in self.streams:
            for nevra in stream.artifacts:
                listing.setdefault(nevra, []).append(stream.id)
        if not listing:
            return {}
        # As `nevra` has it: a call for each of 100,000 packages would cost more than the rest.
        nevras = [f"{n}-{e}:{v}-{r}.{a}" for _, n, e, v, r, a in self.packages]
        return {
            package: listing[nevra]
            for package, nevra in zip(self._ids, nevras, strict=True)
            if nevra in listing
        }

    @cached_property
    def streams_by_key(self) -> Mapping[str, list[int]]:
        """Streams by their keys."""
        found: dict[str, list[int]] = {}
        for stream in self.streams:
            found.setdefault(stream.key, []).append(stream.id)
        return found

    def named(self, names: AbstractSet[str]) -> BitMap:
        """Return the packages of these names."""
        return BitMap([package[0] for package in self.packages if package[1] in names])

    def names_of(self, packages: BitMap) -> set[str]:
        """Return the names of these packages."""
        return {package[1] for package in self.packages if package[0] in packages}

    def filenames_without(self, packages: BitMap) -> set[str]:
        """Return the names of files that packages here have, and none of these."""
        more = self._further_by_filename
        return {
            filename
            for filename, package in self._by_filename.items()
            if package not in packages and packages.isdisjoint(more.get(filename, _NONE))
        }

    def named_by(self, advisories: Iterable[Advisory]) -> BitMap:
        """Return the packages here that these advisories name."""
        filenames = set(chain.from_iterable(each.filenames for each in advisories))
        return self.with_filenames(filenames)

    def touched_by(self, advisories: Iterable[Advisory]) -> BitMap:
        """Return the streams here that these advisories are about.

        Those that they name; of an advisory that names none (some distributions leave it out),
        the streams that its packages belong to.
        """
        touched = BitMap()
        if not self.streams:
            return touched
        loose: set[str] = set()
        for advisory in advisories:
            named = [
                self.streams_by_key[key] for key in advisory.modules if key in self.streams_by_key
            ]
            if named:
                touched.update(chain.from_iterable(named))
            else:
                loose.update(advisory.filenames)
        if self.streams_of:
            modular = (self.streams_of.get(each, ()) for each in self.with_filenames(loose))
            touched.update(chain.from_iterable(modular))
        return touched

    def members_of(self, streams: BitMap) -> BitMap:
        """Return the packages that any of these streams lists."""
        return BitMap(
            package
            for package, within in self.streams_of.items()
            if any(each in streams for each in within)
        )

    @cached_property
    def _ids(self) -> Sequence[int]:
        return [package[0] for package in self.packages]

    @cached_property
    def _by_filename(self) -> Mapping[str, int]:
        """All packages, by the names of their files; of several with one name the last."""
        # As `filename` has it, see `streams_of`.
        filenames = [f"{n}-{v}-{r}.{a}.rpm" for _, n, _, v, r, a in self.packages]
        return dict(zip(filenames, self._ids, strict=True))

    @cached_property
    def _further_by_filename(self) -> Mapping[str, BitMap]:
        """The packages beside those of `_by_filename`; hardly ever is there one."""
        known = self._by_filename
        found: dict[str, BitMap] = {}
        if len(known) == len(self.packages):
            return found
        for package in self.packages:
            if known[package.filename] != package.id:
                found.setdefault(package.filename, BitMap()).add(package.id)
        return found

    def with_filenames(self, filenames: AbstractSet[str]) -> BitMap:
        """Return the packages whose files have these names."""
        known, more = self._by_filename, self._further_by_filename
        here = known.keys() & filenames
        first = BitMap([known[filename] for filename in here])
        return BitMap.union(first, *(more[filename] for filename in more.keys() & here))
