"""Dependencies of 10,000 packages: how long, and what the server's own processes notice of it."""

import random
import sys
import time
from pathlib import Path

import psutil

from family import shipped
from headgate.content.rpm.metadata.packages import Fragments
from main_job import POLL
from support import nginx
from support.metadata import write_repository
from support.universes import Need, Package
from support.world import World
from table import Row, Table

PACKAGES = 10_000
_VERSIONS = 3
_MODULE = "headgate.content.rpm.solving.child"


def run(table: Table, work: Path, cache: Path) -> None:
    folder = cache / "woods"
    if not (folder / "repodata" / "repomd.xml").exists():
        print("generating woods ...", file=sys.stderr, flush=True)
        write_repository(folder, [_fragments(each) for each in _woods()], compression="gz")
    with (
        nginx.serving(cache) as upstream,
        shipped(work / "dependencies") as server,
        server.client(timeout=900) as client,
    ):
        world = World(client, poll=POLL)
        woods = world.mirror("woods", f"{upstream.url}/woods/", download_policy="on_demand")
        whole, half = world.view("Whole", woods), world.view("Half", woods)
        letters = [{"name": f"*{digit}*"} for digit in (1, 4, 7)]
        world.filter(half, "some", *letters, inclusion=True)
        before = _memory(server.process.pid)
        for words, view in (("all of", whole), ("some of", half)):
            began = time.perf_counter()
            task = world.done(world.post(f"content_views/{view}/check_dependencies"))
            took = time.perf_counter() - began
            found = task["output"]
            beside = f"{found['packages_checked']:,} looked at, {found['added_total']:,} to add"
            what = f"check of the dependencies of {words} {PACKAGES:,} packages"
            table.add(Row(what, took, "s", 30, beside))
        grown = _memory(server.process.pid) - before
        table.add(Row("memory that the server's processes keep after it", grown, "MB", 16))


def _memory(pid: int) -> float:
    """Return what the processes hold by themselves, in MB, without the one that solves."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(each.memory_full_info().uss for each in family if _MODULE not in each.cmdline()) / (
        2**20
    )


def _woods() -> list[Package]:
    """Return packages as distributions have them: libraries, tools and headers, three versions."""
    rng = random.Random(1)  # noqa: S311 - the same woods each time
    packages: list[Package] = []
    for source in range(PACKAGES // _VERSIONS // 4):
        for version in range(1, _VERSIONS + 1):
            libraries = [
                Need(f"lib{int(source * rng.random() ** 2)}.so()(64bit)")
                for _ in range(rng.randint(1, 8))
            ]
            own = Need(f"wood{source}-libs", "EQ", version)
            other = Need(f"wood{int(source * rng.random())}-libs", "GE", 1)
            header = Need(f"pkgconfig(wood{int(source * rng.random())})")
            path = Need(f"/usr/share/wood{source % 7}/table")
            packages += [
                Package(f"wood{source}", version, (own, *libraries, other)),
                Package(
                    f"wood{source}-libs",
                    version,
                    tuple(libraries[:4]),
                    provides=(f"lib{source}.so()(64bit)",),
                ),
                Package(
                    f"wood{source}-devel",
                    version,
                    (own, header),
                    provides=(f"pkgconfig(wood{source})",),
                ),
                Package(
                    f"wood{source}-data",
                    version,
                    (path,) if source % 3 else (),
                    files=(f"/usr/share/wood{source}/table",),
                    arch="noarch",
                ),
            ]
    return packages


def _fragments(package: Package) -> Fragments:
    parts = (package.primary(), package.filelist(), package.other())
    return Fragments(*(part.strip().encode() for part in parts))
