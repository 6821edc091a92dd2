"""What one rule of a filter matches."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from functools import cached_property
from typing import Final

from pyroaring import BitMap

from headgate.content.rpm.counts import KINDS
from headgate.content.rpm.evr import Bound
from headgate.content.rpm.filters.source import Advisory, Group, Package
from headgate.plugin import FilterRule

OTHER: Final = "other"


@dataclass(frozen=True)
class PackageRule:
    """A rule of an rpm filter, made ready to meet many packages."""

    rule: FilterRule

    def matches(self, package: Package) -> bool:
        """Whether all that the rule says is true of the package."""
        return self.mismatch(package) is None

    def mismatch(self, package: Package) -> str | None:
        """Return the first thing that is not as the rule says: name, architecture or version."""
        if not self._name(package.name.lower()):
            return "name"
        return self.mismatch_beside_name(package)

    def mismatch_beside_name(self, package: Package) -> str | None:
        """As `mismatch`, of a package whose name matches."""
        if self._arch is not None and not self._arch(package.arch.lower()):
            return "architecture"
        return None if self._in_range(package) else "version"

    @property
    def says_only_names(self) -> bool:
        """Whether name decides alone."""
        rule = self.rule
        return not (rule.architecture or rule.version or rule.min_version or rule.max_version)

    def _in_range(self, package: Package) -> bool:
        version = (package.epoch, package.version, package.release)
        if self._version is not None:
            return self._version.compare(*version) == 0
        # Bounds are exclusive: "greater than" and "less than" in Katello's words.
        above = self._minimum is None or self._minimum.compare(*version) > 0
        return above and (self._maximum is None or self._maximum.compare(*version) < 0)

    @cached_property
    def _name(self) -> Callable[[str], object]:
        return glob(self.rule.name or "*").fullmatch

    @cached_property
    def _arch(self) -> Callable[[str], object] | None:
        return glob(self.rule.architecture).fullmatch if self.rule.architecture else None

    @cached_property
    def _version(self) -> Bound | None:
        return Bound.parse(self.rule.version) if self.rule.version else None

    @cached_property
    def _minimum(self) -> Bound | None:
        return Bound.parse(self.rule.min_version) if self.rule.min_version else None

    @cached_property
    def _maximum(self) -> Bound | None:
        return Bound.parse(self.rule.max_version) if self.rule.max_version else None


class ByName:
    """Packages in the order of their names, to find those whose names a glob matches.

    Most globs begin with letters: two searches in sorted names leave few to look at.
    """

    def __init__(self, packages: Iterable[Package], *, within: BitMap) -> None:
        chosen = [package for package in packages if package[0] in within]
        names = [package[1].lower() for package in chosen]
        order = sorted(range(len(names)), key=names.__getitem__)
        self._names = [names[at] for at in order]
        self._packages = [chosen[at] for at in order]

    def matching(self, pattern: str) -> Sequence[Package]:
        """Return the packages whose names the glob matches."""
        lower = pattern.lower()
        start, tail = lower.partition("*")[0], lower.rpartition("*")[2]
        first = bisect_left(self._names, start)
        # Code points end at U+10FFFF, which no name of a package ends in.
        last = bisect_left(self._names, start + "\U0010ffff", first)
        matches = glob(pattern).fullmatch
        # Of "*-doc" most names fail by their end, which is quicker to see.
        return [
            self._packages[at]
            for at, name in enumerate(self._names[first:last], start=first)
            if name.endswith(tail) and matches(name)
        ]


def glob(pattern: str) -> re.Pattern[str]:
    """`*` is the only wildcard; case does not count (Katello compares with ilike).

    The pattern is for texts in lower case.
    """
    parts = re.sub(r"\*+", "*", pattern.lower()).split("*")
    return re.compile(".*".join(re.escape(part) for part in parts), re.DOTALL)


def advisory_matches(rule: FilterRule, advisory: Advisory) -> bool:
    """Whether a rule of an erratum filter speaks of the advisory: by id, or by date and type."""
    if rule.errata_id is not None:
        return advisory.errata_id == rule.errata_id
    return type_matches(rule, advisory.type) and _within(rule, advisory_date(rule, advisory))


def type_matches(rule: FilterRule, type_: str) -> bool:
    """Whether the advisory's type is one of the rule's; without types any is."""
    if not rule.types:
        return True
    kind = KINDS.get(type_.lower())
    return kind in rule.types if kind else rule.allow_other_types or OTHER in rule.types


def advisory_date(rule: FilterRule, advisory: Advisory) -> date | None:
    """Return the day (UTC) that the rule looks at; what was never updated counts as issued."""
    moment = advisory.issued
    if rule.date_type == "updated":
        moment = advisory.updated or advisory.issued
    return None if moment is None else moment.astimezone(UTC).date()


def _within(rule: FilterRule, day: date | None) -> bool:
    if rule.start_date is None and rule.end_date is None:
        return True
    if day is None:
        return False
    early = rule.start_date is not None and day < rule.start_date
    return not early and (rule.end_date is None or day <= rule.end_date)


def group_matches(rule: FilterRule, group: Group) -> bool:
    """Whether a rule of a package group filter names the group: by its id, else by its name."""
    if group.kind != "group":
        return False
    if rule.group_id is not None:
        return group.group_id == rule.group_id
    return rule.name is not None and rule.name in (group.name, group.group_id)
