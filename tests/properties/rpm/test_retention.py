"""The newest versions of each package: against the definition, said word by word."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from headgate.content.rpm.evr import sort_key
from headgate.content.rpm.filters.source import Source
from headgate.content.rpm.retention import Aging, Stream, newest, retained
from headgate.content.rpm.tables import rpm_packs, rpm_segments
from headgate.domain.clock import utc_now
from headgate.stores.db import Database, metadata
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import blobs
from support.filter_cases import sources
from support.filter_rows import content_of, insert_source

_numbers = count(1)
_NEVRA = st.tuples(st.sampled_from("ab"), st.sampled_from(("noarch", "src")), st.integers(1, 5))
_STREAM = st.tuples(st.sampled_from("mn"), st.sampled_from("12"))


def _package(name: str, arch: str, version: int) -> Aging:
    return Aging(next(_numbers), name, arch, bytes([version]), _nevra(name, arch, version))


def _nevra(name: str, arch: str, version: int) -> str:
    return f"{name}-0:{version}-1.{arch}"


def _stays(
    each: Aging, packages: list[Aging], membership: Mapping[str, set[tuple[str, str]]], most: int
) -> bool:
    """In one of its streams, or outside of any, fewer than `most` versions are newer."""
    for stream in membership.get(each.nevra) or {None}:
        newer = {
            other.evr
            for other in packages
            if (other.name, other.arch) == (each.name, each.arch)
            and stream in (membership.get(other.nevra) or {None})
            and other.evr > each.evr
        }
        if len(newer) < most:
            return True
    return False


@given(
    st.lists(_NEVRA, max_size=12),
    st.dictionaries(_NEVRA.map(lambda each: _nevra(*each)), st.sets(_STREAM), max_size=6),
    st.integers(1, 3),
)
def test_what_stays_is_what_fewer_newer_versions_stand_above(
    described: list[tuple[str, str, int]],
    membership: dict[str, set[tuple[str, str]]],
    most: int,
) -> None:
    packages = [_package(*each) for each in described]

    staying = newest(packages, membership, most)

    assert set(staying) == {
        each.id for each in packages if _stays(each, packages, membership, most)
    }


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A SQLite file with what packages must refer to."""
    opened = Database(f"sqlite:///{tmp_path_factory.mktemp('retention') / 'headgate.sqlite'}")
    with opened.begin() as tx:
        metadata.create_all(tx)
        blob = insert_row(tx, blobs, {"digest": bytes(32), "size": 0, "created_at": utc_now()})
        columns = [each.name for each in rpm_packs.c if each.name != "id"]
        pack = insert_row(tx, rpm_packs, dict.fromkeys(columns, blob))
        tx.execute(insert(rpm_segments).values(id=1, pack_id=pack, layout=b""))
    yield opened
    opened.close()


@given(source=sources(), most=st.integers(0, 2))
def test_streams_go_with_the_last_of_their_packages(
    database: Database, source: Source, most: int
) -> None:
    membership: dict[str, set[Stream]] = defaultdict(set)
    for stream in source.streams:
        for nevra in stream.artifacts:
            membership[nevra].add((stream.name, stream.stream))
    with database.begin() as tx:
        savepoint = tx.begin_nested()
        insert_source(tx, source)

        kept = retained(tx, content_of(source), most)

        savepoint.rollback()

    aging = [
        Aging(
            each.id,
            each.name,
            each.arch,
            sort_key(f"{each.epoch}:{each.version}-{each.release}"),
            each.nevra,
        )
        for each in source.packages
    ]
    staying = newest(aging, membership, most) if most else {each.id for each in aging}
    here = {each.nevra for each in aging}
    left = {each.nevra for each in aging if each.id in staying}
    outlived = {
        stream.id
        for stream in source.streams
        if here & {*stream.artifacts} and not left & {*stream.artifacts}
    }
    expected = content_of(source).replaced(
        rpm=staying,
        module_stream=[each.id for each in source.streams if each.id not in outlived],
    )
    assert kept == expected
