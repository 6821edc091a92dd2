"""The data file of the client against the declarations it is drawn from."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from headgate.apis.actions import describe
from headgate.apis.katello import RESOURCES
from headgate.cli import help as cli_help
from headgate.cli import tree
from headgate.cli.generate import data_file
from headgate.cli.generate.extras import EXTRAS
from headgate.cli.generate.naming import LEFT_OUT, reason_left_out
from headgate.cli.tree import option_of


def _leaves() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for words, node in cli_help.walk(tree.load_tree()):
        if "options" in node:
            yield " ".join(words), node


LEAVES = dict(_leaves())
ACTIONS = [
    (resource["name"], action["name"])
    for resource in describe(RESOURCES)
    for action in resource["actions"]
    if action["lacks"] is None  # what would only be refused has no command
]


def test_the_data_file_is_what_the_declarations_say_now() -> None:
    drawn = data_file.rendered()

    fresh = data_file.DATA_FILE.read_text() == drawn
    assert fresh, "run `python -m headgate.cli.generate` and commit commands.json"


def test_every_declared_action_has_a_command_or_a_reason_to_have_none() -> None:
    reachable = {leaf["action"] for leaf in LEAVES.values() if "action" in leaf}

    unreachable = [
        f"{resource}#{action}"
        for resource, action in ACTIONS
        if f"{resource}#{action}" not in reachable and not reason_left_out(resource, action)
    ]
    assert unreachable == []


def test_no_reason_is_left_for_actions_that_are_gone() -> None:
    resources = {resource for resource, _ in ACTIONS}
    kept = {
        (resource, action)
        for resource, action in LEFT_OUT
        if resource in resources and action != "*" and (resource, action) not in ACTIONS
    }
    assert kept == set()


@pytest.mark.parametrize("words", EXTRAS)
def test_a_command_of_our_own_names_a_function_that_exists(words: str) -> None:
    module, _, function = LEAVES[words]["run"].partition(":")

    assert callable(getattr(__import__(module, fromlist=[function]), function))


@pytest.mark.parametrize("words", LEAVES)
def test_a_command_tells_what_each_of_its_options_is(words: str) -> None:
    leaf = LEAVES[words]
    flags = [flag for option in leaf["options"] for flag in option["flags"]]
    helped = cli_help.help_of(words.split(), leaf)

    assert len(flags) == len(set(flags))
    assert all(option_of(option).help for option in leaf["options"])
    assert all(flag in helped for flag in flags)
    assert leaf["help"] in helped


@pytest.mark.parametrize("words", LEAVES)
def test_every_name_that_may_be_given_can_be_found(words: str) -> None:
    leaf, finders = LEAVES[words], tree.load_tree()["finders"]
    named = [option for option in leaf["options"] if "by" in option]

    for option in named:
        finder = finders[leaf["lookups"][option["to"]]["finder"]]
        assert option["by"] in {*finder["by"], "id"}


def test_the_data_file_is_small_enough_to_be_read_at_every_start() -> None:
    assert Path(data_file.DATA_FILE).stat().st_size < 512 * 1024
    assert json.loads(data_file.DATA_FILE.read_bytes())["commands"]
