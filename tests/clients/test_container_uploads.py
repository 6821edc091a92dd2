"""Uploads into the registry that break off, are taken up again, or are very large."""

import ssl
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from socket import create_connection
from time import monotonic, sleep

import httpx2
import psutil
import pytest

from support.conformance.headgate import judged
from support.conformance.registry import Repository, expect, header, place_of
from support.server import Server, serving

_MEBIBYTE = 1 << 20
_BLOCK = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of which nobody else asks anything."""
    with serving(tmp_path_factory.mktemp("uploads") / "home") as running:
        yield running


def test_a_broken_connection_keeps_what_has_come(own_server: Server) -> None:
    content = _BLOCK * 2
    with judged(own_server) as registry:
        repository = registry.fresh("broken")
        place = repository.begin_upload()
        with _sending(own_server, repository, place, content[: _MEBIBYTE + 17], of=len(content)):
            _wait_for(lambda: repository.send("GET", place).status_code == 409)

        _wait_for(lambda: _received(repository, place) > 1)

        received = _received(repository, place)
        assert received <= _MEBIBYTE + 17
        rest = repository.send_chunk(place, content[received:], first=received)
        while rest.status_code == 416:
            # The server had not done with what had come.
            received = _last(rest) + 1
            rest = repository.send_chunk(place, content[received:], first=received)
        _finish(repository, place_of(expect(rest, 202)), content)


def test_an_upload_survives_a_killed_server(tmp_path: Path) -> None:
    content = _BLOCK * 2
    home = tmp_path / "home"
    with serving(home) as first, judged(first) as registry:
        repository = registry.fresh("killed")
        place = repository.begin_upload()
        half = repository.send_chunk(place, content[:_MEBIBYTE], first=0)
        place = place_of(expect(half, 202))
        first.process.kill()

    with serving(home) as second, judged(second) as registry:
        again = Repository(registry, repository.name)
        status = expect(again.send("GET", httpx2.URL(place.path)), 204)

        assert header(status, "Range") == f"0-{_MEBIBYTE - 1}"
        rest = again.send_chunk(place_of(status), content[_MEBIBYTE:], first=_MEBIBYTE)
        _finish(again, place_of(expect(rest, 202)), content)


def test_a_large_layer_takes_no_memory(own_server: Server) -> None:
    blocks = 256
    digest = sha256()
    for _ in range(blocks):
        digest.update(_BLOCK)
    with judged(own_server) as registry:
        repository = registry.fresh("large")
        _push_stream(repository, 2, f"sha256:{sha256(_BLOCK * 2).hexdigest()}")
        before = _resident(own_server)

        _push_stream(repository, blocks, f"sha256:{digest.hexdigest()}")

        grown = _resident(own_server) - before
    assert grown < 50 * _MEBIBYTE


def _push_stream(repository: Repository, blocks: int, digest: str) -> None:
    place = repository.begin_upload()
    headers = {"Content-Type": "application/octet-stream"}
    stream = (_BLOCK for _ in range(blocks))
    sent = expect(repository.send("PATCH", place, headers=headers, content=stream), 202)
    expect(repository.finish_upload(place_of(sent), digest), 201)
    head = expect(repository.head(f"blobs/{digest}"), 200)
    assert int(header(head, "Content-Length")) == blocks * len(_BLOCK)


@contextmanager
def _sending(
    server: Server, repository: Repository, place: httpx2.URL, content: bytes, *, of: int
) -> Generator[None]:
    """Send the beginning of a PATCH of `of` bytes; the connection breaks off after the block."""
    context = ssl.create_default_context(cafile=str(server.ca))
    allowed = repository.registry.headers_for(repository.name)
    lines = [
        f"PATCH {place.raw_path.decode()} HTTP/1.1",
        f"Host: localhost:{server.port}",
        f"Authorization: {allowed['Authorization']}",
        "Content-Type: application/octet-stream",
        f"Content-Length: {of}",
    ]
    plain = create_connection(("localhost", server.port))
    with context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + content)
        yield


def _wait_for(happened: Callable[[], bool]) -> None:
    deadline = monotonic() + 30
    while not happened():
        assert monotonic() < deadline, "it does not happen"
        sleep(0.02)


def _received(repository: Repository, place: httpx2.URL) -> int:
    """Return how many bytes an upload has; 0 while a request still writes to it (409)."""
    status = expect(repository.send("GET", place), 204, 409)
    return _last(status) + 1 if status.status_code == 204 else 0


def _last(status: httpx2.Response) -> int:
    return int(header(status, "Range").partition("-")[2])


def _finish(repository: Repository, place: httpx2.URL, content: bytes) -> None:
    digest = f"sha256:{sha256(content).hexdigest()}"
    expect(repository.finish_upload(place, digest), 201)
    assert expect(repository.get(f"blobs/{digest}"), 200).content == content


def _resident(server: Server) -> int:
    """Return the memory of the server's processes in bytes, less what they share."""
    family = [psutil.Process(server.process.pid)]
    family += family[0].children(recursive=True)
    return sum(each.memory_full_info().uss for each in family)
