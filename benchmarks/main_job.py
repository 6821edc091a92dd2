"""The main job at scale: sync, publish, promote, versions and deletion, over the API."""

import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from family import shipped, watched
from repodata import make
from support import nginx
from support.server import Server
from support.world import World
from table import Row, Table

# Tests may wait for the end of a task in steps of 20 ms; what takes 20 ms is measured here.
POLL = 0.002

_PARSE = """
import glob, sys, time, createrepo_c
one = lambda kind: glob.glob(f"{sys.argv[1]}/repodata/*{kind}.xml*")[0]
began = time.perf_counter()
packages = createrepo_c.PackageIterator(
    primary_path=one("primary"), filelists_path=one("filelists"), other_path=one("other"))
count = sum(1 for _ in packages)
print(time.perf_counter() - began)
"""


@dataclass(frozen=True, slots=True)
class Upstreams:
    """Generated repositories, and one address whose content can be exchanged."""

    folder: Path
    url: str

    def offer(self, name: str) -> None:
        """Let the address serve the repository of this name from now on."""
        link = self.folder / "new"
        link.symlink_to(self.folder / name)
        link.rename(self.folder / "current")


@contextmanager
def upstreams(cache: Path, sizes: dict[str, dict[str, int]]) -> Generator[Upstreams]:
    for name, wanted in sizes.items():
        if not (cache / name / "repodata" / "repomd.xml").exists():
            print(f"generating {name} ...", file=sys.stderr, flush=True)
            make(cache / name, **wanted)
    with nginx.serving(cache) as server:
        yield Upstreams(cache, f"{server.url}/current/")


def run(table: Table, work: Path, cache: Path, *, packages: int, large: int | None) -> None:
    sizes = {
        "1k": {"count": 1000},
        "many": {"count": packages},
        "many-changed": {"count": packages, "changed": 100},
    }
    if large:
        sizes["large"] = {"count": large}
    with upstreams(cache, sizes) as offered:
        with (
            shipped(work / "home") as server,
            server.client(timeout=900) as client,
        ):
            _Job(table, World(client, poll=POLL), server, offered).run("many", packages)
        if large:
            with (
                shipped(work / "large") as server,
                server.client(timeout=900) as client,
            ):
                _Job(table, World(client), server, offered).first_sync("large", large, 400)


@dataclass(frozen=True, slots=True)
class _Job:
    table: Table
    world: World
    server: Server
    offered: Upstreams

    def run(self, name: str, packages: int) -> None:
        world, add = self.world, self.table.add
        before = _database_bytes(self.server.home)
        repository, parse = self.first_sync(name, packages, 300)
        beside = f"parse {parse:.2f} s"
        grown = (_database_bytes(self.server.home) - before) / packages
        add(Row("database growth per package first seen", grown / 1024, "KiB", 1.5))
        again = _best(lambda: _timed(lambda: self.sync(repository)), 5)
        add(Row("re-sync, nothing changed", again * 1000, "ms", 100))

        view = world.view("All", repository)
        publish = _best(lambda: _timed(lambda: self.publish(view)), 3)
        add(Row("publish, no filter", publish * 1000, "ms", 200))
        self.offered.offer(f"{name}-changed")
        changed = _timed(lambda: self.sync(repository))
        add(Row("sync after 100 changed packages", changed, "s", 0.6 * parse, beside))

        filtered = world.view("Filtered", repository)
        # Of each family of six packages at most one: hardly a segment stays whole.
        world.filter(filtered, "a tenth", *({"name": f"*{vowel}-doc"} for vowel in "aeiouy"))
        took = _timed(lambda: self.publish(filtered))
        what = f"publish, filters that drop {100 * self.dropped(filtered):.0f} % scattered"
        add(Row(what, took, "s", 0.75 * parse, beside))
        self.promotions(view, packages)
        self.versions(view)

    def first_sync(self, name: str, packages: int, most: int) -> tuple[int, float]:
        self.offered.offer(name)
        parse = _parse(self.offered.folder / name)
        repository = self.world.repository(
            "Many", url=self.offered.url, download_policy="on_demand"
        )
        with watched(self.server.process.pid) as peak:
            took = _timed(lambda: self.sync(repository))
        beside = f"parse {parse:.2f} s"
        what = f"first sync, {packages:,} packages, on_demand"
        self.table.add(Row(what, took, "s", 1.5 * parse, beside))
        what = f"peak memory of all processes, {packages:,} packages"
        beside = f"PSS, shared pages once; RSS {peak.rss:.0f} MB"
        self.table.add(Row(what, peak.pss, "MB", most, beside))
        return repository, parse

    def promotions(self, view: int, packages: int) -> None:
        large = self.promotion(view)
        self.offered.offer("1k")
        repository = self.world.repository(
            "Small", url=self.offered.url, download_policy="on_demand"
        )
        self.world.sync(repository)
        small = self.promotion(self.world.view("Few", repository))
        self.table.add(Row(f"promote, {packages:,} packages", large * 1000, "ms", 50))
        beside = f"1,000 packages {small * 1000:.0f} ms"
        what = "promote, against that of 1,000 packages"
        self.table.add(Row(what, large / small, "x", 1.5, beside))

    def promotion(self, view: int) -> float:
        """Promote two versions in turn: that is promotion and rollback."""
        library = self.world.environment("Library")
        development = self.world.environment(f"Dev{view}", after=library)
        versions = [self.world.publish(view), self.world.publish(view)]

        def there_and_back() -> None:
            for version in versions:
                self.world.promote(version, development, force=True)

        return _best(lambda: _timed(there_and_back) / 2, 10)

    def versions(self, view: int) -> None:
        self.world.publish(view)
        before = _disk_bytes(self.server.home)
        versions = [self.world.publish(view) for _ in range(101)]
        each = (_disk_bytes(self.server.home) - before) / len(versions)
        self.table.add(Row("one more version of an unchanged view", each / 1024, "KiB", 64))
        body = {"content_view_version_ids": versions[:-1]}
        path = f"content_views/{view}/remove"
        took = _timed(lambda: self.world.done(self.world.put(path, **body)))
        self.table.add(Row("delete 100 versions", took, "s", 10))

    def dropped(self, view: int) -> float:
        """Return the part of the packages that the view's latest version left out."""

        def count(**scope: Any) -> int:
            answer = self.world.client.get("/katello/api/packages", params={**scope, "per_page": 1})
            return int(answer.json()["total"])

        shown = self.world.show("content_views", view)
        kept = count(content_view_version_id=shown["latest_version_id"])
        return 1 - kept / count(repository_id=shown["repository_ids"][0])

    def sync(self, repository: int) -> None:
        self.world.done(self.world.post(f"repositories/{repository}/sync"), seconds=900)

    def publish(self, view: int) -> None:
        self.world.done(self.world.post(f"content_views/{view}/publish"), seconds=900)


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _best(measure: Callable[[], float], rounds: int) -> float:
    return min(measure() for _ in range(rounds))


def _parse(folder: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _PARSE, str(folder)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _database_bytes(home: Path) -> int:
    return sum(path.stat().st_size for path in home.glob("*.db*"))


def _disk_bytes(home: Path) -> int:
    return sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
