"""Which units the rules of a filter name: what lists of units are narrowed by.

A filter of packages names packages, one of advisories advisories, and so on; what goes along with
them when a version is published (`combining`, `dependents`) is named by nobody.
"""

from collections.abc import Callable, Sequence
from typing import Any

from headgate.content.rpm.filters.rules import (
    PackageRule,
    advisory_matches,
    group_matches,
)
from headgate.content.rpm.filters.source import Advisory, Group, Package
from headgate.content.rpm.tables import errata, module_documents, package_groups, rpm_packages
from headgate.plugin import FilterRule

Named = Callable[[Any], bool]

PACKAGE_COLUMNS = tuple(rpm_packages.c[name] for name in Package._fields)
ERRATUM_COLUMNS = tuple(errata.c[name] for name in ("id", "errata_id", "type", "issued", "updated"))
GROUP_COLUMNS = tuple(package_groups.c[name] for name in ("id", "kind", "group_id", "name"))
STREAM_COLUMNS = tuple(
    module_documents.c[name] for name in ("id", "name", "stream", "version", "context", "arch")
)


def packages_named(rules: Sequence[FilterRule]) -> Named:
    """Return what tells of a row of packages whether one of the rules names it."""
    ready = [PackageRule(rule) for rule in rules]

    def named(row: Any) -> bool:
        package = Package(*(getattr(row, name) for name in Package._fields))
        return any(rule.matches(package) for rule in ready)

    return named


def errata_named(rules: Sequence[FilterRule]) -> Named:
    """As `packages_named`, of advisories."""
    ids = {rule.errata_id for rule in rules if rule.errata_id is not None}
    by_date = [rule for rule in rules if rule.errata_id is None]

    def named(row: Any) -> bool:
        advisory = Advisory(row.id, row.errata_id, row.type, row.issued, row.updated, (), ())
        return row.errata_id in ids or any(advisory_matches(rule, advisory) for rule in by_date)

    return named


def groups_named(rules: Sequence[FilterRule]) -> Named:
    """As `packages_named`, of groups."""

    def named(row: Any) -> bool:
        group = Group(row.id, row.kind, row.group_id, row.name, ())
        return any(group_matches(rule, group) for rule in rules)

    return named


def streams_named(rules: Sequence[FilterRule]) -> Named:
    """As `packages_named`, of module streams."""
    keys = {rule.module_stream for rule in rules}

    def named(row: Any) -> bool:
        return f"{row.name}:{row.stream}:{row.version}:{row.context}:{row.arch}" in keys

    return named
