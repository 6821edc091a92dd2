"""Showing results: tables and records for people, JSON, YAML and CSV for programs."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, TextIO

from headgate.cli.errors import REFUSED, CliError
from headgate.cli.plain import fields_of, members_of

Json = Mapping[str, Any]
Columns = Sequence[Sequence[str]]

_NARROWEST: Final = 8
_USUAL: Final = 80  # columns of a terminal that does not say
_NAMES: Final = ("name", "label", "login", "version", "id")
# Of no use to people: what the caller may do, and for the web what is shown beside it as data.
_UNSHOWN: Final = frozenset({"permissions", "humanized"})


class Output:
    """Where results go and in which form; messages go to standard error when results are data."""

    def __init__(self, given: Mapping[str, Any], stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self.form: str = "csv" if given.get("csv") else given.get("output", "table")
        self.quiet = bool(given.get("quiet"))
        self._fields: Sequence[str] = given.get("fields") or ()
        self._headers = not given.get("no_headers")

    def table(self, answer: Any, columns: Columns) -> None:
        """Show a list as the API answers it, or a plain list of objects."""
        envelope = fields_of(answer)
        rows: Sequence[Json] = answer if envelope is None else envelope["results"]
        chosen = [[field, field, ", "] for field in self._fields] or columns
        if self.form in ("json", "yaml"):
            self._data([self._narrowed(row) for row in rows])
        else:
            cells = [[cell(row, path, joined) for _, path, joined in chosen] for row in rows]
            titles = [title for title, _, _ in chosen]
            (self._csv if self.form == "csv" else self._aligned)(titles, cells)
        if envelope is not None:
            self._note_rest(envelope)

    def thing(self, shown: Any) -> None:
        """Show one object, or whatever the API answers."""
        if self.form in ("json", "yaml"):
            self._data(self._narrowed(shown))
        elif self.form == "csv":
            fields = self._fields or list(shown)
            self._csv(fields, [[cell(shown, field, ", ") for field in fields]])
        elif self._fields:
            self._lines(record({field: value_at(shown, field) for field in self._fields}))
        else:
            self._lines(record(shown))

    def changed(self, message: str, shown: Any) -> None:
        """Say what was done; programs get the object."""
        if self.form != "table" or self._fields:
            self.thing(shown)
        elif not self.quiet:
            self.line(message + _naming(shown))

    def line(self, text: str) -> None:
        """Write one line of the result."""
        self._stream.write(printable(text) + "\n")

    def raw(self, content: bytes) -> None:
        """Write a file as it is."""
        self._stream.flush()
        self._stream.buffer.write(content)
        self._stream.buffer.flush()

    def _narrowed(self, value: Any) -> Any:
        if not self._fields or fields_of(value) is None:
            return value
        return {field: value_at(value, field) for field in self._fields}

    def _data(self, value: Any) -> None:
        if self.form == "json":
            self._stream.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
            return
        import yaml  # noqa: PLC0415 - costs more than most commands

        yaml.safe_dump(value, self._stream, sort_keys=False, allow_unicode=True)

    def _csv(self, titles: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
        import csv  # noqa: PLC0415 - for those who ask for it

        writer = csv.writer(self._stream, lineterminator="\n")
        if self._headers:
            writer.writerow(titles)
        writer.writerows(cells)

    def _aligned(self, titles: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
        heads = [title.upper() for title in titles]
        clean = [[printable(text) for text in row] for row in cells]
        shown = [heads, *clean] if self._headers else clean
        widths = [max((width(row[at]) for row in shown), default=0) for at in range(len(heads))]
        widths = fitted(widths, terminal_width(self._stream))
        for row in shown:
            parts = [padded(text, size) for text, size in zip(row, widths, strict=True)]
            self._stream.write("  ".join(parts).rstrip() + "\n")

    def _lines(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.line(line)

    def _note_rest(self, answer: Json) -> None:
        """Say what the page leaves out, and why a search found nothing."""
        if answer.get("error"):
            raise CliError(f"the search cannot be read: {answer['error']}", REFUSED)
        shown, subtotal = len(answer["results"]), answer.get("subtotal") or 0
        if shown < subtotal and shown and not self.quiet and self._stream.isatty():
            page = answer.get("page") or 1
            sys.stderr.write(f"Page {page}: {shown} of {subtotal}; --full-result shows all\n")


def value_at(shown: Any, path: str) -> Any:
    """Return what a path such as `product.name` leads to; of a list, what each member has there."""
    members = members_of(shown)
    if members is not None:
        return [value_at(member, path) for member in members]
    fields = fields_of(shown) or {}
    if path in fields:
        return fields[path]
    first, _, rest = path.partition(".")
    return value_at(fields[first], rest) if rest and first in fields else None


def cell(row: Any, path: str, joined: str) -> str:
    """Return what a table's cell says."""
    return _words(value_at(row, path), joined)


def _words(value: Any, joined: str = ", ") -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    members, fields = members_of(value), fields_of(value)
    if members is not None:
        return joined.join(_words(member, joined) for member in members)
    if fields is not None:
        name = next((fields[key] for key in _NAMES if key in fields), None)
        return json.dumps(value, ensure_ascii=False) if name is None else _words(name)
    return str(value)


def record(shown: Any, indent: str = "") -> list[str]:
    """Return the lines that show one object; what is empty is left out."""
    given = fields_of(shown)
    if given is None:
        return [f"{indent}{_words(shown)}"]
    fields = {
        _title(name): value
        for name, value in given.items()
        if not _is_empty(value) and not (name in _UNSHOWN and isinstance(value, Mapping))
    }
    size = max((len(title) for title in fields), default=0) + 1
    lines: list[str] = []
    for title, value in fields.items():
        nested = _nested(value)
        if nested is None:
            lines += _field(f"{indent}{title + ':':<{size}} ", _words(value))
            continue
        lines.append(f"{indent}{title}:")
        for number, member in enumerate(nested):
            lines += [""] if number and len(member) > 1 else []
            lines += record(member, f"{indent}    ")
    return lines


def _is_empty(value: Any) -> bool:
    """Whether nothing is told: objects of nothing but nulls stand for what is not set."""
    fields = fields_of(value)
    if fields is not None:
        return all(_is_empty(each) for each in fields.values())
    return value is None or (isinstance(value, str | list) and not value)


def _field(head: str, text: str) -> list[str]:
    """Return a field's line; further lines of its text stand below the first."""
    first, *more = text.splitlines() or [""]
    return [head + first, *(" " * len(head) + line for line in more)]


def _nested(value: Any) -> Sequence[Json] | None:
    """Return objects that need lines of their own; None if a name says enough."""
    members = members_of(value)
    objects = [fields_of(member) for member in ([value] if members is None else members)]
    found = [each for each in objects if each is not None]
    if not found or len(found) < len(objects):
        return None
    simple = all(set(each) <= {"id", "name", "label"} for each in found)
    return None if simple else found


def _title(name: str) -> str:
    words = name.rstrip("?").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _naming(shown: Any) -> str:
    fields = fields_of(shown) or {}
    if "id" not in fields:
        return ""
    name = fields.get("name") or fields.get("login") or fields.get("label")
    return f": {name} (id {fields['id']})" if name else f" (id {fields['id']})"


def printable(text: str) -> str:
    """Return text without control characters: names from elsewhere must not steer a terminal."""
    if text.isprintable():
        return text
    kept = (each if each.isprintable() or each == "\n" else " " for each in text)
    return "".join(kept)


def width(text: str) -> int:
    """Return how many columns a terminal needs for a text."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 - rarely needed

    wide = sum(east_asian_width(each) in "WF" for each in text)
    return len(text) + wide - sum(bool(combining(each)) for each in text)


def padded(text: str, size: int) -> str:
    """Return text of exactly so many columns, cut with a sign if it is longer."""
    text = text.replace("\n", " ")
    if width(text) > size:
        while width(text) > max(size - 1, 0):
            text = text[:-1]
        text += "…"[:size]
    return text + " " * (size - width(text))


def fitted(widths: Sequence[int], available: int | None) -> list[int]:
    """Return columns' widths that fit the terminal: the widest give way first."""
    fitting = list(widths)
    if available is None:
        return fitting
    excess = sum(fitting) + 2 * (len(fitting) - 1) - available
    while excess > 0 and max(fitting, default=0) > _NARROWEST:
        fitting[fitting.index(max(fitting))] -= 1
        excess -= 1
    return fitting


def terminal_width(stream: TextIO) -> int | None:
    """Return the terminal's width; None for what is no terminal, where nothing is cut."""
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except OSError:
        return _USUAL
