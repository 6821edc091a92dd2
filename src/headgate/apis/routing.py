"""Finding the action that a path means, among more than a thousand routes."""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from headgate.apis.actions.resources import PATH_VARIABLE

# How many parts a path has, and those before its first variable.
_Key: TypeAlias = tuple[int, tuple[str, ...]]

_CHOSEN: Final = "headgate.route"


class RouteTable(BaseRoute):
    """All routes as one, which looks only at those that a path can mean.

    A part of a path that is spelled out goes before a variable in its place. No variable holds a
    slash, so a path means only routes of as many parts.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_key: dict[_Key, list[Route]] = {}
        for route in sorted(routes, key=specificity):
            self._by_key.setdefault(_key(route.path), []).append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return how the first route matches that takes the method, else the first of the path."""
        partial: tuple[Match, Scope] = Match.NONE, {}
        if scope["type"] != "http":
            return partial
        for route in self._meant(scope["path"]):
            match, found = route.matches(scope)
            if match is Match.FULL:
                return match, {**found, _CHOSEN: route}
            if match is Match.PARTIAL and partial[0] is Match.NONE:
                partial = match, {**found, _CHOSEN: route}
        return partial

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that has matched."""
        route: Route = scope[_CHOSEN]
        await route.handle(scope, receive, send)

    def _meant(self, path: str) -> Iterator[Route]:
        """Return the routes that share the most parts with the path first."""
        parts = path.split("/")
        for count in range(len(parts), 0, -1):
            yield from self._by_key.get((len(parts), tuple(parts[:count])), ())


def _key(path: str) -> _Key:
    parts = path.split("/")
    variables = [number for number, part in enumerate(parts) if PATH_VARIABLE.fullmatch(part)]
    return len(parts), tuple(parts[: variables[0] if variables else len(parts)])


def specificity(route: Route) -> list[tuple[bool, str]]:
    """Return what routes are put in order by: words go before variables.

    Paths that differ only in the name of a variable meet the same requests.
    """
    return [(bool(PATH_VARIABLE.fullmatch(part)), part) for part in route.path.split("/")]
