"""Cells of sheets: no formula gets out, and every text comes back."""

import io

from hypothesis import given
from hypothesis import strategies as st

from headgate.cli.options import split
from headgate.cli.sheets.cells import guarded, joined, read, unguarded, write
from headgate.cli.sheets.nouns import NOUNS

texts = st.one_of(
    st.text(
        alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
    ),
    st.text(alphabet="'=+-@\t\r\n,\"\\ab", max_size=6),
)


@given(texts)
def test_a_guarded_cell_is_no_formula_and_comes_back(text: str) -> None:
    cell = guarded(text)

    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert unguarded(cell) == text


@given(st.lists(st.lists(texts, min_size=2, max_size=2), max_size=4))
def test_a_sheet_is_read_as_it_was_written(rows: list[list[str]]) -> None:
    written = io.StringIO(newline="")
    write(written, ["Name", "Label"], rows)

    _, lines = read(io.StringIO(written.getvalue(), newline=""), ["Name", "Label"])

    found = [[line.cells["Name"], line.cells["Label"]] for line in lines]
    assert found == [row for row in rows if any(row)]


@given(st.lists(texts.filter(bool), max_size=4))
def test_several_texts_in_a_cell_come_back(several: list[str]) -> None:
    assert split(joined(several)) == several


def test_exactly_one_apostrophe_is_taken_off() -> None:
    assert unguarded("'=1") == "=1"
    assert unguarded("''=1") == "'=1"
    assert unguarded("'plain") == "'plain"
    assert unguarded("=1") == "=1"


def test_every_noun_tells_its_things_apart_by_columns_that_it_has() -> None:
    for noun in NOUNS.values():
        titles = [column.title for column in noun.columns]
        assert set(noun.key) <= set(titles)
        assert len(set(titles)) == len(titles)
