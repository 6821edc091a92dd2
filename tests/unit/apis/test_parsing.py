"""Parameters: lenient about how clients write them, strict about what they mean."""

from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from dirty_equals import IsStr

from headgate.apis.actions import Params, doc, wrapped
from headgate.apis.actions.body import read_form, read_json, read_query
from headgate.apis.actions.parsing import parse
from headgate.domain.errors import BadRequestError, NotFoundError, ValidationError
from headgate.domain.ids import RepositoryId


class Egg(Params):
    """A nested hash."""

    size: int = doc("size")
    colour: Literal["blue", "white"] = doc("colour", default="white")


class Nest(Params):
    """Every kind of parameter."""

    id: RepositoryId | None = doc("id", default=None, aliases=["nest_id"])
    name: str = doc("name", max_length=10)
    count: int = doc("count", default=3, minimum=1, maximum=9)
    weight: float | None = doc("weight", default=None)
    empty: bool = doc("empty", default=False)
    built: datetime | None = doc("built", default=None)
    tags: list[str] = doc("tags", default=[])
    ids: list[RepositoryId] = doc("ids", default=[])
    eggs: list[Egg] = doc("eggs", default=[])
    extra: dict[str, Any] = doc("extra", default={})
    policy: str = doc("policy", default="keep", enum=["keep", "drop"])


def nest(**values: Any) -> Nest:
    return parse(Nest, {"name": "reed", **values}, {})


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        ({"count": "7"}, {"count": 7}),
        ({"count": 7.0}, {"count": 7}),
        ({"count": None}, {"count": 3}),
        ({"empty": "1"}, {"empty": True}),
        ({"empty": "TRUE"}, {"empty": True}),
        ({"empty": 0}, {"empty": False}),
        ({"empty": "no"}, {"empty": False}),
        ({"weight": "1.5"}, {"weight": 1.5}),
        ({"weight": ""}, {"weight": None}),
        ({"weight": None}, {"weight": None}),
        ({"name": 12}, {"name": "12"}),
        ({"name": 1.0}, {"name": "1.0"}),
        ({"name": True}, {"name": "true"}),
        ({"tags": "a,b"}, {"tags": ["a,b"]}),
        ({"tags": ["a", 1]}, {"tags": ["a", "1"]}),
        ({"tags": [""]}, {"tags": []}),
        ({"tags": None}, {"tags": []}),
        ({"ids": "4"}, {"ids": [4]}),
        ({"ids": ["4", 5]}, {"ids": [4, 5]}),
        ({"nest_id": "8"}, {"id": 8}),
        ({"built": "2026-01-31 23:59:59 UTC"}, {"built": datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)}),  # noqa: E501
        ({"built": "2026-01-31T23:59:59+01:00"}, {"built": datetime(2026, 1, 31, 22, 59, 59, tzinfo=UTC)}),  # noqa: E501
        ({"built": "2026-01-31"}, {"built": datetime(2026, 1, 31, tzinfo=UTC)}),
        ({"eggs": [{"size": "2"}]}, {"eggs": [Egg(size=2)]}),
        ({"extra": {"any": [1]}}, {"extra": {"any": [1]}}),
        ({"unknown": 1}, {}),
    ],
)  # fmt: skip
def test_a_value_is_understood(given: dict[str, Any], parsed: dict[str, Any]) -> None:
    found = nest(**given)

    assert {name: getattr(found, name) for name in parsed} == parsed


REFUSED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"name": None}, {"name": ["can't be blank"]}),
    ({"name": "x" * 11}, {"name": ["is too long (maximum is 10)"]}),
    ({"name": ["x"]}, {"name": ["must be a single value"]}),
    ({"name": "a\0b"}, {"name": ["cannot contain null characters"]}),
    ({"count": "many"}, {"count": ["must be an integer"]}),
    ({"count": "1.5"}, {"count": ["must be an integer"]}),
    ({"count": "٣"}, {"count": ["must be an integer"]}),
    ({"count": 10}, {"count": ["must be less than or equal to 9"]}),
    ({"count": 0}, {"count": ["must be greater than or equal to 1"]}),
    ({"id": 2**63}, {"id": ["is out of range"]}),
    ({"id": "reed"}, {"id": ["must be an integer"]}),
    ({"id": True}, {"id": ["must be an integer"]}),
    ({"empty": "maybe"}, {"empty": ["must be true or false"]}),
    ({"weight": "nan"}, {"weight": ["must be a number"]}),
    ({"built": "soon"}, {"built": [IsStr(regex="must be a time.*")]}),
    ({"ids": [1, "x"]}, {"ids[1]": ["must be an integer"]}),
    ({"eggs": [{}]}, {"eggs[0].size": ["can't be blank"]}),
    (
        {"eggs": [{"size": 1, "colour": "red"}]},
        {"eggs[0].colour": ["must be one of: blue, white"]},
    ),
    ({"eggs": [1]}, {"eggs[0]": ["must be an object"]}),
    ({"extra": []}, {"extra": ["must be an object"]}),
    ({"policy": "sell"}, {"policy": ["must be one of: keep, drop"]}),
]


@pytest.mark.parametrize(("given", "errors"), REFUSED)
def test_a_value_is_refused_under_its_name(
    given: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    with pytest.raises(ValidationError) as caught:
        nest(**given)

    assert caught.value.errors == errors


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        parse(Nest, {"count": "x", "empty": "z"}, {})

    assert caught.value.errors.keys() == {"name", "count", "empty"}


def test_what_was_given_is_known_even_if_it_was_null() -> None:
    found = nest(weight=None, count=5)

    assert found.given == {"name", "weight", "count"}
    assert found.changes("weight", "count", "tags") == {"weight": None, "count": 5}


def test_variables_of_the_path_win() -> None:
    assert parse(Nest, {"name": "reed", "id": 1}, {"id": "2"}).id == 2


@pytest.mark.parametrize("text", ["reed", "-1", "1.0", "", "9" * 30, "٣"])
def test_a_path_with_an_impossible_id_names_nothing(text: str) -> None:
    with pytest.raises(NotFoundError, match="Could not find repository with id"):
        parse(Nest, {"name": "reed"}, {"id": text})


class Wrapped(Params):
    """Parameters within an object."""

    id: int | None = doc("id", default=None)
    nest: Egg = wrapped("nest")


@pytest.mark.parametrize(
    "values",
    [
        {"nest": {"size": 1}},
        {"size": 1},
        {"nest": {}, "size": 1},
        {"nest": {"size": 1}, "size": 2},
    ],
)
def test_wrapped_parameters_come_inside_or_beside(values: dict[str, Any]) -> None:
    assert parse(Wrapped, values, {}).nest == Egg(size=1)


def test_a_missing_wrapper_is_told_by_its_name() -> None:
    with pytest.raises(BadRequestError, match=r"Missing values for nest\."):
        parse(Wrapped, {"id": 1}, {})


def test_a_wrapper_with_a_part_missing_names_the_part() -> None:
    with pytest.raises(ValidationError, match="Size can't be blank"):
        parse(Wrapped, {"nest": {"colour": "blue"}}, {})


@pytest.mark.parametrize(
    ("query", "members"),
    [
        (b"a=1&b=x%20y+z", {"a": "1", "b": "x y z"}),
        (b"a[]=1&a[]=2", {"a": ["1", "2"]}),
        (b"a=1&a=2", {"a": ["1", "2"]}),
        (b"a%5B%5D=1", {"a": ["1"]}),
        (b"a[b]=1&a[c][]=2", {"a": {"b": "1", "c": ["2"]}}),
        (b"a", {"a": ""}),
        (b"", {}),
    ],
)
def test_a_query_nests(query: bytes, members: dict[str, Any]) -> None:
    assert read_query(query) == members


def test_of_a_repeated_query_parameter_the_last_counts_unless_it_is_a_list() -> None:
    values = {"name": "reed", **read_query(b"count=1&count=2&ids=3&ids=4")}

    found = parse(Nest, values, {})

    assert (found.count, found.ids) == (2, [3, 4])


@pytest.mark.parametrize(
    "query",
    [
        b"a=%ff",
        b"%ff=1",
        b"a=1&a[b]=2",
        b"a[b]=1&a=2",
        b"a" + b"[b]" * 30 + b"=1",
        b"x=" + b"y" * 70_000,
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(query: bytes) -> None:
    with pytest.raises(BadRequestError):
        read_query(query)


def test_a_form_keeps_bytes() -> None:
    assert read_form(b"content=%ff%00+x&offset=0") == {"content": b"\xff\0 x", "offset": b"0"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"a": NaN}',
        b'{"a":' * 30 + b"1" + b"}" * 30,
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_a_body_that_is_no_plain_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequestError):
        read_json(body)


@pytest.mark.parametrize("body", [b"", b"  ", b"null", b"{}"])
def test_a_body_may_be_empty(body: bytes) -> None:
    assert read_json(body) == {}
