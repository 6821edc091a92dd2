"""Container repositories in content views: publishing and promoting many tags, and listing them."""

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx2

from family import shipped
from support import oci
from support.world import World
from table import Row, Table

T = TypeVar("T")

TAGS = 1_000
ROUNDS = 5
_MS = 1_000
_POLL = 0.002  # seconds between two looks at a task


def run(table: Table, work: Path) -> None:
    with shipped(work / "containers") as server, server.client(timeout=900) as client:
        world = World(client, poll=_POLL)
        world.product("Ships")
        name = f"{world.organization_label.lower()}/ships/sloop"
        for number in range(TAGS):
            push_image(client, name, oci.image(oci.layer({"n": b"%d" % number})), f"1.{number}")
        _views(table, world, name)


def push_image(client: httpx2.Client, name: str, image: oci.Manifest, tag: str) -> None:
    """Push an image, each blob at once."""
    for blob in image.blobs:
        place = f"/v2/{name}/blobs/uploads/?digest={blob.digest}"
        _expect(client.post(place, content=blob.content), 201)
    kind = {"Content-Type": image.media_type}
    place = f"/v2/{name}/manifests/{tag}"
    _expect(client.put(place, content=image.content, headers=kind), 201)


def _views(table: Table, world: World, name: str) -> None:
    (repository,) = (int(each["id"]) for each in world.list("repositories"))
    dev = world.environment("Dev")
    plain, filtered = world.view("Plain", repository), world.view("Filtered", repository)
    # Half of them stay.
    world.filter(filtered, "even", *({"name": f"*{n}"} for n in range(0, 10, 2)), type="docker")
    took: dict[str, list[float]] = {"plain": [], "filtered": [], "promote": [], "list": []}
    for round_ in range(ROUNDS):
        image = oci.image(oci.layer({"moved": b"%d" % round_}))
        push_image(world.client, name, image, "1.0")
        version = _timed(took["plain"], lambda: world.publish(plain))
        _timed(took["filtered"], lambda: world.publish(filtered))
        _timed(took["promote"], partial(world.promote, version, dev))
        _timed(took["list"], lambda: world.list("docker_tags", repository_id=repository))
    held = {each: statistics.median(seconds) * _MS for each, seconds in took.items()}
    beside = f"the middle of {ROUNDS}, a tag moved before each"
    table.add(Row(f"publish a view of {TAGS:,} tags", held["plain"], "ms", 200, beside))
    table.add(Row("the same, filtered by 5 rules of tags", held["filtered"], "ms", 200))
    table.add(Row("promote it", held["promote"], "ms", 50))
    table.add(Row(f"list {TAGS:,} tags with their environments", held["list"], "ms"))


def _timed(times: list[float], work: Callable[[], T]) -> T:
    began = time.perf_counter()
    done = work()
    times.append(time.perf_counter() - began)
    return done


def _expect(answer: httpx2.Response, status: int) -> None:
    if answer.status_code != status:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code} {answer.text[:500]}")
