"""The released collection theforeman.foreman, unmodified: its modules of content (katello.md 3).

All tasks run in one playbook, for a process of Ansible takes longer than what it asks for. Each
module makes a thing in check mode, makes it, makes it again, changes it in the same three ways,
and removes it in the end: `changed` of each says whether the answers of the API are as the module
compares them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from support.ansible import Outcome, Task, play
from support.openpgp import Gnupg
from support.server import Server
from support.upstream import Upstream

_SUFFIX: Final = uuid4().hex[:8]
_ORGANIZATION: Final = f"Ansible {_SUFFIX}"
_OF: Final = {"organization": _ORGANIZATION}


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that a module keeps: as it is made, and what is changed of it later."""

    module: str
    arguments: Mapping[str, Any]
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    in_organization: bool = True

    def named(self, step: str) -> str:
        """Return the name of a step's task."""
        return f"{step} {self.module} {self.arguments['name']}"

    def task(self, step: str, *, check: bool = False, **more: Any) -> Task:
        """Return the task of a step."""
        of = _OF if self.in_organization else {}
        return Task(self.named(step), self.module, {**of, **self.arguments, **more}, check)


def _alone(module: str, name: str, *, changes: Mapping[str, Any], **arguments: Any) -> Thing:
    """Return a thing that is of no organization alone."""
    named = {"name": f"{name} {_SUFFIX}", **arguments}
    return Thing(module, named, changes, in_organization=False)


def _things(upstream: str, key: str) -> list[Thing]:
    """Return one thing of each module, in the order in which they build on each other."""
    birds = {"product": "Birds"}
    view = {"content_view": "All"}
    repository = {"content_type": "yum", "url": upstream, "download_policy": "on_demand"}
    plan = {"interval": "daily", "enabled": True, "sync_date": "2030-01-01 00:00:00 UTC"}
    of_view = [{"name": "Aviary", "product": "Birds"}]
    owls = {**view, "filter_type": "rpm", "inclusion": False}
    everything = {"lifecycle_environment": "Library", "content_view": "Default Organization View"}
    return [
        Thing(
            "organization",
            {"name": _ORGANIZATION, "parameters": [{"name": "nest", "value": "reed"}]},
            {"description": "of a playbook", "parameters": [{"name": "nest", "value": "twigs"}]},
            in_organization=False,
        ),
        _alone(
            "location",
            "Place",
            changes={
                "organizations": [_ORGANIZATION],
                "parameters": [{"name": "seats", "value": 3, "parameter_type": "integer"}],
            },
        ),
        _alone(
            "http_proxy",
            "Proxy",
            url="http://proxy.example.com:3128",
            changes={"url": "http://proxy.example.com:8080"},
        ),
        _alone(
            "smart_proxy",
            "Near",
            url=f"https://near-{_SUFFIX}.example.com",
            changes={"download_policy": "immediate"},
        ),
        Thing(
            "role",
            {
                "name": f"Keepers {_SUFFIX}",
                "organizations": [_ORGANIZATION],
                "filters": [
                    {"permissions": ["view_products", "edit_products"], "search": "name = Birds"},
                    {"permissions": ["view_content_views"]},
                ],
            },
            {"description": "of birds"},
            in_organization=False,
        ),
        Thing(
            "user",
            {
                "name": f"keeper-{_SUFFIX}",
                "mail": "keeper@example.com",
                "auth_source": "Internal",
                "organizations": [_ORGANIZATION],
                "roles": [f"Keepers {_SUFFIX}"],
            },
            {"firstname": "Robin", "roles": [f"Keepers {_SUFFIX}", "Viewer"]},
            in_organization=False,
        ),
        Thing(
            "usergroup",
            {"name": f"Staff {_SUFFIX}", "users": [f"keeper-{_SUFFIX}"], "roles": ["Viewer"]},
            {"roles": ["Viewer", "Edit hosts"]},
            in_organization=False,
        ),
        Thing(
            "content_credential",
            {"name": "Signing", "content_type": "gpg_key", "content": key},
        ),
        Thing(
            "lifecycle_environment",
            {"name": "Dev", "prior": "Library"},
            {"description": "first stop"},
        ),
        Thing("sync_plan", {"name": "Nightly", **plan}, {"interval": "weekly"}),
        Thing(
            "product",
            {"name": "Birds"},
            {"description": "all of them", "gpg_key": "Signing", "sync_plan": "Nightly"},
        ),
        Thing(
            "repository",
            {"name": "Aviary", **birds, **repository},
            {"mirroring_policy": "additive", "gpg_key": "Signing"},
        ),
        Thing("repository", {"name": "Papers", **birds, "content_type": "file"}),
        Thing("content_view", {"name": "All", "repositories": of_view}, {"description": "all"}),
        Thing("content_view_filter", {"name": "No owls", **owls}, {"description": "they hunt"}),
        Thing(
            "content_view_filter_rule", {"name": "owl", **view, "content_view_filter": "No owls"}
        ),
        Thing("host_collection", {"name": "Web"}, {"description": "web servers"}),
        Thing(
            "activation_key",
            {"name": "Web key", **everything, "service_level": "Premium"},
            {"unlimited_hosts": False, "max_hosts": 10, "host_collections": ["Web"]},
        ),
        Thing(
            "host",
            {"name": f"web.{_SUFFIX}.example.com", **everything},
            {"comment": "in the hall", "parameters": [{"name": "role", "value": "web"}]},
        ),
        Thing(
            "flatpak_remote",
            {"name": "Hub", "url": "https://flatpaks.example.com"},
            {"description": "where they come from"},
        ),
    ]


def _tasks(things: list[Thing], paper: Path) -> Iterator[Task]:
    for thing in things:
        yield thing.task("would make", check=True)
        yield thing.task("make")
        yield thing.task("make again")
        if thing.changes:
            yield thing.task("would change", check=True, **thing.changes)
            yield thing.task("change", **thing.changes)
            yield thing.task("change again", **thing.changes)
    yield from _journey(paper)
    for thing in reversed(things):
        yield thing.task("would remove", check=True, state="absent")
        yield thing.task("remove", state="absent")


def _journey(paper: Path) -> Iterator[Task]:
    view = {**_OF, "content_view": "All"}
    papers = {**_OF, "product": "Birds", "repository": "Papers"}
    places = {"lifecycle_environments": ["Library", "Dev"]}
    yield Task("sync", "repository_sync", {**_OF, "product": "Birds", "repository": "Aviary"})
    yield Task("upload", "content_upload", {**papers, "src": str(paper)})
    yield Task("upload again", "content_upload", {**papers, "src": str(paper)})
    yield Task("publish and promote", "content_view_version", {**view, **places})
    yield Task("is there", "content_view_version", {**view, **places, "version": "1.0"})
    yield Task("see versions", "content_view_version_info", view)
    yield Task("see repositories", "repository_info", {**_OF, "product": "Birds"})
    yield Task("see status", "status_info", {})
    policy = {"name": "default_proxy_download_policy"}
    yield Task("would set", "setting", {**policy, "value": "immediate"}, check=True)
    yield Task("set", "setting", {**policy, "value": "immediate"})
    yield Task("set again", "setting", {**policy, "value": "immediate"})
    yield Task("reset", "setting", policy)
    yield Task("see settings", "setting_info", {"search": "name = entries_per_page"})
    yield Task("set what is not there", "setting", {"name": "default_export_format", "value": "x"})
    owls = {"resource": "packages", "search": "name = owl"}
    yield Task("see packages", "resource_info", {**_OF, **owls})
    yield Task("too long a name", "product", {**_OF, "name": "x" * 300})
    yield Task("nowhere", "product", {"organization": f"No {_SUFFIX}", "name": "Birds"})
    yield Task("nobody", "product", {**_OF, "name": "Birds", "password": "wrong"})


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("papers") / "paper.txt"
    path.write_text("written by hand")
    return path


@pytest.fixture(scope="module")
def things(web: Upstream, aviary: Path) -> Iterator[list[Thing]]:
    keys = Gnupg()
    yield _things(f"{web.url}{aviary.name}/", keys.key("Keeper <keeper@example.com>"))
    keys.close()


@pytest.fixture(scope="module")
def outcomes(
    server: Server, things: list[Thing], paper: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    return play(server, tmp_path_factory.mktemp("ansible"), list(_tasks(things, paper)))


def test_modules_make_change_and_remove_once_and_foresee_it(
    things: list[Thing], outcomes: dict[str, Outcome]
) -> None:
    expected: dict[str, bool] = {}
    for thing in things:
        steps = {"would make": True, "make": True, "make again": False}
        if thing.changes:
            steps |= {"would change": True, "change": True, "change again": False}
        for step, changed in {**steps, "would remove": True, "remove": True}.items():
            expected[thing.named(step)] = changed

    failed = {name: outcomes[name].message for name in expected if outcomes[name].failed}
    assert failed == {}
    assert {name: outcomes[name].changed for name in expected} == expected


def test_content_is_synced_uploaded_published_and_promoted(outcomes: dict[str, Outcome]) -> None:
    journey = ("sync", "upload", "publish and promote", "is there")
    assert {name: outcomes[name].message for name in journey if outcomes[name].failed} == {}

    changed = {name: outcomes[name].changed for name in (*journey, "upload again")}
    assert changed == {
        "sync": True,
        "upload": True,
        "upload again": False,
        "publish and promote": True,
        "is there": False,
    }
    (version,) = outcomes["see versions"].said["content_view_versions"]
    assert version["version"] == "1.0"
    assert {each["name"] for each in version["environments"]} == {"Library", "Dev"}
    repositories = {
        each["name"]: each for each in outcomes["see repositories"].said["repositories"]
    }
    assert repositories["Papers"]["content_counts"]["file"] == 1
    assert outcomes["see status"].said["status"]["result"] == "ok"
    assert {each["name"] for each in outcomes["see packages"].said["resources"]} == {"owl"}


def test_settings_are_set_once_and_reset(outcomes: dict[str, Outcome]) -> None:
    steps = {"would set": True, "set": True, "set again": False, "reset": True}

    assert {name: outcomes[name].message for name in steps if outcomes[name].failed} == {}
    assert {name: outcomes[name].changed for name in steps} == steps
    (setting,) = outcomes["see settings"].said["settings"]
    assert (setting["value"], setting["settings_type"]) == (20, "integer")
    assert "must be one of the following" in outcomes["set what is not there"].message


def test_errors_reach_the_user_in_words(outcomes: dict[str, Outcome]) -> None:
    assert "Name is too long (maximum is 255 characters)" in outcomes["too long a name"].message
    assert f'organizations with name="No {_SUFFIX}"' in outcomes["nowhere"].message
    assert "401" in outcomes["nobody"].message
    assert all(outcomes[name].failed for name in ("too long a name", "nowhere", "nobody"))
