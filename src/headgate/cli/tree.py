"""The commands as `commands.json` tells them: plain data, quick to load.

`NamedTuple`s where the house has frozen dataclasses: importing `dataclasses` would cost a tenth
of the time in which a command must start.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from headgate.cli.errors import UsageError

Json = Mapping[str, Any]


class Option(NamedTuple):
    """One option: `by` says by what its value finds the id that `to` names."""

    flags: Sequence[str]
    to: str
    kind: str
    help: str = ""
    required: bool = False
    enum: Sequence[str] = ()
    by: str | None = None


class Command(NamedTuple):
    """A command that can be run; its fields are those of the data file."""

    words: Sequence[str]
    options: Sequence[Option]
    data: Json

    @property
    def name(self) -> str:
        """What people type."""
        return " ".join(self.words)


class Found(NamedTuple):
    """How far the words of a command line lead, and what is left of them."""

    words: Sequence[str]
    node: Json
    rest: Sequence[str]


def load_tree() -> Json:
    """Read the data file."""
    return json.loads(Path(__file__).with_name("commands.json").read_bytes())


def find(tree: Json, words: Sequence[str]) -> Found:
    """Follow words down the tree as far as they lead; UsageError at one that leads nowhere."""
    node = tree
    for position, word in enumerate(words):
        children = node.get("commands", {})
        if not children or word.startswith("-"):
            return Found(words[:position], node, words[position:])
        if word not in children:
            raise UsageError(_unknown(words[: position + 1], children))
        node = children[word]
    return Found(words, node, ())


def command_of(words: Sequence[str], node: Json) -> Command:
    """Return the command at a node of the tree."""
    return Command(words, [option_of(option) for option in node["options"]], node)


def option_of(data: Json) -> Option:
    """Return an option of the data file."""
    return Option(**data)


def _unknown(words: Sequence[str], children: Json) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for those who mistype

    near = get_close_matches(words[-1], children, n=1)
    hint = f"; did you mean `{' '.join([*words[:-1], near[0]])}`?" if near else ""
    return f"there is no command `{' '.join(words)}`{hint}"
