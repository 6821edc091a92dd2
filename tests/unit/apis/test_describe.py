"""The declarations as data, and what must be true of every one of them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from inline_snapshot import snapshot

from headgate.apis.actions import Call, Params, Resource, describe, doc, wrapped
from headgate.apis.katello import RESOURCES
from headgate.domain.ids import RepositoryId

DESCRIBED = describe(RESOURCES)
ACTIONS = [
    (f"{resource['name']}#{action['name']}", action)
    for resource in DESCRIBED
    for action in resource["actions"]
]


class Nest(Params):
    """A nested hash."""

    ids: list[RepositoryId] = doc("repositories")


class Build(Params):
    """Build a nest."""

    id: RepositoryId = doc("the repository")
    nest: Nest = wrapped("the nest")
    speed: str = doc("how fast", default="slow", enum=["slow", "fast"])


def test_an_action_is_described_with_its_nested_parameters() -> None:
    nests = Resource("nests", "Nests")

    @nests.action("create", "POST", "/api/nests/{id}", also=["/api/trees/{id}"])
    def build(call: Call, params: Build) -> None:  # type: ignore[reportUnusedFunction]
        raise NotImplementedError(call, params)

    (described,) = describe([nests])[0]["actions"]
    params = {param["name"]: param for param in described["params"]}

    assert {name: described[name] for name in ("name", "method", "paths", "summary", "status")} == (
        snapshot(
            {
                "name": "create",
                "method": "POST",
                "paths": ["/api/nests/{id}", "/api/trees/{id}"],
                "summary": "Build a nest",
                "status": 201,
            }
        )
    )
    assert params["id"]["id_type"] == "RepositoryId"
    assert params["nest"]["wrapped"]
    assert params["nest"]["params"][0]["item"] == {"type": "integer", "id_type": "RepositoryId"}
    assert (params["speed"]["enum"], params["speed"]["default"]) == (["slow", "fast"], "slow")


def test_the_description_is_plain_data() -> None:
    assert json.loads(json.dumps(DESCRIBED)) == DESCRIBED


def _parameters(params: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for param in params:
        yield param
        yield from _parameters(param.get("params", []))
        yield from _parameters(param.get("item", {}).get("params", []))


@pytest.mark.parametrize("action", [action for _, action in ACTIONS], ids=[n for n, _ in ACTIONS])
def test_every_declaration_is_whole(action: dict[str, Any]) -> None:
    names = {n for param in action["params"] for n in (param["name"], *param["aliases"])}
    variables = {n for path in action["paths"] for n in re.findall(r"\{(\w+)\}", path)}

    assert action["summary"]
    assert all(param["description"] for param in _parameters(action["params"]))
    assert variables <= names


# Identifiers that name no row of one table: the client's own, of another parameter's kind, or of
# things that there are none of yet.
_NO_ROW = {
    *("auth_source_id", "search_id", "resource_id", "http_proxy_id", "content_unit_id"),
    *("errata_id", "errata_ids"),  # names of advisories, not of rows
    *("subscription_id", "hostgroup_id"),  # of which there are none
    *("operatingsystem_id", "step_id", "trace_ids"),
    "product_id",  # also what a product certificate calls it
}
# Units belong to whoever holds them: their ids are checked against what the caller's
# repositories and versions hold (`services/units/units.py`; the walk in test_tenants.py asks).
_UNITS = {
    *("packages", "srpms", "errata", "package_groups", "module_streams", "file_units"),
    *("docker_tags", "docker_manifests", "docker_manifest_lists"),
}
# Resources of which there are none, so that no id names anything.
_NONE = {
    *("hostgroups", "domains", "media", "subnets", "compute_resources"),
    *("provisioning_templates", "operatingsystems", "architectures", "ptables"),
    *("subscriptions", "upstream_subscriptions", "content_exports", "content_imports"),
    *("content_export_incrementals", "alternate_content_sources"),
    *("alternate_content_sources_bulk_actions", "debs", "ansible_collections"),
    "generic_content_units",
}
# Resources that are found by another key than a number of theirs: sets by the id of their content,
# which the stories of other organizations ask for, as for packages on hosts; settings, which are of
# no organization; errata by names; parameters within the thing that has them, by name, too.
_OTHERWISE = {"host_errata", "host_packages", "parameters", "repository_sets", "settings"}
CHECKED = [
    (f"{resource['name']}#{action['name']}", action)
    for resource in DESCRIBED
    for action in resource["actions"]
    if resource["name"] not in _UNITS | _NONE | _OTHERWISE and not action["public"]
]


@pytest.mark.parametrize("action", [action for _, action in CHECKED], ids=[n for n, _ in CHECKED])
def test_every_identifier_has_a_type_by_which_it_is_checked(action: dict[str, Any]) -> None:
    # Of subscriptions there are none, so that no id within names anything.
    there = [param for param in action["params"] if param["name"] != "subscriptions"]
    for param in _parameters(there):
        is_id = param["name"] in ("id", "ids") or param["name"].endswith(("_id", "_ids"))
        if is_id and param["name"] not in _NO_ROW:
            assert "id_type" in param or "id_type" in param.get("item", {}), param["name"]
