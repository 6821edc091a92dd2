"""A page of what is held is what sorting in Python gives, whichever way its rows are reached."""

import re
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap
from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    event,
    insert,
    literal,
    select,
)

from headgate.domain.clock import utc_now
from headgate.search import Field, Fields
from headgate.services import listing
from headgate.services.listing import Catalog, Window, page
from headgate.stores.db import Database, Transaction

COUNT = 600

_metadata = MetaData()
eggs = Table(
    "paged_eggs",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(20), nullable=False),
    Column("version", String(20), nullable=False),
    Index("ix_paged_eggs_name", "name", "version"),
)
FILE = eggs.c.name + literal("-") + eggs.c.version + literal(".rpm")
CATALOG = Catalog(
    key=eggs.c.id,
    fields=Fields(
        {
            "id": Field(eggs.c.id, "integer"),
            "name": Field(eggs.c.name),
            "version": Field(eggs.c.version),
            "file": Field(FILE, parts=(eggs.c.name, eggs.c.version, literal("rpm"))),
        }
    ),
)


class Egg(NamedTuple):
    id: int
    name: str
    version: str

    @property
    def file(self) -> str:
        return f"{self.name}-{self.version}.rpm"


_random = Random(5)  # noqa: S311 - no secret
EGGS = [
    Egg(number, "".join(_random.choices("abR", k=_random.randint(1, 3))), _random.choice("12B"))
    for number in range(1, COUNT + 1)
]


def _range_with_gaps(one: int, other: int, gaps: set[int]) -> set[int]:
    return set(range(min(one, other), max(one, other) + 1)) - gaps


numbers = st.integers(1, COUNT)
held_ids = st.one_of(
    st.builds(
        _range_with_gaps,
        numbers,
        numbers,
        st.sets(numbers, max_size=20),
    ),
    st.sets(numbers, max_size=40),
    st.just(set(range(1, COUNT + 1))),
)
asked = st.builds(
    Window,
    search=st.one_of(
        st.none(), st.text("abr12-.*m", min_size=1, max_size=4).map(lambda text: f'file ~ "{text}"')
    ),
    page=st.integers(1, 4),
    per_page=st.sampled_from([1, 3, 20, None]),
    sort_by=st.sampled_from(["name", "version", "id"]),
    sort_order=st.sampled_from(["asc", "desc"]),
)


@pytest.fixture
def tx(database: Database) -> Iterator[Transaction]:
    with pytest.MonkeyPatch.context() as patch, database.begin() as tx:
        patch.setattr(listing, "_FEW", 50)  # so that some searches find more
        _metadata.create_all(tx)
        tx.execute(insert(eggs), [egg._asdict() for egg in EGGS])
        yield tx


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=held_ids, window=asked)
def test_every_page_is_what_a_plain_reading_gives(
    tx: Transaction, held: set[int], window: Window
) -> None:
    listed = page(
        tx, select(eggs), catalog=CATALOG, window=window, clock=utc_now, held=BitMap(held)
    )

    found = [egg for egg in EGGS if egg.id in held and _matches(egg, window.search)]
    assert (listed.total, listed.subtotal) == (len(held), len(found))
    found.sort(key=lambda egg: -egg.id)  # ties: the newest first, in either direction
    column = str(window.sort_by)
    found.sort(key=lambda egg: getattr(egg, column), reverse=window.sort_order == "desc")
    start = (window.page - 1) * (window.per_page or 0)
    expected = found[start : start + (window.per_page or COUNT)]
    assert [tuple(row)[:3] for row in listed.rows] == expected


def test_a_page_of_much_is_reached_by_its_order(tx: Transaction) -> None:
    if tx.dialect.name != "sqlite":
        return  # PostgreSQL knows how many rows a range has
    statements: list[tuple[str, Any]] = []

    @event.listens_for(tx, "before_cursor_execute")
    def seen(  # pyright: ignore[reportUnusedFunction] - listens
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> None:
        statements.append((statement, parameters))

    everything = BitMap(range(1, COUNT + 1))
    for window in (
        Window(per_page=20),
        Window(per_page=None),
        Window(per_page=20, sort_by="version"),
    ):
        page(tx, select(eggs), catalog=CATALOG, window=window, clock=utc_now, held=everything)

    pages = [each for each in statements if "ORDER BY" in each[0]]
    plans = [
        [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)]
        for text, parameters in pages
    ]
    walked, whole, unordered = plans
    assert walked[0] == "SCAN paged_eggs USING COVERING INDEX ix_paged_eggs_name"
    assert whole[0].startswith("SEARCH paged_eggs USING INTEGER PRIMARY KEY")
    assert unordered[0].startswith("SEARCH paged_eggs USING INTEGER PRIMARY KEY")


def _matches(egg: Egg, search: str | None) -> bool:
    """Whether the file's name contains the text, or is like it if that has a `*`."""
    if search is None:
        return True
    wanted = search.removeprefix('file ~ "').removesuffix('"')
    pattern = ".*".join(map(re.escape, wanted.split("*")))
    compare = re.fullmatch if "*" in wanted else re.search
    return compare(pattern, egg.file, re.IGNORECASE) is not None
