"""Every path of every action, asked by everybody: nobody, another organization, a viewer, ...

Made from the declarations. What is changed is undone at once, so every request finds the same.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event
from starlette.testclient import TestClient

from headgate.apis.actions import Action
from headgate.apis.actions.params import parameters_of
from headgate.apis.katello import RESOURCES
from headgate.services.accounts.permissions import PERMISSIONS
from headgate.stores.db import Database
from support.control import HASH, control, give
from support.rights import Rights
from support.tenants import tenant
from support.walk import ask, places, values_of

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])
on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"])

# Completions are asked for as their lists are.
ACTIONS = [
    action
    for resource in RESOURCES
    for action in resource.actions
    if not action.public and action.name != "auto_complete_search"
]
WRITES = [action for action in ACTIONS if action.method != "GET"]

# What a viewer may send though it is no GET: it changes nothing, or the own session.
READS = {
    "sessions#destroy",
    "foreman_tasks#bulk_search",
    "content_views#preview_dependencies",
    "content_views#check_dependencies",
}
# Each thing is judged by itself, in what is answered.
BULK = {
    "products_bulk_actions",
    "repositories_bulk_actions",
}
# Parameters are looked at before it is clear what the permission is about.
LATER = {
    "content_views#remove",
    "activation_keys#content_override",
    "hosts_bulk_actions#add_subscriptions",
    "hosts_bulk_actions#remove_subscriptions",
}
# What a viewer may not read.
CLOSED = {
    "space#show",
    "content_exports#index",
    "content_imports#index",
    "content_view_versions#deletion",
    "personal_access_tokens#index",
    "capsule_content#available_lifecycle_environments",
    "registration#global",
}
# What is not of one organization, or is somebody else's own.
BEYOND_ORGANIZATIONS = {
    "audits#prune",
    "organizations#create",
    "organizations#destroy",
    "organizations#set_quota",
    "organizations#update",  # with the smart proxies that it is given here
    "personal_access_tokens#create",
    "personal_access_tokens#index",
    "settings#update",
    "smart_proxies#create",
    "smart_proxies#destroy",
    "smart_proxies#refresh",
    "smart_proxies#update",
    "space#show",
}
# Things with permissions of their own to make and to delete them.
WHOLE = {
    "organizations",
    "products",
    "repositories",
    "content_views",
    "lifecycle_environments",
    "content_credentials",
    "sync_plans",
    "flatpak_remotes",
    "activation_keys",
    "host_collections",
    "hosts",
    "users",
    "usergroups",
    "roles",
    "filters",
    "http_proxies",
    "locations",
    "smart_proxies",
}
# Rows of the tenant stand for content that nobody measured.
UNMEASURED = {
    "organizations#space",
    "repositories#deletion",
    "repositories#space",
    "repositories#upload_content",
    "space#show",
}


class Everybody:
    """A tenant, who asks in it, and what was answered otherwise than it should be."""

    def __init__(self, database: Database) -> None:
        served = control(database)
        with served.database.begin() as tx:
            self.ours = tenant(tx, "ours", password_hash=HASH)
            theirs = tenant(tx, "theirs", password_hash=HASH)
            give(tx, theirs.user_id, PERMISSIONS)
        member = [self.ours.organization_id]
        changing = [each for each in PERMISSIONS if each.startswith(("view_", "edit_"))]
        self.anonymous = served.anonymous()
        self.other = served.client("theirs")
        self.admin = served.client()
        self.editor = served.user("editor", organizations=member, permissions=changing)
        self.viewer = served.user("viewer", organizations=member)
        self.manager = served.user("manager", organizations=member)
        rights = Rights(self.admin)
        for client, role in ((self.viewer, "Viewer"), (self.manager, "Organization admin")):
            found = self.admin.get("/api/roles", params={"name": role}).json()["results"]
            rights.give(client.get("/api/current_user").json()["id"], found[0]["id"])
        for client in (self.other, self.editor):
            client.get("/api/current_user")  # argon2 once; then it is remembered
        self.most_paths: int | None = None
        self.wrong: list[str] = []

    def statuses(self, who: str, action: Action) -> dict[str, int]:
        """Ask each path as declared, with the tenant's own ids."""
        client: TestClient = getattr(self, who)
        return {
            path: ask(client, action, path, self._values(action, path)).status_code
            for path in action.paths[: self.most_paths]
        }

    def _values(self, action: Action, path: str) -> dict[str, Any]:
        """Return all ids that may be sent to the first path; to others what must be sent there."""
        values = values_of(action, self.ours)
        if path == action.paths[0]:
            return values
        needed = {
            each.name
            for each in parameters_of(action.params)
            if each.required or any(f"{{{name}}}" in path for name in each.names)
        }
        return {key: value for key, value in values.items() if key in needed}

    def expect(self, who: str, action: Action, *, refused: bool) -> None:
        """Ask, and note an answer that refuses what it should not, or the other way round."""
        for path, status in self.statuses(who, action).items():
            broken = status >= 500 and status != 501 and name(action) not in UNMEASURED
            if broken or (status == 403) != refused:
                self.wrong.append(f"{who}: {name(action)} {path} {status}")

    def expect_nothing_of_ours(self, action: Action) -> None:
        """Let another organization ask every path that names something."""
        names = {place.keys[0] for place in places(action, action.params)}
        for path, status in self.statuses("other", action).items():
            if names & self._values(action, path).keys() and status not in (403, 404):
                self.wrong.append(f"other: {name(action)} {path} {status}")

    def expect_one_of(self, who: str, action: Action, *expected: int) -> list[int]:
        """Ask, note any other answer, and return the statuses."""
        found = self.statuses(who, action)
        for path, status in found.items():
            if status not in expected:
                self.wrong.append(f"{who}: {name(action)} {path} {status}")
        return list(found.values())


def name(action: Action) -> str:
    return f"{action.resource}#{action.name}"


@pytest.fixture
def everybody(database: Database) -> Iterator[Everybody]:
    """From here on nothing that is committed lasts."""

    def undo(connection: Connection) -> None:
        connection.connection.rollback()

    made = Everybody(database)
    event.listen(database.engine, "commit", undo)
    yield made
    event.remove(database.engine, "commit", undo)


@on_sqlite
def test_strangers_reach_nothing_and_managers_everything_of_their_own(everybody: Everybody) -> None:
    for action in ACTIONS:
        everybody.expect_one_of("anonymous", action, 401)
        everybody.expect_nothing_of_ours(action)
        everybody.expect("manager", action, refused=name(action) in BEYOND_ORGANIZATIONS)

    assert not everybody.wrong, "\n".join(everybody.wrong)


@on_sqlite
def test_viewers_see_and_change_nothing(everybody: Everybody) -> None:
    refused = 0
    for action in ACTIONS:
        if action.method == "GET" or (action.permission or "").startswith("view_"):
            everybody.expect("viewer", action, refused=name(action) in CLOSED)
        elif name(action) not in READS | LATER and action.resource not in BULK:
            refused += everybody.expect_one_of("viewer", action, 403, 404).count(403)

    assert refused > len(WRITES) * 0.75  # the others find nothing to refuse
    assert not everybody.wrong, "\n".join(everybody.wrong)


@on_sqlite
def test_editors_make_and_delete_nothing_and_administrators_all(everybody: Everybody) -> None:
    for action in WRITES:
        everybody.expect("admin", action, refused=False)
        if action.resource in WHOLE and action.name in ("create", "destroy"):
            everybody.expect("editor", action, refused=True)

    assert not everybody.wrong, "\n".join(everybody.wrong)


@on_postgresql
def test_postgresql_hides_the_same_from_strangers_and_shows_it_to_viewers(
    everybody: Everybody,
) -> None:
    everybody.most_paths = 1
    for action in ACTIONS:
        if action.name in ("index", "show"):
            everybody.expect("viewer", action, refused=name(action) in CLOSED)
            everybody.expect_nothing_of_ours(action)

    assert not everybody.wrong, "\n".join(everybody.wrong)
