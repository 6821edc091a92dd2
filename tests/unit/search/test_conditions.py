"""Searches find what they say, on every database."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

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
    Column("part", String(20)),
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
        "plumage": Field(
            feathers.c.colour,
            within=lambda found: birds.c.id.in_(select(feathers.c.bird_id).where(found)),
            keyed=lambda part: Field(
                feathers.c.colour,
                within=lambda found: birds.c.id.in_(
                    select(feathers.c.bird_id).where(feathers.c.part == part, found)
                ),
            ),
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
                {"bird_id": 1, "colour": "grey", "part": "tail"},
                {"bird_id": 1, "colour": "blue", "part": "wing"},
                {"bird_id": 2, "colour": "red", "part": "wing"},
            ],
        )
        yield tx


def _at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


FOUND: Final[Mapping[str, Sequence[int]]] = {
    "": [1, 2, 3, 4, 5],
    "name = Heron": [1],
    "name = heron": [],
    "name != Heron": [2, 3, 4, 5],
    "name ~ ERON": [1],
    "name ~ red_kite": [2],
    "name ~ red*": [2, 3],
    "name ~ %kite": [2, 3],
    "name ~ 'l\\\\'": [5],
    "name !~ kite": [1, 4, 5],
    "name ^ (Heron, red_kite)": [1, 2],
    "name !^ (Heron, red_kite)": [3, 4, 5],
    "name ^ ()": [],
    "has name": [1, 2, 3, 5],
    "null? name": [4],
    "wings = 2": [1, 2],
    "wings > 2": [3, 5],
    "wings >= 3 and wings <= 4": [3],
    "wings < 3": [1, 2],
    "wings ^ (2, 5)": [1, 2, 5],
    "wings ~ 5": [5],
    "tame = true": [2, 5],
    "tame = no": [1, 3],
    "tame": [2, 5],
    "not tame": [1, 3, 4],
    "Tame kite": [2],
    '"tame"': [],
    "not wings = 2": [3, 4, 5],
    "not wings > 2": [1, 2, 4],
    "not (wings > 2 or seen = today)": [2, 4],
    "> 2": [3, 5],
    "= Heron": [1],
    "!= Heron": [2, 3, 4, 5],
    "^ (Heron, 5)": [1, 5],
    "tame ^ (true, false)": [1, 2, 3, 5],
    "seen = today": [1],
    "seen = yesterday": [2],
    "seen > 2026-03-09": [1],
    "seen >= 2026-03-09": [1, 2],
    "seen < 2026-03-07": [3],
    "seen <= 2026-03-07": [3, 5],
    "seen > '3 days ago'": [1, 2],
    "seen > '1 week ago'": [1, 2, 5],
    "seen < 'an hour from now'": [1, 2, 3, 5],
    "seen = '2026-03-10 09:00:00 UTC'": [1],
    "seen = '2026-03-10T10:00+01:00'": [1],
    "seen = 9:00": [1],
    "seen at 'Mar 9'": [2],
    "seen at '9 March 2026'": [2],
    "seen = 2026/3/9": [2],
    "seen = monday": [2],
    "seen after sat": [],
    "seen before '1 week ago'": [3],
    "seen > '1 month ago'": [1, 2, 3, 5],
    "seen > '13 hours ago'": [1],
    "seen < '2 weeks from now'": [1, 2, 3, 5],
    "kite": [2, 3],
    "3": [3],
    "-kite": [1, 4, 5],
    "colour = blue": [1],
    "colour != grey": [2, 3, 4, 5],
    "colour = grey and colour = blue": [1],
    "has colour": [1, 2],
    "null? colour": [3, 4, 5],
    "colour ^ (red, blue)": [1, 2],
    "colour !^ (red, blue)": [3, 4, 5],
    "not (colour = grey and wings = 2)": [2, 3, 4, 5],
    "plumage.wing = blue": [1],
    "plumage.tail = blue": [],
    "Plumage.wing != blue": [2, 3, 4, 5],
    "has plumage.tail": [1],
    "plumage = red": [2],
    "rank = ab": [1, 2],
    "NAME = Heron": [1],
    'name = "\' or 1=1 --"': [],
}


def test_a_search_finds_what_it_says(tx: Transaction) -> None:
    found = {
        search: tx.scalars(
            select(birds.c.id).where(condition(search, FIELDS, now=NOW)).order_by(birds.c.id)
        ).all()
        for search in FOUND
    }

    assert found == FOUND


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
        ("name.first = x", "Field 'name.first' not recognized for searching!"),
        ("plumage. = x", "Field 'plumage.' not recognized for searching!"),
        ("> Heron", "Without a field, there is nothing to compare by > with 'Heron'"),
        ("seen = '31 Feb 2026'", "'31 Feb 2026' is not a time"),
        ("seen = 25:00", "'25:00' is not a time"),
        ("seen = 01/02/2026", "'01/02/2026' is not a time"),
        ("seen ~ 2026", "The operator ~ does not apply to a datetime field"),
        ("name > Heron", "The operator > does not apply to a text field"),
        ("name ~ " + "*a" * 30, "The value has too many wildcards"),
    ],
)
def test_a_search_without_sense_says_so(search: str, words: str) -> None:
    with pytest.raises(SearchError) as caught:
        condition(search, FIELDS, now=NOW)

    assert caught.value.message == words


def test_the_largest_search_allowed_can_be_asked_of_the_database(tx: Transaction) -> None:
    search = " or ".join(f"-name ~ a{number}*" for number in range(200))

    query = select(birds.c.id).where(condition(search, FIELDS, now=NOW))

    assert tx.scalars(query).all()


def test_the_deepest_search_allowed_can_be_asked_of_the_database(tx: Transaction) -> None:
    search = "wings = 2"
    for _ in range(10):
        search = f"(-({search} or wings = 3) and has seen)"

    query = select(birds.c.id).where(condition(search, FIELDS, now=NOW))

    assert tx.scalars(query).all() == [1, 2]
