"""The registry: manifests, large layers and re-syncs, beside Debian's docker-registry.

Both answer without TLS on loopback, each in turn; ours with authorization on, the peer without. The
peer does not put what it takes on the disk before it answers, ours does.
"""

import http.client
import json
import os
import re
import statistics
import subprocess
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import httpx2

from family import shipped
from support import docker_registry, oci
from support.conformance.registry import Registry, Repository, expect
from support.needs import program
from support.server import PASSWORD, Server
from support.world import World
from table import Row, Table

LAYER = 500 * 10**6  # bytes
TAGS = 1_000
SECONDS, ROUNDS, PUSHES = 3, 3, 5
_PIECE = 1 << 20
_MB = 10**6


@dataclass(frozen=True, slots=True)
class Target:
    """A repository of a registry."""

    host: str
    port: int
    name: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def client(self) -> httpx2.Client:
        # The machine's proxy is for the outside.
        return httpx2.Client(base_url=self.url, trust_env=False, timeout=60)


def run(table: Table, work: Path) -> None:
    with (
        shipped(work / "registry") as server,
        docker_registry.serving(work / "peer") as peer,
        server.client(timeout=900) as client,
    ):
        world = World(client)
        label = world.organization_label.lower()
        world.product("Birds")
        ours = Target("localhost", server.http_port, f"{label}/birds/wren", _basic())
        theirs = Target("127.0.0.1", peer.port, "birds/wren")
        _manifests(table, server, ours, theirs)
        _layers(table, work, ours, theirs)
        _resync(table, work, world)


def _manifests(table: Table, server: Server, ours: Target, theirs: Target) -> None:
    image = oci.image(oci.layer({"wren": b"sings"}))
    for target in (ours, theirs):
        with target.client() as client:
            push_image(target, image, "v1", client)
    token = {"Authorization": f"Bearer {_token(server, ours)}"}
    with_token = Target(ours.host, ours.port, ours.name, token)
    for how, reference in (("tag", "v1"), ("digest", image.digest)):
        pairs = [
            (_wrk(with_token, f"manifests/{reference}"), _wrk(theirs, f"manifests/{reference}"))
            for _ in range(ROUNDS)
        ]
        own, other = (statistics.median(each) for each in zip(*pairs, strict=True))
        beside = f"{own:,.0f} req/s with a token, docker-registry {other:,.0f} req/s without"
        what = f"manifest GET by {how}"
        table.add(Row(what, own / other, "x docker-registry", 4, beside, at_least=True))


def _layers(table: Table, work: Path, ours: Target, theirs: Target) -> None:
    layer = work / "layer"
    with layer.open("wb") as file:
        for _ in range(LAYER // _PIECE):
            file.write(os.urandom(_PIECE))
    pushes: dict[Target, list[float]] = {ours: [], theirs: []}
    pulls: dict[Target, list[float]] = {ours: [], theirs: []}
    for _ in range(PUSHES):
        with layer.open("r+b") as file:
            file.write(os.urandom(32))  # another layer for both
        digest, size = _digest_of(layer), layer.stat().st_size
        for target in (ours, theirs):
            pushes[target].append(size / _push_layer(target, layer, digest) / _MB)
            pulls[target].append(size / _pull_layer(target, digest, size) / _MB)
    for what, rates, bound in (("push", pushes, 1.2), ("pull", pulls, 1.0)):
        own, other = statistics.median(rates[ours]), statistics.median(rates[theirs])
        beside = f"{own:,.0f} MB/s, docker-registry {other:,.0f} MB/s"
        title = f"{what} of a layer of {LAYER // _MB} MB"
        table.add(Row(title, own / other, "x docker-registry", bound, beside, at_least=True))


def _resync(table: Table, work: Path, world: World) -> None:
    logged: dict[str, object] = {"log": {"level": "info"}}
    with docker_registry.serving(work / "upstream", settings=logged) as upstream:
        source = Target("127.0.0.1", upstream.port, "birds/many")
        with source.client() as client:
            for number in range(TAGS):
                image = oci.image(oci.layer({"many": b"%d" % number}))
                push_image(source, image, f"t{number}", client)
        mirror = world.repository(
            "Many",
            content_type="docker",
            url=f"http://127.0.0.1:{upstream.port}",
            docker_upstream_name=source.name,
        )
        world.sync(mirror)
        before = _requests(upstream.log)
        began = time.perf_counter()
        world.sync(mirror)
        seconds = time.perf_counter() - began
        asked = _requests(upstream.log) - before
    table.add(Row(f"re-sync of {TAGS:,} unchanged tags", seconds, "s", 5))
    table.add(Row("requests to upstream for that", asked, "requests", 1_100))


def push_image(target: Target, image: oci.Manifest, tag: str, client: httpx2.Client) -> None:
    """Push an image with its blobs."""
    registry = Registry(client, client, namespace="", authorize=lambda _: target.headers)
    repository = Repository(registry, target.name)
    for blob in image.blobs:
        expect(repository.finish_upload(repository.begin_upload(), blob.digest, blob.content), 201)
    expect(repository.put_manifest(tag, image.media_type, image.content), 201)


def _push_layer(target: Target, layer: Path, digest: str) -> float:
    """Push as podman does, in one PATCH of a stream; return the seconds."""
    connection = _connection(target)
    size = {"Content-Length": str(layer.stat().st_size)}

    def step(method: str, place: str, body: BinaryIO | bytes = b"") -> str:
        length = size if method == "PATCH" else {}
        kind = {"Content-Type": "application/octet-stream"}
        connection.request(method, place, body, {**target.headers, **kind, **length})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status not in (201, 202):
            raise RuntimeError(f"{method} {place}: {answer.status} {said[:500]!r}")
        return _path_of(answer.headers["Location"])

    began = time.perf_counter()
    place = step("POST", f"/v2/{target.name}/blobs/uploads/")
    with layer.open("rb") as file:
        place = step("PATCH", place, file)
    step("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}")
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


def _pull_layer(target: Target, digest: str, size: int) -> float:
    connection = _connection(target)
    began = time.perf_counter()
    connection.request("GET", f"/v2/{target.name}/blobs/{digest}", headers=dict(target.headers))
    answer = connection.getresponse()
    buffer = bytearray(_PIECE)
    taken = 0
    while count := answer.readinto(buffer):
        taken += count
    seconds = time.perf_counter() - began
    if answer.status != 200 or taken != size:
        raise RuntimeError(f"GET of {digest}: {answer.status}, {taken} of {size} bytes")
    connection.close()
    return seconds


def _connection(target: Target) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(target.host, target.port, blocksize=256 << 10)


def _path_of(location: str) -> str:
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _wrk(target: Target, path: str) -> float:
    headers = {**target.headers, "Accept": ", ".join(oci.ACCEPTED)}
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = [
        program("wrk"),
        "-t1",
        "-c16",
        f"-d{SECONDS}s",
        *given,
        f"{target.url}/v2/{target.name}/{path}",
    ]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if "Non-2xx" in text or "Socket errors" in text or not found:
        raise RuntimeError(text)
    return float(found[1])


def _token(server: Server, target: Target) -> str:
    connection = http.client.HTTPConnection("localhost", server.http_port)
    service = f"localhost:{server.http_port}"
    path = f"/v2/token?service={service}&scope=repository:{target.name}:pull"
    connection.request("GET", path, headers=_basic())
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return str(answer["token"])


def _basic() -> dict[str, str]:
    pair = b64encode(f"admin:{PASSWORD}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _digest_of(path: Path) -> str:
    total = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_PIECE):
            total.update(chunk)
    return f"sha256:{total.hexdigest()}"


def _requests(log: Path) -> int:
    """Count the requests in an access log."""
    return len(re.findall(r'"(?:GET|HEAD) /v2/', log.read_text()))
