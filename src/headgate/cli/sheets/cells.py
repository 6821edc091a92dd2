"""Cells and lines of a sheet.

A cell that begins as a formula does would be run by the spreadsheet that opens the file: such a
cell gets an apostrophe in front when it is written, and loses exactly one when it is read. A text
that begins with an apostrophe gets one more, so that everything comes back as it was.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol, TextIO

from headgate.cli.errors import REFUSED, CliError

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_GUARD: Final = "'"
_GUARDED: Final = (*_FORMULA, _GUARD)
_LARGEST_CELL: Final = 1 << 22  # characters; certificates in chains are the longest


class Line(NamedTuple):
    """A line of a sheet, by the titles of its columns; `number` counts from 1, titles included."""

    number: int
    cells: Mapping[str, str]


class _Rows(Protocol):
    """What reads a file row by row, as the csv module does."""

    @property
    def line_num(self) -> int: ...

    def __next__(self) -> list[str]: ...

    def __iter__(self) -> Iterator[list[str]]: ...


def guarded(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    return f"{_GUARD}{text}" if text.startswith(_GUARDED) else text


def unguarded(cell: str) -> str:
    """Return the text that a cell was made from."""
    return cell[1:] if cell.startswith(_GUARD) and cell[1:].startswith(_GUARDED) else cell


def joined(texts: Iterable[str], separator: str = ",") -> str:
    r"""Write several texts into one; a separator within them becomes `\,`."""
    return separator.join(
        text.replace("\\", "\\\\").replace(separator, f"\\{separator}") for text in texts
    )


def write(stream: TextIO, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write a sheet; return how many lines it has below its titles."""
    plain = csv.writer(stream, lineterminator="\n")
    quoting = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(titles)
    count = 0
    for row in rows:
        # A carriage return ends lines, too, and is not quoted where it does not end ours.
        writer = quoting if any("\r" in cell for cell in row) else plain
        writer.writerow([guarded(cell) for cell in row])
        count += 1
    return count


def read(stream: TextIO, known: Sequence[str]) -> tuple[Sequence[str], Iterator[Line]]:
    """Return a sheet's titles and its lines, empty ones left out.

    CliError if its titles are not among the known ones; while the lines are read, if one of them
    cannot be.
    """
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(stream, strict=True)
    titles = [title.strip() for title in _next(reader, 1) or ()]
    spelled = {title.lower(): title for title in known}
    unknown = [title for title in titles if title.lower() not in spelled]
    if unknown or not titles:
        what = f"there is no column {', '.join(map(repr, unknown))}" if titles else "it is empty"
        raise _refused(1, f"{what}; columns are: {', '.join(known)}")
    named = [spelled[title.lower()] for title in titles]
    if twice := [title for title in named if named.count(title) > 1]:
        raise _refused(1, f"the column {twice[0]} is there twice")
    return named, _lines(reader, named)


def _lines(reader: _Rows, titles: Sequence[str]) -> Iterator[Line]:
    while True:
        number = reader.line_num + 1
        row = _next(reader, number)
        if row is None:
            return
        if not any(row):
            continue
        if len(row) != len(titles):
            raise _refused(number, f"there are {len(row)} cells under {len(titles)} titles")
        yield Line(
            number, {title: unguarded(cell) for title, cell in zip(titles, row, strict=True)}
        )


def _next(reader: _Rows, number: int) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        raise _refused(number, f"it cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise _refused(number, "it is not UTF-8") from error


def _refused(number: int, words: str) -> CliError:
    return CliError(f"line {number}: {words}", REFUSED)
