"""A search finds what a plain reading of it in Python finds, nulls included, on every database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, ForeignKey, Integer, MetaData, String, Table, insert, select

from headgate.search import Field, Fields, Related, condition
from headgate.stores.db import Database, Transaction, UtcDateTime

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
NAMES = (None, "heron", "Heron", "kite", "red_kite", "redXkite", "5", "")
WEIGHTS = (None, "5", "-2.5", "1e3", "heavy", "0.25", "", "100")
COLOURS = ("grey", "blue", "red")

_metadata = MetaData()
birds = Table(
    "oracle_birds",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(50)),
    Column("wings", Integer),
    Column("tame", Boolean),
    Column("seen", UtcDateTime),
    Column("weight", String(20)),
)
feathers = Table(
    "oracle_feathers",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("bird_id", Integer, ForeignKey("oracle_birds.id")),
    Column("part", String(20)),
    Column("colour", String(20)),
)


def _of_feathers(part: str | None = None) -> Field:
    where = [] if part is None else [feathers.c.part == part]
    return Field(
        feathers.c.colour,
        within=Related(birds.c.id, feathers.c.bird_id, where=where),
        keyed=_of_feathers,
    )


FIELDS = Fields(
    {
        "name": Field(birds.c.name, default=True),
        "wings": Field(birds.c.wings, "integer", default=True),
        "tame": Field(birds.c.tame, "boolean"),
        "seen": Field(birds.c.seen, "datetime"),
        "weight": Field(birds.c.weight, read=lambda: Field(birds.c.weight, "value")),
        "colour": _of_feathers(),
    }
)

Row = Mapping[str, Any]
ROWS: Sequence[Row] = [
    {
        "id": at,
        "name": NAMES[at % len(NAMES)],
        "wings": (None, 2, 3, 5, -1)[at % 5],
        "tame": (None, True, False)[at % 3],
        "weight": WEIGHTS[at % len(WEIGHTS)],
        "seen": None if at % 4 == 0 else NOW - timedelta(hours=13 * (at - 12)),
        "colours": {
            part: COLOURS[(at + shift) % 3]
            for shift, part in enumerate(("wing", "tail"))
            if at % (shift + 2)
        },
    }
    for at in range(1, 31)
]


@dataclass(frozen=True)
class Said:
    """A search, or a part of one, and what it means."""

    text: str
    holds: Callable[[Row], bool]


def _written(value: str) -> str:
    return value if value and value.replace("_", "a").isalnum() else f'"{value}"'


def _contains(value: str, text: str | None) -> bool:
    pattern = value.replace("%", "*").lower()
    pattern = pattern if "*" in pattern else f"*{pattern}*"
    return text is not None and fnmatchcase(text.lower(), pattern)


def _ordered(operator: str, left: Any, right: Any) -> bool:
    if left is None:
        return operator == "!="
    return {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[operator]


@st.composite
def _of_text(draw: st.DrawFn) -> Said:
    value = draw(st.sampled_from([name for name in NAMES if name is not None] + ["owl", "r*kite"]))
    operator = draw(st.sampled_from(["=", "==", "!=", "<>", "~", "!~"]))
    tests: Mapping[str, Callable[[str | None], bool]] = {
        "=": lambda name: name == value,
        "!=": lambda name: name != value,
        "~": lambda name: _contains(value, name),
        "!~": lambda name: not _contains(value, name),
    }
    test = tests[{"==": "=", "<>": "!="}.get(operator, operator)]
    spelled = draw(st.sampled_from(["name", "NAME", '"name"']))
    return Said(f"{spelled} {operator} {_written(value)}", lambda row: test(row["name"]))


@st.composite
def _of_number(draw: st.DrawFn) -> Said:
    value = draw(st.sampled_from([-1, 0, 2, 3, 9]))
    operator = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
    return Said(f"wings{operator}{value}", lambda row: _ordered(operator, row["wings"], value))


@st.composite
def _of_value(draw: st.DrawFn) -> Said:
    value = draw(st.sampled_from(["5", "-2.5", "0", "0.25", "99"]))
    operator = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~"]))

    def holds(row: Row) -> bool:
        weight: str | None = row["weight"]
        if operator == "~":
            return _contains(value, weight)
        if operator in ("=", "!="):
            return _ordered(operator, weight, value)
        number = None if weight in (None, "1e3", "heavy", "") else float(weight)
        return _ordered(operator, number, float(value))

    return Said(f"weight {operator} {value}", holds)


@st.composite
def _of_days(draw: st.DrawFn) -> Said:
    ago = draw(st.integers(-7, 12))
    day = NOW.date() - timedelta(days=ago)
    written = draw(st.sampled_from(list(_days_written(ago, day))))
    operator = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "before", "after", "at"]))
    plain = {"before": "<", "after": ">", "at": "="}.get(operator, operator)

    def holds(row: Row) -> bool:
        seen: datetime | None = row["seen"]
        return _ordered(plain, None if seen is None else seen.date(), day)

    return Said(f"seen {operator} '{written}'", holds)


def _days_written(ago: int, day: date) -> Iterator[str]:
    yield from (f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}", f"{day:%b} {day.day}, {day.year}")
    yield from (f"{day.day} {day:%B} {day.year}", f"{day:%b} {day.day}")
    yield f"{ago} days ago" if ago >= 0 else f"{-ago} days from now"
    if ago % 7 == 0:
        yield f"{ago // 7} weeks ago" if ago >= 0 else f"{-ago // 7} week from now"
    if ago in (-1, 0, 1):
        yield {-1: "tomorrow", 0: "Today", 1: "yesterday"}[ago]
    if -4 <= ago <= 2:  # the week from Sunday the 8th, in which the 10th is Tuesday
        yield f"{day:%A}"


@st.composite
def _of_related(draw: st.DrawFn) -> Said:
    part = draw(st.sampled_from(["", ".wing", ".tail", ".beak"]))
    colour = draw(st.sampled_from(COLOURS))
    negated = draw(st.booleans())

    def holds(row: Row) -> bool:
        held: Mapping[str, str] = row["colours"]
        return (colour in (held.values() if not part else [held.get(part[1:])])) is not negated

    return Said(f"colour{part} {'!=' if negated else '='} {colour}", holds)


@st.composite
def _of_lists(draw: st.DrawFn) -> Said:
    numbers = draw(st.lists(st.sampled_from([2, 3, 5, 8]), max_size=3))
    negated = draw(st.booleans())
    operator = draw(st.sampled_from(["!^", "not in"] if negated else ["^", "in"]))
    listed = draw(st.sampled_from([", ", ",", " "])).join(map(str, numbers))
    return Said(
        f"wings {operator} ({listed})", lambda row: (row["wings"] in numbers) is not negated
    )


def _is_like(row: Row, word: str) -> bool:
    return _contains(word, row["name"]) or str(row["wings"]) == word


_single = st.one_of(
    _of_text(),
    _of_number(),
    _of_value(),
    _of_days(),
    _of_related(),
    _of_lists(),
    st.sampled_from(
        [
            Said("has name", lambda row: row["name"] is not None),
            Said("null? name", lambda row: row["name"] is None),
            Said("set? seen", lambda row: row["seen"] is not None),
            Said("has colour.tail", lambda row: "tail" in row["colours"]),
            Said("null? colour", lambda row: not row["colours"]),
            Said("tame", lambda row: row["tame"] is True),
            Said("tame = no", lambda row: row["tame"] is False),
            Said("tame != yes", lambda row: row["tame"] is not True),
            Said("kite", lambda row: _is_like(row, "kite")),
            Said('"kite"', lambda row: _is_like(row, "kite")),
            Said("5", lambda row: _is_like(row, "5")),
            Said("= 5", lambda row: row["name"] == "5" or row["wings"] == 5),
            Said("!= 5", lambda row: row["name"] != "5" and row["wings"] != 5),
            Said("> 2", lambda row: (row["wings"] or 0) > 2),
            Said("!~ kite", lambda row: not _contains("kite", row["name"])),
            Said("^ (5, heron)", lambda row: row["name"] in ("5", "heron") or row["wings"] == 5),
        ]
    ),
)


@st.composite
def _sequence(draw: st.DrawFn, inner: st.SearchStrategy[Said]) -> Said:
    chains = draw(st.lists(_chain(inner), min_size=1, max_size=2))
    text = draw(st.sampled_from([" ", ", ", ","])).join(chain.text for chain in chains)
    return Said(text, lambda row: all(chain.holds(row) for chain in chains))


@st.composite
def _chain(draw: st.DrawFn, inner: st.SearchStrategy[Said]) -> Said:
    found = draw(inner)
    for _ in range(draw(st.integers(0, 3))):
        found = _joined(draw(inner), draw(st.sampled_from(["and", "&", "&&", "or", "|"])), found)
    return found


def _joined(left: Said, word: str, right: Said) -> Said:
    """Join one term with all that follows it."""
    if word in ("or", "|"):
        return Said(
            f"{left.text} {word} {right.text}", lambda row: left.holds(row) or right.holds(row)
        )
    return Said(
        f"{left.text} {word} {right.text}", lambda row: left.holds(row) and right.holds(row)
    )


def _negated(said: Said, sign: str) -> Said:
    return Said(f"{sign}({said.text})", lambda row: not said.holds(row))


_searches = _sequence(
    st.recursive(
        _single,
        lambda inner: st.one_of(
            _sequence(inner).map(lambda said: Said(f"({said.text})", said.holds)),
            st.builds(_negated, _sequence(inner), st.sampled_from(["not ", "!", "-"])),
        ),
        max_leaves=6,
    )
)


@pytest.fixture
def tx(database: Database) -> Iterator[Transaction]:
    with database.begin() as tx:
        _metadata.create_all(tx)
        plain = ("id", "name", "wings", "tame", "seen", "weight")
        tx.execute(insert(birds), [{name: row[name] for name in plain} for row in ROWS])
        tx.execute(
            insert(feathers),
            [
                {"bird_id": row["id"], "part": part, "colour": colour}
                for row in ROWS
                for part, colour in row["colours"].items()
            ],
        )
        yield tx


def test_a_search_finds_what_a_plain_reading_of_it_finds(tx: Transaction) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(_searches)
    def holds_for(said: Said) -> None:
        query = select(birds.c.id).where(condition(said.text, FIELDS, now=NOW))

        found = set(tx.scalars(query))

        assert found == {row["id"] for row in ROWS if said.holds(row)}

    holds_for()
