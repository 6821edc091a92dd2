"""Kill -9 of a whole server in the midst of pushes, and restarts between their pieces.

Two web processes share every upload: a piece comes to whichever takes the connection.
`HEADGATE_TEST_CHAOS_RUNS` sets how many pushes there are.
"""

import os
import random
import ssl
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from headgate.domain.clock import utc_now
from headgate.plugin import Ports
from headgate.server.content_types import content_types
from headgate.stores.blobs import FolderBlobStore
from headgate.upstream import DownloadRules
from headgate.workflows.collect import repair, sweep
from headgate.workflows.workshop import Workshop
from support.doctor import doctor_finds_nothing
from support.family import Family
from support.ledger import require_order
from support.oci import Blob, Manifest, image, layer
from support.server import PASSWORD
from support.world import World

RUNS = int(os.environ.get("HEADGATE_TEST_CHAOS_RUNS", "5"))
PIECE = 400_000
LARGE = 3_000_000
_GONE = (httpx2.TransportError, ConnectionError)


class Persistent:
    """A client that goes on after each failure, on a new connection for every request."""

    def __init__(self, family: Family, name: str) -> None:
        self.family = family
        self.name = name
        self.failures = 0

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        server = self.family.server
        whole = path if path.startswith("/") else f"/v2/{self.name}/{path}"
        with httpx2.Client(
            base_url=server.url,
            auth=("admin", PASSWORD),
            verify=ssl.create_default_context(cafile=str(server.ca)),
            timeout=60,
            trust_env=False,
        ) as client:
            return client.request(method, whole, **options)

    def push(self, pushed: Manifest, tag: str) -> None:
        """Push an image, over whatever happens."""
        for blob in pushed.blobs:
            place = ""
            while not self.has(blob):
                try:
                    place = self.piece(blob, place)
                except _GONE:
                    self.failures += 1
                    self.wait()
        while True:
            try:
                kind = {"Content-Type": pushed.media_type}
                answer = self.ask("PUT", f"manifests/{tag}", headers=kind, content=pushed.content)
            except _GONE:
                self.failures += 1
                self.wait()
            else:
                assert answer.status_code == 201, answer.text
                return

    def has(self, blob: Blob) -> bool:
        while True:
            try:
                return self.ask("HEAD", f"blobs/{blob.digest}").status_code == 200
            except _GONE:
                self.wait()

    def piece(self, blob: Blob, place: str) -> str:
        """Send the next piece of a blob; return where it goes on."""
        if not place:
            begun = self.ask("POST", "blobs/uploads/")
            assert begun.status_code == 202, begun.text
            return str(begun.headers["Location"])
        status = self.ask("GET", place)
        if status.status_code in (404, 409):  # it has ended; a request that died holds it
            return place if status.status_code == 409 else ""
        last = int(status.headers["Range"].removeprefix("0-"))
        come = last + 1 if last else 0
        if come < blob.size:
            answer = self.ask("PATCH", place, content=stream(blob.content[come:]))
            assert answer.status_code == 202, answer.text
            return place
        answer = self.ask("PUT", place, params={"digest": blob.digest})
        assert answer.status_code == 201, answer.text
        return ""

    def wait(self) -> None:
        """Let a server that was killed come back."""
        time.sleep(0.05)

    def require(self, pushed: Manifest, tag: str) -> None:
        """Check that all of it is here."""
        assert self.ask("GET", f"manifests/{tag}").content == pushed.content
        for blob in pushed.blobs:
            assert self.ask("GET", f"blobs/{blob.digest}").content == blob.content


def numbered(seed: int) -> Manifest:
    """Return an image that is the same for the same number."""
    return image(layer({"own": random.Random(seed).randbytes(LARGE)}))  # noqa: S311 - no secret


def stream(content: bytes) -> Iterator[bytes]:
    """Send as podman does: no length, no range."""
    for first in range(0, len(content), PIECE):
        yield content[first : first + PIECE]


@contextmanager
def family_with_two(home: Path) -> Generator[Family]:
    family = Family(home, settings={"HEADGATE_PROCESSES_WEB": "2"})
    try:
        yield family
    finally:
        family.close()


def boat(family: Family) -> Persistent:
    with family.server.client() as client:
        world = World(client)
        world.product("Ships")
        return Persistent(family, f"{world.organization_label.lower()}/ships/boat")


def require_order_at_rest(family: Family) -> None:
    """Stop, do what the next start and the next days do, and check the books."""
    family.close()
    database = family.open_database()
    scratch, uploads = family.home / "run" / "scratch", family.home / "uploads"

    def clock() -> datetime:
        return utc_now() + timedelta(days=2)

    ports = Ports(database, FolderBlobStore(family.home), DownloadRules(), clock, scratch)
    workshop = Workshop(ports, content_types(), lambda sealed: sealed, uploads)
    sweep(workshop)
    repair(workshop)
    require_order(database, family.home)
    database.close()


@pytest.mark.timeout(300 + 30 * RUNS)
def test_kills_in_the_midst_of_pushes_lose_nothing(tmp_path: Path) -> None:
    seed = time.time_ns()
    print(f"seed {seed}")  # noqa: T201 - repeats a failure
    dice = random.Random(seed)  # noqa: S311 - nobody guesses here
    with family_with_two(tmp_path / "home") as family:
        pusher = boat(family)
        begun = time.monotonic()
        pusher.push(numbered(seed), "v0")
        seconds = time.monotonic() - begun
        for number in range(1, RUNS):
            each = numbered(seed + number)
            pushing = threading.Thread(target=pusher.push, args=(each, f"v{number}"))
            pushing.start()
            time.sleep(dice.uniform(0, seconds))
            family.kill_all()
            pushing.join()

        for number in range(RUNS):
            pusher.require(numbered(seed + number), f"v{number}")
        doctor_finds_nothing(family.server)
        require_order_at_rest(family)


def test_an_upload_goes_on_over_processes_and_restarts(tmp_path: Path) -> None:
    blob = Blob("a/b", os.urandom(30 * 40_000))
    with family_with_two(tmp_path / "home") as family:
        pusher = boat(family)
        place = str(pusher.ask("POST", "blobs/uploads/").headers["Location"])
        for number in range(30):
            if number in (10, 20):
                family.restart() if number == 10 else family.kill_all()
                assert pusher.ask("GET", place).headers["Range"] == f"0-{number * 40_000 - 1}"
            first = number * 40_000
            piece = blob.content[first : first + 40_000]
            headers = {"Content-Range": f"{first}-{first + len(piece) - 1}"}
            answer = pusher.ask("PATCH", place, content=piece, headers=headers)
            assert answer.status_code == 202, answer.text

        done = pusher.ask("PUT", place, params={"digest": blob.digest})

        assert done.status_code == 201, done.text
        assert pusher.ask("GET", f"blobs/{blob.digest}").content == blob.content
