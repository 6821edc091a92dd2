"""Results as people and programs read them."""

import csv
import io
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from headgate.cli.errors import CliError
from headgate.cli.output import Output, fitted, padded, record, value_at, width

COLUMNS = [["Id", "id", ", "], ["Name", "name", ", "], ["Product", "product.name", ", "]]
ROWS: list[dict[str, Any]] = [
    {"id": 1, "name": "Grünspecht", "product": {"id": 7, "name": "Birds"}},
    {"id": 12, "name": "Kea", "product": None},
]


def shown(answer: Any, **given_options: Any) -> str:
    stream = io.StringIO()
    Output(given_options, stream).table(answer, COLUMNS)
    return stream.getvalue()


def test_a_table_is_aligned_and_nothing_is_cut_where_there_is_no_terminal() -> None:
    assert shown({"results": ROWS}) == ("ID  NAME        PRODUCT\n1   Grünspecht  Birds\n12  Kea\n")


def test_headers_may_be_left_out_and_fields_chosen() -> None:
    assert shown(ROWS, no_headers=True, fields=["name", "product.id"]) == "Grünspecht  7\nKea\n"


def test_json_is_what_the_api_answers() -> None:
    assert json.loads(shown({"results": ROWS}, output="json")) == ROWS


def test_json_holds_only_the_fields_asked_for() -> None:
    narrowed = json.loads(shown(ROWS, output="json", fields=["id", "product.name"]))

    assert narrowed == [{"id": 1, "product.name": "Birds"}, {"id": 12, "product.name": None}]


def test_yaml_reads_back() -> None:
    assert yaml.safe_load(shown(ROWS, output="yaml")) == ROWS


def test_csv_reads_back_whatever_is_in_it() -> None:
    nasty = [{"id": 1, "name": 'a,"b"\nc', "product": None}]

    assert list(csv.reader(io.StringIO(shown(nasty, csv=True)))) == [
        ["Id", "Name", "Product"],
        ["1", 'a,"b"\nc', ""],
    ]


def test_names_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in shown([{"id": 1, "name": "\x1b[2Jgone"}])


def test_a_search_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(CliError, match="the search cannot be read: no such field"):
        shown({"results": [], "error": "no such field", "subtotal": 0})


def test_a_record_leaves_out_what_is_empty_and_names_what_has_a_name() -> None:
    thing = {
        "id": 1,
        "description": None,
        "organization": {"id": 2, "name": "Acme"},
        "gpg_key": {"id": None, "name": None},
        "environments": [{"id": 1, "name": "Library"}, {"id": 2, "name": "Dev"}],
        "content_counts": {"rpm": 12},
        "permissions": {"view": True},
    }

    assert record(thing) == [
        "Id:             1",
        "Organization:   Acme",
        "Environments:   Library, Dev",
        "Content counts:",
        "    Rpm: 12",
    ]


def test_a_path_leads_through_lists() -> None:
    assert value_at({"a": [{"b": 1}, {"b": 2}]}, "a.b") == [1, 2]


@given(st.text(max_size=40), st.integers(0, 30))
def test_a_padded_text_has_just_the_width_asked_for(text: str, size: int) -> None:
    assert width(padded(text, size)) == size


@given(st.lists(st.integers(0, 200), min_size=1, max_size=6), st.integers(20, 200))
def test_columns_fit_the_terminal_or_are_as_narrow_as_they_may_be(
    widths: list[int], available: int
) -> None:
    fitting = fitted(widths, available)

    total = sum(fitting) + 2 * (len(fitting) - 1)
    assert total <= available or max(fitting) <= 8
    assert all(now <= before for now, before in zip(fitting, widths, strict=True))
