"""Mirroring real packages beside dnf reposync, and the first fetch of an on-demand package."""

import os
import statistics
import subprocess
import time
from pathlib import Path

import httpx2

from family import shipped
from support import nginx
from support.dnf import Dnf
from support.needs import program
from support.world import World
from table import Row, Table

COUNT, SIZE = 300, 100_000

_SPEC = """
Name: bench
Version: 1
Release: 1
Summary: Benchmark
License: MIT
BuildArch: noarch
AutoReqProv: no
%description
Many packages at once.
"""
_PART = """
%package -n bench-{number}
Summary: Package {number}
AutoReqProv: no
%description -n bench-{number}
One of many.
%files -n bench-{number}
/opt/bench/{number}
"""


def run(table: Table, work: Path, cache: Path) -> None:
    packages = cache / f"rpms-{COUNT}-{SIZE}"
    if not (packages / "repodata").exists():
        _build(packages, work / "rpmbuild")
    with (
        nginx.serving(packages) as upstream,
        shipped(work / "mirror") as server,
        server.client(timeout=300) as client,
    ):
        ours = _headgate(World(client), upstream.url)
        theirs = _reposync(work / "dnf", upstream.url)
    beside = f"dnf reposync {theirs:.2f} s"
    what = f"immediate sync of {COUNT} real RPMs of {SIZE // 1000} kB"
    table.add(Row(what, ours, "s", 2 * theirs, beside))
    _first_fetch(table, work, cache)


def _headgate(world: World, url: str) -> float:
    repository = world.repository("Real", url=f"{url}/", download_policy="immediate")
    began = time.perf_counter()
    world.done(world.post(f"repositories/{repository}/sync"), seconds=300)
    return time.perf_counter() - began


def _reposync(folder: Path, url: str) -> float:
    host = Dnf(folder)
    host.add_repository("bench", f"{url}/")
    began = time.perf_counter()
    host.run("reposync", f"--download-path={folder / 'synced'}", "--download-metadata")
    return time.perf_counter() - began


def _first_fetch(table: Table, work: Path, cache: Path) -> None:
    packages = cache / "rpms-100-20000"
    if not (packages / "repodata").exists():
        _build(packages, work / "rpmbuild-small", count=100, size=20_000)
    with (
        nginx.serving(packages) as upstream,
        shipped(work / "demand") as server,
        server.client() as client,
    ):
        world = World(client)
        repository = world.mirror("Demand", f"{upstream.url}/", download_policy="on_demand")
        names = [each["relativepath"] for each in world.list("packages", repository_id=repository)]
        direct = _median_fetch(upstream.url, names)
        ours = _median_fetch(f"{server.http_url}{world.content_path('Demand')}".rstrip("/"), names)
    extra = (ours - direct) * 1000
    beside = f"upstream itself {direct * 1000:.1f} ms, a file here at a time"
    table.add(
        Row(
            "first fetch of an on-demand package of 20 kB, more than upstream",
            extra,
            "ms",
            10,
            beside,
        )
    )


def _median_fetch(url: str, names: list[str]) -> float:
    times: list[float] = []
    with httpx2.Client(trust_env=False) as client:
        for name in names:
            began = time.perf_counter()
            client.get(f"{url}/{name}").raise_for_status()
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def _build(target: Path, work: Path, *, count: int = COUNT, size: int = SIZE) -> None:
    """Build all packages by one rpmbuild: each is a part of one specification."""
    work.mkdir(parents=True)
    target.mkdir(parents=True)
    target_folder = "%{buildroot}/opt/bench"
    install = f"%install\nmkdir -p {target_folder}\ncp {work}/files/* {target_folder}/\n"
    (work / "files").mkdir()
    for number in range(count):
        (work / "files" / str(number)).write_bytes(os.urandom(size))
    parts = "".join(_PART.format(number=number) for number in range(count))
    (work / "bench.spec").write_text(_SPEC + install + parts)
    rpmbuild = [
        program("rpmbuild"),
        "-bb",
        "--quiet",
        f"--define=_topdir {work}",
        f"--define=_rpmdir {target}",
    ]
    subprocess.run([*rpmbuild, str(work / "bench.spec")], check=True, capture_output=True)
    subprocess.run([program("createrepo_c"), "--quiet", str(target)], check=True)
