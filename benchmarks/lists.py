"""Every list, with as many hosts, repositories and packages as a large installation has."""

import json
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import httpx2
from pyroaring import BitMap

from family import shipped
from headgate.apis.actions import ListParams
from headgate.apis.katello import RESOURCES
from main_job import POLL
from repodata import make
from support import nginx
from support.world import World
from table import Row, Table

HOSTS: Final = 10_000
REPOSITORIES: Final = 1_000
PACKAGES: Final = 1_000_000
_SYNCED: Final = 1_000  # packages; the others are made of their rows
_ROUNDS: Final = 20
# In milliseconds.
_BOUND: Final = 200


def run(table: Table, work: Path, cache: Path) -> None:
    folder = cache / "lists"
    if not (folder / "repodata" / "repomd.xml").exists():
        make(folder, count=_SYNCED, seed=77)
    home = work / "lists"
    with (
        nginx.serving(cache) as upstream,
        shipped(home) as server,
        server.client(timeout=900) as client,
    ):
        world = World(client, poll=POLL)
        pool = world.mirror("pool", f"{upstream.url}/lists/", download_policy="on_demand")
        view = world.view("Base", pool)
        ids = {"content_view_id": view, "content_view_version_id": world.publish(view)}
        for number in range(REPOSITORIES):
            world.repository(f"repository-{number}", content_type="file")
        made = client.post(
            "/api/hosts",
            json={"host": {"name": "host-0", "organization_id": world.organization_id}},
        )
        made.raise_for_status()
        ids |= {
            "organization_id": world.organization_id,
            "repository_id": pool,
            "host_id": made.json()["id"],
            "product_id": world.product(),
            "content_type": "ostree_ref",
        }
    _multiply(home / "headgate.db")
    with shipped(home) as server, server.client(timeout=900) as client:
        slow = _slowest(client, ids)
        what = f"p95 of the slowest list ({slow[1]}), {HOSTS:,} hosts, {PACKAGES:,} packages"
        beside = f"median of all lists {slow[2]:.0f} ms; more than the bound: {slow[3] or 'none'}"
        table.add(Row(what, slow[0], "ms", _BOUND, beside))


def _multiply(file: Path) -> None:
    """Make hosts and packages out of the rows that are there.

    What they hold is of no interest to lists, but that there are as many.
    """
    with closing(sqlite3.connect(file)) as database, database:
        _copy_rows(
            database,
            "hosts",
            HOSTS - 1,
            {"name": "'host-' || n.number", "uuid": "lower(hex(randomblob(16)))"},
        )
        _copy_rows(
            database,
            "rpm_packages",
            PACKAGES // _SYNCED - 1,
            {"digest": "randomblob(32)", "version": "row.version || '.' || n.number"},
        )
        every = BitMap(row[0] for row in database.execute("SELECT id FROM rpm_packages"))
        database.execute(
            "UPDATE content_set_members SET units = ? WHERE content_type = 'rpm'",
            (every.serialize(),),
        )
        database.execute("ANALYZE")


def _copy_rows(
    database: sqlite3.Connection, table: str, times: int, values: dict[str, str]
) -> None:
    """Add every row so many times, with these expressions in the place of its own values."""
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    chosen = [column for column in columns if column != "id"]
    taken = ", ".join(values.get(column, f'row."{column}"') for column in chosen)
    named = ", ".join(f'"{column}"' for column in chosen)
    numbers = "WITH RECURSIVE n(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM n LIMIT ?)"
    database.execute(
        f"{numbers} INSERT INTO {table} ({named}) SELECT {taken} FROM n, {table} AS row",  # noqa: S608 - names of our own tables
        (times,),
    )


def _slowest(client: httpx2.Client, ids: dict[str, Any]) -> tuple[float, str, float, str]:
    """Return p95 of the slowest list in ms, its name, the median of all, and those too slow."""
    took: dict[str, list[float]] = {}
    for name, path, parameters in _lists(ids):
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            answer = client.get(path, params=parameters)
            elapsed = (time.perf_counter() - began) * 1000
            if answer.status_code != 200:
                raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")
            took.setdefault(name, []).append(elapsed)
    p95 = {name: statistics.quantiles(times, n=20)[-1] for name, times in took.items()}
    print(json.dumps({name: round(value, 1) for name, value in sorted(p95.items())}))
    worst = max(p95, key=lambda name: p95[name])
    median = statistics.median(each for times in took.values() for each in times)
    too_slow = ", ".join(
        f"{name} {value:.0f}" for name, value in sorted(p95.items()) if value > _BOUND
    )
    return p95[worst], worst, median, too_slow


def _lists(ids: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every list whose path needs no more than what was made: plain, and searched."""
    for resource in RESOURCES:
        for action in resource.actions:
            listed = action.name == "index" and issubclass(action.params, ListParams)
            if not listed or action.lacks:
                continue
            usable = [path for path in action.paths if _filled(path, ids) is not None]
            if not usable:
                continue
            path = str(_filled(usable[0], ids))
            required = {
                each.name: ids[each.name]
                for each in action.parameters
                if each.name == "organization_id" or each.required
                if each.name in ids and f"{{{each.name}}}" not in usable[0]
            }
            yield resource.name, path, required
            yield f"{resource.name} searched", path, required | {"search": "e"}


def _filled(path: str, ids: dict[str, Any]) -> str | None:
    try:
        return path.format(**ids)
    except KeyError:
        return None
