"""The commands of hammer as its plug-ins define them: what they send and what they print.

A path leads by dots into what is nested, by `[]` into each of a list; `[?]` is a list that may be
empty.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).parents[1] / "data"


@dataclass(frozen=True, slots=True)
class HammerCommand:
    """One command: `action` is `resource#action`, the others are paths into objects."""

    name: str
    action: str
    sent: Sequence[str]
    printed: Sequence[str]


def _commands() -> Iterator[HammerCommand]:
    for line in (DATA / "hammer_commands.tsv").read_text().splitlines():
        name, action, sent, printed = line.split("\t")
        yield HammerCommand(name, action, sent.split(), printed.split())


COMMANDS: Final = tuple(_commands())


def absent(kind: str) -> list[str]:
    """Return what is known not to be there: command and what it sends or prints, with a tab."""
    lines = (DATA / "hammer_absent.txt").read_text().splitlines()
    return [line.removeprefix(f"{kind}\t") for line in lines if line.startswith(f"{kind}\t")]
