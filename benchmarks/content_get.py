"""Requests per second and throughput of content GETs, beside nginx serving the same bytes.

    python benchmarks/content_get.py [--seconds 5] [--rounds 3]

One process of ours against one worker of nginx, each in turn on the same machine, with wrk on the
other core: 8 KiB kept-alive, plain and over TLS, and 100 MB plain. Ratios count, not numbers.
"""

import argparse
import asyncio
import os
import re
import ssl
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support import nginx
from support.certificates import Authority, Pair
from support.needs import program
from support.ports import accepts, free_ports
from support.processes import Started
from support.shelf import Shelf

from headgate.apis.content import ContentApp
from headgate.content.file.content import FileType
from headgate.server.protocols import PublicProtocol
from headgate.stores.blobs import FolderBlobStore
from headgate.stores.db import Database, metadata

SMALL, BIG = 8 * 1024, 100 * 2**20
PATH = "pulp/content/ACME/Library/custom/P/r"


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", nargs=5, metavar=("HOME", "PORT", "TLS_PORT", "CERT", "KEY"))
    options = parser.parse_args()
    if options.serve:
        home, port, tls_port, certificate, key = options.serve
        asyncio.Runner(loop_factory=_uvloop()).run(
            _serve(Path(home), int(port), int(tls_port), certificate, key)
        )
        return
    with tempfile.TemporaryDirectory(prefix="headgate-bench-") as name:
        _compare(Path(name), options.seconds, options.rounds)


def _compare(home: Path, seconds: int, rounds: int) -> None:
    contents = {"small": os.urandom(SMALL), "big": os.urandom(BIG)}
    _fill(home, contents)
    root = home / "root"
    (root / PATH).mkdir(parents=True)
    for name, body in contents.items():
        (root / PATH / name).write_bytes(body)
    pair = Authority(home / "pki").server("127.0.0.1", "localhost")
    port, tls_port = free_ports(2)
    ours = _started(home, port, tls_port, pair)
    try:
        ours.wait_until(lambda: accepts(port) and accepts(tls_port))
        with nginx.serving(root) as peer:
            plain, secure = f"http://127.0.0.1:{port}/", f"https://127.0.0.1:{tls_port}/"
            for title, file, own, other, connections in (
                ("8 KiB plain", "small", plain, peer.url, 32),
                ("8 KiB TLS", "small", secure, peer.tls_url, 32),
                ("100 MB plain", "big", plain, peer.url, 2),
            ):
                measure = [_wrk(f"{base}{PATH}/{file}", connections) for base in (own, other)]
                _row(title, measure, seconds, rounds)
    finally:
        ours.stop()


def _row(
    title: str, measure: list[Callable[[int], tuple[float, float]]], seconds: int, rounds: int
) -> None:
    results = [[each(seconds) for each in measure] for _ in range(rounds)]
    own, other = (
        [statistics.median(result[side][kind] for result in results) for kind in (0, 1)]
        for side in (0, 1)
    )
    print(
        f"{title:14} headgate {own[0]:9,.0f} req/s {own[1] / 2**20:8,.0f} MiB/s   "
        f"nginx {other[0]:9,.0f} req/s {other[1] / 2**20:8,.0f} MiB/s   "
        f"ratio {own[0] / other[0]:.2f}"
    )


def _wrk(url: str, connections: int) -> Callable[[int], tuple[float, float]]:
    def run(seconds: int) -> tuple[float, float]:
        command = [program("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", url]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        if "Non-2xx" in text or "Socket errors" in text:
            raise RuntimeError(text)
        requests = re.search(r"Requests/sec:\s+([\d.]+)", text)
        transfer = re.search(r"Transfer/sec:\s+([\d.]+)(\wB)", text)
        if not requests or not transfer:
            raise RuntimeError(text)
        unit = {"KB": 2**10, "MB": 2**20, "GB": 2**30}[transfer[2]]
        return float(requests[1]), float(transfer[1]) * unit

    return run


def _fill(home: Path, contents: dict[str, bytes]) -> None:
    database = Database(f"sqlite:///{home / 'headgate.sqlite'}")
    with database.begin() as tx:
        metadata.create_all(tx)
    shelf = Shelf(database, FolderBlobStore(home / "store"))
    shelf.put(shelf.repository(shelf.organization("ACME"), "r"), contents)
    database.close()


def _started(home: Path, port: int, tls_port: int, pair: Pair) -> Started:
    values = [home, port, tls_port, pair.certificate, pair.key]
    command = [sys.executable, __file__, "--serve", *map(str, values)]
    return Started(command, log=home / "log")


async def _serve(home: Path, port: int, tls_port: int, certificate: str, key: str) -> None:
    database = Database(f"sqlite:///{home / 'headgate.sqlite'}")
    types = {"file": FileType()}
    app = ContentApp(
        database, FolderBlobStore(home / "store"), types, guard=lambda _scope, _path, _stamp: None
    )
    config = uvicorn.Config(app, interface="asgi3", lifespan="off", log_config=None, ws="none")
    config.load()
    server = uvicorn.Server(config)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    for at, tls in ((port, None), (tls_port, context)):
        await loop.create_server(
            lambda: PublicProtocol(config, server.server_state, {}), "127.0.0.1", at, ssl=tls
        )
    await server.on_tick(0)
    await asyncio.Event().wait()


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop  # noqa: PLC0415 - only in the process that serves

    return uvloop.new_event_loop


if __name__ == "__main__":
    main()
