"""What filters keep, from nothing but the words of the documentation, one unit after the other.

docs/how-to/content-view-filters.md has the words. Everything here is slow and plain on purpose.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from fnmatch import fnmatchcase
from typing import cast

import rpm_version

from headgate.content.rpm.filters.source import Advisory, Group, Package, Source, Stream
from headgate.plugin import Filter, FilterRule

# The wheel has no stubs.
evr_compare = cast("Callable[[str, str], int]", vars(rpm_version)["evr_compare"])

WORDS = {
    "security": ["security"],
    "bugfix": ["bugfix", "recommended"],
    "enhancement": ["enhancement", "optional", "newpackage"],
}
KNOWN = [word for words in WORDS.values() for word in words]


def matches_glob(text: str, glob: str) -> bool:
    # Only the star is a wildcard: the others of fnmatch are put in brackets.
    plain = "".join(letter if letter == "*" else f"[{letter}]" for letter in glob.lower())
    return fnmatchcase(text.lower(), plain)


def compare(package: Package, bound: str) -> int:
    """rpm's own comparison, the parts that the bound leaves out taken from the package."""
    epoch, colon, rest = bound.partition(":")
    if not colon:
        epoch, rest = "0", bound
    version, dash, release = rest.partition("-")
    theirs = f"{package.epoch}:{package.version}-{package.release}"
    return evr_compare(theirs, f"{epoch}:{version}-{release if dash else package.release}")


def package_matches(package: Package, rule: FilterRule) -> bool:
    if not matches_glob(package.name, rule.name or "*"):
        return False
    if rule.architecture and not matches_glob(package.arch, rule.architecture):
        return False
    if rule.version:
        return compare(package, rule.version) == 0
    if rule.min_version and not compare(package, rule.min_version) > 0:
        return False
    return not (rule.max_version and not compare(package, rule.max_version) < 0)


def advisory_matches(advisory: Advisory, rule: FilterRule) -> bool:
    if rule.errata_id:
        return advisory.errata_id == rule.errata_id
    if rule.types:
        allowed = [word for type_ in rule.types for word in WORDS.get(type_, [])]
        other = advisory.type not in KNOWN and (rule.allow_other_types or "other" in rule.types)
        if advisory.type not in allowed and not other:
            return False
    moment = advisory.issued
    if rule.date_type == "updated" and advisory.updated:
        moment = advisory.updated
    day = moment.astimezone(UTC).date() if moment else None
    if day is None:
        return rule.start_date is None and rule.end_date is None
    return (rule.start_date or date.min) <= day <= (rule.end_date or date.max)


@dataclass
class Oracle:
    source: Source
    filters: Sequence[Filter]

    def keeps_package(self, package: Package) -> bool:
        streams = self.streams_of(package)
        if streams:
            return any(self.keeps_stream(stream) for stream in streams)
        kinds = [one for one in self.filters if one.type in ("rpm", "package_group", "erratum")]
        includes = [one for one in kinds if one.inclusion]
        excludes = [one for one in kinds if not one.inclusion]
        included = not includes or any(self.speaks_of_package(one, package) for one in includes)
        return included and not any(self.speaks_of_package(one, package) for one in excludes)

    def keeps_stream(self, stream: Stream) -> bool:
        kinds = [one for one in self.filters if one.type in ("modulemd", "erratum")]
        includes = [one for one in kinds if one.inclusion]
        excludes = [one for one in kinds if not one.inclusion]
        included = not includes or any(self.speaks_of_stream(one, stream) for one in includes)
        return included and not any(self.speaks_of_stream(one, stream) for one in excludes)

    def keeps_advisory(self, advisory: Advisory) -> bool:
        if self.is_excluded(advisory):
            return False
        for filename in advisory.filenames:
            here = [one for one in self.source.packages if one.filename == filename]
            if here and not any(self.keeps_package(one) for one in here):
                return False
        for key in advisory.modules:
            here = [one for one in self.source.streams if one.key == key]
            if here and not any(self.keeps_stream(one) for one in here):
                return False
        return True

    def keeps_group(self, group: Group) -> bool:
        if group.kind == "langpacks":
            return True
        if group.kind == "group":
            parts = [one for one in self.source.packages if one.name in group.members]
            return not parts or any(self.keeps_package(one) for one in parts)
        groups = [one for one in self.source.groups if one.kind == "group"]
        parts = [one for one in groups if one.group_id in group.members]
        return not parts or any(self.keeps_group(one) for one in parts)

    def keeps_documents_of(self, module: str) -> bool:
        streams = [one for one in self.source.streams if one.name == module]
        return not streams or any(self.keeps_stream(one) for one in streams)

    def speaks_of_package(self, each: Filter, package: Package) -> bool:
        """Whether a filter includes or excludes a package of no stream."""
        if each.type == "rpm":
            patched = any(package.filename in one.filenames for one in self.source.advisories)
            original = each.original_packages and not patched
            return original or any(package_matches(package, rule) for rule in each.rules)
        if each.type == "package_group":
            return any(
                package.name in group.members
                for group in self.source.groups
                for rule in each.rules
                if group.kind == "group" and names_group(rule, group)
            )
        about = [one for one in self.source.advisories if package.filename in one.filenames]
        return self._brings(each, about)

    def speaks_of_stream(self, each: Filter, stream: Stream) -> bool:
        """Whether a filter includes or excludes a stream."""
        about = [one for one in self.source.advisories if self.is_about(one, stream)]
        if each.type == "modulemd":
            original = each.original_module_streams and not about
            return original or any(rule.module_stream == stream.key for rule in each.rules)
        return self._brings(each, about)

    def is_about(self, advisory: Advisory, stream: Stream) -> bool:
        keys = {one.key for one in self.source.streams}
        if keys.intersection(advisory.modules):
            return stream.key in advisory.modules
        return any(
            package.filename in advisory.filenames and package.nevra in stream.artifacts
            for package in self.source.packages
        )

    def streams_of(self, package: Package) -> list[Stream]:
        return [one for one in self.source.streams if package.nevra in one.artifacts]

    def is_excluded(self, advisory: Advisory) -> bool:
        return any(
            self.selects(each, advisory)
            for each in self.filters
            if each.type == "erratum" and not each.inclusion
        )

    def selects(self, each: Filter, advisory: Advisory) -> bool:
        return any(advisory_matches(advisory, rule) for rule in each.rules)

    def _brings(self, each: Filter, about: Sequence[Advisory]) -> bool:
        """Whether an erratum filter speaks of what these advisories, and no others, bring."""
        if not any(self.selects(each, advisory) for advisory in about):
            return False
        if each.inclusion:
            return True
        including = [one for one in self.filters if one.type == "erratum" and one.inclusion]
        allowed = [
            advisory
            for advisory in about
            if not self.is_excluded(advisory)
            and (not including or any(self.selects(one, advisory) for one in including))
        ]
        return not allowed


def names_group(rule: FilterRule, group: Group) -> bool:
    if rule.group_id:
        return rule.group_id == group.group_id
    return rule.name in (group.name, group.group_id)
