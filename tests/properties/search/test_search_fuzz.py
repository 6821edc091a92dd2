"""Whatever is typed, the outcome is a condition or a SearchError, and never SQL of the typist."""

from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import StaticPool

from headgate.search import Field, Fields, SearchError, compares, condition
from headgate.search.language import parse

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

birds = Table(
    "birds",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String(50)),
    Column("tame", Boolean),
    Column("seen", DateTime(timezone=True)),
)
FIELDS = Fields(
    {
        "id": Field(birds.c.id, "integer", default=True),
        "name": Field(birds.c.name, default=True),
        "tame": Field(birds.c.tame, "boolean"),
        "seen": Field(birds.c.seen, "datetime"),
    }
)

engine = create_engine("sqlite://", poolclass=StaticPool)
with engine.begin() as _connection:
    birds.metadata.create_all(_connection)

pieces = st.sampled_from(
    [
        *("id", "name", "tame", "seen", "nest", "=", "!=", "~", "!~", ">", "<", ">=", "<=", "^"),
        *("!^", "in", "not in", "(", ")", ",", "and", "or", "not", "-", "!", "&", "|", "has"),
        *(
            "null?",
            "set?",
            "==",
            "<>",
            "before",
            "after",
            "at",
            '"a b"',
            "'",
            '"',
            "\\",
            "%",
            "*",
            "_",
            "1",
            "-1",
            "true",
            "today",
        ),
        *(
            "3 days ago",
            "'2 months ago'",
            "monday",
            "'Jan 3, 2004'",
            "9:00",
            "nest.key",
            "2026-01-31",
            "1e9",
            "\u0663",
            "\ud7ff",
            " ",
            "\t",
            "\n",
            "x",
        ),
    ]
)
searches = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=st.characters(categories=["Cs", "Nd", "Zs", "Ll"]), max_size=9),
    st.lists(pieces, max_size=25).map(" ".join),
    st.lists(pieces, max_size=25).map("".join),
)


@given(searches)
def test_any_text_is_understood_or_refused(search: str) -> None:
    with suppress(SearchError):
        found = select(birds.c.id).where(condition(search, FIELDS, now=NOW))
        with engine.connect() as connection:
            connection.execute(found).all()


@given(
    st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
)
def test_no_value_reaches_the_statement_itself(value: str) -> None:
    marked = f"zqj{value}"
    quoted = marked.replace("\\", "\\\\").replace('"', '\\"')

    for operator in ("=", "~", "!=", "!~", "^"):
        found = condition(f'name {operator} "{quoted}"', FIELDS, now=NOW)
        for dialect in (sqlite.dialect(), postgresql.dialect()):
            assert "zqj" not in str(select(birds.c.id).where(found).compile(dialect=dialect))


@given(
    st.text(alphabet="ab%_\\*A'\"é", min_size=1, max_size=8),
    st.text(alphabet="ab%_\\A'\"é", max_size=8),
)
def test_contains_means_contains_unless_there_are_wildcards(name: str, value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    with engine.begin() as connection:
        connection.execute(birds.delete())
        connection.execute(insert(birds).values(name=name))
        found = condition(f'name ~ "{quoted}"', FIELDS, now=NOW)
        matches = bool(connection.execute(select(birds.c.id).where(found)).all())

    if "%" not in value:
        assert matches == (value.lower() in name.lower())


@given(
    st.text(alphabet="abA%_*\\.", min_size=1, max_size=8),
    st.text(alphabet="abA%_*\\.", max_size=6),
    st.sampled_from(["=", "~"]),
)
def test_what_is_compared_in_python_is_compared_as_in_sql(
    name: str, value: str, operator: str
) -> None:
    quoted = value.replace("\\", "\\\\")
    with engine.begin() as connection:
        connection.execute(birds.delete())
        connection.execute(insert(birds).values(name=name))
        found = condition(f'name {operator} "{quoted}"', FIELDS, now=NOW)
        matches = bool(connection.execute(select(birds.c.id).where(found)).all())

    assert compares(operator, value)(name) == matches


@given(
    st.recursive(
        st.sampled_from(["a", "b = 1", 'c ~ "x"']),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(
                lambda terms: "(" + " and ".join(terms) + ")"
            ),
            st.lists(inner, min_size=2, max_size=3).map(
                lambda terms: "(" + " or ".join(terms) + ")"
            ),
            inner.map("not ({})".format),
        ),
        max_leaves=12,
    )
)
def test_what_is_well_formed_is_read(search: str) -> None:
    parse(search)
