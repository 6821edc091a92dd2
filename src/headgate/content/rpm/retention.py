"""Keeping the newest versions of each package of a repository that never drops any by itself.

Katello's `retain_package_versions_count`: the newest N versions of each name and architecture
stay. Packages of a module stream are counted within that stream, for streams are alternatives: a
newer version in another stream replaces nothing. A stream's document goes when it lists packages
and none of them stays; advisories stay, since hosts that have the old packages need them still.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pyroaring import BitMap

from headgate.content.rpm.tables import module_documents, rpm_packages
from headgate.domain.content import Content
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of

# A module's name and stream.
Stream = tuple[str, str]


class Aging(NamedTuple):
    """A package as far as its age counts; `evr` sorts."""

    id: int
    name: str
    arch: str
    evr: bytes
    nevra: str


def retained(tx: Transaction, content: Content, count: int) -> Content:
    """Return the content without packages older than the newest `count`; 0 keeps everything."""
    packages = content["rpm"] | content["srpm"]
    crowded = _crowded(tx, packages, count) if count > 0 else BitMap()
    if not crowded:
        return content
    streams = list(
        rows_of(
            tx,
            [module_documents.c[name] for name in ("name", "stream", "artifacts")],
            module_documents.c.id,
            content["module_stream"],
        )
    )
    membership: dict[str, set[Stream]] = defaultdict(set)
    for row in streams:
        for nevra in row.artifacts:
            membership[nevra].add((row.name, row.stream))
    aging = list(_packages(tx, crowded))
    going = crowded - newest(aging, membership, count)
    gone = {package.nevra for package in aging if package.id in going}
    touched = [row for row in streams if not gone.isdisjoint(row.artifacts)]
    staying = packages - going
    left = {package.nevra for package in _packages(tx, staying)} if touched else set[str]()
    outlived = BitMap(row[-1] for row in touched if left.isdisjoint(row.artifacts))
    return content.replaced(
        rpm=content["rpm"] & staying,
        srpm=content["srpm"] & staying,
        module_stream=content["module_stream"] - outlived,
    )


def newest(
    packages: Iterable[Aging], membership: Mapping[str, Iterable[Stream]], count: int
) -> BitMap:
    """Return the packages of the newest `count` versions of their name, architecture and stream.

    `membership` tells the streams of a NEVRA. What is in several streams stays if one keeps it.
    """
    versions: dict[Hashable, dict[bytes, list[int]]] = defaultdict(lambda: defaultdict(list))
    for package in packages:
        for stream in membership.get(package.nevra) or (None,):
            versions[stream, package.name, package.arch][package.evr].append(package.id)
    return BitMap(unit_id for each in versions.values() for unit_id in _of_newest(each, count))


def _of_newest(versions: Mapping[bytes, Sequence[int]], count: int) -> Iterable[int]:
    for evr in sorted(versions, reverse=True)[:count]:
        yield from versions[evr]


def _crowded(tx: Transaction, packages: BitMap, count: int) -> BitMap:
    """Return the packages of names and architectures with more than `count`; others all stay."""
    names: dict[Hashable, list[int]] = defaultdict(list)
    columns = [rpm_packages.c.name, rpm_packages.c.arch]
    for name, arch, unit_id in rows_of(tx, columns, rpm_packages.c.id, packages):
        names[name, arch].append(unit_id)
    return BitMap(unit_id for ids in names.values() if len(ids) > count for unit_id in ids)


def _packages(tx: Transaction, ids: BitMap) -> Iterable[Aging]:
    columns = [
        rpm_packages.c[name] for name in ("name", "arch", "evr", "epoch", "version", "release")
    ]
    for row in rows_of(tx, columns, rpm_packages.c.id, ids):
        yield Aging(row[-1], row.name, row.arch, bytes(row.evr), _nevra(row))


def _nevra(row: Any) -> str:
    return f"{row.name}-{row.epoch}:{row.version}-{row.release}.{row.arch}"
