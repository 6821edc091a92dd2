"""Bodies: JSON, forms, files; what is taken, and what is refused before anything happens."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from starlette.testclient import TestClient

from headgate.apis.actions import FORM
from headgate.apis.katello import RESOURCES
from headgate.stores.db import Database
from support.control import Control, control
from support.trials import trials

ORGANIZATIONS = "/katello/api/organizations"

# What happens before any statement is the same on every database.
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def served(database: Database) -> Control:
    return control(database, (*RESOURCES, trials))


@pytest.fixture
def admin(served: Control) -> Iterator[TestClient]:
    with served.client() as client:
        yield client


@on_sqlite
@pytest.mark.parametrize(
    ("kwargs", "status"),
    [
        ({"data": {"name": "Zoo"}}, 415),
        ({"content": b"<name/>", "headers": {"content-type": "text/xml"}}, 415),
        ({"content": b'{"name": "Zoo"}'}, 415),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ({"json": [1]}, 400),
        ({"json": {"name": "x" * 9_000_000}}, 413),
        ({"json": {"name": "Zoo", "nest": {"a": 1}}}, 201),
        ({"json": {"name": "Zoo"}, "headers": {"content-type": "application/json;charset=x"}}, 201),
    ],
)
def test_bodies_are_json_of_a_bounded_size(
    admin: TestClient, kwargs: dict[str, Any], status: int
) -> None:
    assert admin.post(ORGANIZATIONS, **kwargs).status_code == status


def test_a_file_is_streamed_into_the_blob_store(served: Control, admin: TestClient) -> None:
    response = admin.post(
        "/api/trials/send", data={"size": "3"}, files={"content": ("a.rpm", b"\0\xff\n" * 9_000)}
    )

    assert response.status_code == 200, response.text
    assert response.json() | {"digest": ""} == {"digest": "", "name": "a.rpm", "size": 3}
    (kept,) = served.blobs.digests()
    assert kept[1] == 27_000


@on_sqlite
@pytest.mark.parametrize(
    ("kwargs", "status"),
    [
        ({"data": {"size": "3"}, "files": {"content": ("a", b"x" * 200_000)}}, 413),
        ({"data": {"size": "many"}, "files": {"content": ("a", b"x")}}, 422),
        ({"data": {"size": "3"}, "files": {"other": ("a", b"x")}}, 422),
        ({"json": {"size": 3, "content": "x"}}, 422),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}}, 400),
        (
            {
                "content": b'--b\r\ncontent-disposition: form-data; name="content"\r\n\r\nhalf',
                "headers": {"content-type": "multipart/form-data; boundary=b"},
            },
            400,
        ),
    ],
)
def test_a_multipart_body_that_is_not_whole_leaves_nothing(
    served: Control, admin: TestClient, kwargs: dict[str, Any], status: int
) -> None:
    assert admin.post("/api/trials/send", **kwargs).status_code == status

    assert list(served.blobs.digests()) == []


@on_sqlite
@pytest.mark.parametrize("form", ["data", "files"])
def test_a_chunk_keeps_its_bytes_in_a_form(
    served: Control, admin: TestClient, form: Literal["data", "files"]
) -> None:
    chunk_bytes = bytes(range(256))
    if form == "data":
        encoded = b"offset=0&content=" + "".join(f"%{byte:02x}" for byte in chunk_bytes).encode()
        response = admin.put("/api/trials/chunk", content=encoded, headers={"content-type": FORM})
    else:
        response = admin.put(
            "/api/trials/chunk", data={"offset": "0"}, files={"content": ("c", chunk_bytes)}
        )

    assert (response.status_code, response.content) == (204, b"")
    (kept,) = served.blobs.digests()
    assert b"".join(served.blobs.read(kept[0])) == chunk_bytes
