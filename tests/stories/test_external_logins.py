"""Logging in by an OpenID Connect provider, and programs that sign requests (OAuth 1)."""

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, SIGNATURE_PLAINTEXT, Client
from starlette.testclient import TestClient

from headgate.domain.identity import ConsumerRules, ProviderRules
from headgate.domain.secret import Secret
from headgate.stores.db import Database
from headgate.upstream import AddressRules, DownloadRules
from support.control import Control, control
from support.oidc_provider import (
    CLIENT,
    OidcProvider,
    ec_key,
    edwards_key,
    oidc_provider,
    rsa_key,
)
from support.world import World

CURRENT = "/api/current_user"
SECRET = "a consumer secret of 32 characters"  # noqa: S105 - of these tests
DOWNLOADS = DownloadRules(addresses=AddressRules.allowing(["127.0.0.0/8", "::1/128"]))


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    with oidc_provider(tmp_path_factory.mktemp("oidc")) as running:
        yield running


@pytest.fixture
def provider(started: OidcProvider) -> OidcProvider:
    """The provider as it is at first."""
    del started.keys[1:]
    started.asked.clear()
    started.is_away, started.discovers = False, None
    return started


def rules(provider: OidcProvider, **chosen: Any) -> ProviderRules:
    given: dict[str, Any] = {
        "issuer": provider.issuer,
        "audiences": (CLIENT,),
        "authority": provider.ca.read_text(),
        "algorithms": ("RS256", "ES256", "EdDSA"),
        "creates_users": True,
    }
    return ProviderRules(**given | chosen)


def served(database: Database, provider: OidcProvider, **chosen: Any) -> Control:
    plane = control(database, provider=rules(provider, **chosen), downloads=DOWNLOADS)
    plane.clock.now = datetime.now(UTC)
    return plane


def bearing(plane: Control, token: str) -> TestClient:
    client = plane.anonymous()
    client.headers["authorization"] = f"Bearer {token}"
    return client


def status(plane: Control, token: str) -> int:
    return bearing(plane, token).get(CURRENT).status_code


def test_a_token_lets_its_user_in_who_is_made_without_rights(
    database: Database, provider: OidcProvider
) -> None:
    plane = served(database, provider)
    robin = bearing(plane, provider.token("robin"))

    shown = robin.get(CURRENT).json()
    assert (shown["login"], shown["auth_source_name"], shown["admin"]) == (
        "robin",
        "External",
        False,
    )
    assert (shown["roles"], shown["organizations"]) == ([], [])
    assert robin.get("/katello/api/organizations").json()["results"] == []
    assert robin.get(CURRENT).json()["id"] == shown["id"]
    assert provider.asked == ["/realm/.well-known/openid-configuration", "/realm/keys"]
    sources = plane.client().get("/api/auth_sources", params={"search": "name = External"}).json()
    assert [each["id"] for each in sources["results"]] == [2]


def test_a_token_that_is_wrong_in_any_way_lets_nobody_in(
    database: Database, provider: OidcProvider
) -> None:
    plane = served(database, provider)
    provider.keys += [ec_key("curve"), edwards_key("edwards"), rsa_key("short", bits=1024)]
    good = provider.token("robin")
    head, body, signature = good.split(".")
    now = int(plane.clock().timestamp())
    public = json.dumps(provider.keys[0].public)

    def forged(**header: Any) -> str:
        told = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        return f"{told}.{body}.{signature}"

    assert status(plane, good) == 200
    assert status(plane, provider.token("wren", key=provider.keys[1])) == 200
    assert status(plane, provider.token("crow", key=provider.keys[2])) == 200
    assert status(plane, provider.token("tit", exp=now - 20)) == 200  # within the leeway
    for name, token in {
        "expired": provider.token("robin", exp=now - 40),
        "not yet": provider.token("robin", nbf=now + 60),
        "made in the future": provider.token("robin", iat=now + 60),
        "another issuer": provider.token("robin", iss="https://elsewhere.example"),
        "another audience": provider.token("robin", aud="another"),
        "no audience": provider.token("robin", without="aud"),
        "no expiry": provider.token("robin", without="exp"),
        "no subject": provider.token("robin", without="sub"),
        "an expiry of text": provider.token("robin", exp="soon"),
        "no login": provider.token("jay", without="preferred_username"),
        "an odd login": provider.token("a b"),
        "another key": provider.token("robin", key=rsa_key("first")),
        "a short key": provider.token("robin", key=provider.keys[3]),
        "an unknown key": provider.token("robin", key=rsa_key("unknown")),
        "critical extensions": provider.token("robin", headers={"crit": ["b64"], "b64": True}),
        "not signed": forged(alg="none", kid="first"),
        "signed by a public key": forged(alg="HS256", kid="first", jwk=public),
        "an algorithm that is not listed": forged(alg="RS512", kid="first"),
        "a signature of nothing": f"{head}.{body}.",
        "another body": f"{head}.{body[:-4]}AAAA.{signature}",
        "no token": "x",
        "nothing": "",
    }.items():
        assert status(plane, token) == 401, name
    without_provider = control(database)
    assert status(without_provider, good) == 401


def test_a_new_key_is_found_and_unknown_ones_are_not_asked_for_again_and_again(
    database: Database, provider: OidcProvider
) -> None:
    plane = served(database, provider, jwks_url=f"{provider.issuer}/keys")
    assert status(plane, provider.token("robin")) == 200
    first = provider.keys[0]
    try:
        provider.keys[0] = rsa_key("second")
        rotated = provider.token("robin")
        assert status(plane, rotated) == 401  # asked a moment ago
        plane.clock.wait(seconds=10)
        assert status(plane, rotated) == 200
        for number in range(5):
            assert status(plane, provider.token("robin", key=rsa_key(f"made-up-{number}"))) == 401
        assert provider.asked == ["/realm/keys"] * 2

        provider.is_away = True
        plane.clock.wait(hours=2)
        assert status(plane, provider.token("robin", exp=plane.clock().timestamp() + 60)) == 200
        plane.clock.wait(hours=23)
        late = provider.token("robin", exp=plane.clock().timestamp() + 60)
        answer = bearing(plane, late).get(CURRENT)
        assert answer.status_code == 503
        assert "does not answer" in answer.json()["displayMessage"]
    finally:
        provider.keys[0] = first


def test_a_provider_is_not_believed_that_describes_another(
    database: Database, provider: OidcProvider
) -> None:
    provider.discovers = "https://elsewhere.example"
    assert status(served(database, provider), provider.token("robin")) == 503

    provider.discovers = None
    untrusted = served(database, provider, authority=None)
    assert status(untrusted, provider.token("robin")) == 503
    guarded = control(database, provider=rules(provider))  # this machine is never fetched from
    assert status(guarded, provider.token("robin")) == 503


def test_nobody_takes_over_a_user_of_the_same_name(
    database: Database, provider: OidcProvider
) -> None:
    plane = served(database, provider, creates_users=False)
    admin = plane.client()
    made = {"login": "robin", "auth_source_id": 2}
    robin = admin.post("/api/users", json={"user": made}).json()

    assert status(plane, provider.token("admin")) == 401
    assert status(plane, provider.token("wren")) == 401  # nobody makes users here
    assert bearing(plane, provider.token("robin")).get(CURRENT).json()["id"] == robin["id"]
    assert status(plane, provider.token("robin", sub="somebody else")) == 401
    renamed = provider.token("redbreast", sub="subject of robin")
    assert bearing(plane, renamed).get(CURRENT).json()["login"] == "robin"

    admin.put(f"/api/users/{robin['id']}", json={"user": {"disabled": True}})
    assert status(plane, provider.token("robin")) == 401


def test_users_of_the_provider_have_no_password_here(
    database: Database, provider: OidcProvider
) -> None:
    plane = served(database, provider)
    admin = plane.client()
    with_password = {"login": "wren", "password": "long enough", "auth_source_id": 2}
    refused = admin.post("/api/users", json={"user": with_password})
    assert refused.status_code == 422
    assert "external source" in refused.text
    assert (
        admin.post("/api/users", json={"user": {"login": "x", "auth_source_id": 3}}).status_code
        == 422
    )

    made = admin.post("/api/users", json={"user": with_password | {"auth_source_id": 1}}).json()
    path = f"/api/users/{made['id']}"
    wren = plane.client("wren", "long enough")
    assert wren.get(CURRENT).status_code == 200
    moved = admin.put(path, json={"user": {"auth_source_id": 2}})
    assert moved.json()["auth_source_external"]["name"] == "External"
    assert wren.get(CURRENT).status_code == 401
    assert status(plane, provider.token("wren")) == 200
    assert admin.put(path, json={"user": {"password": "long enough"}}).status_code == 422
    admin.put(path, json={"user": {"auth_source_id": 1}})
    assert status(plane, provider.token("wren")) == 401


def test_hammer_gets_a_session_for_a_token(database: Database, provider: OidcProvider) -> None:
    plane = served(database, provider)
    answer = bearing(plane, provider.token("robin")).get("/api/users/extlogin")
    cookie = answer.headers["set-cookie"].partition(";")[0]
    client = plane.anonymous()
    client.headers["cookie"] = cookie

    assert answer.json()["login"] == "robin"
    assert client.get(CURRENT).json()["login"] == "robin"
    assert plane.client().get("/api/users/extlogin").status_code == 401


def test_groups_of_the_provider_stand_for_user_groups(
    database: Database, provider: OidcProvider
) -> None:
    plane = served(database, provider)
    admin = plane.client()
    groups = {
        name: admin.post("/api/usergroups", json={"usergroup": {"name": name}}).json()["id"]
        for name in ("keepers", "vets", "others")
    }
    paths = {name: f"/api/usergroups/{key}/external_usergroups" for name, key in groups.items()}
    given = {"auth_source_id": 2}
    keepers = admin.post(paths["keepers"], json={"external_usergroup": given | {"name": "zoo"}})
    vets = admin.post(paths["vets"], json={"external_usergroup": given | {"name": "clinic"}})
    assert (keepers.status_code, vets.status_code) == (201, 201)

    def groups_of(*told: str) -> list[str]:
        robin = bearing(plane, provider.token("robin", groups=list(told))).get(CURRENT).json()
        seen = admin.get(f"/api/users/{robin['id']}").json()
        return sorted(each["name"] for each in seen["usergroups"])

    assert groups_of("zoo", "unknown") == ["keepers"]
    robin = bearing(plane, provider.token("robin")).get(CURRENT).json()["id"]
    admin.put(f"/api/usergroups/{groups['others']}", json={"usergroup": {"user_ids": [robin]}})
    assert groups_of("clinic") == ["others", "vets"]
    assert groups_of() == ["others"]

    one = f"{paths['vets']}/{vets.json()['id']}"
    assert admin.get(paths["vets"]).json()["results"][0]["name"] == "clinic"
    assert admin.get(one).json() == vets.json()
    assert admin.put(f"{one}/refresh").json()["name"] == "clinic"
    admin.put(one, json={"external_usergroup": {"name": "hospital"}})
    assert groups_of("clinic", "hospital") == ["others", "vets"]
    assert admin.get(f"{paths['keepers']}/{vets.json()['id']}").status_code == 404
    internal = {"external_usergroup": {"name": "x", "auth_source_id": 1}}
    assert admin.post(paths["vets"], json=internal).status_code == 422
    twice = {"external_usergroup": given | {"name": "hospital"}}
    assert admin.post(paths["vets"], json=twice).status_code == 422
    assert admin.delete(one).json()["name"] == "hospital"
    assert admin.get(paths["vets"]).json()["results"] == []


def by_hand(plane: Control, url: str, form: dict[str, bytes]) -> dict[str, str]:
    """Sign a form of any bytes, which oauthlib reads as text, as RFC 5849 says (3.4.1, 3.6)."""
    said = {
        "oauth_consumer_key": "installer",
        "oauth_nonce": "by hand",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(plane.clock().timestamp())),
    }
    pairs = sorted(f"{name}={quote(value, safe='~')}" for name, value in {**said, **form}.items())
    parts = ("PUT", f"https://headgate.test{url}", "&".join(pairs))
    base = "&".join(quote(each, safe="~") for each in parts)
    key = f"{quote(SECRET, safe='~')}&".encode()
    signature = base64.b64encode(hmac.digest(key, base.encode(), "sha1")).decode()
    told = {**said, "oauth_signature": signature}
    words = ", ".join(f'{name}="{quote(value, safe="~")}"' for name, value in told.items())
    return {
        "authorization": f"OAuth {words}",
        "foreman-user": "admin",
        "content-type": "application/x-www-form-urlencoded",
    }


class TestConsumer:
    """A program signs its requests in the name of users."""

    @pytest.fixture
    def plane(self, database: Database) -> Control:
        return self.started(database)

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "uploads"
        folder.mkdir()
        return folder

    def started(self, database: Database, **chosen: Any) -> Control:
        plane = control(database, consumer=ConsumerRules("installer", Secret(SECRET)), **chosen)
        plane.clock.now = datetime.now(UTC)
        return plane

    def signed(
        self,
        plane: Control,
        *,
        user: str | None = "admin",
        url: str = CURRENT,
        method: str = "GET",
        form: str | None = None,
        **chosen: Any,
    ) -> dict[str, str]:
        given: dict[str, Any] = {
            "client_secret": SECRET,
            "signature_method": SIGNATURE_HMAC_SHA256,
            "timestamp": str(int(plane.clock().timestamp())),
        }
        signer: Any = Client(chosen.pop("key", "installer"), **given | chosen)
        told = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
        _, headers, _ = signer.sign(f"https://headgate.test{url}", method, form, told)
        named = {} if user is None else {"foreman-user": user}
        return {"authorization": headers["Authorization"], **told, **named}

    def test_it_is_believed_once_for_each_signature(self, plane: Control) -> None:
        client = plane.anonymous()
        headers = self.signed(plane)
        searched = "/api/users?search=login+%3D+admin&per_page=5"
        older = self.signed(plane, url=searched, signature_method=SIGNATURE_HMAC_SHA1)

        assert client.get(CURRENT, headers=headers).json()["login"] == "admin"
        assert client.get(searched, headers=older).json()["subtotal"] == 1
        assert client.get(CURRENT, headers=headers).status_code == 401  # replayed
        assert client.get("/api/status", headers=self.signed(plane)).status_code == 401

    def test_it_is_not_believed_if_anything_is_wrong(self, plane: Control) -> None:
        client, now = plane.anonymous(), int(plane.clock().timestamp())
        good = self.signed(plane)
        text = good["authorization"]
        for name, headers in {
            "another secret": self.signed(plane, client_secret="x" * 32),
            "another key": self.signed(plane, key="other"),
            "plain text": self.signed(plane, signature_method=SIGNATURE_PLAINTEXT),
            "long ago": self.signed(plane, timestamp=str(now - 301)),
            "ahead": self.signed(plane, timestamp=str(now + 301)),
            "no time": self.signed(plane, timestamp="soon"),
            "a token of a user": self.signed(plane, resource_owner_key="x"),
            "nobody": self.signed(plane, user=None),
            "an unknown user": self.signed(plane, user="stranger"),
            "another address": self.signed(plane, url="/api/users"),
            "twice": {**good, "authorization": f'{text}, oauth_nonce="y"'},
            "half": {**good, "authorization": text[: len(text) // 2]},
            "empty": {**good, "authorization": "OAuth "},
        }.items():
            assert client.get(CURRENT, headers=headers).status_code == 401, name

    def test_the_fields_of_a_form_are_signed_with_it(
        self, database: Database, folder: Path
    ) -> None:
        plane = self.started(database, uploads=folder)
        world, client = World(plane.client()), plane.anonymous()
        repository = world.repository("notes", content_type="file")
        uploads = f"repositories/{repository}/content_uploads"
        upload = world.post(uploads, size=8)["upload_id"]
        url = f"/katello/api/{uploads}/{upload}"

        def put(form: str, *, signed: str | None = None, to: str = url) -> int:
            headers = self.signed(
                plane, url=to, method="PUT", form=form if signed is None else signed
            )
            return client.put(to, content=form, headers=headers).status_code

        assert put("offset=0&content=a%26b%3D+%7E") == 204
        headers = by_hand(plane, url, {"content": b"\xff\x00%", "offset": b"5"})
        written = client.put(url, content="content=%FF%00%25&offset=5", headers=headers)
        assert written.status_code == 204
        assert (folder / upload).read_bytes() == b"a&b= \xff\x00%"
        assert put("offset=0&content=other", signed="offset=0&content=text") == 401
        assert put("offset=0&content=text", signed="") == 401
        assert put("offset=0&content=text&oauth_nonce=again") == 401
        assert put("offset=0&content=" + "x" * (1 << 20)) == 413
        assert put("name=other", to=f"/katello/api/repositories/{repository}") == 415
        assert world.show("repositories", repository)["name"] == "notes"
        # Of a reading request nobody reads a body, and there is none.
        headers = self.signed(plane) | {"content-type": "application/x-www-form-urlencoded"}
        assert client.get(CURRENT, headers=headers).status_code == 200

    def test_it_is_off_unless_it_is_configured(self, plane: Control, database: Database) -> None:
        other = control(database)

        assert other.anonymous().get(CURRENT, headers=self.signed(plane)).status_code == 401
