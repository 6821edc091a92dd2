"""The table of routes finds what a look at all of them in turn would find."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.routing import Match, Route

from headgate.apis.actions.resources import PATH_VARIABLE
from headgate.apis.katello import RESOURCES
from headgate.apis.routing import RouteTable, specificity

PATHS = sorted(
    {path for each in RESOURCES for action in each.actions for path in action.paths},
    key=lambda path: [part.strip("{}") for part in path.split("/")],
)


def endpoint() -> Callable[[Any], Awaitable[Any]]:
    async def answer(_request: Any) -> Any:
        raise AssertionError("only looked for")

    return answer


@pytest.fixture(scope="module")
def routes() -> list[Route]:
    return sorted(
        (
            Route(path, endpoint(), methods=[action.method])
            for each in RESOURCES
            for action in each.actions
            for path in action.paths
        ),
        key=specificity,
    )


def asked(path: str, method: str) -> dict[str, Any]:
    return {"type": "http", "path": path, "method": method, "root_path": "", "path_params": {}}


def in_turn(routes: list[Route], path: str, method: str) -> tuple[Match, dict[str, Any]]:
    matches = [route.matches(asked(path, method)) for route in routes]
    for wanted in (Match.FULL, Match.PARTIAL):
        for match, found in matches:
            if match is wanted:
                return match, dict(found)
    return Match.NONE, {}


def test_every_part_of_a_path_is_a_word_or_a_variable() -> None:
    parts = {part for path in PATHS for part in path.split("/")}

    assert [
        each for each in sorted(parts) if "{" in each and not PATH_VARIABLE.fullmatch(each)
    ] == []


def test_it_is_the_route_that_all_in_turn_would_give(routes: list[Route]) -> None:
    table = RouteTable(routes)

    for path in PATHS[::5]:
        given = re.sub(PATH_VARIABLE, "7", path)
        for method in ("GET", "PUT", "PATCH"):
            match, found = table.matches(asked(given, method))
            expected, by_all = in_turn(routes, given, method)

            assert match is expected, (method, path)
            assert found.get("endpoint") is by_all.get("endpoint")
            assert found.get("path_params") == by_all.get("path_params"), (method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "//",
        "/katello/api",
        "/katello/api/",
        "/katello/api/organizations/",
        "/katello/api//organizations",
        "/katello/api/organizations/1/2/3/4/5/6/7/8/9",
        "/katello/api/organizations\n",
        "/katello/api/{id}",
    ],
)
def test_what_no_path_means_is_not_found(path: str, routes: list[Route]) -> None:
    match, _ = RouteTable(routes).matches(asked(path, "GET"))

    assert match is Match.NONE
