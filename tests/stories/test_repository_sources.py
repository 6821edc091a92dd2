"""What a repository takes from upstream, through which proxy, and what it leaves."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from headgate.upstream import AddressRules, DownloadRules
from support.aviary import AVIARY, HERON_1, OWL_1, OWL_2, REED_1, REED_2, ROOK
from support.house import House, refused
from support.proxy import Proxy, proxy
from support.repositories import Module, YumRepository
from support.rpms import Rpm, RpmStore
from support.upstream import Upstream, upstream

DOWNLOADS = DownloadRules(addresses=AddressRules.allowing(["127.0.0.0/8", "::1/128"]))
SELECTED = "use_selected_http_proxy"
CHOICE: Mapping[str, Any] = {"http_proxy_policy": SELECTED}

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture(scope="module")
def web(aviary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with upstream(aviary.parent, tmp_path_factory.mktemp("keys")) as serving:
        yield serving


@pytest.fixture(scope="module")
def forwarding() -> Iterator[Proxy]:
    with proxy(credentials="me:correct horse") as running:
        yield running


def names(house: House, repository: int, kind: str = "packages") -> set[str]:
    return {each["nvra"] for each in house.world.list(kind, repository_id=repository)}


def make_proxy(house: House, url: str, **fields: Any) -> int:
    body = {"name": "way out", "url": url, "organization_ids": [house.organization]} | fields
    answer = house.admin.post("/api/http_proxies", json={"http_proxy": body})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_a_repository_goes_through_the_proxy_that_it_chose(
    house: House, web: Upstream, forwarding: Proxy
) -> None:
    world = house.start_worker(DOWNLOADS)
    chosen = make_proxy(house, forwarding.url, username="me", password="correct horse")  # noqa: S106

    repository = world.mirror("birds", f"{web.url}aviary/", **CHOICE, http_proxy_id=chosen)

    assert any("repomd.xml" in line for line in forwarding.asked)
    shown = world.show("repositories", repository)
    assert shown["http_proxy"] == {"id": chosen, "name": "way out", "policy": SELECTED}
    proxies = house.admin.get("/api/http_proxies").json()["results"]
    assert [each["organizations"] for each in proxies] == [
        [{"id": house.organization, "name": world.organization_label}]
    ]
    assert "correct horse" not in str(proxies)

    # Without it the repository goes the way of all others.
    asked = len(forwarding.asked)
    assert house.admin.delete(f"/api/http_proxies/{chosen}").status_code == 200
    world.sync(repository, skip_metadata_check=True)
    assert len(forwarding.asked) == asked
    assert world.show("repositories", repository)["http_proxy"]["policy"] == (
        "global_default_http_proxy"
    )


@on_sqlite
def test_the_default_proxy_is_used_by_who_does_not_choose(
    house: House, web: Upstream, forwarding: Proxy
) -> None:
    world = house.start_worker(DOWNLOADS)
    secret = {"username": "me", "password": "correct horse"}
    default = make_proxy(house, forwarding.url, content_default_http_proxy=True, **secret)
    asked = len(forwarding.asked)

    repository = world.mirror("free birds", f"{web.url}aviary/", http_proxy_policy="none")
    assert len(forwarding.asked) == asked
    world.put(f"repositories/{repository}", http_proxy_policy="global_default_http_proxy")
    world.sync(repository, skip_metadata_check=True)
    assert len(forwarding.asked) > asked

    make_proxy(house, forwarding.url, name="another", content_default_http_proxy=True)
    shown = house.admin.get(f"/api/http_proxies/{default}").json()
    assert shown["content_default_http_proxy"] is False


@on_sqlite
def test_a_proxy_belongs_to_its_organizations(house: House) -> None:
    mine = make_proxy(house, "http://proxy.example.org:3128")
    other = house.world.another()
    rights = [f"{verb}_http_proxies" for verb in ("view", "create", "edit", "destroy")]
    stranger = house.control.user(
        "stranger", organizations=[other.organization_id], permissions=rights
    )

    for answer in (
        stranger.get(f"/api/http_proxies/{mine}"),
        stranger.put(f"/api/http_proxies/{mine}", json={"http_proxy": {"name": "x"}}),
        stranger.delete(f"/api/http_proxies/{mine}"),
    ):
        assert answer.status_code == 404
    assert stranger.get("/api/http_proxies").json()["results"] == []
    errors = refused(
        house.post(
            "repositories",
            product_id=other.product(),
            name="birds",
            content_type="yum",
            **CHOICE,
            http_proxy_id=mine,
        ),
        422,
    )
    assert "is not of the repository's organization" in errors["http_proxy_id"][0]

    # What both have, neither changes alone; and nobody but administrators sets the default.
    shared = [house.organization, other.organization_id]
    house.admin.put(f"/api/http_proxies/{mine}", json={"organization_ids": shared})
    assert stranger.get(f"/api/http_proxies/{mine}").status_code == 200
    assert stranger.put(f"/api/http_proxies/{mine}", json={"name": "x"}).status_code == 403
    body = {"name": "own", "url": "http://p.example.org", "content_default_http_proxy": True}
    own = body | {"organization_ids": [other.organization_id]}
    assert stranger.post("/api/http_proxies", json=own).status_code == 403


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"url": "socks5://p.example.org"}, "url", "must begin with one of: http, https"),
        ({"url": "http://me:secret@p.example.org"}, "url", "must not contain credentials"),
        ({"url": "http://p.example.org:x"}, "url", "is not a valid URL"),
        ({"name": "taken"}, "name", "has already been taken"),
        ({"password": "secret"}, "username", "must be given with a password"),
    ],
)
@on_sqlite
def test_bad_proxies_are_refused(
    house: House, fields: dict[str, Any], field: str, words: str
) -> None:
    make_proxy(house, "http://p.example.org", name="taken")
    body = {"name": "way out", "url": "http://p.example.org"} | fields

    answer = house.admin.post("/api/http_proxies", json={"http_proxy": body})

    assert answer.status_code == 422
    assert words in answer.json()["error"]["errors"][field][0]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"http_proxy_policy": "all"}, "http_proxy_policy", "must be one of"),
        ({"http_proxy_policy": SELECTED}, "http_proxy_id", "can't be blank"),
        ({"ignorable_content": ["rpm"]}, "ignorable_content", "srpm, treeinfo"),
        (
            {"ignorable_content": ["srpm"], "mirroring_policy": "mirror_complete"},
            "ignorable_content",
            "mirror_complete",
        ),
        ({"ignorable_content": ["srpm"], "content_type": "file"}, "ignorable_content", "Yum"),
        ({"retain_package_versions_count": 3}, "retain_package_versions_count", "additive"),
        (
            {"retain_package_versions_count": -1, "mirroring_policy": "additive"},
            "retain_package_versions_count",
            "greater than or equal to 0",
        ),
        ({"metadata_expire": 0}, "metadata_expire", "1 to 604800"),
        ({"metadata_expire": 604_801}, "metadata_expire", "1 to 604800"),
        ({"os_versions": ["rhel-5"]}, "os_versions", "must be one of"),
        ({"os_versions": ["rhel-8", "rhel-9"]}, "os_versions", "not be more than one"),
        ({"download_concurrency": 101}, "download_concurrency", "less than or equal"),
        ({"download_rate_limit": -1}, "download_rate_limit", "greater than or equal"),
    ],
)
@on_sqlite
def test_settings_that_do_not_go_together_are_refused_by_field(
    house: House, fields: dict[str, Any], field: str, words: str
) -> None:
    wanted = {"product_id": house.world.product(), "name": "rook", "content_type": "yum"}

    errors = refused(house.post("repositories", **(wanted | fields)), 422)

    assert words in errors[field][0]
    assert house.world.list("repositories") == []


def test_settings_are_kept_shown_and_cleared(house: House) -> None:
    fields: dict[str, Any] = {
        "mirroring_policy": "additive",
        "ignorable_content": ["srpm", "treeinfo"],
        "retain_package_versions_count": 2,
        "metadata_expire": 60,
        "os_versions": ["rhel-9"],
        "download_concurrency": 3,
        "download_rate_limit": 500,
    }
    repository = house.world.repository("reed", **fields)

    shown = house.world.show("repositories", repository)

    assert {name: shown[name] for name in fields} == fields
    refused(house.put(f"repositories/{repository}", mirroring_policy="mirror_complete"), 422)
    cleared = house.world.put(
        f"repositories/{repository}",
        ignorable_content=[],
        retain_package_versions_count=0,
        metadata_expire=None,
        os_versions=[],
        download_concurrency=0,
        download_rate_limit=None,
    )
    assert [cleared[name] for name in fields if name != "mirroring_policy"] == [
        *([], None, None, []),
        *(None, None),
    ]


@on_sqlite
def test_source_packages_and_trees_may_stay_out(house: House, web: Upstream) -> None:
    world = house.start_worker(DOWNLOADS)
    web.asked.clear()

    repository = world.mirror("birds", f"{web.url}aviary/", ignorable_content=["srpm", "treeinfo"])

    assert names(house, repository) == {each.nvra for each in AVIARY.rpms if each.arch != "src"}
    assert names(house, repository, "srpms") == set()
    assert not any("treeinfo" in path or ".src.rpm" in path for path in web.paths())

    world.put(f"repositories/{repository}", ignorable_content=[])
    world.sync(repository)
    assert names(house, repository, "srpms") == {ROOK.sources.nvra}


@on_sqlite
def test_a_sync_takes_no_more_than_its_rate(house: House, web: Upstream) -> None:
    world = house.start_worker(DOWNLOADS)
    repository = world.repository(
        "birds", url=f"{web.url}aviary/", download_rate_limit=40, download_concurrency=2
    )
    began = time.monotonic()

    world.sync(repository)

    seconds = time.monotonic() - began
    size = sum(path.stat().st_size for path in (web.root / "aviary" / "Packages").rglob("*.rpm"))
    assert size / 40_000 * 0.85 <= seconds


def test_the_newest_versions_stay_and_streams_are_counted_apart(
    house: House, web: Upstream, rpm_store: RpmStore
) -> None:
    """Two streams of one module, an older build of a stream, and packages of no module."""
    world = house.start_worker(DOWNLOADS)
    older_owl = Rpm("owl", "1.0", release="0.module", module="owl:1:20250101:c0ffee01")
    before = YumRepository(
        rpms=[REED_1, HERON_1, OWL_2, older_owl],
        modules=[
            Module("owl", "2", [OWL_2], context="c0ffee02"),
            Module("owl", "1", [older_owl], version=20250101),
        ],
    )
    after = YumRepository(
        rpms=[REED_2, OWL_1], modules=[Module("owl", "1", [OWL_1], version=20260101)]
    )
    folder = web.root / "aging"
    before.write(folder, rpm_store)
    repository = world.mirror("birds", f"{web.url}aging/", mirroring_policy="additive")
    after.write(folder, rpm_store)
    world.sync(repository)
    assert len(names(house, repository)) == 6

    world.put(f"repositories/{repository}", retain_package_versions_count=1)
    world.sync(repository)

    assert names(house, repository) == {each.nvra for each in (REED_2, HERON_1, OWL_1, OWL_2)}
    streams = world.list("module_streams", repository_id=repository)
    assert sorted((each["stream"], each["version"]) for each in streams) == [
        ("1", "20260101"),
        ("2", "20260101"),
    ]
