"""Taking in what a repository says besides packages: advisories, groups, modules, other files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from typing import Any

import zstandard
from pyroaring import BitMap
from sqlalchemy import Table, and_, update

from headgate.content.rpm.advisories import take_advisories
from headgate.content.rpm.metadata.comps import CompsElement, read_comps
from headgate.content.rpm.metadata.modules import ModuleDocument, read_modules
from headgate.content.rpm.metadata.treeinfo import TreeRepository, moved, parse_treeinfo
from headgate.content.rpm.tables import (
    distribution_tree_files,
    distribution_trees,
    module_documents,
    package_groups,
    repository_files,
)
from headgate.content.rpm.tree_repositories import (
    FetchedRepository,
    TreeRow,
    fetch_repositories,
    rows_of_repository,
    state_of,
    weak_kinds,
)
from headgate.content.rpm.upstream import TREEINFOS, UpstreamMetadata
from headgate.domain.content import Content
from headgate.engine.port import Run
from headgate.plugin import Ports, SyncWork
from headgate.services.storage.blobs import Kept, keep
from headgate.services.storage.collection import pin_units
from headgate.services.storage.collection_lock import hold_off_collection
from headgate.services.units.unit_rows import insert_missing, insert_units
from headgate.stores.blobs import open_blob
from headgate.stores.db import Transaction
from headgate.stores.db.statements import batched
from headgate.stores.db.writes import write

# Advisories inserted in one transaction.
_AT_ONCE = 500

COMPS_TYPES = ("group", "group_gz", "group_xz")
# What is not passed through as it came, because it is written anew.
WRITTEN_TYPES = ("primary", "filelists", "other", "updateinfo", "modules", *COMPS_TYPES)


def take_dependents(work: SyncWork, upstream: UpstreamMetadata) -> tuple[Content, list[str]]:
    """Insert what is new of everything but packages; return all of it, pinned by the task.

    And what the task is to be warned of.
    """
    ports, run = work.ports, work.run
    taken: dict[str, BitMap] = {
        "erratum": take_advisories(ports, run, upstream),
        "package_group": _take(
            ports, run, "package_group", package_groups, _comps(ports, upstream)
        ),
    }
    documents = list(_modules(ports, upstream))
    for unit_type, rows in (
        ("module_stream", [row for row in documents if row["kind"] == "stream"]),
        ("module_defaults", [row for row in documents if row["kind"] != "stream"]),
        ("repository_file", _passed_through(upstream)),
    ):
        table = repository_files if unit_type == "repository_file" else module_documents
        taken[unit_type] = _take(ports, run, unit_type, table, rows)
    taken["distribution_tree"], doubts = _tree(work, upstream)
    return Content.of(taken), doubts


def _take(
    ports: Ports, run: Run, unit_type: str, table: Table, rows: Iterable[Mapping[str, Any]]
) -> BitMap:
    units = BitMap()
    for batch in batched(rows, _AT_ONCE):
        distinct = {row["digest"]: row for row in batch}
        ordered = list(distinct.values())  # their order is that of published documents
        units |= write(ports.database, partial(_insert, run, unit_type, table, ordered))
        run.check()
    return units


def _insert(
    run: Run, unit_type: str, table: Table, rows: Sequence[Mapping[str, Any]], tx: Transaction
) -> BitMap:
    hold_off_collection(tx)
    ids = BitMap(insert_units(tx, table, rows).values())
    pin_units(tx, holder=run.task_id, units={unit_type: ids})
    return ids


def _comps(ports: Ports, upstream: UpstreamMetadata) -> Iterable[dict[str, Any]]:
    compressor = zstandard.ZstdCompressor()
    for kind in COMPS_TYPES:
        entry = upstream.find(kind)
        if entry is not None:
            file, kept = entry
            with open_blob(ports.store, kept.digest) as source:
                for element in read_comps(source, file.location):
                    yield _group_row(element, compressor.compress)
            return


def _group_row(element: CompsElement, compress: Callable[[bytes], bytes]) -> dict[str, Any]:
    members = [each._asdict() for each in element.packages] or list(element.group_ids)
    return {
        "digest": sha256(element.fragment).digest(),
        "kind": element.kind,
        "group_id": element.group_id,
        "name": element.name,
        "description": element.description,
        "members": members,
        "fragment": compress(element.fragment),
    }


def _modules(ports: Ports, upstream: UpstreamMetadata) -> Iterable[dict[str, Any]]:
    entry = upstream.find("modules")
    if entry is None:
        return
    file, kept = entry
    compressor = zstandard.ZstdCompressor()
    with open_blob(ports.store, kept.digest) as source:
        for document in read_modules(source, file.location):
            yield _module_row(document, compressor.compress)


def _module_row(document: ModuleDocument, compress: Callable[[bytes], bytes]) -> dict[str, Any]:
    return {
        "digest": sha256(document.fragment).digest(),
        "kind": document.kind,
        "name": document.name,
        "stream": document.stream,
        "version": document.version,
        "context": document.context,
        "arch": document.arch,
        "summary": document.summary,
        "description": document.description,
        "artifacts": list(document.artifacts),
        "profiles": {name: list(packages) for name, packages in document.profiles.items()},
        "dependencies": [
            {module: list(streams) for module, streams in each.items()}
            for each in document.dependencies
        ],
        "fragment": compress(document.fragment),
    }


def _passed_through(upstream: UpstreamMetadata) -> list[dict[str, Any]]:
    """Files of types that Headgate does not read, except those that repeat the packages."""
    return [
        {
            "digest": sha256(
                b"%s\0%s\0%s" % (file.type.encode(), file.location.encode(), kept.digest.raw)
            ).digest(),
            "type": file.type,
            "path": file.location,
            "blob_id": kept.id,
        }
        for file, kept in upstream.files
        if file.type not in WRITTEN_TYPES and not upstream.repeats(file)
    ]


def _tree(work: SyncWork, upstream: UpstreamMetadata) -> tuple[BitMap, list[str]]:
    ports, run = work.ports, work.run
    path = next((name for name in TREEINFOS if name in upstream.others), None)
    if path is None:
        return BitMap(), []
    kept = upstream.others[path]
    with open_blob(ports.store, kept.digest) as source:
        data = source.read(kept.size)
    tree = parse_treeinfo(data)
    fetched, rows, doubts = _repositories(work, tree.repositories)
    published = moved(data, tree.repositories)
    row = {
        "digest": sha256(path.encode() + b"\0" + published + state_of(fetched)).digest(),
        "path": path,
        "family": tree.family,
        "variant": tree.variant,
        "version": tree.version,
        "arch": tree.arch,
        "blob_id": kept.id if published == data else _kept(work, published).id,
    }
    # An image without a checksum could not be verified, so it is not served.
    files: list[TreeRow] = [
        {"source": None, "size": None, "blob_id": None, **asdict(each)}
        for each in tree.files
        if each.checksum is not None and each.path not in upstream.others
    ]
    files += rows
    with ports.database.begin() as tx:
        hold_off_collection(tx)
        (tree_id,) = insert_units(tx, distribution_trees, [row]).values()
        unknown = and_(distribution_trees.c.id == tree_id, distribution_trees.c.variant.is_(None))
        tx.execute(update(distribution_trees).where(unknown).values(variant=tree.variant))
        insert_missing(
            tx, distribution_tree_files, [{"tree_id": tree_id, **each} for each in files]
        )
        pin_units(tx, holder=run.task_id, units={"distribution_tree": [tree_id]})
    return BitMap([tree_id]), doubts


def _repositories(
    work: SyncWork, listed: Sequence[TreeRepository]
) -> tuple[list[FetchedRepository], list[TreeRow], list[str]]:
    """Return the tree's repositories, their files, and what to tell of those left out."""
    fetched: list[FetchedRepository] = []
    files: list[TreeRow] = []
    doubts: list[str] = []
    for each in fetch_repositories(work, listed):
        rows = list(rows_of_repository(work, each))
        weak = weak_kinds(each, rows)
        if weak:
            doubts.append(
                f"The tree's repository {each.repository.path} names files by"
                f" {' and '.join(weak)}, which vouches for nothing, so it is not mirrored: mirror"
                " it as a repository of its own to have its packages"
            )
            continue
        fetched.append(each)
        files += rows
    return fetched, files, doubts


def _kept(work: SyncWork, data: bytes) -> Kept:
    with work.ports.store.spool() as spool:
        spool.write(data)
        (kept,) = keep(
            work.ports.database,
            work.ports.store,
            [spool],
            holder=work.run.task_id,
            clock=work.ports.clock,
        )
    return kept
