"""From names to ids, by asking the lists that hold them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from headgate.cli.client import Api
from headgate.cli.errors import NOT_FOUND, CliError, UsageError
from headgate.cli.options import Given
from headgate.cli.tree import Command

_SHOWN_AT_MOST: Final = 5

Json = Mapping[str, Any]


class Resolver:
    """The parameters of a command, each name among them looked up once, when it is needed."""

    def __init__(self, api: Api, finders: Json, command: Command, given: Given) -> None:
        self._api = api
        self._finders = finders
        self._command = command
        self._given = given
        self._found: dict[str, Any] = {}

    def value(self, parameter: str) -> Any:
        """Return the parameter's value: as given, or found by the name given; else None."""
        if parameter in self._given.values:
            return self._given.values[parameter]
        if parameter not in self._given.names:
            return None
        if parameter not in self._found:
            self._found[parameter] = self._find(parameter)
        return self._found[parameter]

    def _find(self, parameter: str) -> Any:
        by, names = self._given.names[parameter]
        lookup = self._command.data["lookups"][parameter]
        finder: Json = self._finders[lookup["finder"]]
        scope = self._scope(parameter, finder, names)
        if lookup["many"]:
            return [self._only(finder, by, name, scope, parameter)["id"] for name in names]
        return self._only(finder, by, names, scope, parameter)[lookup.get("gives", "id")]

    def _scope(self, parameter: str, finder: Json, names: Any) -> dict[str, Any]:
        """Return what narrows the list; UsageError if the list must be narrowed and is not."""
        known = {scope: self.value(scope) for scope in finder["scopes"] if scope != parameter}
        for scope in finder["needs"]:
            if known.get(scope) is None:
                ways = " or ".join(self._flags(scope))
                raise UsageError(f"{ways} is needed to find {finder['noun']} {_quoted(names)}")
        return {name: value for name, value in known.items() if value is not None}

    def _only(self, finder: Json, by: str, name: str, scope: Json, parameter: str) -> Json:
        """Return the one thing of that name."""
        path, narrowed = path_of(finder["paths"], scope)
        condition = (
            {by: name}
            if finder["by"].get(by) == "plain"
            else {"search": f'{by} = "{name.replace(chr(34), chr(92) + chr(34))}"'}
        )
        results: Sequence[Json] = self._api.get(path, **narrowed, **condition)["results"]
        if len(results) == 1:
            return results[0]
        if not results:
            within = self._within(scope)
            raise CliError(f"there is no {finder['noun']} {_quoted(name)}{within}", NOT_FOUND)
        ids = ", ".join(str(result["id"]) for result in results[:_SHOWN_AT_MOST])
        ways = [
            flag for wider in finder["scopes"] if wider not in scope for flag in self._flags(wider)
        ]
        advice = [*ways[:1], *self._flags(parameter, by_id=True)[:1]]
        raise UsageError(
            f"{len(results)} things are {finder['noun']} {_quoted(name)} (ids {ids}): "
            f"say which with {' or '.join(advice)}"
        )

    def _within(self, scope: Json) -> str:
        told: list[str] = []
        for parameter in scope:
            noun = parameter.removesuffix("_id").replace("_", " ")
            named = self._given.names.get(parameter)
            told.append(f"{noun} {_quoted(named[1]) if named else scope[parameter]}")
        return f" in {', '.join(told)}" if told else ""

    def _flags(self, parameter: str, *, by_id: bool = False) -> list[str]:
        options = [option for option in self._command.options if option.to == parameter]
        return [option.flags[0] for option in options if not (by_id and option.by)]


def path_of(paths: Sequence[str], values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the first path whose variables all have values, filled in, and the other values."""
    for path in paths:
        parts = path.split("/")
        variables = [part[1:-1] for part in parts if part.startswith("{")]
        if all(values.get(variable) is not None for variable in variables):
            filled = [
                quote(str(values[part[1:-1]]), safe="") if part.startswith("{") else part
                for part in parts
            ]
            rest = {name: value for name, value in values.items() if name not in variables}
            return "/".join(filled), rest
    raise UsageError(f"not enough is given to find {paths[0]}")


def _quoted(names: Any) -> str:
    return ", ".join(f"'{name}'" for name in ([names] if isinstance(names, str) else names))
