"""What may stand next in a search that is being typed."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import column

from headgate.search import Expected, Field, Fields, SearchError, expected, written
from headgate.search.language import parse
from headgate.search.tree import Comparison

FIELDS = Fields(
    {
        "name": Field(column("name"), default=True),
        "nests": Field(column("nests"), "integer"),
        "tame": Field(column("tame"), "boolean"),
        "seen": Field(column("seen"), "datetime"),
        "facts": Field(
            column("facts"),
            keyed=lambda _key: Field(column("value"), "value"),
            keys=Field(column("key")),
        ),
        "rank": Field(column("rank"), compare=lambda _operator, _value: column("rank") == 1),
    }
)
NAMES = ["name", "nests", "tame", "seen", "facts", "rank"]
TEXT = ["=", "!=", "~", "!~", "^", "!^"]


@pytest.mark.parametrize(
    ("text", "kept", "words"),
    [
        ("", "", ["not", "has", *NAMES]),
        ("n", "", ["not", "name", "nests"]),
        ("NA", "", ["name"]),
        ("name", "", ["name", *(f"name {each}" for each in TEXT)]),
        ("name ", "name ", TEXT),
        ("name !", "name ", ["!=", "!~", "!^"]),
        ("nests >", "nests ", [">", ">="]),
        ("tame ", "tame ", ["=", "!=", "and", "or"]),
        ("tame = ", "tame = ", ["true", "false"]),
        ("tame = f", "tame = ", ["false"]),
        ("seen < to", "seen < ", ["today"]),
        ("rank ", "rank ", ["=", "!="]),
        ("facts.kernel ", "facts.kernel ", [*TEXT, ">", "<", "<=", ">="]),
        ("facts.kernel >", "facts.kernel ", [">", ">="]),
        ("name = x ", "name = x ", ["and", "or", "not", "has", *NAMES]),
        ("name = 'x y' a", "name = 'x y' ", ["and"]),
        ("name = x and", "name = x ", ["and"]),
        ("name = x and ", "name = x and ", ["not", "has", *NAMES]),
        ("name = x or ta", "name = x or ", ["tame"]),
        ("name = x, ta", "name = x, ", ["tame"]),
        ("name ^ (a, b) o", "name ^ (a, b) ", ["or"]),
        ("(na", "(", ["name"]),
        ("-na", "-", ["name"]),
        ("not ", "not ", ["has", "not", *NAMES]),
        ("has ", "has ", NAMES),
        ("has na", "has ", ["name"]),
        ("has name ", "has name ", ["and", "or", "not", "has", *NAMES]),
        ("kite ", "kite ", ["and", "or", "not", "has", *NAMES]),
        ("= x", "= ", []),
    ],
)
def test_a_search_may_go_on_with(text: str, kept: str, words: list[str]) -> None:
    found = expected(text, FIELDS)

    assert (found.kept, sorted(found.fitting)) == (kept, sorted(words))


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("name = ", ""),
        ("name=", ""),
        ("name = he", "he"),
        ('name = "he', "he"),
        ("name ~ 'my he", "my he"),
        ("name ^ (a, he", "he"),
        ("name ^ a, he", "he"),
        ("nests = 1 and name = he", "he"),
        ('"name" = he', "he"),
    ],
)
def test_a_value_of_the_field_may_follow(text: str, typed: str) -> None:
    found = expected(text, FIELDS)

    assert found.field is FIELDS.by_name["name"]
    assert found.typed == typed


@pytest.mark.parametrize(
    ("text", "kept", "typed"),
    [
        ("facts.", "", "facts."),
        ("name = x and Facts.ker", "name = x and ", "Facts.ker"),
        ("has facts.ker", "has ", "facts.ker"),
        ("not null? facts.k", "not null? ", "facts.k"),
    ],
)
def test_a_key_of_the_field_may_follow(text: str, kept: str, typed: str) -> None:
    found = expected(text, FIELDS)

    assert found.field is FIELDS.by_name["facts"].keys
    assert (found.kept, found.typed) == (kept, typed)
    assert found.with_value("kernel::name") == f"{found.base}kernel::name"
    assert found.with_value("kernel name") is None
    assert expected("name.fi", FIELDS).field is None
    assert expected('"facts.fi"', FIELDS).field is None


@pytest.mark.parametrize(
    ("text", "part"),
    [("name = x", 0), ("name = x and na", 9), ("tame or name = x and na", 17)],
)
def test_the_last_part_is_the_one_that_was_joined_last(text: str, part: int) -> None:
    assert expected(text, FIELDS).part == part


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nest = 1", "Field 'nest' not recognized for searching!"),
        ("name = x) ", "The search cannot be read at character 8: ) "),
        ("= (", "The search cannot be read at character 2: ("),
        ("a\0", "The search contains a null character"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, words: str) -> None:
    with pytest.raises(SearchError) as caught:
        expected(text, FIELDS)

    assert caught.value.message == words


@given(
    st.one_of(
        st.text(max_size=30),
        st.lists(
            st.sampled_from(
                [
                    *NAMES,
                    *("=", "!=", "^", "!", "(", ")", ",", "and", "or", "not", "-", "has", '"'),
                    *("in", "'", " ", "x", "before", "\\", "null?"),
                ]
            ),
            max_size=12,
        ).map(" ".join),
    )
)
def test_any_text_goes_on_or_is_refused(text: str) -> None:
    with suppress(SearchError):
        found = expected(text, FIELDS)

        assert isinstance(found, Expected)
        assert text.startswith(found.kept)


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_value_as_written_is_read_as_it_was(value: str) -> None:
    found = parse(f"name = {written(value)}")

    assert isinstance(found, Comparison)
    assert found.value.text == value
