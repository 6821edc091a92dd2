"""What every client of the control plane relies on (katello.md 2.1-2.4), told over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from dirty_equals import IsInt, IsStr
from inline_snapshot import snapshot
from starlette.testclient import TestClient

from headgate.apis.actions import (
    FORM,
    MULTIPART,
    BodyRules,
    Call,
    Params,
    Raw,
    Reply,
    Resource,
    UploadedFile,
    doc,
)
from headgate.apis.katello import RESOURCES
from headgate.domain.errors import ConflictError, UpstreamError
from headgate.domain.ids import OrganizationId, TaskId
from headgate.engine import NewTask, enqueue
from headgate.pki.authority import Authority
from headgate.services.access import Actor
from headgate.services.organizations import create_organization
from headgate.stores.db import Database
from support.control import START, Control, control

ORGANIZATIONS = "/katello/api/organizations"

# What happens before any statement is the same on every database.
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

trials = Resource("trials", "Actions that only these tests know")


class Trial(Params):
    """Try something."""

    how: Literal["crash", "conflict", "upstream", "raw", "half"] = doc("how it ends")


@trials.action("index", "GET", "/api/trials/{how}", also=["/api/trials/{how}/again"])
def trial(call: Call, params: Trial) -> Any:
    """End in the given way."""
    match params.how:
        case "crash":
            raise ZeroDivisionError("secret of the inside")
        case "conflict":
            raise ConflictError("Something stands against it")
        case "upstream":
            raise UpstreamError("Upstream says no", url="https://up.test/repomd.xml")
        case "raw":
            return Raw(b"PEM", media_type="application/x-pem-file", filename="a.pem")
        case "half":
            return Reply({"now": call.services.clock()}, status=207, headers={"X-Half": "1"})


class Undone(Params):
    """Make an organization, then fail."""


@trials.action("undone", "POST", "/api/trials/undone")
def undone(call: Call, params: Undone) -> None:
    """Change something and fail."""
    del params
    create_organization(call.tx, actor=call.actor, clock=call.services.clock, name="Never")
    raise ConflictError("Undone")


class Start(Params):
    """Start a task."""

    organization_id: OrganizationId = doc("Organization ID")


@trials.action("start", "POST", "/api/trials/start", async_task=True)
def start(call: Call, params: Start) -> TaskId:
    """Ask for a task."""
    return enqueue(
        call.tx,
        NewTask(
            workflow="trial",
            label="Actions::Katello::Trial",
            action="Try",
            input={"organization": {"id": params.organization_id}},
            user_id=call.actor.user_id,
            organization_id=params.organization_id,
        ),
        now=call.services.clock(),
    )


class Send(Params):
    """Send a file."""

    content: UploadedFile = doc("the file")
    size: int = doc("its size")


@trials.action(
    "send",
    "POST",
    "/api/trials/send",
    body=BodyRules(frozenset({MULTIPART}), limit=100_000, files=frozenset({"content"})),
)
def send(call: Call, params: Send) -> dict[str, Any]:
    """Keep the file."""
    digest = call.services.blobs.keep(params.content.spool)
    return {"digest": str(digest), "name": params.content.filename, "size": params.size}


class Chunk(Params):
    """Send a chunk."""

    content: bytes = doc("the bytes")
    offset: int = doc("where they begin")


@trials.action(
    "chunk",
    "PUT",
    "/api/trials/chunk",
    status=204,
    body=BodyRules(frozenset({FORM, MULTIPART}), limit=100_000),
)
def chunk(call: Call, params: Chunk) -> None:
    """Take the chunk."""
    with call.services.blobs.spool() as spool:
        spool.write(params.content)
        call.services.blobs.keep(spool)


@pytest.fixture
def served(database: Database) -> Control:
    return control(database, (*RESOURCES, trials))


@pytest.fixture
def admin(served: Control) -> Iterator[TestClient]:
    with served.client() as client:
        yield client


def organization(admin: TestClient, name: str) -> int:
    response = admin.post(ORGANIZATIONS, json={"organization": {"name": name}})
    assert response.status_code == 201, response.text
    return int(response.json()["id"])


def organizations(served: Control, count: int) -> list[int]:
    boss = Actor(user_id=None, login="boss", admin=True)
    with served.database.begin() as tx:
        return [
            create_organization(tx, actor=boss, clock=served.clock, name=f"Org {number}")
            for number in range(count)
        ]


def test_a_created_object_is_shown_bare_with_times_as_the_collection_parses_them(
    admin: TestClient,
) -> None:
    response = admin.post(ORGANIZATIONS, json={"organization": {"name": "Zoo Keepers"}})

    assert response.status_code == 201
    shown = response.json()
    assert {key: shown[key] for key in ("name", "label", "created_at")} == snapshot(
        {"name": "Zoo Keepers", "label": "Zoo_Keepers", "created_at": "2026-01-31 12:00:00 UTC"}
    )
    assert admin.get(f"{ORGANIZATIONS}/{shown['id']}").json() == shown


def test_a_list_has_katellos_envelope(admin: TestClient) -> None:
    for name in ("Beta", "alpha", "Gamma"):
        organization(admin, name)

    response = admin.get(ORGANIZATIONS, params={"search": "name ~ a", "per_page": 2})

    body = response.json()
    assert [each["name"] for each in body.pop("results")] == ["Beta", "Gamma"]
    assert body == snapshot(
        {
            "total": 3,
            "subtotal": 3,
            "selectable": 3,
            "page": 1,
            "per_page": "2",
            "error": None,
            "search": "name ~ a",
            "sort": {"by": "name", "order": "asc"},
        }
    )


def test_foremans_envelope_knows_neither_selectable_nor_error(admin: TestClient) -> None:
    body = admin.get("/api/users", params={"per_page": "5"}).json()

    assert body.keys() == {
        *("total", "subtotal", "page", "per_page", "search", "sort", "results"),
    }
    assert body["per_page"] == 5


@pytest.mark.parametrize(
    ("asked", "echoed", "shown"),
    [
        ({}, 20, 20),
        ({"per_page": "4294967296"}, "4294967296", 25),
        ({"per_page": "99999999999999999999"}, "99999999999999999999", 25),
        ({"per_page": "all"}, "all", 25),
        ({"full_result": "true"}, 25, 25),
        ({"page": "2"}, 20, 5),
        ({"page": "0"}, 20, 20),
        ({"page": "9223372036854775807", "per_page": "4294967296"}, "4294967296", 0),
        ({"per_page": "0"}, "0", 0),
    ],
)
def test_pages_are_cut_as_asked(
    served: Control, admin: TestClient, asked: dict[str, str], echoed: object, shown: int
) -> None:
    organizations(served, 25)

    body = admin.get(ORGANIZATIONS, params=asked).json()

    assert (body["per_page"], len(body["results"]), body["total"]) == (echoed, shown, 25)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"order": "name DESC"}, ["c", "b", "a"]),
        ({"sort_by": "name", "sort_order": "desc"}, ["c", "b", "a"]),
        ({"order": "id"}, ["b", "c", "a"]),
        ({"sort_order": "DESC"}, ["c", "b", "a"]),
        ({"name": "c"}, ["c"]),
        ({"label": "b", "search": "id > 0"}, ["b"]),
        ({"name": "nobody"}, []),
    ],
)
def test_lists_are_sorted_and_narrowed_by_plain_parameters(
    admin: TestClient, asked: dict[str, str], names: list[str]
) -> None:
    for name in ("b", "c", "a"):
        organization(admin, name)

    results = admin.get(ORGANIZATIONS, params=asked).json()["results"]

    assert [each["name"] for each in results] == names


@on_sqlite
@pytest.mark.parametrize(
    "asked",
    [
        {"order": "password_hash"},
        {"order": "name; DROP TABLE users"},
        {"sort_by": "(SELECT 1)"},
        {"sort_order": "sideways"},
        {"per_page": "-1"},
        {"per_page": "some"},
        {"page": "first"},
    ],
)
def test_what_a_list_cannot_be_sorted_or_cut_by_is_refused(
    admin: TestClient, asked: dict[str, str]
) -> None:
    assert admin.get(ORGANIZATIONS, params=asked).status_code == 422


def test_an_unreadable_search_finds_nothing_and_says_why(admin: TestClient) -> None:
    organization(admin, "Zoo")

    response = admin.get(ORGANIZATIONS, params={"search": "nest = 1"})

    assert response.status_code == 200
    body = response.json()
    assert (body["total"], body["subtotal"], body["results"]) == (1, 0, [])
    assert body["error"] == "Field 'nest' not recognized for searching!"


def test_an_unreadable_search_of_a_foreman_resource_is_a_bad_request(admin: TestClient) -> None:
    response = admin.get("/api/users", params={"search": "nest = 1"})

    assert response.status_code == 400
    assert response.json()["error"]["message"] == "Field 'nest' not recognized for searching!"


@pytest.mark.parametrize(
    "path", [ORGANIZATIONS, "/api/users", "/foreman_tasks/api/tasks"], ids=["K", "F", "T"]
)
def test_a_list_takes_at_most_five_statements(
    served: Control, admin: TestClient, path: str
) -> None:
    ids = organizations(served, 30)
    keeper = served.user("keeper", organizations=ids, permissions=["view_users"])
    for client in (admin, keeper):
        client.get(path)  # argon2 once; then it is remembered

        with served.counted() as statements:
            response = client.get(path, params={"search": "id != x or id > 1", "full_result": 1})

        assert response.status_code in (200, 400)
        assert len(statements) <= 5, statements


def test_a_validation_error_satisfies_every_client_at_once(admin: TestClient) -> None:
    organization(admin, "Zoo")

    response = admin.post(ORGANIZATIONS, json={"organization": {"name": "Zoo"}})

    assert response.status_code == 422
    assert response.json() == snapshot(
        {
            "displayMessage": "Validation failed: Name has already been taken",
            "message": "Validation failed: Name has already been taken",
            "code": "validation_failed",
            "errors": {"name": ["has already been taken"]},
            "full_messages": ["Name has already been taken"],
            "error": {
                "id": None,
                "message": "Validation failed: Name has already been taken",
                "full_messages": ["Name has already been taken"],
                "errors": {"name": ["has already been taken"]},
            },
        }
    )


@on_sqlite
@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/katello/api/nests", 404, "The requested path does not exist"),
        ("DELETE", ORGANIZATIONS, 405, "This path does not take that method"),
        ("GET", f"{ORGANIZATIONS}/99", 404, "Could not find organization with id 99"),
        ("GET", f"{ORGANIZATIONS}/-1", 404, "Could not find organization with id -1"),
        ("GET", f"{ORGANIZATIONS}/zoo", 404, "Could not find organization with id zoo"),
        ("GET", f"{ORGANIZATIONS}/4294967296", 404, IsStr(regex="Could not find .* 4294967296")),
        ("GET", f"{ORGANIZATIONS}/{10**30}", 404, IsStr(regex="Could not find .*")),
        ("GET", "/foreman_tasks/api/tasks/x", 404, "Could not find task with id x"),
        ("GET", "/api/trials/conflict", 409, "Something stands against it"),
        ("GET", "/api/trials/upstream", 502, "Upstream says no"),
        ("GET", "/api/trials/other", 422, IsStr(regex="Validation failed: How must be one of.*")),
        ("POST", ORGANIZATIONS, 400, "Missing values for organization."),
    ],
)
def test_an_error_has_its_status_and_words(
    admin: TestClient, method: str, path: str, status: int, words: str
) -> None:
    response = admin.request(method, path)

    assert response.status_code == status
    body = response.json()
    assert body["displayMessage"] == body["message"] == body["error"]["message"] == words


def test_an_unforeseen_error_tells_nothing_of_the_inside(
    admin: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = admin.get("/api/trials/crash")

    assert response.status_code == 500
    assert "secret" not in response.text
    assert response.headers["x-request-id"] in response.json()["message"]
    assert "secret of the inside" in caplog.text


def test_a_failed_request_changes_nothing(admin: TestClient) -> None:
    assert admin.post("/api/trials/undone").status_code == 409

    assert admin.get(ORGANIZATIONS).json()["total"] == 0


def test_every_answer_has_foremans_headers(served: Control, admin: TestClient) -> None:
    nobody = served.anonymous()
    answers = [
        admin.get(ORGANIZATIONS),
        admin.get("/katello/api/nests"),
        admin.delete(ORGANIZATIONS),
        admin.get("/api/trials/crash"),
        nobody.get(ORGANIZATIONS),
    ]

    for answer in answers:
        assert {name: answer.headers[name] for name in _HEADERS} == _HEADERS
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)
    assert len({answer.headers["apipie-checksum"] for answer in answers}) == 1


_HEADERS = {
    "foreman_version": "3.18.0",
    "foreman_api_version": "2",
    "foreman_current_organization": "; ANY",
    "foreman_current_location": "; ANY",
    "x-content-type-options": "nosniff",
}


@on_sqlite
@pytest.mark.parametrize("path", ["/katello/api/v2/organizations", "/api/v2/organizations"])
def test_paths_answer_under_their_version_too(admin: TestClient, path: str) -> None:
    assert admin.get(path).status_code == 200


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


def test_a_task_is_answered_with_its_object(admin: TestClient) -> None:
    zoo = organization(admin, "Zoo")

    response = admin.post("/api/trials/start", json={"organization_id": zoo})

    assert response.status_code == 202
    task = response.json()
    assert admin.get(f"/foreman_tasks/api/tasks/{task['id']}").json() == task
    assert task == snapshot(
        {
            "id": IsStr(min_length=36, max_length=36),
            "label": "Actions::Katello::Trial",
            "pending": True,
            "action": "Try",
            "username": "admin",
            "started_at": "2026-01-31 12:00:00 UTC",
            "ended_at": None,
            "duration": None,
            "state": "planned",
            "result": "pending",
            "progress": 0.0,
            "input": {"organization": {"id": IsInt()}},
            "output": {},
            "humanized": {
                "action": "Try",
                "input": [["organization", {"text": IsStr(), "link": None}]],
                "output": "",
                "errors": [],
            },
            "cli_example": None,
            "start_at": "2026-01-31 12:00:00 UTC",
            "available_actions": {"cancellable": True, "resumable": False},
            "parent_task_id": None,
            "errors": [],
            "progress_details": {},
        }
    )


def test_deleting_an_organization_is_a_task(admin: TestClient) -> None:
    zoo = organization(admin, "Zoo")

    task = admin.delete(f"{ORGANIZATIONS}/{zoo}")

    assert (task.status_code, task.json()["label"]) == (
        202,
        "Actions::Katello::Organization::Destroy",
    )


def test_a_debug_certificate_is_made_once_and_for_members_who_may_edit(
    database: Database, tmp_path: Path
) -> None:
    authority = Authority.open_folder(tmp_path / "ca", clock=lambda: START)
    served = control(database, authority=authority)
    admin = served.client()
    zoo = organization(admin, "Zoo")
    path = f"{ORGANIZATIONS}/Zoo/download_debug_certificate"

    first, second = admin.get(path), admin.get(path)

    assert first.content == second.content
    assert first.text.count("-----BEGIN") == 2
    assert first.headers["content-disposition"] == 'attachment; filename="Zoo-key-cert.pem"'
    assert served.user("member", organizations=[zoo]).get(path).status_code == 403
    assert served.user("stranger").get(path).status_code == 404


def test_a_waiting_task_is_cancelled_in_bulk(admin: TestClient) -> None:
    zoo = organization(admin, "Zoo")
    started = [
        admin.post("/api/trials/start", json={"organization_id": zoo}).json()["id"]
        for _ in range(2)
    ]

    search = "label = Actions::Katello::Trial and state = planned"
    body = admin.post("/foreman_tasks/api/tasks/bulk_cancel", json={"search": search}).json()

    assert {task["id"] for task in body["cancelled"]} == set(started)
    assert {task["result"] for task in body["cancelled"]} == {"cancelled"}
    again = admin.post("/foreman_tasks/api/tasks/bulk_cancel", json={"task_ids": started}).json()
    assert (again["cancelled"], len(again["skipped"])) == ([], 2)
    assert admin.get("/foreman_tasks/api/tasks/summary").json() == [
        {"state": "stopped", "result": "cancelled", "count": 2, "recent": 2}
    ]


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


@on_sqlite
def test_an_answer_may_be_no_json(admin: TestClient) -> None:
    raw = admin.get("/api/trials/raw")
    half = admin.get("/api/trials/half")

    assert (raw.content, raw.headers["content-disposition"]) == (
        b"PEM",
        'attachment; filename="a.pem"',
    )
    assert (half.status_code, half.headers["x-half"]) == (207, "1")


def test_the_servers_health_is_public_and_its_status_is_not(served: Control) -> None:
    nobody, admin = served.anonymous(), served.client()

    assert nobody.get("/api/ping").json()["results"]["foreman"]["database"]["active"] is True
    assert nobody.get("/katello/api/ping").json()["services"].keys() == {
        *("candlepin", "candlepin_auth", "foreman_tasks", "katello_events", "pulp3"),
        "pulp3_content",
    }
    assert nobody.get("/katello/api/status").json()["timeUTC"] == "2026-01-31 12:00:00 UTC"
    assert nobody.get("/api/status").status_code == 401
    assert admin.get("/api/status").json() == {
        "result": "ok",
        "status": 200,
        "version": "3.18.0",
        "api_version": 2,
    }
