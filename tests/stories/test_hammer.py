"""What hammer asks of a server, in the order in which its commands ask it (katello.md 2.5, 3.5)."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from support.hammer import Hammer
from support.server import Server

_numbers = count(1)


@pytest.fixture
def hammer(server: Server) -> Iterator[Hammer]:
    """Hammer with the password of admin, its cache of the apidoc empty."""
    with server.client() as client, server.stranger() as stranger:
        yield Hammer(client, stranger)


@pytest.fixture
def organization(hammer: Hammer) -> int:
    """`hammer organization create --name ...`."""
    name = f"Hammered {next(_numbers)}"
    made = hammer.call("organizations", "create", name=name, description="of a test")
    found = hammer.id_of("organizations", name)
    assert found == made["id"]
    return found


def test_content_goes_from_upstream_to_an_environment(
    hammer: Hammer, organization: int, aviary: Path
) -> None:
    mine = {"organization_id": organization}

    # hammer lifecycle-environment create --name Dev --prior Library; ... paths; ... list
    library = hammer.id_of("lifecycle_environments", "Library", **mine)
    hammer.call("lifecycle_environments", "create", name="Dev", prior_id=library, **mine)
    dev = hammer.id_of("lifecycle_environments", "Dev", **mine)
    paths = hammer.call("lifecycle_environments", "paths", **mine)["results"]
    assert [[each["name"] for each in path["environments"]] for path in paths] == [
        ["Library", "Dev"]
    ]
    shown = hammer.call("lifecycle_environments", "show", id=dev)
    assert shown["prior"]["name"] == "Library"

    # hammer product create; hammer repository create; ... synchronize; ... list
    hammer.call("products", "create", name="Birds", **mine)
    product = hammer.id_of("products", "Birds", **mine)
    hammer.call(
        *("repositories", "create"),
        product_id=product,
        name="aviary",
        content_type="yum",
        url=f"file://{aviary}",
    )
    repository = hammer.id_of("repositories", "aviary", product_id=product)
    synced = hammer.done(hammer.call("repositories", "sync", id=repository))
    assert dict(synced["humanized"]["input"])["repository"]["text"] == "repository 'aviary'"
    listed = hammer.listed("repositories", **mine)
    assert [(each["name"], each["content_type"]) for each in listed] == [("aviary", "yum")]
    assert listed[0]["last_sync"]["result"] == "success"
    counts = hammer.call("repositories", "show", id=repository)["content_counts"]
    packages = hammer.listed("packages", repository_id=repository)
    assert len(packages) == counts["rpm"] > 0

    # hammer content-view create; ... add-repository; ... publish; ... version promote
    hammer.call("content_views", "create", name="Base", **mine)
    view = hammer.id_of("content_views", "Base", **mine)
    held = hammer.call("content_views", "show", id=view)["repositories"]
    wanted = [*(each["id"] for each in held), repository]
    hammer.call("content_views", "update", id=view, repository_ids=wanted)
    published = hammer.done(hammer.call("content_views", "publish", id=view, description="first"))
    made = published["output"]["content_view_version_id"]
    [version] = hammer.call("content_view_versions", "index", content_view_id=view, version="1.0")[
        "results"
    ]
    assert version["id"] == made
    promoted = hammer.call(
        *("content_view_versions", "promote"), id=made, environment_ids=[dev], force=False
    )
    hammer.done(promoted)
    shown = hammer.call("content_view_versions", "show", id=made)
    assert [each["name"] for each in shown["environments"]] == ["Library", "Dev"]
    narrowed = hammer.listed("packages", content_view_version_id=made)
    assert {each["nvra"] for each in narrowed} == {each["nvra"] for each in packages}
    [heron] = hammer.call("packages", "index", search='nvra = "heron-2.0-1.noarch"', **mine)[
        "results"
    ]
    assert hammer.call("packages", "show", id=heron["id"])["name"] == "heron"

    # hammer content-view filter create; ... filter rule create; hammer content-view publish
    of_view = {"content_view_id": view}
    hammer.call(
        *("content_view_filters", "create"), name="old", type="rpm", inclusion=False, **of_view
    )
    found = hammer.id_of("content_view_filters", "old", **of_view)
    hammer.call(
        *("content_view_filter_rules", "create"), content_view_filter_id=found, name="heron"
    )
    again = hammer.done(hammer.call("content_views", "publish", id=view))
    second = again["output"]["content_view_version_id"]
    left = hammer.listed("packages", content_view_version_id=second)
    assert "heron" not in {each["name"] for each in left}

    # hammer content-view remove-version --content-view-version 2.0, refused, then as it may be
    refused = hammer.ask("content_view_versions", "destroy", id=second)
    assert refused.status_code in (400, 409, 422)
    assert refused.json()["displayMessage"]
    removed = hammer.call(
        *("content_views", "remove"),
        id=view,
        environment_ids=[library],
        content_view_version_ids=[second],
    )
    hammer.done(removed)


def test_files_are_uploaded_in_chunks(hammer: Hammer, organization: int) -> None:
    product = hammer.call("products", "create", name="Files", organization_id=organization)
    hammer.call(
        *("repositories", "create"), product_id=product["id"], name="eggs", content_type="file"
    )
    repository = hammer.id_of("repositories", "eggs", product_id=product["id"])

    task = hammer.upload(repository, "egg.bin", bytes(range(128)) * 30_000)

    assert task["output"]["upload_results"][0]["type"] == "file"
    assert [each["name"] for each in hammer.listed("file_units", repository_id=repository)] == [
        "egg.bin"
    ]
    ids = [each["id"] for each in hammer.listed("file_units", repository_id=repository)]
    taken = hammer.call("repositories", "remove_content", id=repository, ids=ids)
    hammer.done(taken)
    assert hammer.listed("file_units", repository_id=repository) == []


def test_tasks_plans_credentials_and_users(
    hammer: Hammer, server: Server, organization: int
) -> None:
    mine = {"organization_id": organization}

    # hammer sync-plan create; hammer product set-sync-plan; hammer recurring-logic list
    hammer.call(
        *("sync_plans", "create"),
        name="Nightly",
        interval="daily",
        sync_date="2030-01-01 02:00:00 UTC",
        enabled=True,
        **mine,
    )
    plan = hammer.id_of("sync_plans", "Nightly", **mine)
    product = hammer.call("products", "create", name="P", **mine)["id"]
    hammer.call("products", "update", id=product, sync_plan_id=plan)
    assert hammer.call("products", "show", id=product)["sync_plan"]["name"] == "Nightly"
    logic = hammer.call("sync_plans", "show", id=plan, **mine)["foreman_tasks_recurring_logic_id"]
    assert logic in {each["id"] for each in hammer.listed("recurring_logics")}

    # hammer content-credentials create --content-type cert --path ...
    hammer.call(
        *("content_credentials", "create"),
        name="CA",
        content_type="cert",
        content=server.ca.read_text(),
        **mine,
    )
    assert hammer.id_of("content_credentials", "CA", **mine)

    # hammer user create; ... update; ... access-token create; ... delete
    login = f"hammered{organization}"
    hammer.call("users", "create", login=login, password="long enough", mail="h@example.test")  # noqa: S106 - of a test
    user = hammer.id_of("users", login)
    hammer.call("users", "update", id=user, firstname="Ham", organization_ids=[organization])
    assert hammer.call("users", "show", id=user)["firstname"] == "Ham"
    token = hammer.call("personal_access_tokens", "create", user_id=user, name="cron")
    assert token["token_value"]
    hammer.call("personal_access_tokens", "destroy", user_id=user, id=token["id"])
    hammer.call("users", "destroy", id=user)
    gone = hammer.ask("users", "show", id=user)
    assert (gone.status_code, gone.json()["error"]["message"] != "") == (404, True)

    # hammer repository-set list; hammer subscription list; hammer location list; hammer ping
    assert hammer.listed("subscriptions", **mine) == []
    assert hammer.listed("locations")
    assert hammer.call("ping", "index")["status"] == "ok"
    assert hammer.call("home", "status")["version"]

    # hammer product delete; hammer task list --search ...; hammer task info
    task = hammer.call("products", "destroy", id=product)
    hammer.done(task)
    search = f"id = {task['id']} and result = success"
    [found] = hammer.listed("foreman_tasks", search=search)
    assert found["label"] == "Actions::Katello::Product::Destroy"
    named = f"label = {found['label']} and action ~ product and state = stopped"
    assert task["id"] in {each["id"] for each in hammer.listed("foreman_tasks", search=named)}

    # hammer organization update; ... info; ... delete
    hammer.call("organizations", "update", id=organization, description="changed")
    assert hammer.call("organizations", "show", id=organization)["description"] == "changed"
    hammer.done(hammer.call("organizations", "destroy", id=organization))


def test_hosts_keys_collections_and_roles(hammer: Hammer, organization: int) -> None:
    mine = {"organization_id": organization}
    library = hammer.id_of("lifecycle_environments", "Library", **mine)

    # hammer host-collection create; hammer activation-key create; ... add-host-collection
    hammer.call("host_collections", "create", name="Few", max_hosts=5, **mine)
    few = hammer.id_of("host_collections", "Few", **mine)
    hammer.call("activation_keys", "create", name="key", unlimited_hosts=True, **mine)
    key = hammer.id_of("activation_keys", "key", **mine)
    hammer.call("activation_keys", "add_host_collections", id=key, host_collection_ids=[few])
    shown = hammer.call("activation_keys", "show", id=key)
    assert [each["name"] for each in shown["host_collections"]] == ["Few"]
    view = hammer.listed("content_views", **mine)[0]["id"]
    hammer.call(
        *("activation_keys", "update"), id=key, content_view_id=view, environment_id=library
    )
    assert hammer.call("activation_keys", "show", id=key)["environment"]["name"] == "Library"

    # hammer host list; hammer host-collection add-host; hammer host info --name ...
    name = f"hammered{organization}.example.test"
    host = hammer.call("hosts", "create", name=name, comment="of a test", **mine)
    listed = hammer.listed("hosts", search=f'name = "{name}"', **mine)
    assert [each["id"] for each in listed] == [host["id"]]
    thin = hammer.call("hosts", "index", search=f'name = "{name}"', thin=True)["results"]
    assert thin == [{"id": host["id"], "name": name}]
    hammer.call("host_collections", "add_hosts", id=few, host_ids=[host["id"]])
    assert hammer.call("host_collections", "show", id=few)["total_hosts"] == 1
    assert hammer.call("hosts", "show", id=name)["comment"] == "of a test"

    # hammer role create; hammer filter create --search ...; hammer settings list
    hammer.call("roles", "create", name=f"Hammered {organization}")
    role = hammer.id_of("roles", f"Hammered {organization}")
    found = hammer.call("permissions", "index", search="name = view_products")["results"]
    hammer.call(
        *("filters", "create"),
        role_id=role,
        permission_ids=[each["id"] for each in found],
        search="name ~ base",
    )
    [made] = hammer.listed("filters", search=f"role_id = {role}")
    assert (made["search"], made["resource_type"]) == ("name ~ base", "Katello::Product")
    assert hammer.listed("settings", search="name ~ token")
    hammer.call("roles", "destroy", id=role)


def test_lists_come_whole_however_long_they_are(hammer: Hammer, organization: int) -> None:
    mine = {"organization_id": organization}
    names = {f"Product {number}" for number in range(25)}
    for name in names:
        hammer.call("products", "create", name=name, **mine)

    assert {each["name"] for each in hammer.listed("products", **mine)} == names
    first = hammer.call("products", "index", **mine, order="name DESC")
    assert (first["per_page"], len(first["results"])) == (20, 20)
    assert first["sort"] == {"by": "name", "order": "desc"}
    some = hammer.listed("products", **mine, search='name ~ "Product 1" or name = "Product 2"')
    assert len(some) == 12
    unread = hammer.call("products", "index", **mine, search="nest = 1")
    assert "nest" in unread["error"]
    refused = hammer.ask("users", "index", search="nest = 1")
    assert refused.status_code == 400
    assert "nest" in refused.json()["error"]["message"]
