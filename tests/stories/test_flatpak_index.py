"""The index by which flatpak looks at the registry: what is in it, and for whom."""

import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from support import oci
from support.house import House
from support.registry_door import basic, bearer
from support.registry_house import HOST, Registry, registry

REF = "app/org.example.Heron/x86_64/stable"
# As flatpak 1.14 asks.
FLATPAK = {
    "label:org.flatpak.ref:exists": "1",
    "architecture": "amd64",
    "os": "linux",
    "tag": "latest",
}
EVERY = {"label:org.flatpak.ref:exists": "1"}

# What is asked there does not depend on the database.
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


class Shop:
    """An organization that pushes flatpaks, and people who look at them."""

    def __init__(self, house: House, served: Registry) -> None:
        self.house = house
        self.served = served
        self.world = house.world
        self.label = house.world.organization_label
        self.world.product("Birds")

    def push(self, name: str, image: oci.Manifest, *tags: str) -> oci.Manifest:
        """Push an image, or a list with its images, into the product Birds."""
        path = self.path(name)
        for each in image.family():
            for blob in each.blobs:
                place = f"/v2/{path}/blobs/uploads/?digest={blob.digest}"
                done = self.served.ask("POST", place, basic("admin"), content=blob.content)
                assert done.status_code == 201, done.text
            references = tags or ("latest",) if each is image else (each.digest,)
            for reference in references:
                done = self.served.put(path, each, basic("admin"), reference)
                assert done.status_code == 201, done.text
        return image

    def path(self, name: str) -> str:
        """Return the name under which Library serves a repository."""
        return f"{self.label.lower()}/birds/{name}"

    def ask(
        self,
        query: Mapping[str, Any] = EVERY,
        login: str | None = None,
        *,
        place: str = "",
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Ask for an index."""
        path = f"/index/{place}static?{urlencode(query, doseq=True)}"
        who = None if login is None else basic(login)
        plain = {"accept-encoding": "identity"}
        return self.served.ask(method, path, who, headers=plain | dict(headers or {}))

    def offered(
        self, query: Mapping[str, Any] = EVERY, login: str | None = "admin", *, place: str = ""
    ) -> dict[str, list[str]]:
        """Return the digests in an index by the names that they are under."""
        answer = self.ask(query, login, place=place)
        assert answer.status_code == 200, answer.text
        return {
            each["Name"]: [image["Digest"] for image in each["Images"]]
            for each in answer.json()["Results"]
        }


@pytest.fixture
def shop(house: House, tmp_path: Path) -> Iterator[Shop]:
    with registry(house, tmp_path) as served:
        yield Shop(house, served)


def flatpak(ref: str = REF, *, architecture: str = "amd64", **labels: str) -> oci.Manifest:
    """Return an image that is a flatpak."""
    content = oci.layer({"ref": f"{ref} {architecture}".encode()})
    labels = {"org.flatpak.ref": ref, **labels}
    about = oci.config([content], architecture=architecture, labels=labels)
    return oci.image(content, about=about)


def test_an_index_says_what_flatpak_needs_to_know(shop: Shop) -> None:
    image = shop.push("heron", flatpak(icon="data:image/png;base64,AAAA"))
    shop.push("no-flatpak", oci.image(oci.layer({"a": b"plain image"})))

    answer = shop.ask(FLATPAK, "admin")

    assert answer.json() == {
        "Registry": f"https://{HOST}/",
        "Results": [
            {
                "Name": shop.path("heron"),
                "Images": [
                    {
                        "Tags": ["latest"],
                        "Digest": image.digest,
                        "MediaType": oci.IMAGE,
                        "OS": "linux",
                        "Architecture": "amd64",
                        "Labels": {
                            "org.flatpak.ref": REF,
                            "icon": "data:image/png;base64,AAAA",
                        },
                    }
                ],
            }
        ],
    }
    assert answer.headers["content-type"] == "application/json"
    dynamic = shop.served.ask("GET", f"/index/dynamic?{urlencode(FLATPAK)}", basic("admin"))
    assert dynamic.json() == answer.json()


def test_lists_are_walked_through_to_their_images(shop: Shop) -> None:
    children = [flatpak(architecture=each) for each in ("amd64", "arm64")]
    plain = oci.image(oci.layer({"a": b"no flatpak"}))
    shop.push("heron", oci.index(oci.index(*children), plain), "latest", "1.0")

    found = shop.offered()
    images = shop.ask(EVERY, "admin").json()["Results"][0]["Images"]

    assert set(found[shop.path("heron")]) == {each.digest for each in children}
    assert [each["Tags"] for each in images] == [["1.0", "latest"]] * 2
    assert shop.offered(EVERY | {"architecture": "arm64"}) == {
        shop.path("heron"): [children[1].digest]
    }


def test_every_key_narrows_and_its_values_are_alternatives(shop: Shop) -> None:
    heron = shop.push("heron", flatpak(kind="wader"), "latest")
    kite = shop.push("kite", flatpak("app/org.example.Kite/x86_64/stable", kind="raptor"), "beta")
    owl = shop.push(
        "owl", flatpak("app/org.example.Owl/aarch64/stable", architecture="arm64"), "latest"
    )
    names = {heron.digest: "heron", kite.digest: "kite", owl.digest: "owl"}

    def found(**query: Any) -> set[str]:
        given = {key.replace("__", ":"): value for key, value in query.items()}
        return {names[each[0]] for each in shop.offered(EVERY | given).values()}

    assert found() == {"heron", "kite", "owl"}
    assert found(tag="latest") == {"heron", "owl"}
    assert found(tag=["latest", "beta"], architecture="amd64") == {"heron", "kite"}
    assert found(os="windows") == set()
    assert found(repository=[shop.path("kite"), shop.path("owl")]) == {"kite", "owl"}
    assert found(label__kind__exists="1") == {"heron", "kite"}
    assert found(label__kind="raptor") == {"kite"}
    assert found(label__kind=["raptor", "wader"], tag="latest") == {"heron"}


@on_sqlite
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "Ask for label:org.flatpak.ref:exists=1"),
        (EVERY | {"annotation:org.flatpak.ref:exists": "1"}, "annotation:org.flatpak.ref"),
        (EVERY | {"arch": "amd64"}, "'arch'"),
        (EVERY | {"label:": "x"}, "'label:'"),
        (EVERY | {"label::exists": "1"}, "'label::exists'"),
        ({"label:org.flatpak.ref:exists": "0"}, "can only be 1"),
    ],
)
def test_what_it_cannot_be_asked_for_is_told(
    shop: Shop, query: Mapping[str, str], words: str
) -> None:
    answer = shop.ask(query)

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["code"] == "UNSUPPORTED"
    assert words in error["message"]


@on_sqlite
def test_parameters_that_are_no_form_are_refused(shop: Shop) -> None:
    assert shop.served.ask("GET", "/index/static?%FF=1").status_code == 400
    many = "&".join(f"tag=t{number}" for number in range(300))
    assert shop.served.ask("GET", f"/index/static?{many}").status_code == 400
    assert shop.served.ask("POST", f"/index/static?{urlencode(EVERY)}").status_code == 405
    assert shop.served.ask("GET", f"/index/other?{urlencode(EVERY)}").status_code == 404


def test_an_index_is_not_sent_twice(shop: Shop) -> None:
    shop.push("heron", flatpak())
    first = shop.ask(FLATPAK, "admin")

    again = shop.ask(FLATPAK, "admin", headers={"if-none-match": first.headers["etag"]})
    shop.push("kite", flatpak("app/org.example.Kite/x86_64/stable"))
    changed = shop.ask(FLATPAK, "admin", headers={"if-none-match": first.headers["etag"]})
    head = shop.ask(FLATPAK, "admin", method="HEAD")

    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == changed.headers["etag"]


def test_a_push_elsewhere_does_not_change_an_index(shop: Shop) -> None:
    shop.push("heron", flatpak())
    before = shop.ask(FLATPAK, "admin").headers["etag"]

    shop.push("plain", oci.image(oci.layer({"a": b"plain image"})))
    shop.push("heron", flatpak(), "another")

    assert shop.ask(FLATPAK | {"repository": shop.path("heron")}, "admin").status_code == 200
    found = shop.ask({**FLATPAK, "tag": "latest"}, "admin")
    assert found.headers["etag"] != before  # the image has another tag now
    assert found.json()["Results"][0]["Images"][0]["Tags"] == ["another", "latest"]


@on_sqlite
def test_who_takes_gzip_is_given_gzip(shop: Shop) -> None:
    shop.push("heron", flatpak(text="long " * 1000))

    plain = shop.ask(FLATPAK, "admin")
    packed = shop.ask(FLATPAK, "admin", headers={"accept-encoding": "gzip"})
    refused = shop.ask(FLATPAK, "admin", headers={"accept-encoding": "br, gzip;q=0"})

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < len(plain.content) / 5
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "content-encoding" not in refused.headers


def test_strangers_see_what_everybody_may_pull_or_see(shop: Shop) -> None:
    shop.push("heron", flatpak())
    library = shop.world.environment("Library")

    closed = shop.offered(login=None)
    shop.house.put(f"environments/{library}", registry_unauthenticated_pull=True)
    pulled = shop.offered(login=None)
    shop.house.put(
        f"environments/{library}",
        registry_unauthenticated_pull=False,
        registry_unauthenticated_index=True,
    )
    announced = shop.offered(login=None)

    assert closed == {}
    assert list(pulled) == list(announced) == [shop.path("heron")]
    assert shop.served.pull(shop.path("heron")).status_code == 401


def test_users_see_what_they_may_pull(shop: Shop) -> None:
    shop.push("heron", flatpak())
    control = shop.house.control
    mine, elsewhere = shop.house.organization, shop.world.another().organization_id
    control.user("viewer", organizations=[mine], permissions=["view_products"])
    control.user("idler", organizations=[mine])
    control.user("foreigner", organizations=[elsewhere], permissions=["view_products"])

    assert list(shop.offered(login="viewer")) == [shop.path("heron")]
    assert shop.offered(login="idler") == {}
    assert shop.offered(login="foreigner") == {}
    assert shop.ask(EVERY, "nobody").status_code == 401


@on_sqlite
def test_a_token_shows_what_it_was_given_for(shop: Shop) -> None:
    shop.push("heron", flatpak())
    shop.push("kite", flatpak("app/org.example.Kite/x86_64/stable"))
    path = f"/index/static?{urlencode(EVERY)}"

    def shown(*scopes: str) -> list[str]:
        answer = shop.served.ask("GET", path, shop.served.token("admin", *scopes))
        return [each["Name"] for each in answer.json()["Results"]]

    assert shown() == [shop.path("heron"), shop.path("kite")]
    assert shown(f"repository:{shop.path('kite')}:pull") == [shop.path("kite")]
    assert shop.served.ask("GET", path, bearer("hgr_forged")).status_code == 401


@on_sqlite
def test_a_host_sees_what_its_certificate_opens(shop: Shop) -> None:
    shop.push("heron", flatpak())
    library = shop.world.environment("Library")
    shop.house.put(f"environments/{library}", registry_unauthenticated_index=True)
    now, day = shop.house.control.clock(), timedelta(days=1)

    shown: list[list[str]] = []
    for path in (f"/{shop.label}/Library", f"/{shop.label}/elsewhere"):
        shop.served.certificate = shop.served.authority.issue_entitlement(
            shop.label, paths=[path], not_before=now - day, not_after=now + day
        )
        shown.append(list(shop.offered(login=None)))

    assert shown == [[shop.path("heron")], []]


def test_each_content_view_environment_has_an_index_of_its_own(shop: Shop) -> None:
    first = shop.push("heron", flatpak(build="1"))
    world = shop.house.start_worker()
    (repository,) = (int(each["id"]) for each in world.list("repositories"))
    test = world.environment("test")
    view = world.view("apps", repository)
    world.promote(world.publish(view), test)
    second = shop.push("heron", flatpak(build="2"))

    library = shop.offered(place=f"{shop.label}/Library/index/")
    promoted = shop.offered(place=f"{shop.label}/test/apps/index/")

    name = f"{shop.label}/test/apps/birds/heron".lower()
    assert library == {shop.path("heron"): [second.digest]}
    assert promoted == {name: [first.digest]}
    assert set(shop.offered()) >= {name, shop.path("heron")}


@on_sqlite
@pytest.mark.parametrize("place", ["Nowhere/Library", "{label}/nowhere/apps", "{label}/Library"])
def test_a_place_that_is_not_for_the_caller_is_not_there(shop: Shop, place: str) -> None:
    shop.push("heron", flatpak())

    answer = shop.ask(EVERY, place=f"{place.format(label=shop.label)}/index/")

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "NAME_UNKNOWN"


@on_sqlite
def test_the_address_of_the_registry_is_what_the_client_called_it(shop: Shop) -> None:
    shop.push("heron", flatpak())

    called = shop.ask(EVERY, headers={"host": "Flatpaks.example.org:8443"})
    forged = shop.ask(EVERY, headers={"host": "evil.example.org/x?"})

    assert called.json()["Registry"] == "https://flatpaks.example.org:8443/"
    assert "evil" not in forged.json()["Registry"]


def test_looking_again_asks_the_database_for_nothing(shop: Shop) -> None:
    for number in range(5):
        shop.push(f"heron-{number}", flatpak(f"app/org.example.Heron{number}/x86_64/stable"))
    first = shop.ask(FLATPAK, "admin")

    with shop.house.control.counted() as statements:
        again = shop.ask(FLATPAK, "admin")

    assert again.content == first.content
    assert [each for each in statements if "container_manifests" in each] == []


@on_sqlite
def test_it_reads_as_gzip_does(shop: Shop) -> None:
    shop.push("heron", flatpak())
    path = f"/index/static?{urlencode(FLATPAK)}"
    asked = {"accept-encoding": "gzip", "authorization": basic("admin")}

    with shop.served.client.stream("GET", path, headers=asked) as answer:
        raw = b"".join(answer.iter_raw())

    assert json.loads(gzip.decompress(raw))["Results"][0]["Name"] == shop.path("heron")
