"""The released collection theforeman.foreman, unmodified: what it does beside keeping things.

`test_ansible.py` makes, changes and removes one thing with each module; here are the versions of
views, composite views, uploads, overrides, renaming, what is only looked at, and what is refused.
What the modules meet is arranged over HTTP, for a task of Ansible takes half a second.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from support import needs
from support.ansible import Outcome, Task, play
from support.feigned_registry import feigned_registry
from support.flatpak_remote import Remote
from support.rpms import Rpm, RpmStore
from support.server import Server
from support.upstream import Upstream
from support.world import World

_SUFFIX: Final = uuid4().hex[:8]
_DEV: Final = f"Dev {_SUFFIX}"
_HOST: Final = f"web.{_SUFFIX}.example.com"
_RUNTIME: Final = "platform"
_TERN: Final = Rpm("tern", "1.0")
# The Python of Debian, which knows rpm.
_SYSTEM: Final = Path("/usr/bin/python3")


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the playbook runs: an organization with a filtered and published view."""

    world: World
    label: str
    package: Path
    sync: str
    remote: str

    @property
    def of(self) -> dict[str, str]:
        """The organization, as modules take it."""
        return {"organization": self.label}


def _tasks(scene: Scene) -> Iterator[Task]:
    yield from _versions(scene.of)
    yield from _composite(scene.of)
    yield from _uploads(scene)
    yield from _keys_and_hosts(scene)
    yield from _proxies(scene.of)
    yield from _flatpaks(scene)
    yield from _looks(scene)
    yield from _refusals(scene)


def _versions(of: dict[str, str]) -> Iterator[Task]:
    view = {**of, "content_view": "All"}
    fifth: dict[str, Any] = {**view, "version": "5", "description": "by hand"}
    fifth |= {"lifecycle_environments": [_DEV], "force_promote": True}
    held = {**view, "version": "5.0", "state": "absent"}
    first = {**view, "version": "1.0", "state": "absent"}
    yield Task("would publish 5.0", "content_view_version", fifth, check=True)
    yield Task("publish 5.0", "content_view_version", fifth)
    yield Task("publish 5.0 again", "content_view_version", fifth)
    yield Task("see history", "content_view_history_info", view)
    yield Task("remove what is held", "content_view_version", held)
    yield Task("would remove 1.0", "content_view_version", first, check=True)
    yield Task("remove 1.0", "content_view_version", first)
    yield Task("remove 1.0 again", "content_view_version", first)


def _composite(of: dict[str, str]) -> Iterator[Task]:
    both = {**of, "name": "Both", "composite": True}
    fixed = {**both, "components": [{"content_view": "All", "content_view_version": "5.0"}]}
    latest = {**both, "components": [{"content_view": "All", "latest": True}]}
    yield Task("would compose", "content_view", fixed, check=True)
    yield Task("compose", "content_view", fixed)
    yield Task("compose again", "content_view", fixed)
    yield Task("follow the latest", "content_view", latest)
    yield Task("follow the latest again", "content_view", latest)
    yield Task("see view", "content_view_info", {**of, "name": "Both"})


def _uploads(scene: Scene) -> Iterator[Task]:
    upload = {**scene.of, "product": "Birds", "repository": "Own", "src": str(scene.package)}
    for name in ("would upload", "upload", "upload again"):
        yield Task(name, "content_upload", upload, check=name.startswith("would"), python=_SYSTEM)


def _keys_and_hosts(scene: Scene) -> Iterator[Task]:
    of = scene.of
    web = {**of, "name": "Web", "updated_name": "Net"}
    label = f"{scene.label}_Birds_Own"
    key = {**of, "name": "Key", "lifecycle_environment": _DEV, "content_view": "All"}
    key |= {"host_collections": ["Net"], "release_version": "9"}
    enabled = {**key, "content_overrides": [{"label": label, "override": "enabled"}]}
    cleared = {**key, "content_overrides": [{"label": label, "override": "default"}]}
    copied = {**of, "name": "Key", "new_name": "Copy", "state": "copied"}
    parameters = [{"name": "seats", "value": "3", "parameter_type": "integer"}]
    host = {**of, "name": _HOST, "lifecycle_environment": _DEV, "content_view": "All"}
    host |= {"parameters": parameters, "owner": "admin", "managed": False, "enabled": True}
    yield Task("would rename", "host_collection", web, check=True)
    yield Task("rename", "host_collection", web)
    yield Task("would make key", "activation_key", enabled, check=True)
    yield Task("make key", "activation_key", enabled)
    yield Task("make key again", "activation_key", enabled)
    yield Task("clear override", "activation_key", cleared)
    yield Task("copy key", "activation_key", copied)
    yield Task("copy key again", "activation_key", copied)
    yield Task("make host", "host", host)
    yield Task("make host again", "host", host)
    yield Task("give it a key", "host", {"name": _HOST, "activation_keys": "Key"})
    yield Task("see host", "host_info", {"name": _HOST})


def _proxies(of: dict[str, str]) -> Iterator[Task]:
    name = f"Far {_SUFFIX}"
    proxy = {
        "name": name,
        "url": f"https://far-{_SUFFIX}.example.com",
        "organizations": [*of.values()],
    }
    with_dev = {**proxy, "lifecycle_environments": [_DEV]}
    yield Task("make proxy", "smart_proxy", with_dev)
    yield Task("make proxy again", "smart_proxy", with_dev)
    yield Task("empty proxy", "smart_proxy", {**proxy, "lifecycle_environments": []})


def _flatpaks(scene: Scene) -> Iterator[Task]:
    mirror = {**scene.of, "flatpak_remote": "Hub", "flatpak_remote_repository": _RUNTIME}
    mirror["product"] = "Birds"
    yield Task("add remote", "flatpak_remote", {**scene.of, "name": "Hub", "url": scene.remote})
    yield Task("scan", "flatpak_remote_scan", {**scene.of, "flatpak_remote": "Hub"})
    yield Task("mirror", "flatpak_remote_repository_mirror", mirror)
    yield Task("mirror again", "flatpak_remote_repository_mirror", mirror)


def _looks(scene: Scene) -> Iterator[Task]:
    of = scene.of
    filtered = {**of, "content_view": "All"}
    rules = {**filtered, "content_view_filter": "No owls"}
    yield Task("see filters", "content_view_filter_info", filtered)
    yield Task("see rule", "content_view_filter_rule_info", {**rules, "name": "owl"})
    yield Task("see organization", "organization_info", {"name": scene.label})
    yield Task(
        "see repository set", "repository_set_info", {**of, "product": "Birds", "name": "Own"}
    )
    yield Task("see subscriptions", "subscription_info", of)
    yield Task("see exports", "content_export_info", of)
    yield Task("see imports", "content_import_info", of)
    yield Task("wait for the sync", "wait_for_task", {"task": scene.sync})


def _refusals(scene: Scene) -> Iterator[Task]:
    of = scene.of
    everything = {**of, "product": "Birds", "name": "Own", "all_repositories": True}
    brought: dict[str, Any] = {**of, "path": "/exports/1", "metadata": {}}
    yield Task("enable what is custom", "repository_set", everything)
    yield Task("export", "content_export_library", of)
    yield Task("import", "content_import_library", brought)
    yield Task(
        "bring a manifest", "subscription_manifest", {**of, "manifest_path": "/etc/hostname"}
    )
    yield Task("see errata", "host_errata_info", {"host": _HOST})
    yield Task("register", "registration_command", {**of, "activation_keys": ["Key"]})
    for module, more in (
        ("organization", {}),
        ("host", {}),
        ("content_view", of),
        ("repository", {**of, "product": "Birds", "content_type": "yum"}),
    ):
        gone = {"name": "never.was.there", "state": "absent", **more}
        yield Task(f"remove {module} that is not there", module, gone)


@pytest.fixture(scope="module")
def scene(server: Server, rpm_store: RpmStore, web: Upstream, aviary: Path) -> Iterator[Scene]:
    if not Path("/usr/lib/python3/dist-packages/rpm").exists():
        needs.missing("rpm's Python", package="python3-rpm python3-requests")
    with server.client() as client, feigned_registry() as registry:
        world = World(client)
        world.environment(_DEV)
        own = world.repository("Own")
        mirror = world.repository(
            "Aviary", url=f"{web.url}{aviary.name}/", download_policy="on_demand"
        )
        synced = world.sync(mirror)
        view = world.view("All", own, mirror)
        world.filter(view, "No owls", {"name": "owl"})
        world.publish(view)
        world.post("host_collections", name="Web", organization_id=world.organization_id)
        remote = Remote(registry)
        remote.offer(_RUNTIME, "runtime/org.example.Platform/x86_64/1")
        (package,) = rpm_store.build(_TERN)
        yield Scene(world, world.organization_label, package, synced["id"], remote.url)


@pytest.fixture(scope="module")
def outcomes(
    server: Server, scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    return play(server, tmp_path_factory.mktemp("ansible"), list(_tasks(scene)))


def _changed(outcomes: dict[str, Outcome], *names: str) -> list[bool | str]:
    """Return whether tasks changed anything, or why they failed."""
    found = [outcomes[name] for name in names]
    return [each.message if each.failed else each.changed for each in found]


def test_versions_are_published_by_number_and_removed_once(outcomes: dict[str, Outcome]) -> None:
    publishing = ("would publish 5.0", "publish 5.0", "publish 5.0 again")
    removing = ("would remove 1.0", "remove 1.0", "remove 1.0 again")

    assert _changed(outcomes, *publishing, *removing) == [True, True, False] * 2
    histories = outcomes["see history"].said["content_view_histories"]
    assert ("5.0", "by hand") in [(each["version"], each["description"]) for each in histories]
    assert "Cannot delete version 5.0" in outcomes["remove what is held"].message


def test_composite_views_keep_a_version_or_follow_the_latest(outcomes: dict[str, Outcome]) -> None:
    names = ("would compose", "compose", "compose again")
    following = ("follow the latest", "follow the latest again")

    assert _changed(outcomes, *names, *following) == [True, True, False, True, False]
    (component,) = outcomes["see view"].said["content_view"]["content_view_components"]
    assert component["latest"]
    assert component["content_view_version"]["version"] == "5.0"


def test_packages_are_uploaded_once(scene: Scene, outcomes: dict[str, Outcome]) -> None:
    assert _changed(outcomes, "would upload", "upload", "upload again") == [True, True, False]

    (own,) = scene.world.list("repositories", name="Own")
    packages = scene.world.list("packages", repository_id=own["id"])
    assert [each["nvra"] for each in packages] == [_TERN.nvra]


def test_keys_carry_overrides_and_hosts_their_facets(outcomes: dict[str, Outcome]) -> None:
    making = ("would make key", "make key", "make key again", "clear override")

    assert _changed(outcomes, "would rename", "rename") == [True, True]
    assert _changed(outcomes, *making) == [True, True, False, True]
    assert _changed(outcomes, "copy key", "copy key again") == [True, False]
    assert _changed(outcomes, "make host", "make host again") == [True, False]
    assert not outcomes["make host"].said.get("warnings")
    assert _changed(outcomes, "give it a key") == [True]
    host = outcomes["see host"].said["host"]
    assert host["content_facet_attributes"]["content_view"]["name"] == "All"
    parameters = {each["name"]: each["value"] for each in host["parameters"]}
    assert parameters == {"seats": 3, "kt_activation_keys": "Key"}


def test_proxies_get_environments_and_flatpaks_are_mirrored(outcomes: dict[str, Outcome]) -> None:
    names = ("make proxy", "make proxy again", "empty proxy")
    assert _changed(outcomes, *names) == [True, False, True]

    mirroring = ("add remote", "scan", "mirror", "mirror again")
    assert _changed(outcomes, *mirroring) == [True, True, True, False]


def test_what_is_there_is_looked_at(scene: Scene, outcomes: dict[str, Outcome]) -> None:
    lists: dict[str, tuple[str, list[str]]] = {
        "see filters": ("content_view_filters", ["No owls"]),
        "see subscriptions": ("subscriptions", []),
        "see exports": ("content_exports", []),
        "see imports": ("content_imports", []),
    }
    things = {
        "see rule": ("content_view_filter_rule", "owl"),
        "see organization": ("organization", scene.label),
        "see repository set": ("repository_set", "Own"),
    }
    looked = [*lists, *things]

    assert {name: outcomes[name].message for name in looked if outcomes[name].failed} == {}
    for name, (key, expected) in lists.items():
        assert [each["name"] for each in outcomes[name].said[key]] == expected, name
    for name, (key, expected) in things.items():
        assert outcomes[name].said[key]["name"] == expected, name
    assert outcomes["wait for the sync"].said["task"]["result"] == "success"


def test_what_cannot_be_done_is_said(outcomes: dict[str, Outcome]) -> None:
    later = ("export", "import", "bring a manifest", "see errata", "register")

    for name in later:
        assert "501" in outcomes[name].message, name
        assert "is not implemented yet, so nothing was done" in outcomes[name].message, name
    assert "is custom content" in outcomes["enable what is custom"].message
    absent = [name for name in outcomes if name.endswith("that is not there")]
    assert _changed(outcomes, *absent) == [False] * 4
