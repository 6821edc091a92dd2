"""Reasons in words: what each filter says of one package, or of one module stream.

The rules by which filters add up are in `content/rpm/filters/combining.py`; nothing is decided
here, only told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pyroaring import BitMap

from headgate.content.rpm.filters.combining import OF_PACKAGES, OF_STREAMS, Filters, Spoken
from headgate.content.rpm.filters.rules import PackageRule, advisory_matches, group_matches
from headgate.content.rpm.filters.source import Advisory, Package, Source, Stream
from headgate.plugin import CHOSEN, Filter, FilterRule, Ground

_KINDS = {
    "rpm": "package",
    "package_group": "package group",
    "erratum": "erratum",
    "modulemd": "module stream",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What filters are asked about: a package of no stream, or a stream."""

    id: int
    name: str
    types: Sequence[str]  # of filters that speak of it
    package: Package | None = None
    stream: Stream | None = None

    @classmethod
    def of_package(cls, package: Package) -> "Subject":
        """A package of no stream."""
        return cls(package.id, package.nevra, OF_PACKAGES, package=package)

    @classmethod
    def of_stream(cls, stream: Stream) -> "Subject":
        """A stream."""
        return cls(stream.id, f"module stream {stream.key}", OF_STREAMS, stream=stream)

    def part(self, spoken: Spoken) -> BitMap:
        """What a filter speaks of, of things like this."""
        return spoken.packages if self.package is not None else spoken.streams


def filter_reasons(filters: Filters, subject: Subject) -> list[Ground]:
    """Return what the filters say of the subject; what decides comes first."""
    return _Telling(filters, subject).reasons()


class _Telling:
    """The filters and one subject of theirs."""

    def __init__(self, filters: Filters, subject: Subject) -> None:
        self.filters = filters
        self.subject = subject
        self.about = _about(filters.source, subject)

    def reasons(self) -> list[Ground]:
        subject = self.subject
        speaking = [
            (each, subject.id in subject.part(spoken))
            for each, spoken in zip(self.filters.filters, self.filters.spoken, strict=True)
            if each.type in subject.types
        ]
        if not speaking:
            return [Ground("not_filtered", f"No filter speaks of {subject.name}.")]
        excluded = [self._told(each) for each, hit in speaking if hit and not each.inclusion]
        included = [self._told(each) for each, hit in speaking if hit and each.inclusion]
        including = [each for each, _ in speaking if each.inclusion]
        if excluded:
            return [*excluded, *included]
        if including and not included:
            return [self._not_included(each) for each in including]
        if included:
            return [*included, *self._protections()]
        words = f"No filter excludes {subject.name}, and none includes others only."
        return [*self._protections(), Ground("not_excluded", words)]

    def _told(self, each: Filter) -> Ground:
        """Tell by which rule a filter includes or excludes the subject."""
        verb = "included" if each.inclusion else "excluded"
        start = f"{self.subject.name} is {verb} by {_called(each)}"
        for rule in each.rules:
            because, details = self._hit(each, rule)
            if because:
                return Ground(
                    verb, f"{start}: {because}.", {**_named(each), "rule_id": rule.id, **details}
                )
        return Ground(verb, f"{start}: no erratum is about it.", _named(each))

    def _hit(self, each: Filter, rule: FilterRule) -> tuple[str, dict[str, Any]]:
        """Return why a rule matches, in words that are empty if it does not, and what it names."""
        package, stream = self.subject.package, self.subject.stream
        if each.type == "rpm" and package is not None:
            return (f"rule {_said(rule)}" if PackageRule(rule).matches(package) else "", {})
        if each.type == "package_group" and package is not None:
            for group in self.filters.source.groups:
                if group_matches(rule, group) and package.name in group.members:
                    details = {"package_group": group.group_id}
                    return f"it is in package group {group.name}", details
        if each.type == "modulemd" and stream is not None:
            return ("a rule names it" if rule.module_stream == stream.key else "", {})
        if each.type == CHOSEN and package is not None:
            return ("the publish named its file" if rule.name == package.filename else "", {})
        if each.type == "erratum":
            ids = sorted({one.errata_id for one in self.about if advisory_matches(rule, one)})
            if ids:
                return f"it comes with {_listed(ids)}", {"errata_ids": ids}
        return "", {}

    def _protections(self) -> list[Ground]:
        """Tell what excluding erratum filters would take away but for another advisory."""
        gone = self.filters.excluded_advisories
        excluded = sorted({one.errata_id for one in self.about if one.id in gone})
        if not excluded:
            return []
        others = {one.id for one in self.filters.protecting}
        keeping = sorted({one.errata_id for one in self.about if one.id in others})
        if not keeping:
            return []
        message = (
            f"{_listed(excluded)} {'is' if len(excluded) == 1 else 'are'} excluded, but"
            f" {self.subject.name} also comes with {_listed(keeping)}."
        )
        return [Ground("kept_for_another_erratum", message, {"errata_ids": keeping})]

    def _not_included(self, each: Filter) -> Ground:
        called = _called(each)
        message = f"{called[0].upper()}{called[1:]} includes others only{self._nearly(each)}."
        return Ground("not_included", message, _named(each))

    def _nearly(self, each: Filter) -> str:
        """Tell which rule has the package's name and what else about it differs."""
        if each.type != "rpm" or self.subject.package is None:
            return ""
        for rule in each.rules:
            mismatch = PackageRule(rule).mismatch(self.subject.package)
            if mismatch not in (None, "name"):
                return f": rule {_said(rule)} is for another {mismatch}"
        return ""


def _about(source: Source, subject: Subject) -> list[Advisory]:
    """Return the advisories that the subject comes with."""
    if subject.package is not None:
        return [one for one in source.advisories if subject.package.filename in one.filenames]
    return [one for one in source.advisories if subject.id in source.touched_by([one])]


def _said(rule: FilterRule) -> str:
    words = [rule.name or "*"]
    words += [f"= {rule.version}"] if rule.version else []
    words += [f"> {rule.min_version}"] if rule.min_version else []
    words += [f"< {rule.max_version}"] if rule.max_version else []
    words += [f"({rule.architecture})"] if rule.architecture else []
    return f"`{' '.join(words)}`"


def _called(each: Filter) -> str:
    if each.type == CHOSEN:
        return "the publish of this version"
    return f"{_KINDS[each.type]} filter '{each.name}'"


def _named(each: Filter) -> dict[str, Any]:
    return {"filter": {"id": each.id, "name": each.name, "type": each.type}}


def _listed(names: Iterable[str], *, most: int = 3) -> str:
    found = list(names)
    shown = ", ".join(found[:most])
    return f"{shown} and {len(found) - most} more" if len(found) > most else shown
