"""Tokens of the registry: whose they are, what they allow, and when they end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from headgate.apis.registry.callers import Caller, Callers, Upload
from headgate.domain.errors import UnauthenticatedError
from headgate.pki.authority import Authority
from headgate.services.accounts.authentication import hash_password, new_token, token_hash
from headgate.services.containers.tokens import RegistryTokens
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import personal_access_tokens, user_roles, users
from support.control import PASSWORD, control
from support.registry_door import HOST, Door, basic, bearer, request_of

# How they ask each database is for the stories.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def door(database: Database, tmp_path: Path) -> Door:
    house = control(database)
    house.user("robin", permissions=["view_products"])
    return Door(house, Authority.open_folder(tmp_path / "pki", clock=house.clock))


def _as_password(token: str) -> str:
    return basic("robin", token)


def user_id(door: Door, login: str = "robin") -> int:
    with door.control.database.read() as tx:
        return int(tx.scalar(select(users.c.id).where(users.c.login == login)) or 0)


def personal_token(door: Door, **values: object) -> str:
    token = new_token()
    row = {
        "user_id": user_id(door),
        "name": "ci",
        "token_hash": token_hash(token),
        "created_at": door.control.clock(),
    }
    with door.control.database.begin() as tx:
        insert_row(tx, personal_access_tokens, {**row, **values})
    return token


def refused(door: Door, authorization: str, **more: Any) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        door.ask(authorization=authorization, **more)
    return caught.value.message


def test_a_password_becomes_a_token_of_its_user(door: Door) -> None:
    answer = door.request_token(
        basic("robin"), form={"service": HOST, "account": "robin"}, scope=["repository:a/b/c:pull"]
    )

    body = answer.body
    assert answer.status == 200
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    assert answer.headers["cache-control"] == "no-store"
    assert body["token"] == body["access_token"]
    assert body["expires_in"] == 600
    assert (body["issued_at"], body["expires_at"]) == (
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:10:00Z",
    )
    caller = door.ask(authorization=bearer(body["token"]))
    assert caller.actor is not None
    assert caller.actor.login == "robin"
    assert caller.actor.may("view_products")
    assert not caller.actor.may("edit_products")
    assert caller.within_bounds("a/b/c", "pull")
    assert not caller.within_bounds("a/b/c", "push")
    assert not caller.within_bounds("a/b/d", "pull")


@pytest.mark.parametrize("scope", [[], ["repository:registry:pull,push"]])
def test_a_login_and_the_placeholder_give_what_the_user_may(door: Door, scope: list[str]) -> None:
    caller = door.ask(authorization=bearer(door.token(basic("robin"), scope=scope)))

    assert caller.bounds is None
    assert caller.within_bounds("any/thing/else", "delete")


def test_an_oauth_form_becomes_a_token_too(door: Door) -> None:
    form = {
        "grant_type": "password",
        "username": "robin",
        "password": PASSWORD,
        "service": HOST,
        "client_id": "docker",
    }

    token = door.token(method="POST", form=form, scope=["repository:a:pull repository:b:push"])

    caller = door.ask(authorization=bearer(token))
    assert caller.actor is not None
    assert caller.within_bounds("a", "pull")
    assert caller.within_bounds("b", "push")


@pytest.mark.parametrize(
    ("form", "more", "status", "words"),
    [
        ({"grant_type": "refresh_token", "refresh_token": "x"}, {}, 400, "not supported"),
        ({"username": "robin", "password": "wrong"}, {}, 401, "wrong or expired credentials"),
        ({"username": "robin\0", "password": "wrong"}, {}, 401, "wrong or expired credentials"),
        ({"username": "robin" * 4_000, "password": "x"}, {}, 413, "larger than"),
        ({"username": "robin"}, {"media_type": "application/json"}, 415, "Send application/x-www"),
        ({f"field{number}": "x" for number in range(300)}, {}, 400, "not a valid form"),
        (
            {"username": "robin", "password": PASSWORD, "service": "other.test"},
            {},
            400,
            "no tokens for",
        ),
    ],
)
def test_bad_forms_are_told_what_is_wrong(
    door: Door, form: dict[str, str], more: dict[str, str], status: int, words: str
) -> None:
    answer = door.request_token(method="POST", form=form, **more)

    assert answer.status == status, answer.body
    assert words in answer.body["errors"][0]["message"]


def test_only_get_and_post_give_tokens(door: Door) -> None:
    assert door.request_token(basic("robin"), method="PUT").headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    "authorization",
    [basic("robin", "wrong"), basic("nobody"), "Basic !!", "Bearer hgt_unknown", "Digest x", ""],
)
def test_what_is_not_believed_gets_no_token_and_no_entry(door: Door, authorization: str) -> None:
    answer = door.request_token(authorization)

    assert answer.status == 401
    assert answer.body["errors"][0]["code"] == "UNAUTHORIZED"
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert refused(door, authorization)


def test_guessing_passwords_is_slow_here_too(door: Door) -> None:
    for _ in range(10):
        door.request_token(basic("robin", "guess"))

    answer = door.request_token(basic("robin"))

    assert answer.status == 401
    assert "too many failures" in answer.body["errors"][0]["message"]


def test_no_changed_character_of_a_token_goes_unnoticed(door: Door) -> None:
    token = door.token(basic("robin"), scope=["repository:a/b/c:pull"])

    async def tried(callers: Callers) -> list[Caller]:
        believed: list[Caller] = []
        for place in range(4, len(token) - 1):
            other = "A" if token[place] != "A" else "B"
            changed = token[:place] + other + token[place + 1 :]
            try:
                believed.append(await callers.identify(request_of(bearer(changed)), 1))
            except UnauthenticatedError:
                continue
        return believed

    assert door.within(tried) == []


@pytest.mark.parametrize("spoiled", ["{:.40}", "{:.20}", "{}AAAA", "x{}", "hgr_{}", "{}\u00e9"])
def test_what_is_no_token_of_ours_is_refused(door: Door, spoiled: str) -> None:
    token = door.token(basic("robin"))

    assert refused(door, bearer(spoiled.format(token)))


@pytest.mark.parametrize("token", ["hgr_", "hgr_" + "A" * 7_900, "hgr_" + "A" * 8_100])
def test_what_only_looks_like_a_token_is_refused(door: Door, token: str) -> None:
    assert refused(door, bearer(token))


def test_a_token_of_another_installation_is_refused(door: Door) -> None:
    stranger = Door(door.control, door.authority)
    stranger.tokens = RegistryTokens(b"\x01" * 32, life=lambda: door.life)

    assert "not valid here" in refused(door, bearer(stranger.token(basic("robin"))))


@pytest.mark.parametrize("host", ["other.test:8443", "registry.test", "registry.test:8444"])
def test_a_token_counts_for_the_name_that_it_was_had_from(door: Door, host: str) -> None:
    token = door.token(basic("robin"))

    assert door.ask(authorization=bearer(token), host=HOST.upper()).actor is not None
    assert "not valid here" in refused(door, bearer(token), host=host)


def test_a_token_is_not_asked_for_under_another_name(door: Door) -> None:
    assert door.request_token(basic("robin"), form={"service": "registry.test"}).status == 200
    assert door.request_token(basic("robin"), form={"service": "elsewhere.test"}).status == 400


def test_tokens_expire(door: Door) -> None:
    token = door.token(basic("robin"))
    door.control.clock.wait(minutes=9, seconds=59)
    assert door.ask(authorization=bearer(token)).actor is not None

    door.control.clock.wait(seconds=1)

    assert "has expired" in refused(door, bearer(token))


def test_an_upload_outlives_the_token_that_it_began_with(door: Door) -> None:
    token = door.token(basic("robin"))
    door.control.clock.wait(minutes=5)
    mine = Upload(user_id(door), began_at=door.control.clock())
    door.control.clock.wait(hours=6)

    assert door.ask(authorization=bearer(token), upload=mine).actor is not None
    assert "has expired" in refused(door, bearer(token))
    others = Upload(user_id(door, "admin"), began_at=mine.began_at)
    assert "has expired" in refused(door, bearer(token), upload=others)
    later = Upload(mine.user_id, began_at=door.control.clock())
    assert "has expired" in refused(door, bearer(token), upload=later)


def test_an_expired_token_of_an_upload_opens_nothing_else(door: Door) -> None:
    token = door.token(basic("robin"))
    mine = Upload(user_id(door), began_at=door.control.clock())
    door.control.clock.wait(hours=1)

    async def asked(callers: Callers) -> Caller:
        return await callers.identify(request_of(bearer(token)), 1, upload=mine)

    async def asked_again(callers: Callers) -> None:
        await asked(callers)
        with pytest.raises(UnauthenticatedError, match="has expired"):
            await callers.identify(request_of(bearer(token)), 1)

    door.within(asked_again)


def _disable(tx: Transaction, user: int) -> None:
    tx.execute(update(users).where(users.c.id == user).values(disabled=True))


def _change_password(tx: Transaction, user: int) -> None:
    other = hash_password("another horse")
    tx.execute(update(users).where(users.c.id == user).values(password_hash=other))


def _delete(tx: Transaction, user: int) -> None:
    tx.execute(delete(users).where(users.c.id == user))


@pytest.mark.parametrize("happens", [_disable, _change_password, _delete])
def test_a_token_ends_with_what_it_was_had_by(
    door: Door, happens: Callable[[Transaction, int], None]
) -> None:
    token = door.token(basic("robin"))
    robin = user_id(door)
    upload = Upload(robin, door.control.clock())

    with door.control.database.begin() as tx:
        happens(tx, robin)

    assert "not valid here" in refused(door, bearer(token))
    assert "not valid here" in refused(door, bearer(token), upload=upload)


@pytest.mark.parametrize("by", [_as_password, bearer])
def test_a_token_ends_with_its_personal_access_token(door: Door, by: Callable[[str], str]) -> None:
    personal = personal_token(door)
    token = door.token(by(personal))
    assert door.ask(authorization=bearer(token)).actor is not None

    with door.control.database.begin() as tx:
        tx.execute(update(personal_access_tokens).values(revoked=True))

    assert "not valid here" in refused(door, bearer(token))
    assert refused(door, by(personal))


def test_a_token_ends_when_its_personal_access_token_expires(door: Door) -> None:
    clock = door.control.clock
    personal = personal_token(door, expires_at=clock().replace(minute=2))
    token = door.token(bearer(personal))

    clock.wait(minutes=2)

    assert "not valid here" in refused(door, bearer(token))
    assert refused(door, bearer(personal))


@pytest.mark.parametrize("by", [_as_password, bearer])
def test_passwords_and_personal_access_tokens_work_without_a_token(
    door: Door, by: Callable[[str], str]
) -> None:
    caller = door.ask(authorization=by(personal_token(door)))

    assert caller.actor is not None
    assert (caller.actor.login, caller.bounds) == ("robin", None)
    direct = door.ask(authorization=basic("robin"))
    assert direct.actor is not None
    assert direct.actor.login == "robin"


def test_a_token_of_the_registry_gives_no_other_one(door: Door) -> None:
    token = door.token(basic("robin"), scope=["repository:a:pull"])

    answer = door.request_token(bearer(token))

    assert answer.status == 401
    assert "gives no other one" in answer.body["errors"][0]["message"]


def test_permissions_are_those_of_the_moment(door: Door) -> None:
    token = door.token(basic("robin"))

    async def before_and_after(callers: Callers) -> tuple[Caller, Caller]:
        before = await callers.identify(request_of(bearer(token)), 1)
        with door.control.database.begin() as tx:
            tx.execute(delete(user_roles))
        return before, await callers.identify(request_of(bearer(token)), 2)

    before, after = door.within(before_and_after)

    assert before.actor.may("view_products")
    assert not after.actor.may("view_products")


def test_what_is_known_of_a_caller_is_asked_once_for_each_state_of_the_database(door: Door) -> None:
    token = door.token(basic("robin"))

    async def often(callers: Callers) -> list[int]:
        counts: list[int] = []
        for stamp in (1, 1, 1, 2, 2):
            with door.control.counted() as statements:
                await callers.identify(request_of(bearer(token)), stamp)
            counts.append(len(statements))
        door.control.clock.wait(seconds=60)  # a personal access token may have expired
        with door.control.counted() as statements:
            await callers.identify(request_of(bearer(token)), 2)
        return [*counts, len(statements)]

    assert door.within(often) == [2, 0, 0, 2, 0, 2]


def test_two_headers_that_say_who_asks_are_none(door: Door) -> None:
    request = request_of(basic("robin"))
    request["headers"].append((b"authorization", basic("admin").encode()))

    async def asked(callers: Callers) -> Caller:
        return await callers.identify(request, 1)

    with pytest.raises(UnauthenticatedError, match="wrong or expired credentials"):
        door.within(asked)


def test_the_header_of_katellos_gateway_says_nothing_here(door: Door) -> None:
    caller = door.ask(headers={"hostuuid": "d41d8cd9-8f00-3204-a980-0998ecf8427e"})

    assert (caller.anonymous, caller.admitted) == (True, False)
