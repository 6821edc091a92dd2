"""Filters at scale: nine repositories, every kind of filter, and an explanation of the result."""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from family import shipped
from main_job import POLL
from repodata import make
from support import nginx
from support.world import World
from table import Row, Table

REPOSITORIES = 9
ADVISORIES = 10_000  # of the first repository


def run(table: Table, work: Path, cache: Path, *, packages: int) -> None:
    names = [f"part-{number}" for number in range(REPOSITORIES)]
    for number, name in enumerate(names):
        if not (cache / name / "repodata" / "repomd.xml").exists():
            print(f"generating {name} ...", file=sys.stderr, flush=True)
            make(
                cache / name,
                count=packages // REPOSITORIES,
                seed=100 + number,
                errata_count=ADVISORIES if number == 0 else None,
            )
    with (
        nginx.serving(cache) as upstream,
        shipped(work / "filters") as server,
        server.client(timeout=900) as client,
    ):
        world = World(client, poll=POLL)
        repositories = [
            world.mirror(name, f"{upstream.url}/{name}/", download_policy="on_demand")
            for name in names
        ]
        _by_date(table, world, repositories[0])
        _every_kind(table, world, repositories)


def _by_date(table: Table, world: World, repository: int) -> None:
    view = world.view("ByDate", repository)
    rule = {"end_date": "2024-06-30", "date_type": "issued", "types": ["security", "bugfix"]}
    world.filter(view, "until", rule, type="erratum", inclusion=True)
    took = _timed(lambda: world.publish(view))
    what = f"publish, erratum-date filter over {ADVISORIES:,} advisories"
    table.add(Row(what, took, "s", 2))


def _every_kind(table: Table, world: World, repositories: list[int]) -> None:
    view = world.view("Nine", *repositories)
    letters = [{"name": f"{letter}*"} for letter in "abcdfghklmnp"]
    world.filter(view, "some letters", *letters, inclusion=True, original_packages=True)
    world.filter(view, "no docs", {"name": "*-doc"}, {"name": "*-tools", "min_version": "1.0"})
    late = {"start_date": "2024-06-30", "date_type": "issued"}
    world.filter(view, "not late", late, type="erratum")
    streams = [each["id"] for each in world.list("module_streams")][::3]
    world.filter(view, "streams", {"module_stream_ids": streams}, type="modulemd")
    whole = sum(_count(world, repository_id=each) for each in repositories)

    began = time.perf_counter()
    plan = world.show("content_views", f"{view}/preview")
    took = time.perf_counter() - began
    beside = f"expects {plan['estimated_seconds']:.2f} s of the publish"
    what = f"preview of {REPOSITORIES} repositories with filters of four kinds"
    table.add(Row(what, took, "s", 2, beside))

    began = time.perf_counter()
    version = world.publish(view, plan_digest=plan["plan_digest"])
    took = time.perf_counter() - began

    kept = _count(world, content_view_version_id=version)
    what = f"publish of {REPOSITORIES} repositories with filters of four kinds"
    beside = f"{whole:,} packages, {kept:,} stay"
    table.add(Row(what, took, "s", 10, beside))
    _explanations(table, world, version, repositories)


def _explanations(table: Table, world: World, version: int, repositories: list[int]) -> None:
    packages: list[Any] = []
    for repository in repositories[:3]:
        listed = {"repository_id": repository, "per_page": 7, "order": "id desc"}
        answer = world.client.get("/katello/api/packages", params=listed)
        packages += answer.json()["results"]
    path = f"/katello/api/content_view_versions/{version}/explain"

    def ask(package: str) -> float:
        return _timed(lambda: world.client.get(path, params={"package": package}))

    times = [ask(each["nvrea"]) * 1000 for each in packages]
    beside = f"the first {times[0]:.0f} ms, the slowest {max(times):.0f} ms"
    table.add(Row("explain a package of that version", statistics.median(times), "ms", 50, beside))


def _count(world: World, **scope: int) -> int:
    answer = world.client.get("/katello/api/packages", params={**scope, "per_page": 1})
    return int(answer.json()["total"])


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
