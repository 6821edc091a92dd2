"""Memory: what a large layer costs all processes together while it is pushed and pulled."""

import http.client
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random

from family import Peak, memory, shipped, watched
from support import oci
from support.conformance.registry import Registry, Repository, expect
from support.conformance.uploads import put_blob
from support.server import PASSWORD, Server
from support.world import World
from table import Row, Table

_PIECE = 1 << 20
_SEED = 20_260_131


def run(table: Table, work: Path, *, megabytes: int = 1_000) -> None:
    """Measure with a layer of so many megabytes; the promise is for 5,000."""
    with shipped(work / "memory") as server, server.client() as client:
        world = World(client)
        world.product("Birds")
        name = f"{world.organization_label.lower()}/birds/wren"
        warm = Repository(Registry(client, client, namespace=""), name)
        put_blob(warm, oci.Blob("a/b", next(_pieces(1))))
        size = megabytes * _PIECE
        digest = _digest(megabytes)
        before = memory(server.process.pid)
        with watched(server.process.pid, every=0.1) as peak:
            _push(server, name, megabytes, digest)
        _add(table, f"memory that a push of {megabytes:,} MB adds", before, peak)
        before = memory(server.process.pid)
        with watched(server.process.pid, every=0.1) as peak:
            _pull(server, name, digest, size)
        _add(table, "memory that its pull adds", before, peak)
        expect(warm.head(f"blobs/{digest}"), 200)


def _add(table: Table, what: str, before: Peak, peak: Peak) -> None:
    beside = f"RSS of all processes; {before.rss:.0f} MB before"
    table.add(Row(what, max(peak.rss - before.rss, 0), "MB", 50, beside))


def _pieces(count: int) -> Iterator[bytes]:
    """Yield megabytes that differ, the same in every run."""
    filling = Random(_SEED).randbytes(_PIECE - 8)  # noqa: S311 - bytes, no secret
    for number in range(count):
        yield number.to_bytes(8) + filling


def _digest(count: int) -> str:
    total = sha256()
    for piece in _pieces(count):
        total.update(piece)
    return f"sha256:{total.hexdigest()}"


def _push(server: Server, name: str, megabytes: int, digest: str) -> None:
    """Push as podman does: POST, a PATCH that streams, PUT."""
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=600)
    begun = _ask(connection, "POST", f"/v2/{name}/blobs/uploads/", 202)
    place = begun.headers["Location"]
    connection.request(
        "PATCH", place, body=_pieces(megabytes), headers=_headers(), encode_chunked=True
    )
    _require(connection, 202)
    _ask(connection, "PUT", f"{place}?digest={digest}", 201)
    connection.close()


def _pull(server: Server, name: str, digest: str, size: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=600)
    connection.request("GET", f"/v2/{name}/blobs/{digest}", headers=_headers())
    answer = connection.getresponse()
    found = 0
    while piece := answer.read(_PIECE):
        found += len(piece)
    connection.close()
    if (answer.status, found) != (200, size):
        raise RuntimeError(f"{answer.status}: {found} of {size} bytes")


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, status: int
) -> http.client.HTTPResponse:
    connection.request(method, path, headers={**_headers(), "Content-Length": "0"})
    return _require(connection, status)


def _require(connection: http.client.HTTPConnection, status: int) -> http.client.HTTPResponse:
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != status:
        raise RuntimeError(f"{answer.status}: {text[:500]!r}")
    return answer


def _headers() -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"admin:{PASSWORD}".encode()).decode()}
