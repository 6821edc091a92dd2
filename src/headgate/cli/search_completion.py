"""Completing `--search` in shells: the server is asked how the search may go on.

Whoever presses a key does not wait long for it, is never asked for a password, and is told nothing
when it fails: the shell would write that into the line.
"""

import shlex
import signal
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any, Final

from headgate.cli.client import Api
from headgate.cli.errors import CliError
from headgate.cli.options import parse, parse_globals
from headgate.cli.output import Output
from headgate.cli.plain import fields_of, members_of
from headgate.cli.resolve import path_of
from headgate.cli.run import Job, apply_defaults, values_of
from headgate.cli.session import session_of
from headgate.cli.tree import command_of, find

Json = Mapping[str, Any]

_SECONDS: Final = 2.0
_QUOTES: Final = ("'", '"')


class _LateError(CliError):
    """The server took too long."""

    def __init__(self) -> None:
        super().__init__("too late", 0)


def searches(tree: Json, before: Sequence[str], typed: str) -> Sequence[str]:
    """Return what a search may be completed to, nothing if that cannot be found out soon.

    `before` are the words up to `--search`; all words are as the shell has them, with their quotes.
    """
    signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        return _asked(tree, [_plain(word) for word in before], _plain(typed))
    except (CliError, TimeoutError):
        return ()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _asked(tree: Json, words: Sequence[str], typed: str) -> Sequence[str]:
    globals_, rest = parse_globals(words)
    found = find(tree, rest)
    command = command_of(found.words, found.node)
    given = parse(found.rest, command.options, globals_, found.node.get("word"))
    if command.data.get("method") != "GET" or given.globals.get("password_file") == "-":
        return ()
    apply_defaults(command.options, given)
    api = Api(session_of(given.globals, public=True))
    job = Job(command, given, tree, Output(given.globals))
    path, sent = path_of(command.data["paths"], values_of(job, job.resolver(api)))
    answer = api.get(f"{path}/auto_complete_search", **{**sent, "search": typed})
    offered = (fields_of(each) or {} for each in members_of(answer) or ())
    labels = (each.get("label") for each in offered)
    return [label for label in labels if isinstance(label, str) and label.isprintable()]


def _plain(word: str) -> str:
    """Return what a word of the line means; of one whose quote is open, as far as it goes."""
    for end in ("", *_QUOTES):
        try:
            return "".join(shlex.split(word + end)[:1])
        except ValueError:
            continue
    return word


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise _LateError
