"""Many who push, delete and collect at once: everybody's content is whole, or clearly refused."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx2
import pytest
from sqlalchemy import select, update

from headgate.content.container.tables import container_tag_moves
from headgate.stores.db import Database
from headgate.stores.db.tables import organizations
from support.ledger import require_order
from support.oci import Blob, Manifest, image, layer
from support.push_stage import Client, PushStage, push_staged

Answers = dict[str, httpx2.Response]
SHARED = layer({"shared": b"shared" * 500})


@pytest.fixture
def stage(database: Database, tmp_path: Path) -> Iterator[PushStage]:
    with push_staged(database, tmp_path / "home") as made:
        yield made


def numbered(number: int) -> Manifest:
    """Return an image with a layer of its own and a shared one."""
    return image(SHARED, layer({"own": b"%d" % number * 300}))


def client(stage: PushStage, name: str = "boat") -> Client:
    return Client(stage, f"{stage.world.organization_label.lower()}/ships/{name}")


def at_once(*works: Callable[[], object]) -> None:
    """Do all of it at the same time; the first failure is the test's."""
    barrier = Barrier(len(works))

    def begun(work: Callable[[], object]) -> object:
        barrier.wait(30)
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        for future in [threads.submit(begun, work) for work in works]:
            future.result()


def settle(stage: PushStage) -> None:
    """Let time pass, sweep and collect; the books must be in order."""
    stage.clock.wait(days=2)
    stage.sweep()
    stage.collect()
    stage.collect()
    require_order(stage.database, stage.root)


def test_many_first_pushes_make_one_product_and_one_repository(stage: PushStage) -> None:
    with stage.database.begin() as tx:
        tx.execute(update(organizations).values(container_push_creates_products=True))
    images = [numbered(number) for number in range(6)]

    at_once(
        *(lambda i=i, each=each: client(stage).push(each, f"v{i}") for i, each in enumerate(images))
    )

    assert [each["name"] for each in stage.world.list("products")] == ["ships"]
    assert [each["name"] for each in stage.world.list("repositories")] == ["boat"]
    settle(stage)
    for number, each in enumerate(images):
        client(stage).require(each, f"v{number}")
    tags = client(stage).ask("GET", "tags/list").json()["tags"]
    assert tags == [f"v{number}" for number in range(6)]


def test_a_tag_that_many_move_points_to_what_the_last_one_pushed(stage: PushStage) -> None:
    stage.world.product("Ships")
    images = [numbered(number) for number in range(5)]

    at_once(*(lambda each=each: client(stage).push(each, "latest") for each in images))

    found = client(stage).ask("GET", "manifests/latest").content
    (last,) = [each for each in images if each.content == found]
    moves = container_tag_moves.c
    with stage.database.read() as tx:
        history = tx.scalars(select(moves.manifest).order_by(moves.id)).all()
    assert set(history) == {each.digest for each in images}
    assert history[-1] == last.digest
    for each in images:
        client(stage).require(each, each.digest)
    settle(stage)


def test_the_same_image_pushed_into_many_repositories_is_in_each(stage: PushStage) -> None:
    stage.world.product("Ships")
    same = numbered(7)

    at_once(*(lambda i=i: client(stage, f"boat{i}").push(same, "v1") for i in range(5)))

    settle(stage)
    for number in range(5):
        client(stage, f"boat{number}").require(same, "v1")


def test_repositories_that_are_emptied_at_once_are_empty(stage: PushStage) -> None:
    stage.world.product("Ships")
    for number in range(5):
        client(stage, f"boat{number}").push(numbered(number), "v1")

    def empty(number: int) -> None:
        path = f"manifests/{numbered(number).digest}"
        answer = client(stage, f"boat{number}").ask("DELETE", path)
        assert answer.status_code == 202, answer.text

    at_once(*(lambda i=i: empty(i) for i in range(5)))

    settle(stage)
    assert list(stage.store.digests()) == []


def test_collection_takes_nothing_of_what_is_being_pushed(stage: PushStage) -> None:
    stage.world.product("Ships")
    done = threading.Event()
    tried = threading.Semaphore(0)  # one collection for each try, or none would ever be in time

    def collect() -> None:
        while not done.is_set():
            if tried.acquire(timeout=0.05):
                stage.clock.wait(days=2)  # every link is old before its manifest comes
                stage.sweep()
                stage.collect()

    def push(number: int) -> None:
        boat = client(stage, f"boat{number}")
        for turn in range(4):
            each = numbered(number * 10 + turn)
            tried.release()
            while not pushed(boat, each):
                tried.release()
            boat.require(each, "v1")
            if turn % 2:
                answer = boat.ask("DELETE", f"manifests/{each.digest}")
                assert answer.status_code == 202, answer.text

    def push_all() -> None:
        try:
            at_once(*(lambda i=i: push(i) for i in range(3)))
        finally:
            done.set()

    at_once(collect, push_all)

    settle(stage)


def pushed(boat: Client, each: Manifest) -> bool:
    """Push; False if blobs were forgotten before the manifest came, and must come again."""
    for blob in each.blobs:
        answer = boat.ask(
            "POST", "blobs/uploads/", params={"digest": blob.digest}, content=blob.content
        )
        # The clock runs so fast that an upload is abandoned while it begins.
        assert answer.status_code in (201, 404, 409), answer.text
    kind = {"Content-Type": each.media_type}
    answer = boat.ask("PUT", "manifests/v1", headers=kind, content=each.content)
    assert answer.status_code in (201, 404), answer.text
    if answer.status_code == 404:
        assert answer.json()["errors"][0]["code"] == "MANIFEST_BLOB_UNKNOWN"
    return answer.status_code == 201


def test_a_push_into_what_is_deleted_meanwhile_is_refused_or_whole(stage: PushStage) -> None:
    stage.world.product("Ships")
    for turn in range(4):
        boat = client(stage, f"boat{turn}")
        boat.push(numbered(turn), "v1")
        (repository,) = stage.world.list("repositories")
        blobs = [Blob("a/b", b"%d %d" % (turn, number) * 500) for number in range(4)]
        answers: list[httpx2.Response] = []

        def push(
            boat: Client = boat,
            blobs: Sequence[Blob] = blobs,
            turn: int = turn,
            answers: list[httpx2.Response] = answers,
        ) -> None:
            for blob in blobs:
                whole = {"digest": blob.digest}
                answers.append(
                    boat.ask("POST", "blobs/uploads/", params=whole, content=blob.content)
                )
            other = numbered(turn)
            kind = {"Content-Type": other.media_type}
            answers.append(boat.ask("PUT", "manifests/v2", headers=kind, content=other.content))

        def delete(id_: int = int(repository["id"])) -> None:
            stage.world.delete(f"repositories/{id_}")

        at_once(push, push, delete)

        for answer in answers:
            # 409: deleted between two looks, said in as many words.
            assert answer.status_code in (201, 404, 409), answer.text
        for each in stage.world.list("repositories"):
            stage.world.delete(f"repositories/{each['id']}")
    settle(stage)
    assert list(stage.store.digests()) == []


def test_a_blob_that_is_deleted_while_a_manifest_comes_to_name_it(stage: PushStage) -> None:
    stage.world.product("Ships")
    boat = client(stage)
    for turn in range(6):
        each = numbered(turn)
        for blob in each.blobs:
            boat.push_blob(blob)
        answers: Answers = {}

        def name(each: Manifest = each, answers: Answers = answers) -> None:
            kind = {"Content-Type": each.media_type}
            answers["named"] = boat.ask(
                "PUT", f"manifests/{each.digest}", headers=kind, content=each.content
            )

        def delete(each: Manifest = each, answers: Answers = answers) -> None:
            answers["deleted"] = boat.ask("DELETE", f"blobs/{each.blobs[-1].digest}")

        at_once(name, delete, stage.collect)

        told = (answers["named"].status_code, answers["deleted"].status_code)
        assert told in {(201, 405), (404, 202)}, [each.text for each in answers.values()]
        if told[0] == 201:
            boat.require(each, each.digest)
    settle(stage)
