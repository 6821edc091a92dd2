"""Logging in to the registry, tokens, anonymous pulls, the catalog: as clients live through it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update

from headgate.stores.db.tables import revoked_certificates, user_organizations, users
from support import oci
from support.house import House
from support.registry_door import basic, bearer
from support.registry_house import HOST, Registry, registry

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])
CATALOG = "registry:catalog:*"


@pytest.fixture
def served(house: House, tmp_path: Path) -> Iterator[Registry]:
    """A registry with one pushed image, `sloop`, in the product Ships."""
    house.world.product("Ships")
    with registry(house, tmp_path) as running:
        running.push(own(running, "sloop"))
        yield running


def own(served: Registry, repository: str) -> str:
    """Return a name that is pushed to."""
    return f"{served.house.world.organization_label.lower()}/ships/{repository}"


def viewer(served: Registry, login: str = "viewer", *permissions: str) -> str:
    """Make a user of the organization; return its login."""
    served.house.control.user(
        login,
        organizations=[served.house.organization],
        permissions=permissions or ("view_products",),
    )
    return login


def open_library(served: Registry, *, to_all: bool = True) -> None:
    library = served.house.world.environment("Library")
    served.house.put(f"environments/{library}", registry_unauthenticated_pull=to_all)


def challenge_of(served: Registry, method: str, path: str, authorization: str | None = None) -> str:
    answer = served.ask(method, path, authorization)
    assert answer.status_code == 401, answer.text
    assert answer.json()["errors"][0]["code"] == "UNAUTHORIZED"
    return str(answer.headers["www-authenticate"])


def test_a_login_goes_from_the_challenge_to_the_token(served: Registry) -> None:
    login = viewer(served)

    challenge = challenge_of(served, "GET", "/v2/")
    assert challenge == (
        f'Bearer realm="https://{HOST}/v2/token",service="{HOST}",'
        'scope="repository:registry:pull,push"'
    )
    token = served.token(login)
    assert served.ask("GET", "/v2/", token).json() == {}
    assert served.pull(own(served, "sloop"), token).status_code == 200


def test_a_challenge_asks_for_what_the_request_needs(served: Registry) -> None:
    name = own(served, "sloop")
    upload = f"/v2/{name}/blobs/uploads/"

    assert f'scope="repository:{name}:pull"' in challenge_of(
        served, "GET", f"/v2/{name}/manifests/latest"
    )
    assert f'scope="repository:{name}:pull,push"' in challenge_of(served, "POST", upload)
    deletion = challenge_of(served, "DELETE", f"/v2/{name}/manifests/latest")
    assert f'scope="repository:{name}:pull,delete"' in deletion


@pytest.mark.parametrize("host", ['evil"x', "a b", "a,b", "x/../y", "h:99999", "h:8:8"])
@on_sqlite
def test_a_challenge_repeats_no_host_that_is_none(served: Registry, host: str) -> None:
    answer = served.ask("GET", "/v2/", headers={"host": host})

    assert answer.status_code == 401
    assert host not in answer.headers["www-authenticate"]
    assert answer.headers["www-authenticate"].count('"') == 6


def test_a_token_counts_for_its_repository_and_its_actions(served: Registry) -> None:
    sloop, brig = own(served, "sloop"), own(served, "brig")
    image = served.push(brig)
    login = viewer(served, "pusher", "view_products", "sync_products")
    token = served.token(login, f"repository:{sloop}:pull")

    assert served.pull(sloop, token).status_code == 200
    assert f'scope="repository:{brig}:pull"' in challenge_of(
        served, "GET", f"/v2/{brig}/manifests/latest", token
    )
    assert served.put(sloop, image, token).status_code == 401
    wider = served.token(login, f"repository:{sloop}:pull,push", f"repository:{brig}:pull")
    assert served.pull(brig, wider).status_code == 200
    assert served.put(brig, image, wider).status_code == 401


def test_nobody_without_a_login_pulls_what_is_not_open_to_everybody(served: Registry) -> None:
    name = own(served, "sloop")

    assert served.pull(name).status_code == 401
    assert served.pull(name, served.token(None)).status_code == 401
    for scope in (f"repository:{name}:pull", "repository:not/there/atall:pull"):
        answer = served.ask("GET", f"/v2/token?service={HOST}&scope={scope}")
        assert answer.status_code == 401
        assert "is not for everybody to pull, or does not exist" in answer.text


def test_everybody_pulls_where_the_environment_lets_them(served: Registry) -> None:
    name = own(served, "sloop")
    open_library(served)

    assert served.pull(name).status_code == 200
    token = served.token(None, f"repository:{name}:pull")
    assert served.pull(name, token).status_code == 200
    assert served.ask("GET", "/v2/", token).status_code == 200
    for scope in (f"repository:{name}:pull,push", "repository:registry:pull,push"):
        assert served.ask("GET", f"/v2/token?scope={scope}").status_code == 401
    assert served.ask("GET", "/v2/token?account=admin").status_code == 401
    assert served.ask("POST", f"/v2/{name}/blobs/uploads/", token).status_code == 401

    open_library(served, to_all=False)
    assert served.pull(name, token).status_code == 401


def test_versions_are_pulled_by_those_who_may_read_them(served: Registry) -> None:
    house, name = served.house, own(served, "sloop")
    world = house.start_worker()
    open_library(served)
    (repository,) = (each["id"] for each in world.list("repositories", name="sloop"))
    world.publish(world.view("Fleet", repository))
    label = world.organization_label.lower()
    archived = f"{label}/fleet/1_0/ships/sloop"

    assert served.pull(f"{label}/library/fleet/ships/sloop").status_code == 200
    assert served.pull(archived).status_code == 401
    assert served.ask("GET", f"/v2/token?scope=repository:{archived}:pull").status_code == 401
    digest = served.images[name].digest
    answer = served.pull(archived, served.token(viewer(served)))
    assert answer.headers["docker-content-digest"] == digest


def test_permissions_decide_what_a_user_sees(served: Registry) -> None:
    house, name = served.house, own(served, "sloop")
    world = house.start_worker()
    (repository,) = (each["id"] for each in world.list("repositories", name="sloop"))
    world.publish(world.view("Fleet", repository))
    in_view = f"{world.organization_label.lower()}/library/fleet/ships/sloop"
    products = viewer(served, "products", "view_products")
    views = viewer(served, "views", "view_content_views")
    environments = viewer(served, "environments", "view_lifecycle_environments")
    nothing = viewer(served, "nothing", "sync_products")
    house.control.user("foreign", permissions=["view_products", "view_content_views"])

    def told(login: str) -> tuple[list[str], list[int]]:
        token = served.token(login)
        pulled = [served.pull(each, token).status_code for each in (in_view, name)]
        return list(served.catalog(token)), pulled

    assert told(products) == ([in_view, name], [200, 200])
    assert told(views) == ([in_view], [200, 404])
    assert told(environments) == ([in_view], [200, 404])
    assert told(nothing) == ([], [404, 404])
    assert told("foreign") == ([], [404, 404])
    assert told("admin") == ([in_view, name], [200, 200])


def test_what_is_taken_away_counts_at_once(served: Registry) -> None:
    name, database = own(served, "sloop"), served.house.control.database
    token = served.token(viewer(served))
    other = served.token(viewer(served, "other"))
    assert served.pull(name, token).status_code == 200

    with database.begin() as tx:
        tx.execute(update(users).where(users.c.login == "viewer").values(disabled=True))
        tx.execute(delete(user_organizations))

    assert served.pull(name, token).status_code == 401
    assert served.pull(name, other).status_code == 404


def test_a_personal_access_token_logs_in_until_it_is_revoked(served: Registry) -> None:
    name, house = own(served, "sloop"), served.house
    path = "/api/users/1/personal_access_tokens"
    made = house.admin.post(path, json={"name": "ci"}).json()
    secret = made["token_value"]
    token = served.token("admin", secret=secret)

    for header in (token, bearer(secret), basic("admin", secret)):
        assert served.pull(name, header).status_code == 200
    house.admin.delete(f"{path}/{made['id']}")
    for header in (token, bearer(secret), basic("admin", secret)):
        assert served.pull(name, header).status_code == 401


def test_tokens_end_but_not_under_a_running_upload(served: Registry) -> None:
    name, clock = own(served, "sloop"), served.house.control.clock
    token = served.token("admin", f"repository:{name}:pull,push")
    begun = served.ask("POST", f"/v2/{name}/blobs/uploads/", token)
    assert begun.status_code == 202
    where = begun.headers["location"]

    clock.now += timedelta(minutes=20)

    assert served.pull(name, token).status_code == 401
    assert served.ask("POST", f"/v2/{name}/blobs/uploads/", token).status_code == 401
    sent = served.ask("PATCH", where, token, content=b"a layer")
    assert sent.status_code == 202, sent.text
    where = sent.headers["location"]
    assert served.ask("GET", where, token).status_code == 204
    digest = oci.digest_of(b"a layer")
    assert served.ask("PUT", f"{where}?digest={digest}", token).status_code == 201
    assert served.ask("GET", f"/v2/{name}/blobs/{digest}", token).status_code == 401
    assert served.ask("GET", f"/v2/{name}/blobs/{digest}", basic("admin")).content == b"a layer"


def test_a_hosts_certificate_opens_what_its_path_tree_covers(served: Registry) -> None:
    house = served.house
    world = house.start_worker()
    label = world.organization_label
    (repository,) = (each["id"] for each in world.list("repositories", name="sloop"))
    world.publish(world.view("Fleet", repository))
    day = timedelta(days=1)
    now = house.control.clock()
    in_view, name = f"{label.lower()}/library/fleet/ships/sloop", own(served, "sloop")

    served.certificate = served.authority.issue_entitlement(
        label, paths=[f"/{label}/Library/Fleet"], not_before=now - day, not_after=now + day
    )

    assert served.ask("GET", "/v2/").status_code == 200
    assert served.pull(in_view).status_code == 200
    assert served.pull(name).status_code == 404
    assert served.catalog(None) == [in_view]
    assert served.token(None, f"repository:{in_view}:pull")
    assert served.ask("GET", f"/v2/token?scope=repository:{name}:pull").status_code == 401
    assert served.ask("POST", f"/v2/{name}/blobs/uploads/").status_code == 401
    assert served.pull(name, served.token(viewer(served))).status_code == 200

    with house.control.database.begin() as tx:
        tx.execute(
            insert(revoked_certificates).values(
                serial=served.certificate.serial, reason="lost", revoked_at=now
            )
        )
    answer = served.pull(in_view)
    assert answer.status_code == 401
    assert "the client certificate is revoked" in answer.text


@on_sqlite
def test_a_certificate_of_an_organization_opens_nothing_of_another(served: Registry) -> None:
    served.certificate = served.authority.issue_debug("Somebody")

    assert served.catalog(None) == []
    assert served.pull(own(served, "sloop")).status_code == 404


def test_the_catalog_comes_in_pages(served: Registry) -> None:
    world = served.house.world
    for number in range(7):
        world.repository(f"boat{number}", product_id=world.product("Ships"), content_type="docker")
    wanted = [own(served, f"boat{number}") for number in range(7)] + [own(served, "sloop")]
    token = served.token("admin", CATALOG)

    found: list[str] = []
    path = "/v2/_catalog?n=3"
    pages = 0
    while path:
        answer = served.ask("GET", path, token)
        found += answer.json()["repositories"]
        pages += 1
        path = answer.headers.get("link", "").partition("<")[2].partition(">")[0]

    assert (found, pages) == (wanted, 3)
    assert served.catalog(token) == wanted
    assert served.catalog(token, "?n=0") == []
    assert served.catalog(token, f"?last={wanted[5]}") == wanted[6:]
    assert served.catalog(token, "?last=a%00b&n=1") == wanted[:1]
    assert served.ask("GET", "/v2/_catalog?n=-1", token).status_code == 400
    assert served.ask("GET", "/v2/_catalog").status_code == 401


def test_a_token_for_one_repository_lists_that_one(served: Registry) -> None:
    served.push(own(served, "brig"))
    name = own(served, "sloop")

    assert served.catalog(served.token("admin", f"repository:{name}:pull")) == [name]
    assert len(served.catalog(served.token("admin", f"repository:{name}:pull", CATALOG))) == 2
    assert served.catalog(served.token(None)) == []
    open_library(served)
    assert len(served.catalog(served.token(None))) == 2


def test_a_search_finds_names_that_the_caller_may_read(served: Registry) -> None:
    world = served.house.world
    world.repository(
        "brigantine",
        product_id=world.product("Ships"),
        content_type="docker",
        description="Two masts",
    )
    name = own(served, "brigantine")

    found = served.ask("GET", "/v1/search?q=GANT", basic("admin")).json()
    assert found == {
        "num_results": 1,
        "query": "GANT",
        "results": [{"name": name, "description": "Two masts"}],
    }
    everything = served.ask("GET", "/v1/search?q=&n=1", basic("admin")).json()
    assert (everything["num_results"], len(everything["results"])) == (2, 1)
    for words in ("%25", "_", "sl%00"):
        assert served.ask("GET", f"/v1/search?q={words}", basic("admin")).status_code == 200
    assert served.ask("GET", "/v1/search?q=%25", basic("admin")).json()["results"] == []
    assert served.ask("GET", "/v1/search?q=brig").json()["results"] == []
    open_library(served)
    assert served.ask("GET", "/v1/search?q=brig").json()["results"][0]["name"] == name
    version = {"docker-distribution-api-version": "registry/2.0"}
    assert served.ask("GET", "/v1/search?q=brig", headers=version).status_code == 404
    assert served.ask("GET", "/v1/_ping").json() == {}


def test_lists_of_names_take_few_statements(served: Registry) -> None:
    token = served.token(viewer(served))
    served.catalog(token)

    with served.house.control.counted() as statements:
        served.catalog(token)
        catalog = len(statements)
        served.ask("GET", "/v1/search?q=s", token)

    assert (catalog, len(statements) - catalog) == (1, 2)
