"""What content view filters keep of a yum repository (katello.md 1.5).

Include rules add up, exclude rules take away, whatever their order; without an include filter
everything is included. `rpm` filters speak of packages outside modules: modular packages follow
their streams. Source packages always stay. Then what depends on packages is trimmed: an advisory
stays if all of its packages that the source has stay, a group if one of its packages does.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from pyroaring import BitMap
from sqlalchemy import Table

from headgate.content.rpm.evr import Bound
from headgate.content.rpm.tables import errata, module_documents, package_groups, rpm_packages
from headgate.domain.content import Content
from headgate.plugin import Filter, FilterRule
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of


class Package(NamedTuple):
    """What a rule looks at."""

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


def filtered(tx: Transaction, content: Content, filters: Sequence[Filter]) -> Content:
    """Return what the filters keep of the content; no filters keep everything."""
    if not filters:
        return content
    columns = [rpm_packages.c[name] for name in Package._fields]
    packages = [
        Package(*row[:-1]) for row in rows_of(tx, columns, rpm_packages.c.id, content["rpm"])
    ]
    patched: BitMap | None = None
    if any(each.original_packages for each in filters):
        patched = packages_with_errata(tx, content)
    modular = module_artifacts(tx, content)
    kept = kept_packages(packages, filters, modular=modular, patched=patched or BitMap())
    return trimmed(tx, content, content.replaced(rpm=kept))


def kept_packages(
    packages: Iterable[Package],
    filters: Sequence[Filter],
    *,
    modular: AbstractSet[str],
    patched: BitMap,
) -> BitMap:
    """Return the packages that the filters keep.

    `modular` holds the NEVRAs of packages that belong to module streams; `patched` the packages
    that some advisory names: `original_packages` means the others.
    """
    matchers = [(each, [_Matcher(rule) for rule in each.rules]) for each in filters]
    includes = [entry for entry in matchers if entry[0].inclusion]
    excludes = [entry for entry in matchers if not entry[0].inclusion]

    def matches(entry: tuple[Filter, list[_Matcher]], package: Package) -> bool:
        each, rules = entry
        if each.original_packages and package.id not in patched:
            return True
        return any(rule.matches(package) for rule in rules)

    return BitMap(
        package.id
        for package in packages
        if package.nevra in modular
        or (
            (not includes or any(matches(entry, package) for entry in includes))
            and not any(matches(entry, package) for entry in excludes)
        )
    )


def trimmed(tx: Transaction, source: Content, kept: Content) -> Content:
    """Return `kept` without the advisories and groups that lost their packages.

    Nothing of a repository that keeps no package stays but what never depended on packages.
    """
    if kept["rpm"] == source["rpm"]:
        return kept
    gone = _filenames(tx, source["rpm"] - kept["rpm"])
    here = _filenames(tx, kept["rpm"] | kept["srpm"])
    gone -= here
    advisories = BitMap(
        erratum_id
        for erratum_id, packages, _ in _rows(tx, errata, "packages", kept["erratum"])
        if not any(package[0] in gone for package in packages)
    )
    return kept.replaced(erratum=advisories, package_group=_kept_groups(tx, kept))


def packages_with_errata(tx: Transaction, content: Content) -> BitMap:
    """Return the packages of the content that an advisory of the content names."""
    named = {
        package[0]
        for _, packages, _ in _rows(tx, errata, "packages", content["erratum"])
        for package in packages
    }
    columns = [rpm_packages.c.id, *(rpm_packages.c[part] for part in _NVRA)]
    rows = rows_of(tx, columns, rpm_packages.c.id, content["rpm"])
    return BitMap(row[0] for row in rows if _filename(*row[1:5]) in named)


def module_artifacts(tx: Transaction, content: Content) -> set[str]:
    """Return the NEVRAs that the content's module streams list."""
    rows = _rows(tx, module_documents, "artifacts", content["module_stream"])
    return {nevra for _, artifacts, _ in rows for nevra in artifacts}


_NVRA = ("name", "version", "release", "arch")


@dataclass(frozen=True)
class _Matcher:
    """One rule, made ready to meet many packages."""

    rule: FilterRule

    def matches(self, package: Package) -> bool:
        return (
            self._name.fullmatch(package.name) is not None
            and (self._arch is None or self._arch.fullmatch(package.arch) is not None)
            and self._in_range(package)
        )

    def _in_range(self, package: Package) -> bool:
        version = (package.epoch, package.version, package.release)
        if self._version is not None:
            return self._version.compare(*version) == 0
        # Bounds are exclusive: "greater than" and "less than" in Katello's words.
        above = self._minimum is None or self._minimum.compare(*version) > 0
        return above and (self._maximum is None or self._maximum.compare(*version) < 0)

    @cached_property
    def _name(self) -> re.Pattern[str]:
        return _glob(self.rule.name or "*")

    @cached_property
    def _arch(self) -> re.Pattern[str] | None:
        return _glob(self.rule.architecture) if self.rule.architecture else None

    @cached_property
    def _version(self) -> Bound | None:
        return Bound.parse(self.rule.version) if self.rule.version else None

    @cached_property
    def _minimum(self) -> Bound | None:
        return Bound.parse(self.rule.min_version) if self.rule.min_version else None

    @cached_property
    def _maximum(self) -> Bound | None:
        return Bound.parse(self.rule.max_version) if self.rule.max_version else None


def _glob(pattern: str) -> re.Pattern[str]:
    """`*` is the only wildcard; case does not count (Katello compares with ilike)."""
    parts = re.sub(r"\*+", "*", pattern).split("*")
    return re.compile(".*".join(re.escape(part) for part in parts), re.IGNORECASE | re.DOTALL)


def _kept_groups(tx: Transaction, kept: Content) -> BitMap:
    """Return the groups with a package left, and the categories and environments with a group."""
    names = {row[0] for row in rows_of(tx, [rpm_packages.c.name], rpm_packages.c.id, kept["rpm"])}
    columns = [package_groups.c[name] for name in ("id", "kind", "group_id", "members")]
    rows = list(rows_of(tx, columns, package_groups.c.id, kept["package_group"]))
    groups = [row for row in rows if row.kind == "group"]
    staying = [row for row in groups if any(member["name"] in names for member in row.members)]
    known = {row.group_id for row in groups}
    left = {row.group_id for row in staying}
    others = [row for row in rows if row.kind != "group" and _follows(row, known, left)]
    return BitMap(row.id for row in (*staying, *others))


def _follows(row: Any, known: set[str], left: set[str]) -> bool:
    if row.kind == "langpacks":
        return True
    members = {member for member in row.members if member in known}
    return not members or bool(members & left)


def _filenames(tx: Transaction, packages: BitMap) -> set[str]:
    columns = [rpm_packages.c[part] for part in _NVRA]
    return {_filename(*row[:4]) for row in rows_of(tx, columns, rpm_packages.c.id, packages)}


def _filename(name: str, version: str, release: str, arch: str) -> str:
    return f"{name}-{version}-{release}.{arch}.rpm"


def _rows(tx: Transaction, table: Table, column: str, ids: BitMap) -> Iterator[Any]:
    return rows_of(tx, [table.c.id, table.c[column]], table.c.id, ids)
