"""Whatever is searched for in a server's lists, nothing fails, and no value is taken for SQL."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.apis.actions import ListParams
from headgate.apis.katello import RESOURCES
from headgate.stores.db import Database
from headgate.upstream import DownloadRules
from support.house import House, built
from support.push_scene import PushScene, picture

_MARK: Final = "zqj"
_OPERATORS: Final = (
    *("=", "==", "!=", "<>", "~", "!~", ">", "<", ">=", "<=", "^", "!^", "in", "not in"),
    *("before", "after", "at", ""),
)
_VALUES: Final = (
    *("1", "-1", "0.5", "-99999999999999.5", "1e9", "9" * 19, "9" * 40, "true", "no", "today"),
    *("'3 days ago'", "(1, 2)", "()", f"({', '.join(map(str, range(30)))})", "''", '""', "x" * 300),
    *(f'"{_MARK}\' or 1=1 --"', f"'{_MARK}\"; drop table hosts'", f'"{_MARK}%_*\\\\"', "%" * 30),
    *(
        f"{_MARK}\\",
        f'"{_MARK}\u00e9\U0001f426\u2028"',
        f'"{_MARK}\x01\x1f"',
        "Katello::Repository",
    ),
)
_LISTS: Final = sorted(
    path
    for resource in RESOURCES
    for action in resource.actions
    if action.name == "index" and issubclass(action.params, ListParams) and not action.lacks
    for path in action.paths[:1]
    if "{" not in path
)


@pytest.fixture
def furnished(database: Database, tmp_path: Path, aviary: Path) -> Iterator[House]:
    """A house with content of several types, a host and what tasks leave."""
    with built(database, tmp_path) as house:
        house.start_worker(DownloadRules(file_roots=(aviary.parent,)))
        house.world.mirror("birds", aviary.as_uri())
        scene = PushScene(house)
        scene.push(scene.repository(), picture("one"), "1.0")
        host = {"name": "one", "organization_id": house.organization}
        house.admin.post("/api/hosts", json={"host": host})
        facts = {"load": "1.5", "odd": "1e9", "words": "much", _MARK: "0"}
        told = {"name": "one", "organization_id": house.organization, "facts": facts}
        assert house.admin.post("/api/hosts/facts", json=told).status_code == 201
        house.stop_worker()
        yield house


def test_no_search_of_any_list_fails_or_reaches_the_statement(
    furnished: House, database_kind: str
) -> None:
    fields = _fields(furnished)
    operators, values = itertools.cycle(("=", "~", "^", "!=", ">")), itertools.cycle(_VALUES)

    for path, names in fields.items() if database_kind == "postgresql" else ():
        for name in names:
            _ask(furnished, path, f"has {name} or {name} {next(operators)} {next(values)}")

    @settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(fields)))
        term = st.builds(
            "{} {} {}".format,
            st.sampled_from(fields[path]),
            st.sampled_from(_OPERATORS),
            st.sampled_from(_VALUES),
        )
        having = st.sampled_from(fields[path]).map("has {}".format)
        terms = data.draw(st.lists(term | having, min_size=1, max_size=3))
        _ask(furnished, path, data.draw(st.sampled_from((" and ", " or ", " ", ", "))).join(terms))

    holds()


def _ask(house: House, path: str, search: str) -> None:
    """Search, complete the search, and look at what the database was told."""
    given = {"search": search, "content_type": "yum", "organization_id": house.organization}
    with house.control.counted() as statements:
        answer = house.admin.get(path, params=given)
        completed = house.admin.get(f"{path}/auto_complete_search", params=given)

    assert answer.status_code in (200, 400), (path, search, answer.text)
    assert completed.status_code == 200, (path, search, completed.text)
    assert not [each for each in statements if _MARK in each], (path, search)


def _fields(house: House) -> Mapping[str, Sequence[str]]:
    """Return the fields of each list, as it offers them itself."""
    found: dict[str, list[str]] = {}
    for path in _LISTS:
        given = {"content_type": "yum", "organization_id": house.organization}
        offered: list[Any] = house.admin.get(f"{path}/auto_complete_search", params=given).json()
        names = [each["label"] for each in offered if each["label"] not in ("not", "has")]
        keyed = [f"{name}.load" for name in names if name in ("facts", "params")]
        if names:
            found[path] = names + keyed
    return found
