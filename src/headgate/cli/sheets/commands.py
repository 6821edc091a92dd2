"""`headgate csv NOUN --export` and `--import`."""

import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

from headgate.cli.errors import (
    CANNOT_CREATE,
    NO_INPUT,
    OK,
    REFUSED,
    CellError,
    CliError,
    UsageError,
)
from headgate.cli.output import printable
from headgate.cli.run import Job, apply_defaults
from headgate.cli.sheets.book import Book
from headgate.cli.sheets.cells import read, write
from headgate.cli.sheets.columns import Cells
from headgate.cli.sheets.importing import Importer
from headgate.cli.sheets.nouns import NOUNS, ORGANIZATION, Noun
from headgate.cli.sheets.parts import rows_of

_NOWHERE: Final = ("", "-")


def run(job: Job) -> int:
    """Export or import the things that a word of the command names."""
    values = job.given.values
    noun = _noun_of(values.get("things"))
    if noun.within:
        apply_defaults(job.command.options, job.given)
    elif "organization_id" in {*values, *job.given.names}:
        raise UsageError(f"{noun.title.lower()} are not of one organization")
    if bool(values.get("export")) == bool(values.get("import")):
        raise UsageError("say either --export or --import")
    file: str = values.get("file") or ""
    api = job.api()
    only: int | None = job.resolver(api).value("organization_id")
    book = Book(api)
    if values.get("export"):
        if values.get("dry_run"):
            raise UsageError("--dry-run is for --import")
        return _export(job, noun, book, only=only, file=file)
    importer = Importer(api, book, noun, only=only, dry=bool(values.get("dry_run")))
    return _import(job, noun, importer, file=file)


def _noun_of(word: str | None) -> Noun:
    if word is not None and word in NOUNS:
        return NOUNS[word]
    what = f"there is no sheet of `{word}`" if word else "say what"
    raise UsageError(f"{what}; there are: {', '.join(sorted(NOUNS))}")


def _export(job: Job, noun: Noun, book: Book, *, only: int | None, file: str) -> int:
    titles = [*_organization_of(noun), *(column.title for column in noun.columns)]
    rows = _rows(noun, book, only)
    if file in _NOWHERE:
        written = io.StringIO()
        write(written, titles, rows)
        job.output.raw(written.getvalue().encode())
        return OK
    try:
        with Path(file).open("w", encoding="utf-8", newline="") as stream:
            count = write(stream, titles, rows)
    except OSError as error:
        raise CliError(f"{file} cannot be written: {error}", CANNOT_CREATE) from error
    job.output.changed(f"{noun.title}: {count} written to {file}", {"written": count})
    return OK


def _rows(noun: Noun, book: Book, only: int | None) -> Iterator[Sequence[str]]:
    organizations = book.organizations() if noun.within else {"": 0}
    for name, organization_id in organizations.items():
        if only is not None and noun.within and organization_id != only:
            continue
        cells = Cells(book, organization_id)
        for row in rows_of(book, noun, organization_id):
            whole = book.details(noun, row) if noun.details else row
            shown = [cells.shown(whole, column) for column in noun.columns]
            yield [name, *shown] if noun.within else shown


def _import(job: Job, noun: Noun, importer: Importer, *, file: str) -> int:
    known = [*_organization_of(noun), *(column.title for column in noun.columns)]
    if file in _NOWHERE:
        text = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        _take(job, importer, text, known)
    else:
        try:
            with Path(file).open(encoding="utf-8-sig", newline="") as stream:
                _take(job, importer, stream, known)
        except OSError as error:
            raise CliError(f"{file} cannot be read: {error}", NO_INPUT) from error
    counted = importer.counts
    words = ", ".join(f"{number} {what}" for what, number in counted.items())
    would = "; nothing was done, for this is a dry run" if importer.dry else ""
    job.output.changed(f"{noun.title}: {words}{would}", counted)
    return REFUSED if counted["refused"] else OK


def _take(job: Job, importer: Importer, stream: TextIO, known: Sequence[str]) -> None:
    titles, lines = read(stream, known)
    importer.begin(titles)
    for line in lines:
        try:
            told = importer.take(line)
        except CliError as error:
            importer.refuse()
            column = f", column {error.title}" if isinstance(error, CellError) else ""
            sys.stderr.write(f"Error: line {line.number}{column}: {printable(error.message)}\n")
            continue
        if told and not job.output.quiet and job.output.form == "table":
            job.output.line(f"Line {line.number}: {told}")


def _organization_of(noun: Noun) -> Sequence[str]:
    return (ORGANIZATION,) if noun.within else ()
