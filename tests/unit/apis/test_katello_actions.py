"""Every action, route and parameter that Katello's clients know, against what is declared here.

`katello_actions.tsv` holds a resource, an action, a method, its paths and its parameters a line,
as Katello 4.14 documents them; `+` stands for the parameters of searched lists, parentheses hold
what is nested. `katello_absent.txt` holds what is not there yet: it may only become shorter.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from headgate.apis.apidoc import apidoc
from headgate.apis.katello import RESOURCES

_DATA: Final = Path(__file__).parents[2] / "data"
_OF_LISTS: Final = ("search", "page", "per_page", "order")


def test_what_katello_has_is_here_or_known_to_be_absent() -> None:
    known = (_DATA / "katello_absent.txt").read_text().split("\n")[:-1]

    assert sorted(absent()) == known


def absent() -> Iterator[str]:
    """Name every action, route and parameter of Katello's that is not declared."""
    for line in (_DATA / "katello_actions.tsv").read_text().splitlines():
        resource, action, method, paths, parameters = line.split("\t")
        name = f"{resource}#{action}"
        here = declared().get(name)
        if here is None:
            yield name
            continue
        routes = {(each["http_method"], shape(each["api_url"])) for each in here["apis"]}
        for path in paths.split():
            if (method, shape(path)) not in routes:
                yield f"{name} {method} {path}"
        answered = set(named(here["params"]))
        for parameter in wanted(parameters):
            if parameter not in answered:
                yield f"{name} ({parameter})"


@cache
def declared() -> Mapping[str, dict[str, Any]]:
    """Return the documented methods by `resource#action`."""
    resources = apidoc(RESOURCES)["docs"]["resources"]
    return {
        f"{name}#{method['name']}": method
        for name, resource in resources.items()
        for method in resource["methods"]
    }


def shape(path: str) -> str:
    """Return the path without the names of its variables."""
    return re.sub(r":\w+", ":", path)


def named(parameters: list[dict[str, Any]], within: str = "") -> Iterator[str]:
    """Name the documented parameters, nested ones by `outer.inner`."""
    for each in parameters:
        name = f"{within}{each['name']}"
        yield name
        yield from named(each.get("params", []), f"{name}.")


def wanted(text: str) -> Iterator[str]:
    """Read the parameters of a line."""
    if text.startswith("+"):
        yield from _OF_LISTS
    within: list[str] = []
    for word in re.findall(r"[\w]+\(?|\)", text):
        if word == ")":
            within.pop()
            continue
        name = word.removesuffix("(")
        yield ".".join([*within, name])
        if word.endswith("("):
            within.append(name)
