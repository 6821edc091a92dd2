"""What becomes of pushed content: who keeps it, who sees it, what is collected, what is mended."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from headgate.content.container.tables import container_pushed_blobs
from headgate.stores.db import Database
from headgate.stores.db.tables import container_uploads, content_sets
from support.ledger import disk_bytes, require_order
from support.oci import Blob, image, layer
from support.push_stage import Client, PushStage, push_staged
from support.world import World

SHARED = layer({"shared": b"shared" * 500})
ONE = image(SHARED, layer({"one": b"one" * 400}))
TWO = image(SHARED, layer({"two": b"two" * 300}))
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def stage(database: Database, tmp_path: Path) -> Iterator[PushStage]:
    with push_staged(database, tmp_path / "home") as made:
        yield made


def client(stage: PushStage, name: str = "boat", world: World | None = None) -> Client:
    """Return who pushes into a repository of the product Ships."""
    chosen = world or stage.world
    chosen.product("Ships")
    return Client(stage, f"{chosen.organization_label.lower()}/ships/{name}")


def links(stage: PushStage) -> int:
    """Return how many blobs repositories have by themselves."""
    with stage.database.read() as tx:
        return int(tx.scalar(select(func.count()).select_from(container_pushed_blobs)) or 0)


def tidy(stage: PushStage) -> None:
    """Let two days pass, sweep and collect."""
    stage.clock.wait(days=2)
    stage.sweep()
    stage.collect()
    stage.collect()


def test_what_no_manifest_came_to_name_goes_after_a_day(stage: PushStage) -> None:
    pusher, named, stray = client(stage), ONE.blobs[0], Blob("a/b", b"stray" * 100)
    pusher.push(ONE, "one")
    pusher.push_blob(stray)

    stage.clock.wait(hours=23)
    stage.sweep()
    stage.collect()

    assert pusher.ask("HEAD", f"blobs/{stray.digest}").status_code == 200
    assert links(stage) == len(ONE.blobs) + 1
    tidy(stage)
    assert links(stage) == 0
    assert pusher.ask("HEAD", f"blobs/{stray.digest}").status_code == 404
    assert pusher.ask("HEAD", f"blobs/{named.digest}").status_code == 200
    pusher.require(ONE, "one")
    require_order(stage.database, stage.root)


def test_a_blob_that_is_pushed_again_is_kept_for_another_day(stage: PushStage) -> None:
    pusher, blob = client(stage), Blob("a/b", b"again" * 100)
    pusher.push_blob(blob)
    stage.clock.wait(hours=20)
    begun = pusher.ask("POST", "blobs/uploads/", params={"digest": blob.digest})
    assert begun.status_code == 400  # nothing came
    whole = pusher.ask(
        "POST", "blobs/uploads/", params={"digest": blob.digest}, content=blob.content
    )
    assert whole.status_code == 201, whole.text

    stage.clock.wait(hours=20)
    stage.sweep()
    stage.collect()

    assert pusher.ask("HEAD", f"blobs/{blob.digest}").status_code == 200


def test_an_upload_that_nobody_goes_on_with_is_dropped(stage: PushStage) -> None:
    pusher, blob = client(stage), Blob("a/b", b"half" * 1000)
    place = pusher.ask("POST", "blobs/uploads/").headers["Location"]
    pusher.ask("PATCH", place, content=blob.content[:1000])
    young = pusher.ask("POST", "blobs/uploads/").headers["Location"]
    pusher.ask("PATCH", young, content=blob.content)
    stage.clock.wait(hours=23)
    stage.sweep()
    assert pusher.ask("GET", place).headers["Range"] == "0-999"
    # Whoever is at it says so.
    assert pusher.ask("PATCH", young, content=b"more").status_code == 202

    stage.clock.wait(hours=2)
    stage.sweep()

    assert pusher.ask("GET", place).status_code == 404
    assert pusher.ask("GET", young).headers["Range"] == f"0-{blob.size + 3}"
    assert len(list((stage.root / "spool").iterdir())) == 1


def test_the_bytes_of_an_upload_go_with_its_repository(stage: PushStage) -> None:
    pusher = client(stage)
    place = pusher.ask("POST", "blobs/uploads/").headers["Location"]
    pusher.ask("PATCH", place, content=b"half")
    (repository,) = stage.world.list("repositories")
    stage.world.delete(f"repositories/{repository['id']}")

    stage.sweep()

    assert pusher.ask("PUT", place, params={"digest": SHARED.digest}).status_code == 404
    assert list((stage.root / "spool").iterdir()) == []
    with stage.database.read() as tx:
        assert tx.execute(select(container_uploads)).all() == []


def test_a_layer_stays_until_the_last_repository_lets_go_of_it(stage: PushStage) -> None:
    first, second = client(stage, "first"), client(stage, "second")
    first.push(ONE, "one")
    second.push(TWO, "two")
    tidy(stage)

    assert first.ask("DELETE", f"manifests/{ONE.digest}").status_code == 202
    tidy(stage)

    assert first.ask("HEAD", f"blobs/{SHARED.digest}").status_code == 404
    second.require(TWO, "two")
    assert second.ask("DELETE", f"manifests/{TWO.digest}").status_code == 202
    tidy(stage)
    assert list(stage.store.digests()) == []
    require_order(stage.database, stage.root)


def test_the_ledger_of_images_adds_up_to_what_is_on_the_disk(stage: PushStage) -> None:
    world, other = stage.world, stage.world.another()
    first, second = client(stage, "first"), client(stage, "second", other)
    first.push(ONE, "one")
    second.push(TWO, "two")
    first.push_blob(Blob("a/b", b"stray" * 999))

    whole = world.client.get("/katello/api/space").json()

    rest = ("shared_between_organizations_bytes", "in_progress_bytes", "collectable_bytes")
    parts = [each["exclusive_bytes"] for each in whole["organizations"]]
    parts += [whole[name] for name in rest]
    assert sum(parts) == whole["bytes"] == disk_bytes(stage.root)
    assert whole["shared_between_organizations_bytes"] == SHARED.size
    (repository,) = world.list("repositories")
    promised = world.client.get(f"/katello/api/repositories/{repository['id']}/space").json()
    before = disk_bytes(stage.root)
    world.delete(f"repositories/{repository['id']}")
    stage.collect()
    assert before - disk_bytes(stage.root) == promised["exclusive_bytes"]
    assert promised["exclusive_bytes"] > 999 * 5
    second.require(TWO, "two")


@on_sqlite
def test_ids_that_are_given_anew_show_nobody_what_had_them(stage: PushStage) -> None:
    other = stage.world.another()
    mine, theirs = client(stage, "boat"), client(stage, "boat", other)
    mine.push(ONE, "latest")
    mine.require(ONE, "latest")  # remembered from now on
    with stage.database.read() as tx:
        highest = tx.scalar(select(func.max(content_sets.c.id)))
    (repository,) = stage.world.list("repositories")
    stage.world.delete(f"repositories/{repository['id']}")
    tidy(stage)

    theirs.push(TWO, "latest")

    (reused,) = other.list("repositories")
    with stage.database.read() as tx:
        assert tx.scalar(select(func.max(content_sets.c.id))) == highest
    assert reused["id"] == repository["id"]
    theirs.require(TWO, "latest")
    assert theirs.ask("GET", f"manifests/{ONE.digest}").status_code == 404


def test_many_who_ask_at_once_for_what_is_new_are_remembered_once(stage: PushStage) -> None:
    pusher = client(stage)
    large = image(SHARED, annotations={"large": "x" * 3_000_000})
    pusher.push(large, "large")

    with ThreadPoolExecutor(16) as threads:
        for number in range(3):
            tag = f"large{number}"
            pusher.put_manifest(large, tag)
            asked = [threads.submit(pusher.ask, "GET", f"manifests/{tag}") for _ in range(16)]
            assert {each.result().status_code for each in asked} == {200}


def test_a_damaged_layer_is_found_and_comes_back_with_the_next_push(stage: PushStage) -> None:
    pusher = client(stage)
    pusher.push(ONE, "one")
    tidy(stage)
    (repository,) = stage.world.list("repositories")
    digits = SHARED.digest.removeprefix("sha256:")
    file = stage.root / "blobs" / digits[:2] / digits[2:4] / digits
    file.chmod(0o600)
    file.write_bytes(b"x" * SHARED.size)

    task = stage.world.ended(stage.world.post(f"repositories/{repository['id']}/verify_checksum"))

    assert task["result"] == "warning", json.dumps(task)
    assert SHARED.digest in json.dumps(task["output"]) or "upload it again" in json.dumps(task)
    gone = pusher.ask("GET", f"blobs/{SHARED.digest}")
    assert gone.status_code == 404, gone.text
    assert pusher.ask("HEAD", f"blobs/{SHARED.digest}").status_code == 404
    pusher.push(ONE, "one")
    pusher.require(ONE, "one")
    tidy(stage)
    pusher.require(ONE, "one")


def test_a_damaged_manifest_is_found_and_comes_back_with_the_next_push(stage: PushStage) -> None:
    pusher = client(stage)
    pusher.push(ONE, "one")
    (repository,) = stage.world.list("repositories")
    digits = ONE.digest.removeprefix("sha256:")
    (stage.root / "blobs" / digits[:2] / digits[2:4] / digits).unlink()

    task = stage.world.ended(stage.world.post(f"repositories/{repository['id']}/verify_checksum"))

    assert task["result"] == "warning", json.dumps(task)
    assert pusher.ask("GET", "manifests/one").status_code == 404
    pusher.push(ONE, "one")
    pusher.require(ONE, "one")
    tidy(stage)
    pusher.require(ONE, "one")


def test_a_repository_beyond_its_quota_takes_no_more(stage: PushStage) -> None:
    pusher = client(stage)
    pusher.push(ONE, "one")
    used = disk_bytes(stage.root)
    quota = {"hard_bytes": used + 1000}
    path = f"/katello/api/organizations/{stage.world.organization_id}/quota"
    assert stage.world.client.put(path, json=quota).status_code == 200
    blob = Blob("a/b", b"much" * 1_000_000)
    place = pusher.ask("POST", "blobs/uploads/").headers["Location"]

    streamed = pusher.ask("PATCH", place, content=iter([blob.content]))
    told = pusher.ask("PATCH", place, content=blob.content)

    for answer in (streamed, told):
        assert answer.status_code == 507, answer.text
        assert answer.json()["errors"][0]["code"] == "DENIED"
        assert "quota" in answer.json()["errors"][0]["message"]
    assert stage.world.client.put(path, json={"hard_bytes": None}).status_code == 200
    status = pusher.ask("GET", place)
    come = int(status.headers["Range"].removeprefix("0-"))
    come = come + 1 if come else 0
    assert pusher.ask("PATCH", place, content=blob.content[come:]).status_code == 202
    done = pusher.ask("PUT", place, params={"digest": blob.digest})
    assert done.status_code == 201, done.text


def test_what_another_organization_has_is_neither_told_nor_given(stage: PushStage) -> None:
    theirs = client(stage, "secret")
    theirs.push(ONE, "one")
    world = stage.world.another()
    mine = client(stage, "boat", world)
    permissions = ("view_products", "sync_products", "edit_products")
    mine.authorization = stage.user(
        "pusher", organization=world.organization_id, permissions=permissions
    )
    mine.push(TWO, "two")
    secret, unknown = ONE.blobs[-1], Blob("a/b", b"nobody has this")

    found = probe(mine, secret.digest, theirs.name)

    assert found == probe(mine, unknown.digest, "no/such/name")
    assert found == probe(mine, unknown.digest, theirs.name)
    assert [status for status, _ in found] == [202, 202, 404, 404, 404, 200, 404, 404, 404, 404]
    # Not even by bytes that the server has: what they name has to come from here.
    sent = mine.ask(
        "PUT",
        f"manifests/{ONE.digest}",
        headers={"Content-Type": ONE.media_type},
        content=ONE.content,
    )
    assert (sent.status_code, sent.json()["errors"][0]["code"]) == (404, "MANIFEST_BLOB_UNKNOWN")
    for blob in ONE.blobs:
        mine.push_blob(blob)
    mine.push(ONE, "one")
    mine.require(ONE, "one")


def probe(pusher: Client, digest: str, elsewhere: str) -> list[tuple[int, str]]:
    """Ask in every way for a blob; return the answers without what differs anyway."""
    descriptor = {"mediaType": "a/b", "digest": digest, "size": 7}
    manifest = json.loads(ONE.content) | {"config": descriptor, "layers": [descriptor]}
    answers = [
        pusher.ask("POST", "blobs/uploads/", params={"mount": digest}),
        pusher.ask("POST", "blobs/uploads/", params={"mount": digest, "from": elsewhere}),
        pusher.ask("HEAD", f"blobs/{digest}"),
        pusher.ask("GET", f"blobs/{digest}"),
        pusher.ask("DELETE", f"blobs/{digest}"),
        pusher.ask("GET", f"referrers/{digest}"),
        pusher.ask("GET", f"manifests/{digest}"),
        pusher.ask(
            "PUT",
            "manifests/x",
            headers={"Content-Type": ONE.media_type},
            content=json.dumps(manifest).encode(),
        ),
        pusher.ask("GET", f"/v2/{elsewhere}/blobs/{digest}"),
        pusher.ask("GET", f"/v2/{elsewhere}/tags/list"),
    ]
    names = {digest: "DIGEST", elsewhere: "ELSEWHERE"}
    return [(each.status_code, replaced(each.text, names)) for each in answers]


def replaced(text: str, names: Mapping[str, str]) -> str:
    for name, instead in names.items():
        text = text.replace(name, instead)
    return text
