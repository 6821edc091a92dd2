"""Many versions of one view: what each adds, whether publishing slows down, deleting most.

    python -m benchmarks --only versions --packages 60000 --versions 1000 [--minutes 60]

100 packages of the repository change before each version. Upstream lists all packages once, then
only those that have changed: the repository adds them to what it holds and keeps one version of
each package, so that 1,000 syncs need not read 60,000 packages each. With `--minutes` no more
versions are made after that time; waking and deleting are measured with those that there are.
"""

import gzip
import hashlib
import re
import sqlite3
import statistics
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from family import cpu_seconds, shipped
from repodata import make
from support import nginx
from support.server import Server
from support.world import World
from table import Row, Table

CHANGED = 100
GROUP = 20
_TELL = 10
_KINDS = ("primary", "filelists", "other")
_PACKAGE = re.compile(rb"<package.*?</package>\n?", re.DOTALL)
_COUNT = re.compile(rb'packages="\d+"')
_PKGID = re.compile(rb"[0-9a-f]{64}")
_VERSION = re.compile(rb'(<version [^>]*rel=")([^"]*)(")')


@dataclass(slots=True)
class Moving:
    """A repository that lists what has changed last; in memory the others are compressed."""

    folder: Path
    heads: dict[str, bytes] = field(default_factory=dict[str, bytes])
    groups: dict[str, list[bytes]] = field(default_factory=dict[str, list[bytes]])
    count: int = 0
    turn: int = 0

    @classmethod
    def of(cls, source: Path, folder: Path) -> "Moving":
        """Read generated metadata; advisories, groups and modules stay behind."""
        made = cls(folder)
        for kind in _KINDS:
            (path,) = (source / "repodata").glob(f"*{kind}.xml.gz")
            text = gzip.decompress(path.read_bytes())
            first = text.index(b"<package ")
            made.heads[kind] = text[:first]
            found = _PACKAGE.findall(text, first)
            made.count = len(found)
            made.groups[kind] = [
                _gzipped(b"".join(found[at : at + GROUP])) for at in range(0, len(found), GROUP)
            ]
        made.write(made.groups, count=made.count)
        return made

    def change(self) -> None:
        """Give `CHANGED` packages, drawn anew each time, a new release, and list only these."""
        self.turn += 1
        chosen = Random(self.turn).sample(range(self.count), CHANGED)  # noqa: S311 - no secret
        listed: dict[str, list[bytes]] = {kind: [] for kind in _KINDS}
        for group in sorted({each // GROUP for each in chosen}):
            within = {each % GROUP for each in chosen if each // GROUP == group}
            for kind in _KINDS:
                found = _PACKAGE.findall(gzip.decompress(self.groups[kind][group]))
                for at in sorted(within):
                    found[at] = self._bumped(found[at])
                    listed[kind].append(_gzipped(found[at]))
                self.groups[kind][group] = _gzipped(b"".join(found))
        self.write(listed, count=CHANGED)

    def write(self, listed: dict[str, list[bytes]], *, count: int) -> None:
        """Write the three files of these `count` compressed packages, and repomd.xml."""
        repodata = self.folder / "repodata"
        repodata.mkdir(parents=True, exist_ok=True)
        records = b"".join(self._record(kind, listed[kind], count, repodata) for kind in _KINDS)
        (repodata / "repomd.xml").write_bytes(
            b'<?xml version="1.0" encoding="UTF-8"?>\n'
            b'<repomd xmlns="http://linux.duke.edu/metadata/repo">\n'
            + b"<revision>%d</revision>\n" % self.turn
            + records
            + b"</repomd>\n"
        )

    def _bumped(self, package: bytes) -> bytes:
        (old,) = set(_PKGID.findall(package)[:1])
        new = hashlib.sha256(old + b"%d" % self.turn).hexdigest().encode()
        moved = package.replace(old, new)
        (release,) = [each[1] for each in _VERSION.findall(moved)[:1]]
        bumped = release.split(b"_")[0] + b"_%d" % self.turn
        moved = _VERSION.sub(rb"\g<1>" + bumped + rb"\g<3>", moved, count=1)
        return moved.replace(b"-" + release + b".", b"-" + bumped + b".")

    def _record(self, kind: str, listed: list[bytes], count: int, repodata: Path) -> bytes:
        end = {"primary": b"</metadata>\n", "filelists": b"</filelists>\n"}
        head = _COUNT.sub(b'packages="%d"' % count, self.heads[kind])
        parts = [_gzipped(head), *listed]
        content = b"".join([*parts, _gzipped(end.get(kind, b"</otherdata>\n"))])
        digest = hashlib.sha256(content).hexdigest()
        for stale in repodata.glob(f"*-{kind}.xml.gz"):
            stale.unlink()
        (repodata / f"{digest}-{kind}.xml.gz").write_bytes(content)
        return (
            f'<data type="{kind}"><checksum type="sha256">{digest}</checksum>'
            f'<location href="repodata/{digest}-{kind}.xml.gz"/>'
            f"<timestamp>1700000000</timestamp><size>{len(content)}</size></data>\n"
        ).encode()


def run(
    table: Table,
    work: Path,
    cache: Path,
    *,
    packages: int,
    versions: int,
    minutes: float | None = None,
) -> None:
    source = cache / f"versions-{packages}"
    if not (source / "repodata" / "repomd.xml").exists():
        make(source, count=packages)
    moving = Moving.of(source, work / "moving")
    # Nobody asks for content here: workers that step back would only wait for other programs.
    unhindered = {"HEADGATE_PROCESSES_WORKER_NICENESS": "0"}
    with (
        nginx.serving(work) as upstream,
        shipped(work / "home", unhindered) as server,
        server.client(timeout=900) as client,
    ):
        world = World(client, poll=0.02)
        repository = world.repository(
            "Moving",
            url=f"{upstream.url}/moving/",
            download_policy="on_demand",
            mirroring_policy="additive",
            retain_package_versions_count=1,
        )
        world.sync(repository)
        view = world.view("Moving", repository)
        # A few are left out, so that the view has metadata of its own and nearly every change.
        world.filter(view, "some", {"name": "z*-doc"})
        world.publish(view)
        _grow(
            table,
            world,
            moving,
            server=server,
            repository=repository,
            view=view,
            versions=versions,
            minutes=minutes,
        )
        _wake(table, world, view)
        _thin_out(table, world, view, home=server.home)


def _grow(
    table: Table,
    world: World,
    moving: Moving,
    *,
    server: Server,
    repository: int,
    view: int,
    versions: int,
    minutes: float | None,
) -> None:
    took: list[float] = []
    # Seconds of processor time, which other programs do not prolong as much.
    worked: list[float] = []
    synced: list[float] = []
    end = None if minutes is None else time.monotonic() + minutes * 60
    home, pid = server.home, server.process.process.pid
    before = _bytes(home)
    for number in range(1, versions + 1):
        moving.change()
        busy = cpu_seconds(pid)
        world.sync(repository)
        synced.append(cpu_seconds(pid) - busy)
        began, busy = time.perf_counter(), cpu_seconds(pid)
        world.publish(view)
        took.append(time.perf_counter() - began)
        worked.append(cpu_seconds(pid) - busy)
        late = end is not None and time.monotonic() > end
        if number % _TELL == 0 or number == versions or late:
            _tell(home, number, synced[-_TELL:], took[-_TELL:], worked[-_TELL:])
        if late:
            break
    versions = len(took)
    full = (_bytes(home) - before) / versions / 1024
    _await_collections(home)
    beside = f"of 1,000 versions 2 GB; {full:,.0f} KiB before collections"
    grown = (_bytes(home) - before) / versions / 1024
    what = f"one more version after {CHANGED} changed packages"
    table.add(Row(what, grown, "KiB", 2048, beside))
    table.add(Row(f"blobs after {versions} versions", _bytes(home / "blobs") / 2**20, "MB"))
    rows = _rows(home)
    table.add(Row(f"database after {versions} versions", rows / 2**20, "MB"))
    # Medians of ten each: a collection may run beside any of them.
    tenth, last = (statistics.median(each) for each in (worked[5:15] or worked, worked[-10:]))
    clock = [statistics.median(each) for each in (took[5:15] or took, took[-10:])]
    beside = (
        f"processor time, {tenth:.2f} s and {last:.2f} s;"
        f" by the clock {clock[0]:.2f} s and {clock[1]:.2f} s"
    )
    ratio = last / tenth
    table.add(Row("publish of the last, against the tenth", ratio, "x", 1.5, beside))


def _tell(
    home: Path, number: int, synced: list[float], published: list[float], worked: list[float]
) -> None:
    """Say how far a long run is, and at what pace."""
    words = (
        f"{number} versions, {_bytes(home) / 2**20:,.0f} MB; medians of the last {len(synced)}:"
        f" sync {statistics.median(synced):.2f} s, publish {statistics.median(worked):.2f} s of"
        f" processor time, publish {statistics.median(published):.2f} s by the clock"
    )
    print(words, file=sys.stderr, flush=True)


def _await_collections(home: Path) -> None:
    """Wait until nobody asks for a collection any more; the server looks every 20 s."""
    with closing(sqlite3.connect(home / "headgate.db")) as database:
        while database.execute("SELECT count(*) FROM collection_requests").fetchone()[0]:
            time.sleep(1)


def _wake(table: Table, world: World, view: int) -> None:
    """Promote a version whose metadata was let go of, and one of which it is there."""
    listed: list[Any] = list(world.show("content_views", view)["versions"])
    dev = world.environment("Dev")
    took: list[float] = []
    for each in (listed[-1], listed[1]):
        began = time.perf_counter()
        world.promote(each["id"], dev, force=True)
        took.append(time.perf_counter() - began)
    beside = f"{took[0] * 1000:.0f} ms of the newest"
    table.add(Row("promote a dormant version", took[1] * 1000, "ms", beside=beside))


def _thin_out(table: Table, world: World, view: int, *, home: Path) -> None:
    listed: list[Any] = list(world.show("content_views", view)["versions"])
    going = [
        each["id"]
        for number, each in enumerate(listed[:-1])
        if number % 10 != 0 and not each["environment_ids"]
    ]
    body = {"content_view_version_ids": going}
    began = time.perf_counter()
    world.done(world.put(f"content_views/{view}/remove", **body), seconds=900)
    took = time.perf_counter() - began
    before = _bytes(home)
    _await_collections(home)
    given = time.perf_counter() - began
    freed = (before - _bytes(home)) / 2**20
    beside = f"{freed:,.0f} MB of files given back {given:.0f} s after it was asked for"
    table.add(Row(f"delete {len(going)} of {len(listed)} versions", took, "s", 60, beside))


def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, 1, mtime=0)


def _bytes(home: Path) -> int:
    return sum(path.stat().st_size for path in home.rglob("*") if path.is_file())


def _rows(home: Path) -> int:
    return sum(path.stat().st_size for path in home.glob("*.db*"))
