"""What several filters keep together: includes add up, excludes take away, whatever their order.

Katello's definition (katello.md 1.5), and what its users expect where it went wrong:

- Packages of no stream are what `rpm`, `package_group` and `erratum` filters speak of. Without
  an including one of these, all are included.
- Modular packages follow their streams: one stays exactly if a stream stays that lists it. Streams
  are what `modulemd` and `erratum` filters speak of. Without an including one of these, all are
  included.
- An excluding erratum filter takes away its advisories and what they alone brought: packages and
  streams that an advisory brings which is not excluded stay. That is any other advisory, or, with
  including erratum filters, any other of theirs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from pyroaring import BitMap

from headgate.content.rpm.filters.rules import (
    ByName,
    PackageRule,
    advisory_matches,
    group_matches,
)
from headgate.content.rpm.filters.source import Advisory, Source
from headgate.plugin import CHOSEN, Filter, FilterRule

OF_PACKAGES = ("rpm", "package_group", "erratum", CHOSEN)
OF_STREAMS = ("modulemd", "erratum", CHOSEN)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one filter speaks of: what it includes or excludes."""

    packages: BitMap = field(default_factory=BitMap)  # of no stream
    streams: BitMap = field(default_factory=BitMap)
    advisories: BitMap = field(default_factory=BitMap)


@dataclass(frozen=True, slots=True)
class Kept:
    """What all filters together keep."""

    packages: BitMap
    streams: BitMap
    excluded_advisories: BitMap


class Filters:
    """The filters of one repository, over its content."""

    def __init__(self, source: Source, filters: Sequence[Filter]) -> None:
        self.source = source
        self.filters = filters

    def kept(self) -> Kept:
        """Return what stays; dependents are not looked at."""
        packages = self._remaining(OF_PACKAGES, self.source.plain, lambda found: found.packages)
        streams = self._remaining(OF_STREAMS, self.source.stream_ids, lambda found: found.streams)
        packages |= self.source.members_of(streams)
        for each, found in zip(self.filters, self.spoken, strict=True):
            if each.type == CHOSEN:  # of a stream, too, only what was named
                packages &= found.packages
        return Kept(packages, streams, self.excluded_advisories)

    @cached_property
    def spoken(self) -> Sequence[Spoken]:
        """What each filter speaks of, in their order."""
        return [self._spoken(each, named) for each, named in self._with_advisories]

    @cached_property
    def excluded_advisories(self) -> BitMap:
        """The advisories that excluding erratum filters name: they never stay."""
        excluding = (named for each, named in self._with_advisories if not each.inclusion)
        return BitMap(advisory.id for named in excluding for advisory in named)

    @cached_property
    def protecting(self) -> Sequence[Advisory]:
        """The advisories whose packages and streams no excluding erratum filter takes away."""
        including = [
            named
            for each, named in self._with_advisories
            if each.type == "erratum" and each.inclusion
        ]
        allowed = including or [self.source.advisories]
        found = {advisory.id: advisory for named in allowed for advisory in named}
        return [each for key, each in found.items() if key not in self.excluded_advisories]

    def _remaining(
        self, types: Sequence[str], everything: BitMap, part: Callable[[Spoken], BitMap]
    ) -> BitMap:
        of_them = [
            (each, part(found))
            for each, found in zip(self.filters, self.spoken, strict=True)
            if each.type in types
        ]
        included = [found for each, found in of_them if each.inclusion]
        excluded = [found for each, found in of_them if not each.inclusion]
        base = BitMap.union(*included) if included else everything
        return base - BitMap.union(*excluded) if excluded else base

    def _spoken(self, each: Filter, advisories: Sequence[Advisory]) -> Spoken:
        source = self.source
        if each.type == "rpm":
            packages = self._ruled(each.rules)
            if each.original_packages:
                packages |= source.plain - self._patched
            return Spoken(packages)
        if each.type == CHOSEN:
            chosen = source.with_filenames({rule.name for rule in each.rules if rule.name})
            within = (source.streams_of.get(package, ()) for package in chosen)
            return Spoken(chosen, BitMap(chain.from_iterable(within)))
        if each.type == "package_group":
            return Spoken(self._grouped(each.rules))
        if each.type == "modulemd":
            keys = {rule.module_stream for rule in each.rules}
            streams = BitMap(stream.id for stream in source.streams if stream.key in keys)
            if each.original_module_streams:
                streams |= source.stream_ids - source.touched_by(source.advisories)
            return Spoken(streams=streams)
        packages = source.named_by(advisories) & source.plain
        streams = source.touched_by(advisories)
        if not each.inclusion:
            packages -= self._protected_packages
            streams -= self._protected_streams
        return Spoken(packages, streams, BitMap(one.id for one in advisories))

    def _ruled(self, rules: Sequence[FilterRule]) -> BitMap:
        found = BitMap()
        for each in rules:
            rule = PackageRule(each)
            packages = self._plain.matching(each.name or "*")
            if not rule.says_only_names:
                packages = [one for one in packages if rule.mismatch_beside_name(one) is None]
            found.update([one[0] for one in packages])
        return found

    def _grouped(self, rules: Sequence[FilterRule]) -> BitMap:
        groups = [
            group
            for group in self.source.groups
            if any(group_matches(rule, group) for rule in rules)
        ]
        names = {name for group in groups for name in group.members}
        return self.source.named(names) & self.source.plain

    def _advisories(self, each: Filter) -> list[Advisory]:
        ids = {rule.errata_id for rule in each.rules}
        by_date = [rule for rule in each.rules if rule.errata_id is None]
        return [
            advisory
            for advisory in self.source.advisories
            if advisory.errata_id in ids
            or any(advisory_matches(rule, advisory) for rule in by_date)
        ]

    @cached_property
    def _with_advisories(self) -> Sequence[tuple[Filter, Sequence[Advisory]]]:
        """Each filter with the advisories that it names: only erratum filters name any."""
        return [
            (each, self._advisories(each) if each.type == "erratum" else ())
            for each in self.filters
        ]

    @cached_property
    def _plain(self) -> ByName:
        return ByName(self.source.packages, within=self.source.plain)

    @cached_property
    def _patched(self) -> BitMap:
        return self.source.named_by(self.source.advisories)

    @cached_property
    def _protected_packages(self) -> BitMap:
        return self.source.named_by(self.protecting)

    @cached_property
    def _protected_streams(self) -> BitMap:
        return self.source.touched_by(self.protecting)
