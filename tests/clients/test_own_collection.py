"""The collection headgate.content: what Headgate has and theforeman.foreman has no module for."""

from pathlib import Path
from typing import Any

from support.ansible import Outcome, Task, play
from support.rpms import Rpm, RpmStore
from support.server import Server
from support.world import World

REED, ROOK = Rpm("reed"), Rpm("rook")


def test_the_modules_change_once_and_then_nothing(
    world: World, server: Server, rpm_store: RpmStore, tmp_path: Path
) -> None:
    pool = world.repository("pool")
    world.upload(pool, *rpm_store.build(REED))
    view = world.view("Base", pool)
    of = {"organization": world.organization_label}
    in_view = {**of, "content_view": "Base"}
    policy = {"package_signature_policy": "warn", "snapshot_days": 3, "signing_key": "Own"}
    repository = {**of, "product": "Birds", "repository": "pool"}
    upstream = {"url": "https://registry.example.com", "docker_upstream_name": "nests/robin"}
    world.repository("robin", content_type="docker", **upstream)
    images = {**of, "product": "Birds", "repository": "robin"}
    few: dict[str, Any] = {
        "tag_limit_count": 3,
        "upstream_authentication_hosts": ["auth.example.com"],
    }
    none: dict[str, Any] = {"tag_limit_count": 0, "upstream_authentication_hosts": []}
    things: dict[str, dict[str, Any]] = {
        "organization_quota": {**of, "soft_bytes": 10**11, "hard_bytes": 10**12},
        "content_view_retention": {**in_view, "keep_versions": 7},
        "signing_key": {**of, "name": "Own"},
        "repository_policy": {**repository, **policy},
        "environment_registry": {
            **of,
            "environment": "Library",
            "registry_name_pattern": "<%= organization.label %>/<%= repository.label %>",
            "registry_unauthenticated_pull": True,
        },
        "content_view_publish": in_view,
    }
    tasks = [
        Task(f"{step} {module}", module, arguments, step == "try", "headgate.content")
        for module, arguments in things.items()
        for step in ("try", "make", "again")
    ]
    asked = {**in_view, "version": "1.0", "package": "reed"}
    tasks += [
        Task("explain", "content_view_explanation_info", asked, collection="headgate.content"),
        Task(
            "forget",
            "repository_policy",
            {**repository, "signing_key": ""},
            collection="headgate.content",
        ),
        Task(
            "remove",
            "signing_key",
            {**of, "name": "Own", "state": "absent"},
            collection="headgate.content",
        ),
        Task(
            "remove again",
            "signing_key",
            {**of, "name": "Own", "state": "absent"},
            collection="headgate.content",
        ),
        *(
            Task(name, "repository_policy", {**images, **limits}, collection="headgate.content")
            for name, limits in (("limit", few), ("limit again", few), ("unlimit", none))
        ),
        Task("unlimit again", "repository_policy", {**images, **none}, True, "headgate.content"),
        Task(
            "source",
            "alternate_content_source",
            {**of, "name": "nearby", "base_url": "https://mirror.example.org/"},
            collection="headgate.content",
        ),
        Task(
            "lost",
            "content_view_publish",
            {**of, "content_view": 'no "such"'},
            collection="headgate.content",
        ),
    ]

    outcomes = play(server, tmp_path, tasks)

    for module in things:
        steps = [outcomes[f"{step} {module}"] for step in ("try", "make", "again")]
        assert [said(each) for each in steps] == [True, True, False], module
    assert world.show("content_views", view)["version_count"] == 1
    assert outcomes["make content_view_publish"].said["version"]["version"] == "1.0"
    assert REED.nevra in str(outcomes["explain"].said["explanation"])
    assert [said(outcomes[step]) for step in ("forget", "remove", "remove again")] == [
        True,
        True,
        False,
    ]
    limiting = ("limit", "limit again", "unlimit", "unlimit again")
    assert [said(outcomes[step]) for step in limiting] == [True, False, True, False]
    library = world.show("environments", world.environment("Library"))
    assert library["registry_unauthenticated_pull"]
    shown = world.show("repositories", pool)
    assert (shown["snapshot_days"], shown["signing_key_id"]) == (3, None)
    assert outcomes["source"].failed
    assert "501" in outcomes["source"].message
    assert outcomes["lost"].failed
    assert 'with name no "such"' in outcomes["lost"].message


def said(outcome: Outcome) -> bool | str:
    """Return whether a task changed anything, or why it failed."""
    return outcome.message if outcome.failed else outcome.changed
