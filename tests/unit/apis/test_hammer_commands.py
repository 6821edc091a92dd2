"""What hammer's commands ask for, against what the apidoc from which it is built offers.

`hammer_commands.tsv` holds a command, its resource and action, what it sends and what it prints a
line, as the released plug-ins of hammer define them; dots lead into what is nested, `[]` into each
of a list. What is not there yet is in `hammer_absent.txt`, which may only become shorter. What is
printed is looked for by the story of the same name.
"""

from collections.abc import Iterator

from support.hammer_commands import COMMANDS, absent
from unit.apis.test_katello_actions import declared, named


def test_every_command_finds_its_action_and_parameters_or_is_known_not_to() -> None:
    assert sorted(_missing()) == sorted(absent("sent"))


def test_what_a_path_names_is_the_name_of_nothing_within_a_parameter() -> None:
    """Hammer puts an option wherever its name is declared: `--id 2` would be two things."""
    twice = [
        f"{action}: {parameter['name']}.{inner['name']}"
        for action, method in declared().items()
        for parameter in method["params"]
        if parameter["expected_type"] == "hash"
        for inner in parameter.get("params", ())
        if any(f":{inner['name']}" in api["api_url"].split("/") for api in method["apis"])
    ]

    assert twice == []


def _missing() -> Iterator[str]:
    for command in COMMANDS:
        method = declared().get(command.action)
        if method is None:
            yield f"{command.name}\t{command.action}"
            continue
        offered = set(named(method["params"]))
        for api in method["apis"]:
            offered |= {part[1:] for part in api["api_url"].split("/") if part.startswith(":")}
        for parameter in command.sent:
            if parameter not in offered:
                yield f"{command.name}\t{parameter}"
