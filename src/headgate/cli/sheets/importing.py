"""Making the server's things as the lines of a sheet say.

A line is compared with what is there, cell by cell in the words of an export; only what differs is
sent. So a sheet that was imported once changes nothing when it is imported again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.cli.client import Api, RefusedError
from headgate.cli.errors import FAILED, REFUSED, CellError, CliError
from headgate.cli.output import value_at
from headgate.cli.resolve import path_of
from headgate.cli.run import is_task
from headgate.cli.sheets.book import Book
from headgate.cli.sheets.cells import Line
from headgate.cli.sheets.columns import Cells, body_of
from headgate.cli.sheets.nouns import ORGANIZATION, Column, Noun
from headgate.cli.sheets.parts import PARTS, rows_of
from headgate.cli.tasks import wait

Json = Mapping[str, Any]
Key = tuple[int, tuple[str, ...]]


class Importer:
    """Takes the lines of one sheet; `dry` only says what would be done."""

    def __init__(self, api: Api, book: Book, noun: Noun, *, only: int | None, dry: bool) -> None:
        self.dry = dry
        self.counts = dict.fromkeys(("created", "changed", "unchanged", "refused"), 0)
        self._api = api
        self._book = book
        self._noun = noun
        self._only = only
        self._columns: Sequence[Column] = ()
        self._there: dict[int, dict[tuple[str, ...], Json]] = {}
        self._lines: dict[Key, int] = {}

    def begin(self, titles: Sequence[str]) -> None:
        """Note which columns there are; CliError if one is missing without which nothing is known.

        Without the column of organizations, all lines are of the one that the command names.
        """
        self._columns = [column for column in self._noun.columns if column.title in titles]
        needed = [*self._needed]
        if self._noun.within and self._only is None:
            needed.append(ORGANIZATION)
        if missing := [title for title in needed if title not in titles]:
            advice = " (or --organization)" if ORGANIZATION in missing else ""
            raise CliError(f"line 1: the column {missing[0]}{advice} is missing", REFUSED)

    def take(self, line: Line) -> str:
        """Do what a line says and return that in words, nothing if it is so already.

        CliError says why it cannot be done, CellError in which column; the other lines may still
        be.
        """
        try:
            return self._take(line)
        except RefusedError as error:
            blamed = [column.title for column in self._columns if _is_blamed(column, error.blamed)]
            if len(blamed) != 1:
                raise
            raise CellError(blamed[0], error.message, error.code) from error

    def _take(self, line: Line) -> str:
        organization_id = self._organization_of(line)
        cells = Cells(self._book, organization_id)
        wanted = {
            column.title: cells.same(line.cells[column.title], column) for column in self._columns
        }
        key = tuple(wanted[title] for title in self._key)
        if missing := [title for title in self._needed if not wanted[title]]:
            raise CellError(missing[0], "it is missing", REFUSED)
        first = self._lines.setdefault((organization_id, key), line.number)
        if first != line.number:
            raise CliError(f"line {first} is about the same", REFUSED)
        there = self._things_of(cells).get(key)
        name = "/".join(part for part in key if part)
        if there is None:
            self._create(cells, wanted)
            self.counts["created"] += 1
            return f"created {name}"
        changed = self._change(cells, wanted, there)
        self.counts["changed" if changed else "unchanged"] += 1
        return f"changed {name}: {', '.join(changed)}" if changed else ""

    def refuse(self) -> None:
        """Count a line that was not done."""
        self.counts["refused"] += 1

    @property
    def _key(self) -> Sequence[str]:
        """The titles by which lines and things are told apart."""
        there = {column.title for column in self._columns}
        return [title for title in self._noun.key if title in there]

    @property
    def _needed(self) -> Sequence[str]:
        """The titles of what no line can do without; of things without a name, their first."""
        if self._noun.parts:
            return [column.title for column in self._noun.columns]
        nameless = len(self._noun.key) == len(self._noun.columns)
        return self._noun.key[:1] if nameless else self._noun.key

    def _organization_of(self, line: Line) -> int:
        if not self._noun.within:
            return 0
        name = line.cells.get(ORGANIZATION)
        if not name:
            if self._only is None:
                raise CellError(ORGANIZATION, "it is missing", REFUSED)
            return self._only
        try:
            found = self._book.id_of("organization", 0, name)
        except CliError as error:
            raise CellError(ORGANIZATION, error.message, error.code) from error
        if self._only not in (None, found):
            raise CellError(ORGANIZATION, f"'{name}' is not the one that was asked for", REFUSED)
        return found

    def _things_of(self, cells: Cells) -> dict[tuple[str, ...], Json]:
        """Return what an organization has, by the cells that tell one from another."""
        if cells.organization_id not in self._there:
            by_title = {column.title: column for column in self._noun.columns}
            keys = [by_title[title] for title in self._key]
            self._there[cells.organization_id] = {
                tuple(cells.shown(row, column) for column in keys): row
                for row in rows_of(self._book, self._noun, cells.organization_id)
            }
        return self._there[cells.organization_id]

    def _create(self, cells: Cells, wanted: Mapping[str, str]) -> None:
        said = [
            (column, cells.sent(wanted[column.title], column))
            for column in self._columns
            if wanted[column.title]
        ]
        if self._noun.parts:
            self._put_part(cells, said, None)
            return
        if self.dry:
            self._note(cells, wanted, 0)
            return
        body = body_of(said)
        if self._noun.within:
            inner = body.setdefault(self._noun.inside, {}) if self._noun.inside else body
            inner["organization_id"] = cells.organization_id
        path, rest = path_of([self._noun.path], body)
        made = self._done(self._api.post(path, rest))
        if self._noun.kept_as:
            self._note(cells, wanted, made["id"])

    def _note(self, cells: Cells, wanted: Mapping[str, str], key: int) -> None:
        """Let lines below name what a line has made."""
        if self._noun.kept_as:
            name = wanted[self._noun.key[-1]]
            self._book.note(self._noun.kept_as, cells.organization_id, name, key)

    def _change(self, cells: Cells, wanted: Mapping[str, str], row: Json) -> Sequence[str]:
        """Change what differs; return the titles of it."""
        whole = self._book.details(self._noun, row) if self._noun.details else row
        said: list[tuple[Column, Any]] = []
        for column in self._columns:
            cell, before = wanted[column.title], cells.shown(whole, column)
            if cell == before or column.kind == "secret" or _silent(cell, column):
                continue
            if column.only_if and not whole.get(column.only_if):
                continue
            if column.fixed:
                words = f"it is '{before}' and cannot be changed to '{cell}'"
                raise CellError(column.title, words, REFUSED)
            said.append((column, cells.sent(cell, column)))
        if said and self._noun.parts:
            every = [(column, cells.sent(wanted[column.title], column)) for column in self._columns]
            self._put_part(cells, every, whole)
        elif said and not self.dry:
            self._done(self._api.put(f"{self._noun.path}/{row['id']}", body_of(said)))
        return [column.title for column, _ in said]

    def _put_part(
        self, cells: Cells, said: Sequence[tuple[Column, Any]], there: Json | None
    ) -> None:
        parts = PARTS[self._noun.parts]
        request = parts.request(self._book, cells.organization_id, body_of(said), there)
        if self.dry:
            return
        answer = self._api.put(request.path, request.body)
        if errors := value_at(answer, "displayMessages.error"):
            raise CliError("; ".join(errors), REFUSED)

    def _done(self, answer: Any) -> Json:
        """Wait for what takes longer."""
        if not is_task(answer):
            return answer
        ended = wait(self._api, answer, quiet=True)
        if ended["result"] not in ("success", "warning"):
            errors = ended["humanized"]["errors"] or [f"the task ended: {ended['result']}"]
            raise CliError("; ".join(errors), FAILED)
        return ended


def _is_blamed(column: Column, blamed: Sequence[str]) -> bool:
    return column.sent.rpartition(".")[2] in blamed


def _silent(cell: str, column: Column) -> bool:
    """Whether an empty cell says nothing, for there is no such value."""
    return not cell and (column.fixed or column.kind in ("yes", "time"))
