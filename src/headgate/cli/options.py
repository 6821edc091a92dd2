"""Reading a command line: options by their declared kinds, global ones anywhere."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from headgate.cli.errors import UsageError
from headgate.cli.tree import Option

_TRUE: Final = frozenset({"true", "yes", "1", "on", "t", "y"})
_FALSE: Final = frozenset({"false", "no", "0", "off", "f", "n"})

# What every command takes. Those of the command itself win where both have the same.
GLOBALS: Final = (
    Option(("--home",), "home", "string", "Folder of a server on this machine: trust its CA"),
    Option(("--server-url", "-s"), "server_url", "string", "The server (HEADGATE_SERVER_URL)"),
    Option(("--username", "-u"), "username", "string", "Who you are (HEADGATE_USERNAME)"),
    Option(("--password", "-p"), "password", "string", "Better kept in HEADGATE_PASSWORD"),
    Option(("--password-file",), "password_file", "string", "File that holds the password"),
    Option(("--ca-file",), "ca_file", "string", "Authority to trust (HEADGATE_CA_FILE)"),
    Option(
        ("--output", "-o"),
        "output",
        "string",
        "How to show results",
        enum=("table", "json", "yaml", "csv"),
    ),
    Option(("--csv",), "csv", "flag", "The same as --output csv"),
    Option(("--fields",), "fields", "list", "Fields to show, such as id,name,product.name"),
    Option(("--no-headers",), "no_headers", "flag", "Leave out the names of columns"),
    Option(("--async",), "async", "flag", "Print the task's id and do not wait for it"),
    Option(("--quiet", "-q"), "quiet", "flag", "Say nothing but results and errors"),
    Option(("--help", "-h"), "help", "flag", "Show help"),
)


class Given(NamedTuple):
    """What a command line says: values by parameter, names to be found, global options.

    `names` holds, for a parameter, by what it is to be found and the text or texts.
    """

    values: dict[str, Any]
    names: dict[str, tuple[str, Any]]
    globals: dict[str, Any]


def parse_globals(words: Sequence[str]) -> tuple[dict[str, Any], Sequence[str]]:
    """Read the options before the first word of a command; return them and the rest."""
    given = Given({}, {}, {})
    reader = _Reader(words, (), given)
    while reader.left and reader.left[0].startswith("-"):
        reader.read_option()
    return given.globals, reader.left


def parse(
    words: Sequence[str], options: Sequence[Option], before: dict[str, Any], word: str | None = None
) -> Given:
    """Read the words after a command; UsageError tells what is wrong with them.

    `word` is the parameter that may be given as a word of its own.
    """
    given = Given({}, {}, dict(before))
    reader = _Reader(words, options, given)
    while reader.left:
        if not reader.left[0].startswith("-"):
            if word is None or word in given.values:
                raise UsageError(f"`{reader.left[0]}` is no option of this command")
            given.values[word] = reader.left.pop(0)
            continue
        reader.read_option()
    return given


def require(options: Iterable[Option], given: Given) -> None:
    """Raise UsageError for options that must be given and are not."""
    for option in options:
        if option.required and option.to not in given.values and option.to not in given.names:
            same = [other for other in options if other.to == option.to]
            ways = " or ".join(other.flags[0] for other in same)
            raise UsageError(f"{ways} is needed")


class _Reader:
    def __init__(self, words: Sequence[str], options: Sequence[Option], given: Given) -> None:
        self.left = list(words)
        self._given = given
        # The command's own come last and win.
        self._own = {flag: option for option in options for flag in option.flags}
        self._global = {flag: option for option in GLOBALS for flag in option.flags}

    def read_option(self) -> None:
        """Take one option with its value off the words."""
        word = self.left.pop(0)
        flag, equals, attached = word.partition("=") if word.startswith("--") else (word, "", "")
        option = self._own.get(flag) or self._global.get(flag)
        if option is None:
            raise UsageError(_unknown(flag, [*self._own, *self._global]))
        value = self._value(option, flag, attached if equals else None)
        if flag not in self._own:
            self._given.globals[option.to] = value
        elif option.by is not None:
            self._note_name(option, value)
        else:
            self._note_value(option, value)

    def _value(self, option: Option, flag: str, attached: str | None) -> Any:
        if option.kind == "flag":
            return attached is None or _boolean(flag, attached)
        if option.kind == "boolean":
            following = self.left[0].lower() if self.left else ""
            if attached is None and following not in _TRUE | _FALSE:
                return True
            return _boolean(flag, self.left.pop(0) if attached is None else attached)
        if option.kind == "paths":
            return ([] if attached is None else [attached]) + self._paths(flag, attached)
        if attached is None:
            if not self.left:
                raise UsageError(f"{flag} needs a value")
            attached = self.left.pop(0)
        return _typed(option, flag, attached)

    def _paths(self, flag: str, attached: str | None) -> list[str]:
        """Take all that a shell makes of `--path *.rpm`."""
        taken: list[str] = []
        while self.left and not self.left[0].startswith("-"):
            taken.append(self.left.pop(0))
        if not taken and attached is None:
            raise UsageError(f"{flag} needs a value")
        return taken

    def _note_name(self, option: Option, value: Any) -> None:
        by, before = self._given.names.get(option.to, (option.by or "", []))
        self._given.names[option.to] = (by, before + value if option.kind == "list" else value)

    def _note_value(self, option: Option, value: Any) -> None:
        if option.kind in ("list", "paths"):
            value = self._given.values.get(option.to, []) + value
        self._given.values[option.to] = value


def _typed(option: Option, flag: str, text: str) -> Any:
    if option.kind == "integer":
        try:
            return int(text)
        except ValueError:
            raise UsageError(f"{flag} takes a number, not `{text}`") from None
    if option.kind == "list":
        return split(text)
    if option.kind == "json":
        return _json(flag, text)
    if option.enum and text not in option.enum:
        raise UsageError(f"{flag} takes one of {', '.join(option.enum)}, not `{text}`")
    return text


def split(text: str) -> list[str]:
    r"""Split at commas, as hammer does: `a\,b` is one value with a comma in it."""
    found = [""]
    escaped = False
    for character in text:
        if character == "," and not escaped:
            found.append("")
        elif character == "\\" and not escaped:
            escaped = True
            continue
        else:
            found[-1] += character
        escaped = False
    return [value for value in found if value]


def _json(flag: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"{flag} takes JSON: {error}") from None


def _boolean(flag: str, text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise UsageError(f"{flag} takes yes or no, not `{text}`")


def _unknown(flag: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for those who mistype

    near = get_close_matches(flag, known, n=1)
    return f"there is no option {flag}" + (f"; did you mean {near[0]}?" if near else "")
