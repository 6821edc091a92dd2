"""Content credentials over the API (katello.md 1.2)."""

from pathlib import Path

import pytest

from support.certificates import Authority
from support.house import House, refused

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n"


def test_a_gpg_key_comes_back_as_it_was_given(house: House) -> None:
    key = house.world.credential("Birds", KEY, kind="gpg_key")

    shown = house.get(f"content_credentials/{key}").json()
    raw = house.get(f"content_credentials/{key}/content")

    assert (shown["name"], shown["content_type"], shown["content"]) == ("Birds", "gpg_key", KEY)
    assert raw.text == KEY
    assert raw.headers["content-type"].startswith("text/plain")


def test_lists_show_who_uses_a_credential_but_not_its_content(house: House) -> None:
    key = house.world.credential("Birds", KEY, kind="gpg_key")
    product = house.world.product("Birds")
    house.put(f"products/{product}", gpg_key_id=key)
    repository = house.world.repository("reed", gpg_key_id=key)

    (listed,) = house.get("content_credentials", name="Birds").json()["results"]

    assert "content" not in listed
    assert [each["id"] for each in listed["products"]] == [product]
    assert [each["id"] for each in listed["repositories"]] == [repository]
    assert listed["ssl_ca_products"] == []


def test_a_file_replaces_the_content(house: House, tmp_path: Path) -> None:
    pem = Authority(tmp_path).certificate.read_text()
    key = house.world.credential("CA", pem)
    other = Authority(tmp_path / "other").certificate.read_bytes()

    answer = house.admin.post(
        f"/katello/api/content_credentials/{key}/content", files={"content": ("ca.pem", other)}
    )

    assert answer.status_code == 200
    assert house.get(f"content_credentials/{key}/content").content == other


def test_a_credential_becomes_one_of_the_other_type(house: House, tmp_path: Path) -> None:
    pem = Authority(tmp_path).certificate.read_text()
    key = house.world.credential("Birds", KEY, kind="gpg_key")
    product = house.world.product("Birds")
    house.put(f"products/{product}", gpg_key_id=key)
    path = f"content_credentials/{key}"

    refused(house.put(path, content_type="cert", content=pem), 409, "'Birds' refers to it")
    house.put(f"products/{product}", gpg_key_id=None)
    assert "content" in refused(house.put(path, content_type="cert"), 422)
    changed = house.put(path, content_type="cert", content=pem).json()
    assert (changed["content_type"], changed["content"]) == ("cert", pem)
    assert house.put(path, content_type="cert", name="CA").json()["name"] == "CA"


def test_what_used_a_deleted_credential_goes_on_without(house: House) -> None:
    key = house.world.credential("Birds", KEY, kind="gpg_key")
    product = house.world.product("Birds")
    house.put(f"products/{product}", gpg_key_id=key)

    assert house.delete(f"content_credentials/{key}").status_code == 200

    assert house.get(f"products/{product}").json()["gpg_key_id"] is None


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"content_type": "password"}, "content_type", "must be one of"),
        ({"content": ""}, "content", "can't be blank"),
        ({"content": "no key"}, "content", "PGP public key block"),
        ({"content_type": "cert"}, "content", "PEM certificate"),
        ({"name": "Birds"}, "name", "has already been taken"),
        ({"name": None}, "name", "can't be blank"),
        ({"content": None}, "content", "can't be blank"),
        ({"content": "x" * (1 << 20) + KEY}, "content", "is larger than"),
    ],
)
def test_bad_credentials_are_refused_by_field(
    house: House, fields: dict[str, str | None], field: str, words: str
) -> None:
    house.world.credential("Birds", KEY, kind="gpg_key")
    wanted = {"organization_id": house.organization, "name": "Other", "content_type": "gpg_key"}

    errors = refused(house.post("content_credentials", **(wanted | {"content": KEY} | fields)), 422)

    assert words in errors[field][0]


@on_sqlite
def test_a_credential_of_the_wrong_kind_is_refused_where_it_is_used(house: House) -> None:
    key = house.world.credential("Birds", KEY, kind="gpg_key")
    product = house.world.product("Birds")

    errors = refused(house.put(f"products/{product}", ssl_ca_cert_id=key), 422)

    assert errors == {"ssl_ca_cert_id": ["must be of type cert"]}


@on_sqlite
def test_a_credential_of_another_organization_is_refused_where_it_is_used(house: House) -> None:
    theirs = house.world.another().credential("Birds", KEY, kind="gpg_key")
    product = house.world.product("Birds")

    errors = refused(house.put(f"products/{product}", gpg_key_id=theirs), 422)

    assert "same organization" in errors["gpg_key_id"][0]


@on_sqlite
def test_binary_content_is_refused(house: House) -> None:
    key = house.world.credential("Birds", KEY, kind="gpg_key")

    answer = house.admin.post(
        f"/katello/api/content_credentials/{key}/content",
        files={"content": ("key.gpg", b"\xff\xfe\x00")},
    )

    assert refused(answer, 422) == {"content": ["must be text"]}


@on_sqlite
def test_hosts_read_a_repositorys_key_without_proving_who_they_are(house: House) -> None:
    key = house.world.credential("Birds", KEY, kind="gpg_key")
    own = house.world.repository("reed", gpg_key_id=key)
    inherited = house.world.repository("rook")
    house.put(f"products/{house.world.product()}", gpg_key_id=key)
    anybody = house.control.anonymous()

    for repository in (own, inherited):
        answer = anybody.get(f"/katello/api/v2/repositories/{repository}/gpg_key_content")
        assert (answer.status_code, answer.text) == (200, KEY)
    house.delete(f"content_credentials/{key}")
    refused(anybody.get(f"/katello/api/repositories/{own}/gpg_key_content"), 404)
