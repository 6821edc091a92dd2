"""Proving who asks: passwords, tokens, sessions; and what happens to those who guess."""

import base64
from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select, update
from starlette.testclient import TestClient

from headgate.services.accounts.authentication import SignIn
from headgate.stores.db import Database
from headgate.stores.db.tables import login_failures, personal_access_tokens, sessions, users
from support.control import PASSWORD, Control, control, control_again

CURRENT = "/api/current_user"
TOKENS = "/api/users/1/personal_access_tokens"


@pytest.fixture
def served(database: Database) -> Control:
    return control(database)


@pytest.fixture
def admin(served: Control) -> Iterator[TestClient]:
    with served.client() as client:
        yield client


def session_of(client: TestClient) -> str:
    response = client.get("/api/status")
    assert response.status_code == 200
    cookie = response.headers["set-cookie"]
    assert cookie.endswith("; Path=/; HttpOnly; Secure; SameSite=Lax")
    return cookie.removeprefix("_session_id=").partition(";")[0]


def with_session(served: Control, token: str) -> TestClient:
    client = served.anonymous()
    client.headers["cookie"] = f"other=1; _session_id={token}"
    return client


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"\xff\xfe").decode(),
        "Basic " + base64.b64encode(b"admin").decode(),
        "Basic " + base64.b64encode(b"admin:wrong").decode(),
        "Basic " + base64.b64encode(b"nobody:wrong").decode(),
        "Basic " + base64.b64encode(b"admin:" + b"x" * 9_000).decode(),
        "Bearer abc",
    ],
)
def test_nobody_is_let_in_without_proof(served: Control, header: str | None) -> None:
    client = served.anonymous()

    response = client.get(CURRENT, headers={} if header is None else {"authorization": header})

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic ")
    assert response.json()["error"]["message"].startswith("Unable to authenticate user")


def test_a_wrong_password_and_an_unknown_login_are_answered_alike(served: Control) -> None:
    wrong = served.client("admin", "wrong password").get(CURRENT)
    unknown = served.client("nobody", "wrong password").get(CURRENT)

    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())


def test_whoever_guesses_waits_longer_and_longer(served: Control) -> None:
    guesser, right = served.client("admin", "guess"), served.client("admin")
    for _ in range(10):
        assert guesser.get(CURRENT).status_code == 401

    assert right.get(CURRENT).status_code == 401
    served.clock.wait(seconds=6)
    assert guesser.get(CURRENT).status_code == 401
    served.clock.wait(seconds=6)
    assert right.get(CURRENT).status_code == 401

    served.clock.wait(seconds=5)
    assert right.get(CURRENT).status_code == 200
    assert right.get(CURRENT).status_code == 200
    with served.database.read() as tx:
        assert len(tx.execute(select(login_failures)).all()) == 2  # of the address and the login


def test_all_processes_count_failures_together(served: Control) -> None:
    elsewhere = control_again(served)
    for number in range(10):
        (served, elsewhere)[number % 2].client("admin", "guess").get(CURRENT)

    assert elsewhere.client("admin").get(CURRENT).status_code == 401
    assert served.client("admin").get(CURRENT).status_code == 401


def test_a_refusal_never_tells_its_cause(served: Control, admin: TestClient) -> None:
    token = admin.post(TOKENS, json={"name": "ci"}).json()
    admin.delete(f"{TOKENS}/{token['id']}")
    guesser = served.client("admin", "guess")
    refusals = {guesser.get(CURRENT).text for _ in range(12)}  # the last ones are made to wait
    refusals |= {
        served.anonymous().get(CURRENT).text,
        served.client("nobody", "guess").get(CURRENT).text,
        served.client("admin", token["token_value"]).get(CURRENT).text,
        with_session(served, "made-up").get(CURRENT).text,
        served.anonymous().get(CURRENT, headers={"authorization": "Bearer x"}).text,
        served.anonymous().get(CURRENT, headers={"authorization": "OAuth x"}).text,
    }

    assert len(refusals) == 1


def test_who_has_proven_to_be_somebody_does_not_wait_for_guessers(
    served: Control, admin: TestClient
) -> None:
    token = admin.post(TOKENS, json={"name": "ci"}).json()["token_value"]
    session = session_of(admin)
    guesser = served.client("admin", "guess")
    for _ in range(12):
        guesser.get(CURRENT)

    assert served.client("admin", token).get(CURRENT).status_code == 200
    assert with_session(served, session).get(CURRENT).status_code == 200
    assert admin.get(CURRENT).status_code == 200  # this process remembers the password


def test_what_is_known_of_failures_is_bounded_and_names_nobody(served: Control) -> None:
    now = served.clock()
    with served.database.begin() as tx:
        many = [{"key": f"{n:064}", "count": 1, "last_at": now} for n in range(10_050)]
        tx.execute(insert(login_failures), many)
    served.clock.wait(seconds=1)
    served.client("my secret", "guess").get(CURRENT)

    with served.database.read() as tx:
        rows = tx.execute(select(login_failures)).all()
    assert len(rows) == 10_000
    assert "my secret" not in str(rows)
    served.clock.wait(minutes=16)
    served.client("other", "guess").get(CURRENT)
    with served.database.read() as tx:
        assert len(tx.execute(select(login_failures)).all()) == 3


def test_an_unused_session_ends_and_a_used_one_does_so_too_in_the_end(served: Control) -> None:
    used, unused = (with_session(served, session_of(served.client())) for _ in range(2))
    for _ in range(9):
        served.clock.wait(minutes=50)
        assert used.get(CURRENT).status_code == 200

    assert unused.get(CURRENT).status_code == 401
    served.clock.wait(minutes=40)
    assert used.get(CURRENT).status_code == 401


def test_a_login_ends_the_session_that_the_browser_had(served: Control) -> None:
    planted = session_of(served.client())
    browser = with_session(served, planted)

    answer = browser.post("/api/session", json={"login": "admin", "password": PASSWORD})

    assert answer.status_code == 201
    assert planted not in answer.headers["set-cookie"]
    assert with_session(served, planted).get(CURRENT).status_code == 401


def test_a_guesser_locks_out_only_the_own_address(served: Control) -> None:
    guesser = served.client("admin", "guess")
    for _ in range(12):
        guesser.get(CURRENT)

    elsewhere = served.anonymous(address="192.0.2.2")
    elsewhere.auth = ("admin", PASSWORD)

    assert elsewhere.get(CURRENT).status_code == 200


def test_a_right_password_is_not_hashed_again_until_it_changes(served: Control) -> None:
    sign_in = SignIn(served.database, clock=served.clock, secret=b"x" * 32)
    keeper = served.user("keeper")
    assert keeper.get(CURRENT).status_code == 200

    admin = served.client()
    keeper_id = keeper.get(CURRENT).json()["id"]
    changed = admin.put(f"/api/users/{keeper_id}", json={"user": {"password": "another one"}})

    assert changed.status_code == 200, changed.text
    assert keeper.get(CURRENT).status_code == 401
    assert served.client("keeper", "another one").get(CURRENT).status_code == 200
    assert "another" not in repr(sign_in.__dict__)


def test_a_new_password_ends_all_sessions_and_no_token(served: Control, admin: TestClient) -> None:
    keeper = served.user("keeper")
    path = f"/api/users/{keeper.get(CURRENT).json()['id']}"
    made = keeper.post(f"{path}/personal_access_tokens", json={"name": "nightly"})
    program = served.client("keeper", made.json()["token_value"])
    before = [session_of(keeper), session_of(served.client("keeper"))]
    stranger = session_of(admin)

    own = {"password": "longer than that", "current_password": PASSWORD}
    changed = with_session(served, before[0]).put(path, json={"user": own})

    assert changed.status_code == 200, changed.text
    assert [with_session(served, each).get(CURRENT).status_code for each in before] == [401, 401]
    assert with_session(served, stranger).get(CURRENT).status_code == 200
    assert program.get(CURRENT).json()["login"] == "keeper"

    after = session_of(served.client("keeper", "longer than that"))
    reset = admin.put(path, json={"user": {"password": "yet another one"}})
    assert reset.status_code == 200, reset.text
    assert with_session(served, after).get(CURRENT).status_code == 401
    assert program.get(CURRENT).status_code == 200
    admin.put(path, json={"user": {"disabled": True}})
    assert program.get(CURRENT).status_code == 401


@pytest.mark.parametrize("value", [["view_products"], None, {}])
def test_permissions_of_a_user_are_refused_in_words(admin: TestClient, value: object) -> None:
    new = {"login": "keeper", "password": "long enough", "permissions": value}
    answers = [
        admin.post("/api/users", json={"user": new}),
        admin.put("/api/users/1", json={"user": {"permissions": value}}),
    ]

    for answer in answers:
        assert answer.status_code == 422, answer.text
        assert "are given by roles" in answer.json()["error"]["errors"]["permissions"][0]
    assert admin.get("/api/users", params={"search": "login = keeper"}).json()["subtotal"] == 0


def test_a_disabled_user_is_out_at_once(served: Control, admin: TestClient) -> None:
    keeper = served.user("keeper")
    token = session_of(keeper)
    keeper_id = keeper.get(CURRENT).json()["id"]

    admin.put(f"/api/users/{keeper_id}", json={"user": {"disabled": True}})

    assert keeper.get(CURRENT).status_code == 401
    assert with_session(served, token).get(CURRENT).status_code == 401


def test_a_session_stands_for_its_user_until_it_is_over(served: Control) -> None:
    token = session_of(served.client())
    client = with_session(served, token)

    assert client.get(CURRENT).json()["login"] == "admin"
    with served.database.read() as tx:
        assert token not in (tx.scalar(select(sessions.c.token_hash)) or "")

    served.clock.wait(hours=9)
    assert client.get(CURRENT).status_code == 401


def test_logging_in_and_out_with_a_form_of_the_own_pages(served: Control) -> None:
    browser = served.anonymous()
    same = {"origin": "https://headgate.test"}
    refused = browser.post("/api/session", json={"login": "admin", "password": "no"}, headers=same)
    response = browser.post(
        "/api/session", json={"login": "admin", "password": PASSWORD}, headers=same
    )

    assert (refused.status_code, response.status_code) == (401, 201)
    assert browser.get(CURRENT).status_code == 200
    assert browser.delete("/api/session", headers=same).status_code == 200
    assert browser.get(CURRENT).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),  # hammer sends neither
        ({"origin": "https://headgate.test"}, 201),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"origin": "https://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://headgate.test"}, 403),  # anybody on the way may have written it
        ({"origin": "https://headgate.test.evil.test"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_another_sites_page_cannot_write_with_a_session(
    served: Control, headers: dict[str, str], status: int
) -> None:
    client = with_session(served, session_of(served.client()))

    response = client.post(
        "/katello/api/organizations", json={"organization": {"name": "Zoo"}}, headers=headers
    )

    assert response.status_code == status
    if status == 403:
        assert client.get(CURRENT, headers=headers).status_code == 200


def test_a_token_is_shown_once_and_stored_as_a_hash(served: Control, admin: TestClient) -> None:
    made = admin.post(TOKENS, json={"personal_access_token": {"name": "ci"}}).json()
    token = made.pop("token_value")

    with served.database.read() as tx:
        (row,) = tx.execute(select(personal_access_tokens)).all()
    assert token not in str(row)
    assert token not in admin.get(f"{TOKENS}/{made['id']}").text
    assert served.client("admin", token).get(CURRENT).json()["login"] == "admin"
    assert admin.get(f"{TOKENS}/{made['id']}").json()["last_used_at"] == "2026-01-31 12:00:00 UTC"


def test_a_token_is_good_for_its_own_user_only(served: Control, admin: TestClient) -> None:
    token = admin.post(TOKENS, json={"name": "ci"}).json()["token_value"]
    served.user("keeper")

    assert served.client("keeper", token).get(CURRENT).status_code == 401


def test_a_token_ends_when_it_is_revoked_or_expires(served: Control, admin: TestClient) -> None:
    first = admin.post(TOKENS, json={"name": "ci"}).json()
    until = admin.post(TOKENS, json={"name": "day", "expires_at": "2026-02-01"}).json()
    by_first = served.client("admin", first["token_value"])
    by_until = served.client("admin", until["token_value"])
    assert by_first.get(CURRENT).status_code == by_until.get(CURRENT).status_code == 200

    assert admin.delete(f"{TOKENS}/{first['id']}").json()["revoked?"] is True
    served.clock.wait(hours=12)

    assert by_first.get(CURRENT).status_code == by_until.get(CURRENT).status_code == 401
    assert admin.post(TOKENS, json={"name": "ci"}).status_code == 201
    past = admin.post(TOKENS, json={"name": "x", "expires_at": "2026-01-01"})
    assert past.status_code == 422


def test_nobody_makes_or_sees_tokens_of_others(served: Control, admin: TestClient) -> None:
    zoo = admin.post("/katello/api/organizations", json={"name": "Zoo"}).json()["id"]
    keeper = served.user("keeper", organizations=[zoo], permissions=["view_users", "edit_users"])
    other = served.user("other", organizations=[zoo]).get(CURRENT).json()["id"]

    assert (
        keeper.post(f"/api/users/{other}/personal_access_tokens", json={"name": "x"}).status_code
        == 403
    )
    assert keeper.get(f"/api/users/{other}/personal_access_tokens").status_code == 403
    assert keeper.post(TOKENS, json={"name": "x"}).status_code == 404


def test_users_change_their_own_password_by_telling_the_present_one(served: Control) -> None:
    keeper = served.user("keeper")
    path = f"/api/users/{keeper.get(CURRENT).json()['id']}"

    refused = keeper.put(path, json={"user": {"password": "longer than that"}})
    changed = keeper.put(
        path, json={"user": {"password": "longer than that", "current_password": PASSWORD}}
    )

    assert (refused.status_code, changed.status_code) == (422, 200)
    assert served.client("keeper", "longer than that").get(CURRENT).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"admin": True},
        {"role_ids": [1]},
        {"organization_ids": []},
        {"disabled": False},
    ],
)
def test_users_give_themselves_nothing(
    served: Control, admin: TestClient, change: dict[str, object]
) -> None:
    zoo = admin.post("/katello/api/organizations", json={"name": "Zoo"}).json()["id"]
    keeper = served.user("keeper", organizations=[zoo], permissions=["view_roles"])
    path = f"/api/users/{keeper.get(CURRENT).json()['id']}"

    assert keeper.put(path, json={"user": change}).status_code == 403


def test_nobody_gives_or_takes_more_than_they_have(served: Control, admin: TestClient) -> None:
    zoo = admin.post("/katello/api/organizations", json={"name": "Zoo"}).json()["id"]
    boss = served.user(
        "boss",
        organizations=[zoo],
        permissions=["view_users", "create_users", "edit_users", "view_roles"],
    )
    above = served.user("above", organizations=[zoo], permissions=["destroy_products"])
    above_id = above.get(CURRENT).json()["id"]
    roles = {name: _role(admin, name, zoo, name) for name in ("edit_products", "view_users")}
    new = {"login": "new", "password": "long enough", "organization_ids": [zoo]}

    assert boss.put(f"/api/users/{above_id}", json={"password": "hijacked!"}).status_code == 403
    assert boss.post("/api/users", json={**new, "admin": True}).status_code == 403
    assert (
        boss.post("/api/users", json={**new, "role_ids": [roles["edit_products"]]}).status_code
        == 403
    )
    assert boss.post("/api/users", json={**new, "organization_ids": []}).status_code == 422
    assert (
        boss.post("/api/users", json={**new, "role_ids": [roles["view_users"]]}).status_code == 201
    )
    assert boss.put("/api/users/1", json={"password": "hijacked!"}).status_code == 404


def _role(admin: TestClient, name: str, organization: int, *names: str) -> int:
    """Make a role of an organization that gives these permissions of one type."""
    role = {"name": name, "organization_ids": [organization]}
    role_id = admin.post("/api/roles", json={"role": role}).json()["id"]
    listed = admin.get("/api/permissions", params={"full_result": "1"}).json()["results"]
    ids = [each["id"] for each in listed if each["name"] in names]
    made = admin.post("/api/filters", json={"role_id": role_id, "permission_ids": ids})
    assert made.status_code == 201, made.text
    return int(role_id)


def test_the_last_administrator_stays(served: Control, admin: TestClient) -> None:
    assert admin.delete("/api/users/1").status_code == 400
    assert admin.put("/api/users/1", json={"admin": False}).status_code == 409
    assert admin.put("/api/users/1", json={"disabled": True}).status_code == 409
    with served.database.begin() as tx:
        tx.execute(update(users).values(firstname="Ada"))
    assert admin.get(CURRENT).json()["firstname"] == "Ada"
