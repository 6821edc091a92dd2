"""The `headgate` command: finds what its words name and runs just that.

What talks to a server must start within 150 ms, of which Python itself takes 20 and TLS 40:
`click` (100) and everything of the server are imported only by commands that need them.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from headgate.cli.errors import INTERRUPTED, OK, USAGE, CliError, UsageError
from headgate.cli.tree import command_of, find, load_tree

Json = Mapping[str, Any]


def command(words: Sequence[str] | None = None) -> int:
    """Run a command line; return the exit code."""
    words = sys.argv[1:] if words is None else words
    if words[:1] == ["__complete"]:
        from headgate.cli.completion import complete  # noqa: PLC0415 - the shell asks, nobody else

        return complete(load_tree(), words[1:])
    try:
        return _run(words)
    except UsageError as error:
        sys.stderr.write(f"Error: {error.message}\n{_hint(words)}\n")
    except CliError as error:
        sys.stderr.write(f"Error: {error.message}\n")
        return error.code
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return INTERRUPTED
    except BrokenPipeError:
        return _abandoned()
    return USAGE


def _run(words: Sequence[str]) -> int:
    from headgate.cli.options import parse, parse_globals  # noqa: PLC0415 - completion needs none

    if words[:1] == ["--version"]:
        return _version()
    before, rest = parse_globals(words)
    tree = load_tree()
    found = find(tree, rest)
    if "server" in found.node:
        return _serve(found.node["server"], found.words, found.rest, before)
    if "commands" in found.node:
        given = parse(found.rest, (), before)
        asked = bool(given.globals.get("help") or not found.words)
        return _help(found.words, found.node, asked=asked)
    chosen = command_of(found.words, found.node)
    if any(word in ("--help", "-h") for word in found.rest) or before.get("help"):
        return _help(found.words, found.node)
    given = parse(found.rest, chosen.options, before, found.node.get("word"))
    from headgate.cli.output import Output  # noqa: PLC0415 - help needs no results
    from headgate.cli.run import Job, run_action  # noqa: PLC0415 - help needs no network

    job = Job(chosen, given, tree, Output(given.globals))
    if "run" in found.node:
        return _function(found.node["run"])(job)
    return run_action(job)


def _function(where: str) -> Any:
    from importlib import import_module  # noqa: PLC0415 - not for every command

    module, _, name = where.partition(":")
    return getattr(import_module(module), name)


def _serve(where: str, words: Sequence[str], rest: Sequence[str], before: Json) -> int:
    """Run a command of the server's own machine."""
    import click  # noqa: PLC0415 - a tenth of a second

    home = ["--home", before["home"]] if before.get("home") else []
    asked = ["--help"] if before.get("help") else []
    chosen = _function(where)
    try:
        chosen.main([*home, *asked, *rest], f"headgate {' '.join(words)}", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    return OK


def _help(words: Sequence[str], node: Json, *, asked: bool = True) -> int:
    from headgate.cli.help import help_of  # noqa: PLC0415 - only for those who ask

    (sys.stdout if asked else sys.stderr).write(help_of(words, node) + "\n")
    return OK if asked else USAGE


def _version() -> int:
    from importlib.metadata import version  # noqa: PLC0415 - only for those who ask

    sys.stdout.write(f"headgate {version('headgate')}\n")
    return OK


def _hint(words: Sequence[str]) -> str:
    plain = [word for word in words if not word.startswith("-")]
    try:
        name = " ".join(["headgate", *find(load_tree(), plain).words])
    except UsageError:
        name = "headgate"
    return f"`{name} --help` tells what there is."


def _abandoned() -> int:
    """End quietly when whoever read the output has left, as `| head` does."""
    import os  # noqa: PLC0415 - for this rare case alone

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OK
