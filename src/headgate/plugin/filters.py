"""Content view filters as they apply to one repository, and the shape in which versions keep them.

A version keeps its filters as plain data (`content_view_versions.filters`): what was true when it
was published stays known, whatever becomes of the filters since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

# Filters of every other type speak of packages.
_SPEAK_OF: Final = {"docker": "docker"}
_PACKAGES: Final = "yum"

# No filter that users keep: what a publish was told to take of a repository (`repos_units`). Its
# rules name files of packages, and nothing else stays.
CHOSEN: Final = "rpm_filenames"


@dataclass(frozen=True, slots=True)
class FilterRule:
    """One rule of a content view filter; which fields count depends on the filter's type."""

    # rpm: a glob of package names; package_group: the group's name; docker: a glob of tags
    name: str | None = None
    version: str | None = None
    min_version: str | None = None
    max_version: str | None = None
    architecture: str | None = None
    group_id: str | None = None  # package_group: as in comps
    errata_id: str | None = None
    start_date: date | None = None  # erratum: both days are within
    end_date: date | None = None
    date_type: str = "updated"  # issued | updated
    types: Sequence[str] = ()  # erratum: security | enhancement | bugfix | other
    allow_other_types: bool = False
    module_stream: str | None = None  # modulemd: name:stream:version:context:arch
    id: int | None = None

    @classmethod
    def thawed(cls, frozen: Mapping[str, Any]) -> "FilterRule":
        """Read a rule as a version keeps it; what is not for content types is left out."""
        values = {key: value for key, value in frozen.items() if key in cls.__slots__}
        for day in ("start_date", "end_date"):
            if values.get(day) is not None:
                values[day] = date.fromisoformat(values[day])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Filter:
    """A content view filter as it applies to one repository."""

    type: str  # rpm | package_group | erratum | modulemd | docker | rpm_filenames
    inclusion: bool
    original_packages: bool
    rules: Sequence[FilterRule]
    original_module_streams: bool = False
    id: int | None = None
    name: str = ""

    @classmethod
    def thawed(cls, frozen: Mapping[str, Any]) -> "Filter":
        """Read a filter as a version keeps it."""
        return cls(
            type=frozen["type"],
            inclusion=frozen["inclusion"],
            original_packages=frozen["original_packages"],
            rules=[FilterRule.thawed(rule) for rule in frozen["rules"]],
            original_module_streams=frozen.get("original_module_streams", False),
            id=frozen.get("id"),
            name=frozen.get("name", ""),
        )


def filters_within(
    frozen: Sequence[Mapping[str, Any]], repository_id: int, content_type: str
) -> list[Filter]:
    """Return those of a version's filters that apply to a repository of this content type."""
    return [
        Filter.thawed(each) for each in frozen if filter_applies(each, repository_id, content_type)
    ]


def filter_applies(frozen: Mapping[str, Any], repository_id: int, content_type: str) -> bool:
    """Whether it speaks of such content, in this repository; no list of them means all."""
    speaks = _SPEAK_OF.get(frozen["type"], _PACKAGES) == content_type
    return speaks and (not frozen["repository_ids"] or repository_id in frozen["repository_ids"])
