"""The commands that the pages show, against the commands that there are."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.cli.errors import EXIT_CODES
from headgate.cli.options import parse, parse_globals, require
from headgate.cli.tree import command_of, find, load_tree

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
_FENCE = re.compile(r"^```(?:sh|bash|console)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?headgate (.*)$", re.MULTILINE)


def _shown() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in _FENCE.findall(page.read_text()):
            for line in _LINE.findall(block.replace("\\\n", " ")):
                yield page.name, re.split(r" [>|&;#]| 2>", line)[0].strip()


@pytest.mark.parametrize(("page", "line"), sorted(set(_shown())))
def test_a_command_on_a_page_can_be_typed(page: str, line: str) -> None:
    tree = load_tree()
    before, words = parse_globals(shlex.split(line))
    found = find(tree, words)
    if "server" in found.node or before.get("help"):
        return

    assert "options" in found.node, f"{page}: `{line}` names no command"
    command = command_of(found.words, found.node)
    given = parse(found.rest, command.options, before, found.node.get("word"))
    if not given.globals.get("help"):
        require(command.options, given)


def test_the_page_of_the_command_line_lists_every_exit_code() -> None:
    page = (ROOT / "docs" / "how-to" / "command-line.md").read_text()

    rows = re.findall(r"^\| (\d+) \| (.*) \|$", page, re.MULTILINE)
    listed = {int(code): words for code, words in rows}
    assert listed == EXIT_CODES
