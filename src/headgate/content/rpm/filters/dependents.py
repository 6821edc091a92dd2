"""What depends on packages and streams goes with them: advisories, groups, documents of modules."""

from collections.abc import Iterable

from pyroaring import BitMap

from headgate.content.rpm.filters.combining import Kept
from headgate.content.rpm.filters.source import Group, Source


def kept_advisories(source: Source, kept: Kept) -> BitMap:
    """Return the advisories that lost nothing of what the source has of them.

    One that an excluding erratum filter names goes even if all of its packages stay for others.
    """
    if not source.advisories:
        return BitMap()
    gone = source.filenames_without(kept.packages)
    streams = {stream.key for stream in source.streams if stream.id in kept.streams}
    lost = {stream.key for stream in source.streams} - streams
    return BitMap(
        each.id
        for each in source.advisories
        if each.id not in kept.excluded_advisories
        and gone.isdisjoint(each.filenames)
        and lost.isdisjoint(each.modules)
    )


def kept_groups(source: Source, kept: Kept) -> BitMap:
    """Return the groups that did not lose all of their packages, and what consists of groups."""
    groups = [each for each in source.groups if each.kind == "group"]
    members = source.named({name for each in groups for name in each.members})
    had = source.names_of(members)
    left = source.names_of(members & kept.packages)
    staying = [each for each in groups if _has_part(each.members, had, left)]
    known = {each.group_id for each in groups}
    remaining = {each.group_id for each in staying}
    others = [
        each for each in source.groups if each.kind != "group" and _follows(each, known, remaining)
    ]
    return BitMap(each.id for each in (*staying, *others))


def kept_module_documents(source: Source, kept: Kept) -> BitMap:
    """Return defaults, obsoletes and the like of every module that did not lose all its streams."""
    had = {stream.name for stream in source.streams}
    left = {stream.name for stream in source.streams if stream.id in kept.streams}
    return BitMap(each.id for each in source.module_documents if _has_part([each.name], had, left))


def _has_part(members: Iterable[str], had: set[str], left: set[str]) -> bool:
    """Whether any member is left, or there never was one."""
    members = had.intersection(members)
    return not members or not left.isdisjoint(members)


def _follows(each: Group, known: set[str], left: set[str]) -> bool:
    return each.kind == "langpacks" or _has_part(each.members, known, left)
