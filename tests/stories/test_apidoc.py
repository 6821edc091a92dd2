"""`/apidoc`: what hammer and the Ansible collection build themselves from (katello.md 2.5)."""

import base64
import gzip
import hashlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from headgate.apis.actions import describe
from headgate.apis.katello import RESOURCES
from headgate.stores.db import Database
from support.control import control

APIDOC = "/apidoc/v2.json"
_EXPECTED_TYPES = {"string", "numeric", "boolean", "array", "hash", "any_type"}
_OF_PROVISIONING = (
    *("hostgroups", "domains", "media", "subnets", "compute_resources"),
    *("provisioning_templates", "operatingsystems", "architectures", "ptables"),
)

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def stranger(database: Database) -> Iterator[TestClient]:
    with control(database).anonymous() as client:
        yield client


@pytest.fixture
def admin(database: Database) -> Iterator[TestClient]:
    with control(database).client() as client:
        yield client


@pytest.fixture
def resources(stranger: TestClient) -> dict[str, Any]:
    answer = stranger.get(APIDOC)
    assert answer.status_code == 200
    return answer.json()["docs"]["resources"]


def _methods(resources: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in resources.items():
        for method in resource["methods"]:
            yield f"{name}#{method['name']}", method


def _parameters(params: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in params:
        yield each
        yield from _parameters(each.get("params", []))


def test_every_declared_action_is_documented_once(resources: dict[str, Any]) -> None:
    declared = [
        f"{resource['name']}#{action['name']}"
        for resource in describe(RESOURCES)
        for action in resource["actions"]
    ]

    assert [name for name, _ in _methods(resources)] == declared
    assert len(declared) == len(set(declared))


def test_every_variable_of_a_path_is_a_parameter(resources: dict[str, Any]) -> None:
    for name, method in _methods(resources):
        known = {each["name"] for each in method["params"]}
        for route in method["apis"]:
            wanted = set(re.findall(r":(\w+)", route["api_url"]))
            assert wanted <= known, (name, route["api_url"])


def test_every_parameter_has_what_clients_read(resources: dict[str, Any]) -> None:
    for name, method in _methods(resources):
        for each in _parameters(method["params"]):
            assert each["expected_type"] in _EXPECTED_TYPES, (name, each)
            assert isinstance(each["description"], str), (name, each)
            assert isinstance(each["validator"], str), (name, each)
            assert {"required", "allow_nil", "allow_blank", "full_name"} <= each.keys(), name


def test_enumerations_and_wrapping_are_in_the_form_that_clients_read(
    resources: dict[str, Any],
) -> None:
    methods = dict(_methods(resources))

    (organization,) = methods["organizations#create"]["params"]
    assert (organization["name"], organization["expected_type"]) == ("organization", "hash")
    nested = {each["full_name"] for each in organization["params"]}
    assert {"organization[name]", "organization[label]"} <= nested
    repository = {each["name"]: each for each in methods["repositories#create"]["params"]}
    allowed = re.findall(r"<code>(\w+)</code>", repository["download_policy"]["validator"])
    assert sorted(allowed) == ["immediate", "on_demand"]


def test_it_is_public_compressed_and_fetched_only_when_it_changed(stranger: TestClient) -> None:
    plain = stranger.get(APIDOC, headers={"accept-encoding": "identity"})
    french = stranger.get("/apidoc/v2.fr.json")
    with stranger.stream("GET", APIDOC, headers={"accept-encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    again = stranger.get(APIDOC, headers={"if-none-match": plain.headers["etag"]})

    assert plain.json() == french.json()
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert (again.status_code, again.content) == (304, b"")
    tags = [stranger.get(each).headers["etag"] for each in (APIDOC, "/openapi.json", "/apidoc")]
    assert len({*tags, plain.headers["etag"]}) == 3
    assert plain.headers.get_list("cache-control") == ["no-cache"]
    checksum = stranger.get("/apidoc/apipie_checksum").json()["checksum"]
    assert plain.headers["apipie-checksum"] == checksum
    assert stranger.get("/katello/api/ping").headers["apipie-checksum"] == checksum


def test_people_get_a_page_that_loads_nothing(
    stranger: TestClient, resources: dict[str, Any]
) -> None:
    answer = stranger.get("/apidoc")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for name, resource in resources.items():
        assert f'<h2 id="{name}">' in answer.text
        for method in resource["methods"]:
            path = re.sub(r":(\w+)", r"{\1}", method["apis"][0]["api_url"])
            assert f"<code>{path}</code>" in answer.text
    assert "<script" not in answer.text
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    (policy,) = answer.headers.get_list("content-security-policy")
    assert policy == (f"default-src 'none'; frame-ancestors 'none'; style-src 'sha256-{digest}'")


@pytest.mark.parametrize("name", _OF_PROVISIONING)
def test_hammer_finds_the_resources_without_which_it_does_not_load(
    admin: TestClient, resources: dict[str, Any], name: str
) -> None:
    assert {method["name"] for method in resources[name]["methods"]} == {"index", "show"}
    listed = admin.get(f"/api/{name}?search=name%3Dx&per_page=1000").json()
    assert (listed["total"], listed["results"]) == (0, [])
    assert admin.get(f"/api/{name}/1").status_code == 404
