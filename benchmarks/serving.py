"""Serving content: requests, throughput and latency, beside nginx with the same bytes.

One web process of ours against one worker of nginx, each in turn on the same machine, with wrk on
the other core. Ratios count, not numbers.
"""

import os
import re
import statistics
import subprocess
import threading
from pathlib import Path

from family import shipped
from latency import p99
from repodata import make
from support import nginx
from support.needs import program
from support.server import Server
from support.world import World
from table import Row, Table

SMALL, BIG = 8 * 1024, 100 * 2**20
SECONDS, ROUNDS = 4, 3
# Long enough for a p99 that is not one odd request.
_LATENCY_SECONDS = 6.0


def run(table: Table, work: Path, cache: Path, *, packages: int) -> None:
    with (
        shipped(work / "serving", nginx.proxied(work)) as server,
        server.client(timeout=900) as client,
    ):
        world = World(client)
        path = _fill(world, work)
        root = work / "root"
        with nginx.serving(root) as peer:
            for title, file, ours, theirs, connections, bound in (
                ("8 KiB plain", "small", server.http_url, peer.url, 32, 0.12),
                ("8 KiB TLS", "small", server.url, peer.tls_url, 32, 0.12),
                ("100 MB plain", "big", server.http_url, peer.url, 2, 0.6),
            ):
                own, other = _both(f"{ours}{path}{file}", f"{theirs}/{file}", connections)
                beside = f"{own:,.0f} req/s, nginx {other:,.0f} req/s"
                what = f"content GET {title}, one process"
                table.add(Row(what, own / other, "x nginx", bound, beside, at_least=True))
            with nginx.front_of(server, work) as (_, port):
                url = f"http://127.0.0.1:{port}{path}small"
                own, other = _both(url, f"{peer.url}/small", connections=32)
            beside = f"{own:,.0f} req/s, nginx {other:,.0f} req/s, both with one worker"
            what = "content GET 8 KiB behind nginx (X-Accel-Redirect)"
            table.add(Row(what, own / other, "x nginx", 0.2, beside, at_least=True))
        if not (cache / "many" / "repodata" / "repomd.xml").exists():
            make(cache / "many", count=packages)
        idle, busy = _latencies(world, server, f"{path}small", cache / "many")
        beside = f"{busy * 1000:.1f} ms, idle {idle * 1000:.1f} ms"
        what = f"p99 of content GET while {packages:,} packages are synced"
        table.add(Row(what, busy / idle, "x idle", 3, beside))


def _fill(world: World, work: Path) -> str:
    root = work / "root"
    root.mkdir()
    repository = world.repository("Files", content_type="file")
    for name, size in (("small", SMALL), ("big", BIG)):
        (root / name).write_bytes(os.urandom(size))
        world.upload(repository, root / name, kind="file")
    return world.content_path("Files")


def _both(ours: str, theirs: str, connections: int) -> tuple[float, float]:
    """Return the medians of requests per second, measured in turn."""
    pairs = [(_wrk(ours, connections), _wrk(theirs, connections)) for _ in range(ROUNDS)]
    own, other = zip(*pairs, strict=True)
    return statistics.median(own), statistics.median(other)


def _wrk(url: str, connections: int) -> float:
    command = [program("wrk"), "-t1", f"-c{connections}", f"-d{SECONDS}s", url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if "Non-2xx" in text or "Socket errors" in text or not found:
        raise RuntimeError(text)
    return float(found[1])


def _latencies(world: World, server: Server, path: str, large: Path) -> tuple[float, float]:
    """Return the p99 of an idle server and of one that syncs a large repository."""
    idle = p99(server.http_port, path, lambda passed: passed < _LATENCY_SECONDS)
    with nginx.serving(large) as upstream:
        url = f"{upstream.url}/"
        repository = world.repository("Busy", url=url, download_policy="on_demand")
        syncing = threading.Thread(target=world.sync, args=(repository,))
        syncing.start()
        busy = p99(server.http_port, path, lambda _: syncing.is_alive())
        syncing.join()
    return idle, busy
