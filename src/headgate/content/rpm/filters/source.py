"""What filters look at: packages, advisories, streams and groups, and what joins them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from pyroaring import BitMap


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
        return BitMap(package.id for package in self.packages)

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
        return {
            package.id: listing[nevra]
            for package in self.packages
            if (nevra := package.nevra) in listing
        }

    @cached_property
    def by_name(self) -> Mapping[str, list[Package]]:
        """Packages of no stream, by their names."""
        plain = self.plain
        found: dict[str, list[Package]] = {}
        for package in self.packages:
            if package.id in plain:
                found.setdefault(package.name, []).append(package)
        return found

    @cached_property
    def by_filename(self) -> Mapping[str, list[int]]:
        """All packages, by the names of their files; a name may stand for several."""
        found: dict[str, list[int]] = {}
        for package in self.packages:
            found.setdefault(package.filename, []).append(package.id)
        return found

    @cached_property
    def streams_by_key(self) -> Mapping[str, list[int]]:
        """Streams by their keys."""
        found: dict[str, list[int]] = {}
        for stream in self.streams:
            found.setdefault(stream.key, []).append(stream.id)
        return found

    def named_by(self, advisories: Iterable[Advisory]) -> BitMap:
        """Return the packages here that these advisories name."""
        filenames = set(chain.from_iterable(each.filenames for each in advisories))
        return self._with_filenames(filenames)

    def touched_by(self, advisories: Iterable[Advisory]) -> BitMap:
        """Return the streams here that these advisories are about.

        Those that they name; of an advisory that names none (some distributions leave it out),
        the streams that its packages belong to.
        """
        touched = BitMap()
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
            modular = (self.streams_of.get(each, ()) for each in self._with_filenames(loose))
            touched.update(chain.from_iterable(modular))
        return touched

    def members_of(self, streams: BitMap) -> BitMap:
        """Return the packages that any of these streams lists."""
        return BitMap(
            package
            for package, within in self.streams_of.items()
            if any(each in streams for each in within)
        )

    def _with_filenames(self, filenames: Iterable[str]) -> BitMap:
        known = self.by_filename
        return BitMap(chain.from_iterable(known[name] for name in filenames if name in known))
