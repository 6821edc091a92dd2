"""What is told of each package, against the oracle: the verdict, and its reasons."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from headgate.content.rpm.explaining import explained
from headgate.content.rpm.explaining.surroundings import surroundings
from headgate.content.rpm.filters import Filters, filtered
from headgate.content.rpm.filters.source import Advisory, Package, Source, Stream
from headgate.content.rpm.tables import rpm_packs, rpm_segments
from headgate.domain.clock import utc_now
from headgate.domain.content import Content
from headgate.plugin import Explanation, Filter, HeldPart
from headgate.stores.db import Database, metadata
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import blobs
from support.filter_cases import NAMES, filters, sources
from support.filter_oracle import Oracle
from support.filter_rows import content_of, insert_source

# An advisory is about a stream because it names a package of it: another than is asked for.
COMPANIONS = Source(
    packages=[
        Package(1, "bash", "0", "1", "1", "noarch"),
        Package(2, "bash-doc", "0", "1", "1", "noarch"),
    ],
    advisories=[Advisory(1, "BIRD-1", "security", None, None, ["bash-1-1.noarch.rpm"], [])],
    streams=[
        Stream(1, "cow", "1", "1", "aa", "noarch", ["bash-doc-0:1-1.noarch", "bash-0:1-1.noarch"])
    ],
)
WITHOUT_STREAMS_OF_ADVISORIES = Filter(
    type="modulemd",
    inclusion=False,
    original_packages=False,
    rules=[],
    original_module_streams=True,
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A SQLite file with what packages must refer to."""
    opened = Database(f"sqlite:///{tmp_path_factory.mktemp('explain') / 'headgate.sqlite'}")
    with opened.begin() as tx:
        metadata.create_all(tx)
        blob = insert_row(tx, blobs, {"digest": bytes(32), "size": 0, "created_at": utc_now()})
        columns = [each.name for each in rpm_packs.c if each.name != "id"]
        pack = insert_row(tx, rpm_packs, dict.fromkeys(columns, blob))
        tx.execute(insert(rpm_segments).values(id=1, pack_id=pack, layout=b""))
    yield opened
    opened.close()


def numbered(applied: Sequence[Filter]) -> list[Filter]:
    return [
        Filter(
            type=each.type,
            inclusion=each.inclusion,
            original_packages=each.original_packages,
            rules=each.rules,
            original_module_streams=each.original_module_streams,
            id=number,
            name=f"filter {number}",
        )
        for number, each in enumerate(applied)
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(source=sources(), applied=filters.map(numbered), name=st.sampled_from(NAMES))
def test_the_verdict_and_its_reasons_are_the_oracles(
    database: Database, source: Source, applied: Sequence[Filter], name: str
) -> None:
    oracle = Oracle(source, applied)
    by_id = {each.id: each for each in source.packages}
    with database.begin() as tx:
        savepoint = tx.begin_nested()
        insert_source(tx, source)
        held = content_of(source)
        part = HeldPart(held, filtered(tx, held, applied), applied)

        told = explained(tx, name, part)

        asked = [each for each in source.packages if each.name == name]
        near = Filters(surroundings(tx, held, asked, applied), applied).kept()
        savepoint.rollback()

    assert {each.unit_id for each in told.units} == {each.id for each in asked}
    for each in told.units:
        package = by_id[each.unit_id]
        assert each.present == oracle.keeps_package(package)
        assert each.name == package.nevra
        require_right_reasons(oracle, package, each)
        if not oracle.streams_of(package):
            # Its surroundings were enough: no reading of the whole repository.
            assert (package.id in near.packages) == each.present


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(source=sources(), applied=filters, changed=st.sets(st.integers(1, 10)))
@example(source=COMPANIONS, applied=[WITHOUT_STREAMS_OF_ADVISORIES], changed={1, 2})
def test_what_filters_did_not_decide_is_told_as_such(
    database: Database, source: Source, applied: Sequence[Filter], changed: set[int]
) -> None:
    oracle = Oracle(source, applied)
    with database.begin() as tx:
        savepoint = tx.begin_nested()
        insert_source(tx, source)
        held = content_of(source)
        kept = filtered(tx, held, applied)
        content = kept.replaced(
            rpm=(kept["rpm"] ^ Content.of({"rpm": changed})["rpm"]) & held["rpm"]
        )
        part = HeldPart(held, content, applied)
        told = [each for name in NAMES for each in explained(tx, name, part).units]
        savepoint.rollback()

    codes = {each.unit_id: each.reasons[0].code for each in told}
    expected = {
        package.id: "removed" if oracle.keeps_package(package) else "added"
        for package in source.packages
        if package.id in changed
    }
    assert {key: code for key, code in codes.items() if code in ("added", "removed")} == expected


def require_right_reasons(oracle: Oracle, package: Package, told: Explanation) -> None:
    first = told.reasons[0]
    streams = oracle.streams_of(package)
    if not oracle.filters:
        assert first.code == "not_filtered"
    elif streams:
        codes = {"stream_kept"} if told.present else {"stream_left_out"}
        assert first.code in codes
        kept = {each.key for each in streams if oracle.keeps_stream(each)}
        for reason in told.reasons:
            if reason.code == "stream_kept":
                assert reason.details["module_stream"] in kept
            if reason.code == "stream_left_out":
                assert reason.details["module_stream"] not in kept
    else:
        speaking = {
            each.id: each.inclusion
            for each in oracle.filters
            if each.type != "modulemd" and oracle.speaks_of_package(each, package)
        }
        named = {
            reason.details["filter"]["id"]: reason.code == "included"
            for reason in told.reasons
            if reason.code in ("included", "excluded")
        }
        assert named == speaking
        assert told.present == (first.code not in ("excluded", "not_included"))
