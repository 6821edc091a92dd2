"""Help: what there is below a noun, and what a command takes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from headgate.cli.errors import EXIT_CODES, OK
from headgate.cli.options import GLOBALS
from headgate.cli.output import terminal_width
from headgate.cli.tree import Command, Option, command_of

if TYPE_CHECKING:
    from headgate.cli.run import Job

Json = Mapping[str, Any]

_WIDEST: Final = 100
_COLUMN: Final = 34
_WORDS: Final = {
    "integer": "NUMBER",
    "number": "NUMBER",
    "boolean": "[yes|no]",
    "list": "A,B,...",
    "json": "JSON",
    "datetime": "TIME",
    "file": "FILE",
    "text-file": "FILE",
    "paths": "FILE...",
}


def help_of(words: Sequence[str], node: Json) -> str:
    """Return the help of a noun, of a command, or of the program."""
    if "options" in node and "commands" not in node:
        return "\n".join(_command_lines(command_of(words, node)))
    return "\n".join(_noun_lines(words, node))


def print_all(job: "Job") -> int:
    """Print the help of everything."""
    for words, node in walk(job.tree):
        if "server" in node:
            continue  # click's own help, and an import of the server
        job.output.line(f"\n## {' '.join(('headgate', *words))}\n\n{help_of(words, node)}")
    return OK


def walk(node: Json, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Yield every noun and command, with its words, below a node."""
    yield words, node
    for word, child in node.get("commands", {}).items():
        yield from walk(child, (*words, word))


def _noun_lines(words: Sequence[str], node: Json) -> list[str]:
    name = " ".join(("headgate", *words))
    about = node.get("help") or "Decide what flows from upstream to every machine you run."
    rows = [(word, child["help"]) for word, child in sorted(node["commands"].items())]
    lines = [f"Usage: {name} COMMAND [OPTIONS]", "", about, "", "Commands:", *_rows(rows)]
    if words:
        return [*lines, "", f"`{name} COMMAND --help` tells more."]
    codes = [(str(code), meaning) for code, meaning in EXIT_CODES.items()]
    return [
        *lines,
        *("", "Options of every command:", *_rows([_row(option) for option in GLOBALS])),
        *("", "Exit codes:", *_rows(codes)),
        *("", "`headgate COMMAND --help` tells more."),
    ]


def _command_lines(command: Command) -> list[str]:
    word = f" {command.data['word'].upper()}" if "word" in command.data else ""
    name = f"headgate {command.name}{word}"
    lines = [f"Usage: {name} [OPTIONS]", "", command.data["help"] + "."]
    needed = {option.to for option in command.options if option.required}
    first = [option for option in command.options if option.to in needed]
    others = [option for option in command.options if option.to not in needed]
    if first:
        lines += ["", "Needed:", *_rows([_row(option) for option in first])]
    if others:
        lines += ["", "Options:", *_rows([_row(option) for option in others])]
    return [*lines, "", "`headgate --help` lists the options of every command."]


def _row(option: Option) -> tuple[str, str]:
    if option.enum:
        word = "|".join(filter(None, option.enum))
    elif option.kind == "flag":
        word = ""
    else:
        word = _WORDS.get(option.kind, option.by.upper() if option.by else "TEXT")
    return f"{', '.join(option.flags)} {word}".rstrip(), option.help


def _rows(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield two columns, the second wrapped."""
    import sys  # noqa: PLC0415 - the stream that is set when help is shown
    from textwrap import wrap  # noqa: PLC0415 - not needed to run a command

    total = min(terminal_width(sys.stdout) or _WIDEST, _WIDEST)
    column = min(max((len(row[0]) for row in rows), default=0) + 2, _COLUMN)
    for head, text in rows:
        wrapped = wrap(text, max(total - column - 2, 20)) or [""]
        if len(head) > column - 2:
            yield f"  {head}"
        else:
            yield f"  {head:<{column}}{wrapped.pop(0)}".rstrip()
        yield from (" " * (column + 2) + line for line in wrapped)
