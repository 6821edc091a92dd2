"""Module streams: which packages a machine sees (dnf's rules of modularity).

Part of the solving process. Packages of a stream are there for who has enabled it; of a module that
nobody chose, the default stream is enabled. Packages outside modules hide behind an enabled
stream that has a package of their name, or of a name that they provide.

What the filters keep of a stream is kept with its document. Of the streams that they leave out
only default ones are taken back, whole: dnf would use those without being asked.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from headgate.content.rpm.solving.pool import Universe

_PLATFORM: Final = "platform"  # what the distribution itself is

Key = tuple[str, str]


@dataclass(slots=True)
class Stream:
    """One stream of one module, all its versions and contexts together."""

    name: str
    stream: str
    documents: list[int] = field(default_factory=list[int])  # units
    packages: set[int] = field(default_factory=set[int])
    hides: set[int] = field(default_factory=set[int])
    requires: list[dict[str, list[str]]] = field(default_factory=list[dict[str, list[str]]])
    kept: bool = False

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.name, self.stream


class Streams:
    """The streams of a universe, those taken back included."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._all: dict[Key, Stream] = {}
        self._defaults: dict[str, str] = {}
        self._of: dict[int, list[Stream]] = {}
        self.taken_back: list[Stream] = []
        self._read()
        self.modular = frozenset(self._of)
        self._plain = universe.units.keys() - self.modular
        self._visible: dict[frozenset[Key], frozenset[int]] = {}
        for each in self._all.values():
            each.hides = self._hidden_by(each)
        hidden = set[int]().union(*(each.hides for each in self._all.values()))
        # What is not seen by everybody.
        self.varying = self.modular | hidden

    def take_required(self) -> tuple[list[int], list[tuple[Stream, str]]]:
        """Take back streams that kept ones require; return their packages and what is missing."""
        missing: list[tuple[Stream, str]] = []
        packages: list[int] = []
        todo = [each for each in self._all.values() if each.kept]
        while todo:
            stream = todo.pop()
            chosen = self._chosen_for(stream)
            if isinstance(chosen, str):
                missing.append((stream, chosen))
                continue
            for each in chosen:
                if not each.kept:
                    packages += self.take(each)
                    todo.append(each)
        return packages, missing

    def take(self, stream: Stream) -> list[int]:
        """Take a stream back; return its packages."""
        stream.kept = True
        self.taken_back.append(stream)
        return sorted(stream.packages)

    def left_out(self, packages: Iterable[int]) -> list[Stream]:
        """Return the streams not kept that some of the packages are of, none that is kept."""
        found: dict[Key, Stream] = {}
        for each in packages:
            own = self._of.get(each, [])
            if own and not any(stream.kept for stream in own):
                found[own[0].key] = own[0]
        return list(found.values())

    def active_for(self, package: int) -> frozenset[Key]:
        """Return the streams that a machine has enabled which installs this package."""
        active = dict(self._defaults)
        own = self._of.get(package)
        if own:
            self._enable(next((each for each in own if each.kept), own[0]), active)
        else:
            for name, stream in list(active.items()):
                known = self._all.get((name, stream))
                if known is not None and package in known.hides:
                    del active[name]
        return frozenset(key for key in active.items() if key in self._all)

    def visible(self, active: frozenset[Key]) -> frozenset[int]:
        """Return the packages seen with these streams enabled."""
        if active not in self._visible:
            streams = [self._all[key] for key in active]
            shown = set[int]().union(*(each.packages for each in streams))
            hidden = set[int]().union(*(each.hides for each in streams))
            self._visible[active] = frozenset((self._plain - hidden) | shown)
        return self._visible[active]

    def _enable(self, stream: Stream, active: dict[str, str]) -> None:
        todo = [stream]
        seen: set[Key] = set()
        while todo:
            each = todo.pop()
            if each.key in seen:
                continue
            seen.add(each.key)
            active[each.name] = each.stream
            chosen = self._chosen_for(each)
            if not isinstance(chosen, str):
                todo += [other for other in chosen if other.name not in {n for n, _ in seen}]

    def _chosen_for(self, stream: Stream) -> list[Stream] | str:
        """Return the streams by which its requirements are met, or the words of one that is not."""
        problem = ""
        for alternative in stream.requires:
            met: list[Stream] = []
            for name, streams in alternative.items():
                if name == _PLATFORM:
                    continue
                found = self._best(name, streams)
                if found is None:
                    problem = problem or f"module({name}:{','.join(streams)})"
                    break
                met.append(found)
            else:
                return met
        return problem or []

    def _best(self, name: str, streams: Sequence[str]) -> Stream | None:
        """Return the stream that is kept, the default, or else the highest by name."""
        without = {each.removeprefix("-") for each in streams if each.startswith("-")}
        wanted = {each for each in streams if not each.startswith("-")}
        fitting = [
            each
            for each in self._all.values()
            if each.name == name
            and (each.stream in wanted if wanted else each.stream not in without)
        ]
        default = self._defaults.get(name)
        return max(
            fitting,
            key=lambda each: (each.kept, each.stream == default, each.stream),
            default=None,
        )

    def _read(self) -> None:
        by_nevra: dict[str, list[int]] = {}
        if self._universe.documents:
            for each in self._universe.units:
                by_nevra.setdefault(self._universe.nevra(each), []).append(each)
        for document in self._universe.documents:
            if document["kind"] == "defaults":
                if document["stream"]:
                    self._defaults[document["name"]] = document["stream"]
            else:
                self._add(document, by_nevra)

    def _add(self, document: dict[str, Any], by_nevra: dict[str, list[int]]) -> None:
        key = document["name"], document["stream"]
        stream = self._all.setdefault(key, Stream(*key))
        stream.documents.append(document["id"])
        stream.kept = stream.kept or document["kept"]
        stream.requires += [each for each in document["requires"] if each not in stream.requires]
        for nevra in document["artifacts"]:
            for package in by_nevra.get(nevra, ()):
                if package not in stream.packages:
                    stream.packages.add(package)
                    self._of.setdefault(package, []).append(stream)

    def _hidden_by(self, stream: Stream) -> set[int]:
        names = {self._universe.name(each) for each in stream.packages}
        ids = [self._universe.pool.str2id(name) for name in names]
        found = {each for id_ in ids for each in self._universe.providers(id_)}
        return found - self.modular


def shown_streams(streams: AbstractSet[Key]) -> str:
    """Return streams as people write them."""
    return ", ".join(":".join(key) for key in sorted(streams))
