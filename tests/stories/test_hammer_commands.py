"""What hammer's commands print is in what the server answers (`data/hammer_commands.tsv`).

One of everything is made as hammer makes it. Then each command that only looks is asked, and each
field that it prints must be there: hammer shows nothing, or fails, where one is not.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import pytest

from support.feigned_registry import feigned_registry
from support.hammer import Hammer, Json
from support.hammer_commands import COMMANDS, DATA, HammerCommand, absent
from support.hammer_scene import HammerScene
from support.openpgp import Gnupg
from support.server import Server

# Variants of a command show another thing of the same resource.
_VARIANTS: Final = {"(composite)": "composite", "(images)": "images in", "(files)": "files in"}


@pytest.fixture(scope="module")
def scene(server: Server, aviary: Path) -> Iterator[HammerScene]:
    keys = Gnupg()
    with (
        server.client() as client,
        server.stranger() as stranger,
        feigned_registry() as registry,
    ):
        made = HammerScene(Hammer(client, stranger))
        made.fill(aviary, keys.key("Keeper <keeper@example.com>"), registry)
        yield made
    keys.close()


def test_what_commands_print_is_answered_or_known_to_be_absent(scene: HammerScene) -> None:
    assert sorted(_unanswered(scene)) == sorted(absent("printed"))


def _unanswered(scene: HammerScene) -> Iterator[str]:
    for command in COMMANDS:
        if not command.printed or not scene.hammer.knows(command.action):
            continue
        if command.action in scene.answers:
            answer = scene.answers[command.action]
        elif scene.hammer.only_looks(command.action):
            answer = _looked_at(scene, command)
        else:
            yield f"{command.name}\t"
            continue
        for path in command.printed:
            if not _has(answer, path.split(".")):
                yield f"{command.name}\t{path}"


def _looked_at(scene: HammerScene, command: HammerCommand) -> Any:
    """Ask as the command does; of a list return what the scene made, or the first."""
    resource, _, verb = command.action.partition("#")
    variant = next((name for mark, name in _VARIANTS.items() if mark in command.name), resource)
    params = scene.placed(command.sent)
    if "id" in command.sent:
        params["id"] = scene.ids.get(variant) or _first(scene, resource, params)["id"]
    answer = scene.hammer.call(resource, verb, **params)
    if not _is_list(answer):
        return answer
    results: list[Json] = answer["results"]
    wanted = [each for each in results if each.get("id") == scene.ids.get(variant)]
    return next(iter(wanted or results), None)


def _is_list(answer: object) -> bool:
    return isinstance(answer, dict) and {"results", "total"} <= answer.keys()


def _first(scene: HammerScene, resource: str, params: Mapping[str, Any]) -> Json:
    """Return what a list begins with."""
    results: list[Json] = scene.hammer.call(resource, "index", **params)["results"]
    return results[0]


def test_names_lead_to_ids(scene: HammerScene) -> None:
    for resource, parameter, name, scope in _rows("hammer_lookups.tsv"):
        params = scene.placed(scope.split())
        made = scene.ids.get(resource)
        listed = scene.hammer.listed(resource, **params)
        wanted = next((each for each in listed if each["id"] == made), listed[0])
        value = wanted[name]
        asked = {"search": f'{name} = "{value}"'} if parameter == "search" else {parameter: value}

        found = scene.hammer.listed(resource, **params, **asked)

        assert wanted["id"] in [each["id"] for each in found], (resource, asked)
        assert {each[name] for each in found} == {value}, (resource, asked)


def test_links_are_read_and_written_back_as_texts(scene: HammerScene) -> None:
    """`add-...` and `remove-...` read the links of a thing and send all of them."""
    for resource, shown, parameter in _rows("hammer_links.tsv"):
        place = {"id": scene.ids[resource]}
        before = scene.hammer.call(resource, "show", **place)[shown]
        ids = [str(each["id"]) for each in before]

        scene.hammer.call(resource, "update", **place, **{parameter: ids})

        after = scene.hammer.call(resource, "show", **place)[shown]
        assert [str(each["id"]) for each in after] == ids, (resource, shown)


def _rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (DATA / name).read_text().splitlines()]


def _has(value: Any, path: Sequence[str]) -> bool:
    """Say whether the path leads to something; `[]` marks lists that hold something."""
    if not path:
        return True
    if isinstance(value, list):
        return all(_has(each, path) for each in cast("list[Any]", value))
    name, rest = path[0].partition("[")[0], path[1:]
    if not isinstance(value, dict) or name not in value:
        return False
    found = cast("dict[str, Any]", value)[name]
    return _has(found, rest) and (found != [] or not path[0].endswith("[]"))
