"""Changes of many hosts are whole or not there, whatever dies: in bulk, and when a view leaves."""

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from headgate.services.hosts.view_environments import HOSTS, KEYS, Holders, held_by, label_of
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_overrides,
    distributions,
    host_collection_hosts,
    hosts,
)
from support.control import control
from support.crashes import CrashError, Fuse, FusedDatabase
from support.databases import opened
from support.ledger import require_order
from support.stage import Stage, staged

NAMES = ("web1", "web2", "db1")
_FACET = "content_facet_attributes"
Told = list[tuple[str, str, str]]


class Farm:
    """Hosts and a key that have a view in Dev, and another view that may take its place."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        world = stage.world
        self.stage, self.client = stage, world.client
        self.organization = world.organization_id
        nests = world.repository("nests", content_type="file")
        world.upload(nests, _file(folder))
        self.label = f"{world.organization_label}_Birds_nests"
        self.dev = world.environment("Dev")
        self.library = world.environment("Library")
        self.going, self.staying = world.view("Going", nests), world.view("Staying", nests)
        for view in (self.going, self.staying):
            world.promote(world.publish(view), self.dev)
        owner, given = {"organization_id": self.organization}, self._pair("", self.going)
        facet = {"content_view_id": self.going, "lifecycle_environment_id": self.dev}
        self.hosts = [
            self._send("POST", "/api/hosts", host={**owner, "name": name, _FACET: facet})["id"]
            for name in NAMES
        ]
        self._send("POST", "/katello/api/activation_keys", name="key", **owner, **given)

    def operations(self) -> Iterator[dict[str, Any]]:
        """Ask for one task after the other; yield each as it was asked for."""
        some = {"included": {"ids": self.hosts[:2]}, "organization_id": self.organization}
        every = {"included": {"search": ""}, "organization_id": self.organization}
        bulk = "/api/hosts/bulk"
        yield self._send("PUT", f"{bulk}/release_version", **every, release_version="9.4")
        yield self._send("PUT", f"{bulk}/system_purpose", **some, purpose_addons=["ELS"])
        enabled = [{"content_label": self.label, "value": False}]
        yield self._send("PUT", f"{bulk}/content_overrides", **every, content_overrides=enabled)
        yield self._send(
            "PUT", f"{bulk}/assign_content_view_environments", **some, content_view_environments=[]
        )
        yield self._send(
            "PUT", f"{bulk}/environment_content_view", **some, **self._pair("", self.going)
        )
        removal = f"/katello/api/content_views/{self.going}/remove"
        yield self._send("PUT", removal, environment_ids=[self.dev], **self._replacements())
        there = {"environment_id": self.library, "content_view_id": self.going}
        yield self._send("PUT", f"{bulk}/environment_content_view", **every, **there)
        yield self._send("PUT", removal, destroy_content_view=True, **self._replacements())
        yield self._send("PUT", f"{bulk}/destroy", **some)

    def requests(self) -> Iterator[tuple[str, str, dict[str, Any], Told]]:
        """Yield what is changed before the answer is sent: how to ask for it, what the log says."""
        bulk = "/api/hosts/bulk"
        owner = {"organization_id": self.organization}
        some = {"included": {"ids": self.hosts[:2]}, **owner}
        made = self._send("POST", "/katello/api/host_collections", name="Some", **owner)
        collections = {"host_collection_ids": [made["id"]]}
        collected = [("host_collection", "Some", "update")]
        yield "PUT", f"{bulk}/add_host_collections", {**some, **collections}, collected
        (proxy,) = self.client.get("/api/smart_proxies").json()["results"]
        source = {"content_source_id": proxy["id"], **self._pair("", self.staying)}
        every = [("host", name, "update") for name in NAMES]
        yield "PUT", f"{bulk}/change_content_source", {"host_ids": self.hosts, **source}, every
        yield "PUT", f"{bulk}/remove_host_collections", {**some, **collections}, collected
        yield "DELETE", bulk, some, [("host", name, "destroy") for name in NAMES[:2]]

    def state(self) -> Any:
        """Return what hosts and the key have, and which content view environments there are."""
        own = content_overrides.c
        with self.stage.database.read() as tx:
            overrides = tx.execute(
                select(hosts.c.name, own.name, own.value)
                .join(hosts, hosts.c.id == own.host_id)
                .order_by(hosts.c.name)
            )
            found = select(hosts.c.name, hosts.c.release_version, hosts.c.purpose_addons)
            places = tx.scalars(select(distributions.c.base_path))
            return (
                tx.execute(found.order_by(hosts.c.name)).all(),
                [_contents(tx, each) for each in (HOSTS, KEYS)],
                sorted(each.partition("/")[2] for each in places),
                overrides.all(),
                tx.execute(select(host_collection_hosts).order_by("host_id")).all(),
            )

    def audits(self, task: dict[str, Any] | None = None) -> Told:
        """Return what the log says of the task, or of requests; organizations differ in name."""
        ours = self.stage.world.organization_label
        listed = self.client.get("/api/audits", params={"per_page": "all"}).json()["results"]
        wanted = [each for each in listed if each["task_id"] == (task and task["id"])]
        return sorted(
            (
                each["auditable_type"],
                str(each["auditable_name"]).replace(ours, "Org"),
                each["action"],
            )
            for each in wanted
        )

    def _replacements(self) -> dict[str, int]:
        return self._pair("system_", self.staying) | self._pair("key_", self.staying)

    def _pair(self, whose: str, view: int) -> dict[str, int]:
        return {f"{whose}content_view_id": view, f"{whose}environment_id": self.dev}

    def _send(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = self.client.request(method, path, json=body)
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json()
        return made


def _contents(tx: Transaction, holders: Holders) -> list[list[str]]:
    """Return the labels that each host, or key, has."""
    ids = tx.scalars(select(holders.things.c.id).order_by(holders.things.c.name)).all()
    held = held_by(tx, holders, ids)
    return [[label_of(row) for row in held.get(each, [])] for each in ids]


def _file(folder: Path) -> Path:
    path = folder / "chick"
    path.write_bytes(b"cheep")
    return path


@contextmanager
def farming(url: str, root: Path) -> Generator[Farm]:
    root.mkdir()
    database = opened(url)
    try:
        with staged(database, root / "home") as stage:
            yield Farm(stage, root)
            stage.crash_at = 0
            stage.repair()
            stage.collect()
            require_order(database, stage.root)
    finally:
        database.close()


def test_a_crash_at_any_moment_leaves_hosts_and_log_as_before_or_as_after(
    fresh_databases: Iterator[str], database_kind: str, tmp_path: Path
) -> None:
    with farming(next(fresh_databases), tmp_path / "undisturbed") as farm:
        farm.stage.moments.clear()
        expected = [
            (farm.stage.world.done(task), farm.state(), farm.audits(task))[1:]
            for task in farm.operations()
        ]
        moments = max(farm.stage.moments)

    assert all(told for _, told in expected)
    assert expected[-1][0] == (
        [("db1", "9.4", [])],
        [[["Dev/Staying"]], [["Dev/Staying"]]],
        ["Dev/Staying", "Library", "Library/Staying"],
        [("db1", "enabled", "0")],
        [],
    )
    step = 1 if database_kind == "sqlite" else 2  # before or after a commit
    for crash_at in range(1, moments + 1, step):
        with farming(next(fresh_databases), tmp_path / str(crash_at)) as farm:
            stage, before = farm.stage, farm.state()
            for task, (after, told) in zip(farm.operations(), expected, strict=True):
                stage.crash_at = crash_at
                stage.abandon()

                left = (farm.state(), farm.audits(task))
                assert left in ((before, []), (after, told)), crash_at
                stage.world.done(task)
                assert (farm.state(), farm.audits(task)) == (after, told), crash_at
                before = after
            assert stage.crashes == len(expected)


def test_a_server_that_dies_in_a_request_has_changed_all_of_the_hosts_or_none(
    fresh_databases: Iterator[str], tmp_path: Path
) -> None:
    with farming(next(fresh_databases), tmp_path / "farm") as farm:
        url = farm.stage.database.url.render_as_string(hide_password=False)
        fuse = Fuse()
        dying = FusedDatabase(url, fuse)
        client = control(dying).client(mortal=True)
        for method, path, body, logged in farm.requests():
            before, told = farm.state(), farm.audits()
            crash_at = 0
            while farm.state() == before:
                assert farm.audits() == told
                crash_at += 1
                fuse.set(crash_at)
                with pytest.raises(CrashError):
                    client.request(method, path, json=body)
            assert Counter(farm.audits()) - Counter(told) == Counter(logged), path
            fuse.set(0)

            after = farm.state()
            again = client.request(method, path, json=body)

            assert again.is_success or method == "DELETE", again.text
            assert farm.state() == after
        dying.close()
