"""Uploads over the API: chunks, whole files, imports, removals (katello.md 1.3)."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from headgate.services.repositories.uploads import sweep_uploads
from support.house import House, refused
from support.rpms import Rpm, RpmStore

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

_REPOSITORIES = "/katello/api/repositories"


def begin(house: House, repository: int, content: bytes, **fields: Any) -> str:
    answer = house.post(f"repositories/{repository}/content_uploads", size=len(content), **fields)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["upload_id"])


def put_chunk(
    client: TestClient, repository: int, upload: str, offset: int, content: bytes
) -> httpx2.Response:
    """Send a chunk as hammer does: a form whose content is percent-encoded bytes."""
    return client.put(
        f"{_REPOSITORIES}/{repository}/content_uploads/{upload}",
        data={"offset": str(offset), "size": "1", "content": content.decode("latin-1")},
    )


def files_of(house: House, repository: int) -> dict[str, str]:
    results = house.get("files", repository_id=repository).json()["results"]
    return {each["path"]: each["checksum"] for each in results}


def test_chunks_become_a_file_of_the_repository(house: House) -> None:
    world = house.start_worker()
    nests = world.repository("nests", content_type="file")
    content = bytes(range(128)) * 100
    upload = begin(house, nests, content, checksum=sha256(content).hexdigest())

    for offset in range(0, len(content), 5000):
        answer = put_chunk(house.admin, nests, upload, offset, content[offset : offset + 5000])
        assert (answer.status_code, answer.content) == (204, b"")
    uploads = [{"id": upload, "name": "eggs/one.bin", "size": len(content)}]
    task = world.done(world.put(f"repositories/{nests}/import_uploads", uploads=uploads))

    assert files_of(house, nests) == {"eggs/one.bin": sha256(content).hexdigest()}
    assert [each["type"] for each in task["output"]["upload_results"]] == ["file"]
    assert list(house.uploads.iterdir()) == []
    refused(put_chunk(house.admin, nests, upload, 0, b"x"), 404)


def test_a_package_that_is_here_need_not_come_again(house: House, rpm_store: RpmStore) -> None:
    world = house.start_worker()
    content = rpm_store.build(Rpm("reed", "1.0"))[0].read_bytes()
    first, second = world.repository("first"), world.repository("second")
    files = {"content": ("reed.rpm", content)}
    answer = house.admin.post(f"{_REPOSITORIES}/{first}/upload_content", files=files)
    world.done(answer.json())

    wanted = {"size": len(content), "checksum": sha256(content).hexdigest()}
    known = house.post(f"repositories/{second}/content_uploads", **wanted).json()
    assert known["upload_id"] is None
    uploads = [{"content_unit_id": known["content_unit_href"], "name": "reed.rpm"}]
    world.done(world.put(f"repositories/{second}/import_uploads", uploads=uploads))

    assert house.get(f"repositories/{second}").json()["content_counts"]["rpm"] == 1


@on_sqlite
def test_what_another_organization_holds_is_not_told(house: House, rpm_store: RpmStore) -> None:
    world = house.start_worker()
    content = rpm_store.build(Rpm("reed", "1.0"))[0].read_bytes()
    files = {"content": ("reed.rpm", content)}
    mine = world.repository("first")
    world.done(house.admin.post(f"{_REPOSITORIES}/{mine}/upload_content", files=files).json())
    theirs = world.another().repository("second")

    wanted = {"size": len(content), "checksum": sha256(content).hexdigest()}
    answer = house.post(f"repositories/{theirs}/content_uploads", **wanted).json()

    assert answer["upload_id"] is not None
    (package,) = house.get("packages", repository_id=mine).json()["results"]
    uploads = [{"content_unit_id": f"rpm:{package['id']}"}]
    refused(house.put(f"repositories/{theirs}/import_uploads", uploads=uploads), 404)


def test_removed_content_is_gone_from_the_repository(house: House) -> None:
    world = house.start_worker()
    nests = house.files("nests", egg=b"x", chick=b"y")
    units = {each["path"]: each["id"] for each in house.get("files").json()["results"]}

    world.done(world.put(f"repositories/{nests}/remove_content", ids=[units["egg"]]))

    assert list(files_of(house, nests)) == ["chick"]
    refused(house.put(f"repositories/{nests}/remove_content", ids=[units["egg"]]), 404)
    refused(house.put(f"repositories/{nests}/remove_content", ids=[]), 422)


@on_sqlite
def test_a_wrong_checksum_fails_the_task_and_changes_nothing(house: House) -> None:
    world = house.start_worker()
    nests = world.repository("nests", content_type="file")
    upload = begin(house, nests, b"egg", checksum="0" * 64)
    put_chunk(house.admin, nests, upload, 0, b"egg")

    uploads = [{"id": upload, "name": "egg"}]
    task = world.ended(world.put(f"repositories/{nests}/import_uploads", uploads=uploads))

    assert task["result"] == "error"
    assert "which was announced; upload it again" in task["humanized"]["errors"][0]
    assert files_of(house, nests) == {}


@on_sqlite
@pytest.mark.parametrize(
    ("offset", "content", "words"),
    [
        (0, b"123456", "does not fit"),
        (5, b"1", "does not fit"),
        (-1, b"1", "does not fit"),
        (3, b"1", "leaves a gap: 2 bytes are here"),
    ],
)
def test_chunks_stay_within_what_was_announced(
    house: House, offset: int, content: bytes, words: str
) -> None:
    nests = house.world.repository("nests", content_type="file")
    upload = begin(house, nests, b"12345")
    put_chunk(house.admin, nests, upload, 0, b"12")

    refused(put_chunk(house.admin, nests, upload, offset, content), 400, words)


@on_sqlite
def test_a_chunk_may_come_twice(house: House) -> None:
    nests = house.world.repository("nests", content_type="file")
    upload = begin(house, nests, b"12345")

    for offset, chunk in ((0, b"123"), (0, b"123"), (3, b"45"), (1, b"23")):
        assert put_chunk(house.admin, nests, upload, offset, chunk).status_code == 204

    assert (house.uploads / upload).read_bytes() == b"12345"


@on_sqlite
def test_an_incomplete_upload_is_not_imported(house: House) -> None:
    nests = house.world.repository("nests", content_type="file")
    upload = begin(house, nests, b"12345")
    put_chunk(house.admin, nests, upload, 0, b"12")

    answer = house.put(f"repositories/{nests}/import_uploads", uploads=[{"id": upload}])

    refused(answer, 400, "is incomplete: 2 of 5 bytes are here")


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"size": 0}, "size", "must be between"),
        ({"size": 1 << 40}, "size", "must be between"),
        ({"size": None}, "size", "can't be blank"),
        ({"checksum": "abc"}, "checksum", "must be a SHA-256"),
        ({"content_type": "rpm"}, "content_type", "must be one of: file"),
    ],
)
def test_bad_uploads_are_refused_by_field(
    house: House, fields: dict[str, Any], field: str, words: str
) -> None:
    nests = house.world.repository("nests", content_type="file")

    answer = house.post(f"repositories/{nests}/content_uploads", **({"size": 1} | fields))

    assert words in refused(answer, 422)[field][0]


@on_sqlite
def test_an_upload_is_its_users_and_its_repositorys_alone(house: House) -> None:
    nests = house.world.repository("nests", content_type="file")
    trees = house.world.repository("trees", content_type="file")
    upload = begin(house, nests, b"egg")
    colleague = house.control.user(
        "colleague", organizations=[house.organization], permissions=["edit_products"]
    )

    refused(put_chunk(colleague, nests, upload, 0, b"egg"), 404)
    refused(put_chunk(house.admin, trees, upload, 0, b"egg"), 404)
    refused(colleague.delete(f"{_REPOSITORIES}/{nests}/content_uploads/{upload}"), 404)
    refused(house.put(f"repositories/{trees}/import_uploads", uploads=[{"id": upload}]), 404)


@on_sqlite
def test_a_given_up_upload_leaves_nothing(house: House) -> None:
    nests = house.world.repository("nests", content_type="file")
    upload = begin(house, nests, b"egg")
    put_chunk(house.admin, nests, upload, 0, b"egg")

    answer = house.delete(f"repositories/{nests}/content_uploads/{upload}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert list(house.uploads.iterdir()) == []


@on_sqlite
def test_forgotten_uploads_are_swept_but_not_those_of_a_waiting_task(house: House) -> None:
    nests = house.world.repository("nests", content_type="file")
    forgotten, waiting = begin(house, nests, b"egg"), begin(house, nests, b"egg")
    for upload in (forgotten, waiting):
        put_chunk(house.admin, nests, upload, 0, b"egg")
    house.put(f"repositories/{nests}/import_uploads", uploads=[{"id": waiting, "name": "egg"}])
    (house.uploads / "stray").write_bytes(b"x")

    in_two_days = datetime.now(UTC) + timedelta(days=2)  # the files' own time counts

    with house.control.database.begin() as tx:
        removed = sweep_uploads(tx, house.uploads, clock=lambda: in_two_days)

    assert removed == 2
    assert [each.name for each in house.uploads.iterdir()] == [waiting]
