"""Searches find what they say, on every database."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    select,
)

from headgate.search import Field, Fields, SearchError, condition
from headgate.stores.db import Database, Transaction, UtcDateTime

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

_metadata = MetaData()
birds = Table(
    "birds",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(50)),
    Column("wings", Integer),
    Column("tame", Boolean),
    Column("seen", UtcDateTime),
)
feathers = Table(
    "feathers",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("bird_id", Integer, ForeignKey("birds.id")),
    Column("colour", String(20)),
)

FIELDS = Fields(
    {
        "id": Field(birds.c.id, "integer"),
        "name": Field(birds.c.name, default=True),
        "wings": Field(birds.c.wings, "integer", default=True),
        "tame": Field(birds.c.tame, "boolean"),
        "seen": Field(birds.c.seen, "datetime"),
        "colour": Field(
            feathers.c.colour,
            within=lambda found: birds.c.id.in_(select(feathers.c.bird_id).where(found)),
        ),
        "rank": Field(
            birds.c.wings,
            compare=lambda operator, value: birds.c.wings == (len(value) if operator else 0),
        ),
    }
)


@pytest.fixture
def tx(database: Database) -> Iterator[Transaction]:
    with database.begin() as tx:
        _metadata.create_all(tx)
        tx.execute(
            insert(birds),
            [
                {"id": 1, "name": "Heron", "wings": 2, "tame": False, "seen": _at(10, 9)},
                {"id": 2, "name": "red_kite", "wings": 2, "tame": True, "seen": _at(9, 23)},
                {"id": 3, "name": "redXkite", "wings": 3, "tame": False, "seen": _at(1, 0)},
                {"id": 4, "name": None, "wings": None, "tame": None, "seen": None},
                {"id": 5, "name": "50% owl\\", "wings": 5, "tame": True, "seen": _at(7, 12)},
            ],
        )
        tx.execute(
            insert(feathers),
            [
                {"bird_id": 1, "colour": "grey"},
                {"bird_id": 1, "colour": "blue"},
                {"bird_id": 2, "colour": "red"},
            ],
        )
        yield tx


def _at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("name = Heron", [1]),
        ("name = heron", []),
        ("name != Heron", [2, 3, 4, 5]),
        ("name ~ ERON", [1]),
        ("name ~ red_kite", [2]),
        ("name ~ red*", [2, 3]),
        ("name ~ %kite", [2, 3]),
        ("name ~ 'l\\\\'", [5]),
        ("name !~ kite", [1, 4, 5]),
        ("name ^ (Heron, red_kite)", [1, 2]),
        ("name !^ (Heron, red_kite)", [3, 4, 5]),
        ("name ^ ()", []),
        ("has name", [1, 2, 3, 5]),
        ("null? name", [4]),
        ("wings = 2", [1, 2]),
        ("wings > 2", [3, 5]),
        ("wings >= 3 and wings <= 4", [3]),
        ("wings < 3", [1, 2]),
        ("wings ^ (2, 5)", [1, 2, 5]),
        ("wings ~ 5", [5]),
        ("tame = true", [2, 5]),
        ("tame = no", [1, 3]),
        ("tame ^ (true, false)", [1, 2, 3, 5]),
        ("seen = today", [1]),
        ("seen = yesterday", [2]),
        ("seen > 2026-03-09", [1]),
        ("seen >= 2026-03-09", [1, 2]),
        ("seen < 2026-03-07", [3]),
        ("seen <= 2026-03-07", [3, 5]),
        ("seen > '3 days ago'", [1, 2]),
        ("seen > '1 week ago'", [1, 2, 5]),
        ("seen < 'an hour from now'", [1, 2, 3, 5]),
        ("seen = '2026-03-10 09:00:00 UTC'", [1]),
        ("kite", [2, 3]),
        ("3", [3]),
        ("-kite", [1, 5]),
        ("colour = blue", [1]),
        ("colour != grey", [2, 3, 4, 5]),
        ("colour = grey and colour = blue", [1]),
        ("has colour", [1, 2]),
        ("null? colour", [3, 4, 5]),
        ("colour ^ (red, blue)", [1, 2]),
        ("colour !^ (red, blue)", [3, 4, 5]),
        ("rank = ab", [1, 2]),
        ("NAME = Heron", [1]),
        ('name = "\' or 1=1 --"', []),
    ],
)
def test_a_search_finds(tx: Transaction, search: str, expected: list[int]) -> None:
    found = tx.scalars(
        select(birds.c.id).where(condition(search, FIELDS, now=NOW)).order_by(birds.c.id)
    ).all()

    assert found == expected


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("colour = red or nest = 3", "Field 'nest' not recognized for searching!"),
        ("wings = two", "'two' is not a number"),
        ("wings = 99999999999999999999", "'99999999999999999999' is not a number"),
        ("wings = ٣", "'٣' is not a number"),
        ("tame = maybe", "'maybe' is neither true nor false"),
        ("seen > someday", "'someday' is not a time"),
        ("seen > '999999 years ago'", "'999999 years ago' is not a time"),
        ("seen > 0001-01-01T00:00+23:59", "'0001-01-01T00:00+23:59' is not a time"),
        ("name > Heron", "The operator > does not apply to a text field"),
        ("name ~ " + "*a" * 30, "The value has too many wildcards"),
    ],
)
def test_a_search_without_sense_says_so(search: str, words: str) -> None:
    with pytest.raises(SearchError) as caught:
        condition(search, FIELDS, now=NOW)

    assert caught.value.message == words


def test_the_largest_search_allowed_can_be_asked_of_the_database(tx: Transaction) -> None:
    search = " or ".join(f"-name ~ a{number}*" for number in range(90))

    query = select(birds.c.id).where(condition(search, FIELDS, now=NOW))

    assert tx.scalars(query).all()
