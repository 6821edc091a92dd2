"""The ledger counts what a brute-force look at every reference counts, whatever the store holds."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap
from sqlalchemy import Table, insert

from headgate.content.file.tables import file_units
from headgate.content.rpm.tables import (
    distribution_tree_files,
    distribution_trees,
    rpm_packages,
    rpm_packs,
    rpm_segments,
)
from headgate.server.content_types import content_types
from headgate.services.storage.space import Ledger, Usage
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    blob_pins,
    blobs,
    content_set_members,
    content_sets,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    organizations,
    products,
    publication_files,
    publications,
    repositories,
    repository_versions,
    tasks,
)
from support.databases import opened

NOW = datetime(2026, 1, 31, tzinfo=UTC)
_numbers = count(1)

Unit = tuple[str, int]  # kind and number

numbers = st.integers(0, 7)
some = st.frozensets(numbers, max_size=4)
contents = st.tuples(some, some, some, some)  # packages, files, trees, blobs of a publication


@dataclass(frozen=True, slots=True)
class Drawn:
    """A store: which blobs units need, and who holds which content."""

    sizes: list[int]
    package_blobs: list[int | None]  # of each package; None: on demand
    package_packs: list[int]
    file_blobs: list[int | None]
    tree_blobs: list[frozenset[int]]
    contents: list[tuple[frozenset[int], ...]]
    holders: list[tuple[int, str, int]]  # organization, kind, content
    pinned: frozenset[int]


@st.composite
def stores(draw: st.DrawFn) -> Drawn:
    perhaps = st.lists(st.none() | numbers, min_size=8, max_size=8)
    held = st.lists(contents, min_size=1, max_size=4)
    kinds = st.sampled_from(["repository", "version"])
    drawn_contents = draw(held)
    indices = st.integers(0, len(drawn_contents) - 1)
    return Drawn(
        sizes=draw(st.lists(st.integers(1, 1000), min_size=8, max_size=8)),
        package_blobs=draw(perhaps),
        package_packs=draw(st.lists(st.integers(0, 1), min_size=8, max_size=8)),
        file_blobs=draw(perhaps),
        tree_blobs=draw(st.lists(some, min_size=8, max_size=8)),
        contents=drawn_contents,
        holders=draw(st.lists(st.tuples(st.integers(0, 1), kinds, indices), max_size=5)),
        pinned=draw(some),
    )


@dataclass(slots=True)
class Written:
    """The rows of a drawn store, and by brute force which blobs every holder needs."""

    blob_ids: list[int] = field(default_factory=list[int])
    pack_blobs: list[frozenset[int]] = field(default_factory=list[frozenset[int]])
    needs: dict[tuple[str, int], frozenset[int]] = field(
        default_factory=dict[tuple[str, int], frozenset[int]]
    )
    organization: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    sizes: dict[int, int] = field(default_factory=dict[int, int])

    def size(self, found: frozenset[int]) -> int:
        """Return the bytes of blobs."""
        return sum(self.sizes[each] for each in found)


def write(tx: Transaction, store: Drawn) -> Written:
    """Write the rows, and look at every reference on the way."""
    made = Written()
    for size in store.sizes:
        _blob(tx, made, size)
    for pack in range(2):
        own = [_blob(tx, made, 7 + pack) for _ in range(6)]
        columns = [column.name for column in rpm_packs.columns if column.name != "id"]
        pack_id = insert_row(tx, rpm_packs, dict(zip(columns, own, strict=True)))
        insert_row(tx, rpm_segments, {"pack_id": pack_id, "layout": b"", "id": pack + 1})
        made.pack_blobs.append(frozenset(own))
    units = _write_units(tx, made, store)
    owners = [_owner(tx) for _ in range(2)]
    kept = [_write_content(tx, made, units, each) for each in store.contents]
    for organization, kind, content in store.holders:
        holder = _hold(tx, owners[organization], kind, kept[content])
        made.needs[holder] = kept[content].blobs
        made.organization[holder] = owners[organization]["organization_id"]
    if store.pinned:
        task = _task(tx)
        rows = [{"blob_id": made.blob_ids[each], "holder": task} for each in store.pinned]
        tx.execute(insert(blob_pins), rows)
    return made


def _blob(tx: Transaction, made: Written, size: int) -> int:
    digest = sha256(b"%d" % next(_numbers)).digest()
    blob_id = insert_row(tx, blobs, {"digest": digest, "size": size, "created_at": NOW})
    made.blob_ids.append(blob_id)
    made.sizes[blob_id] = size
    return blob_id


def _write_units(tx: Transaction, made: Written, store: Drawn) -> dict[Unit, frozenset[int]]:
    """Write units numbered 1 to 8 of each kind; return the blobs that each needs."""
    needs: dict[Unit, frozenset[int]] = {}

    def of(index: int | None) -> int | None:
        return None if index is None else made.blob_ids[index]

    for number in range(8):
        digest = {"id": number + 1, "digest": sha256(b"%d" % next(_numbers)).digest()}
        own = of(store.package_blobs[number])
        pack = store.package_packs[number]
        tx.execute(insert(rpm_packages).values(**digest, **_package(pack + 1), blob_id=own))
        needs["rpm", number] = made.pack_blobs[pack] | ({own} if own else set())
        own = of(store.file_blobs[number])
        file = {"path": f"{number}", "checksum": digest["digest"], "size": 1, "blob_id": own}
        tx.execute(insert(file_units).values(**digest, **file))
        needs["file", number] = frozenset({own} if own else set())
        info = made.blob_ids[number]
        tree = {"path": "treeinfo", "family": "x", "version": "1", "arch": "noarch"}
        tx.execute(insert(distribution_trees).values(**digest, **tree, blob_id=info))
        images = [made.blob_ids[each] for each in store.tree_blobs[number]]
        for blob_id in images:
            row = {"tree_id": number + 1, "path": f"{blob_id}", "blob_id": blob_id}
            tx.execute(insert(distribution_tree_files).values(row))
        needs["distribution_tree", number] = frozenset({info, *images})
    return needs


def _package(segment: int) -> dict[str, Any]:
    texts = dict.fromkeys(("name", "epoch", "version", "release", "arch", "summary"), "1")
    raw = {"evr": b"", "checksum": b"", "checksum_type": "sha256"}
    return {**texts, **raw, "size": 1, "location": "x", "segment_id": segment, "position": 0}


@dataclass(frozen=True, slots=True)
class Kept:
    """A content set with its publication, and the blobs that both need."""

    content_set: int
    publication: int
    blobs: frozenset[int]


def _write_content(
    tx: Transaction,
    made: Written,
    units: Mapping[Unit, frozenset[int]],
    content: tuple[frozenset[int], ...],
) -> Kept:
    digest = sha256(b"%d" % next(_numbers)).digest()
    row: dict[str, Any] = {"digest": digest, "counts": {}, "created_at": NOW}
    set_id = insert_row(tx, content_sets, row)
    needed: set[int] = set()
    for kind, chosen in zip(("rpm", "file", "distribution_tree"), content, strict=False):
        bitmap = BitMap(each + 1 for each in chosen).serialize()
        member = {"content_set_id": set_id, "content_type": kind, "units": bitmap}
        tx.execute(insert(content_set_members).values(member))
        needed.update(*(units[kind, each] for each in chosen))
    publication = {"content_set_id": set_id, "options": "x", "created_at": NOW}
    publication_id = insert_row(tx, publications, publication)
    for each in content[3]:
        file = {"path": f"{each}", "blob_id": made.blob_ids[each], "content_type": "x"}
        tx.execute(insert(publication_files).values(publication_id=publication_id, **file))
        needed.add(made.blob_ids[each])
    return Kept(set_id, publication_id, frozenset(needed))


def _add(tx: Transaction, table: Table, **values: Any) -> int:
    stamps = {each: NOW for each in ("created_at", "updated_at") if each in table.c}
    return insert_row(tx, table, stamps | values)


def _owner(tx: Transaction) -> dict[str, int]:
    name = f"x{next(_numbers)}"
    names = {"name": name, "label": name}
    owner = {"organization_id": _add(tx, organizations, **names)}
    product = _add(tx, products, **owner, **names, cp_id=name)
    view = _add(tx, content_views, **owner, **names)
    return {**owner, "product_id": product, "content_view_id": view}


def _hold(tx: Transaction, owner: Mapping[str, int], kind: str, kept: Kept) -> tuple[str, int]:
    name = f"x{next(_numbers)}"
    repository = _add(
        tx,
        repositories,
        product_id=owner["product_id"],
        organization_id=owner["organization_id"],
        content_type="yum",
        relative_path=name,
        content_id=name,
        download_policy="immediate",
        mirroring_policy="additive",
        name=name,
        label=name,
    )
    names = {"content_set_id": kept.content_set, "publication_id": kept.publication}
    if kind == "repository":
        _add(tx, repository_versions, repository_id=repository, number=1, cause="sync", **names)
        return kind, repository
    version = _add(
        tx,
        content_view_versions,
        content_view_id=owner["content_view_id"],
        major=next(_numbers),
        minor=0,
        filters=[],
        inputs_digest="",
        published=True,
    )
    held = {"version_id": version, "repository_id": repository, "relative_path": name}
    tx.execute(insert(content_view_version_repositories).values(held | names))
    return kind, version


def _task(tx: Transaction) -> str:
    number = next(_numbers)
    words = dict.fromkeys(("label", "workflow", "action"), "x")
    state = {"state": "running", "result": "pending", "created_at": NOW, "number": number}
    empty: dict[str, Any] = {"input": {}, "output": {}, "errors": [], "progress": {}}
    tx.execute(insert(tasks).values(id=f"{number}", **words, **state, **empty))
    return f"{number}"


@pytest.fixture(scope="module")
def empty(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("ledger") / "headgate.sqlite"
    shutil.copyfile(sqlite_template, path)
    database = opened(f"sqlite:///{path}")
    yield database
    database.close()


@given(store=stores())
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_ledger_agrees_with_a_look_at_every_reference(empty: Database, store: Drawn) -> None:
    with empty.engine.connect() as tx:
        made = write(tx, store)
        ledger = Ledger(tx, content_types().values())

        pinned = frozenset(made.blob_ids[each] for each in store.pinned)
        for holder, needed in made.needs.items():
            others = [made.needs[each] for each in made.needs if each != holder]
            alone = needed.difference(pinned, *others)
            kind, key = holder
            found = ledger.versions([key]) if kind == "version" else ledger.repositories([key])
            assert found[key] == Usage(made.size(needed), made.size(alone)), holder
        _check_totals(ledger, made, pinned)
        tx.rollback()


def _check_totals(ledger: Ledger, made: Written, pinned: frozenset[int]) -> None:
    totals = ledger.totals()
    by_organization: dict[int, frozenset[int]] = {}
    for holder, needed in made.needs.items():
        owner = made.organization[holder]
        by_organization[owner] = by_organization.get(owner, frozenset()) | needed
    for owner, needed in by_organization.items():
        others = [each for key, each in by_organization.items() if key != owner]
        alone = needed.difference(pinned, *others)
        assert totals.by_organization[owner] == Usage(made.size(needed), made.size(alone))
    used = frozenset[int]().union(*by_organization.values())
    assert totals.in_progress == made.size(pinned - used)
    assert totals.collectable == made.size(frozenset(made.blob_ids) - used - pinned)
    exclusive = sum(each.exclusive for each in totals.by_organization.values())
    parts = (exclusive, totals.between_organizations, totals.in_progress, totals.collectable)
    assert sum(parts) == totals.bytes == made.size(frozenset(made.blob_ids))
