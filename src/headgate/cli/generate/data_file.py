"""The data file that ships with the client, so that it need not import the server to know it."""

import json
from pathlib import Path
from typing import Final

from headgate.apis.actions import describe
from headgate.apis.katello import RESOURCES
from headgate.cli.generate.tree import command_tree

DATA_FILE: Final = Path(__file__).parent.parent / "commands.json"


def rendered() -> str:
    """Return the file's text: one command a line, so that changes can be read."""
    tree = command_tree(describe(RESOURCES))
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"), sort_keys=False)
    # A line for each command, each option and each finder; the parser does not mind.
    text = text.replace('{"help":', '\n{"help":').replace('{"flags":', '\n{"flags":')
    return text + "\n"
