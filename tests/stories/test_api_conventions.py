"""What every client of the control plane relies on (katello.md 2.1-2.4), told over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dirty_equals import IsInt, IsStr
from inline_snapshot import snapshot
from starlette.testclient import TestClient

from headgate.apis.katello import RESOURCES
from headgate.pki.authority import Authority
from headgate.stores.db import Database
from support.control import START, Control, control
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


def organization(admin: TestClient, name: str) -> int:
    response = admin.post(ORGANIZATIONS, json={"organization": {"name": name}})
    assert response.status_code == 201, response.text
    return int(response.json()["id"])


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
