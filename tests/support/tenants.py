"""An organization with one thing of every kind, written straight into the tables."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from pyroaring import BitMap
from sqlalchemy import Table, insert, update

from headgate.content.file.tables import file_units
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    activation_keys,
    audits,
    bookmarks,
    content_credentials,
    content_set_members,
    content_sets,
    content_uploads,
    content_view_components,
    content_view_filter_rules,
    content_view_filters,
    content_view_versions,
    content_views,
    distributions,
    external_usergroups,
    flatpak_remote_repositories,
    flatpak_remotes,
    host_collections,
    hosts,
    http_proxies,
    http_proxy_organizations,
    lifecycle_environments,
    location_organizations,
    locations,
    organizations,
    personal_access_tokens,
    products,
    publications,
    recurring_logics,
    repositories,
    repository_versions,
    role_filters,
    role_organizations,
    roles,
    signing_keys,
    smart_proxies,
    smart_proxy_organizations,
    sync_plans,
    tasks,
    user_organizations,
    usergroup_users,
    usergroups,
    users,
)

_NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
_numbers = count(1)


@dataclass(slots=True)
class Tenant:
    """An organization and the ids of its things by table."""

    name: str
    ids: dict[Table, Any] = field(default_factory=dict[Table, Any])

    @property
    def organization_id(self) -> int:
        """Its own id."""
        return int(self.ids[organizations])

    @property
    def user_id(self) -> int:
        """Its one member."""
        return int(self.ids[users])

    @property
    def unit_id(self) -> int:
        """The id of a unit of every type that its repository alone holds (a row: the file's)."""
        return self.organization_id + 1000

    def add(self, tx: Transaction, table: Table, **values: Any) -> int:
        """Insert a row with whatever times the table wants; return its id."""
        stamps = {each: _NOW for each in ("created_at", "updated_at") if each in table.c}
        row = insert_row(tx, table, stamps | values)
        self.ids.setdefault(table, row)
        return row

    def another_repository(self, tx: Transaction) -> int:
        """Add a repository and return its id."""
        number = next(_numbers)
        return self.add(
            tx,
            repositories,
            product_id=self.ids[products],
            organization_id=self.organization_id,
            name=f"repository {number}",
            label=f"repository_{number}",
            content_type="yum",
            relative_path=f"custom/{self.name}/repository_{number}",
            content_id=str(number),
            download_policy="immediate",
            mirroring_policy="additive",
        )


def tenant(tx: Transaction, name: str, *, password_hash: str | None = None) -> Tenant:
    """Make an organization with one of everything, a member included."""
    made = Tenant(name)
    organization_id = made.add(tx, organizations, name=name, label=name)
    owned = {"organization_id": organization_id, "name": name, "label": name}
    made.add(
        tx, lifecycle_environments, **owned | {"name": "Library", "label": "Library"}, library=True
    )
    made.add(
        tx,
        content_credentials,
        organization_id=organization_id,
        name=name,
        content_type="cert",
        content=b"sealed",
    )
    made.add(
        tx,
        signing_keys,
        organization_id=organization_id,
        name=name,
        fingerprint="0" * 40,
        secret=b"sealed",
        public="",
    )
    made.add(tx, products, **owned, cp_id=f"{next(_numbers):012}")
    made.another_repository(tx)
    _add_plan(tx, made)
    url = "https://flatpaks.example.org"
    remote_id = made.add(tx, flatpak_remotes, organization_id=organization_id, name=name, url=url)
    made.add(tx, flatpak_remote_repositories, flatpak_remote_id=remote_id, name=name, label=name)
    made.add(tx, content_views, **owned)
    tx.execute(
        insert(content_views).values(
            **owned | {"name": "Default Organization View", "label": "default"},
            default=True,
            created_at=_NOW,
            updated_at=_NOW,
        )
    )
    _add_versions(tx, made)
    _add_hosts(tx, made)
    _add_people(tx, made, password_hash)
    change: dict[str, Any] = {
        "action": "create",
        "auditable_type": "product",
        "auditable_id": 1,
        "changes": {},
    }
    made.add(tx, audits, **change, way="api", organization_id=organization_id)
    return made


def _add_hosts(tx: Transaction, made: Tenant) -> None:
    owned = {"organization_id": made.organization_id, "name": made.name}
    purpose: dict[str, Any] = {"purpose_addons": []}
    made.add(tx, activation_keys, **owned, **purpose)
    made.add(tx, host_collections, **owned)
    made.add(tx, hosts, **owned, **purpose, hypervisor_guest_uuids=[])


def _add_plan(tx: Transaction, made: Tenant) -> None:
    owner = {"organization_id": made.organization_id}
    timing = {"cron_line": "0 0 * * *", "every_seconds": 86_400, "starts_at": _NOW}
    task: dict[str, Any] = {
        "workflow": "trial",
        "label": "Actions::Katello::Trial",
        "action": "Try",
        "input": {},
    }
    logic_id = made.add(tx, recurring_logics, **owner, **timing, **task, state="disabled")
    plan = {"name": made.name, "interval": "daily", "sync_date": _NOW}
    made.add(tx, sync_plans, **owner, **plan, recurring_logic_id=logic_id)


def _add_versions(tx: Transaction, made: Tenant) -> None:
    view_id, repository_id = made.ids[content_views], made.ids[repositories]
    digest = uuid4().bytes * 2
    set_id = made.add(tx, content_sets, digest=digest, counts={"rpm": 1})
    unit = BitMap([made.unit_id])
    for unit_type in ("rpm", "srpm", "erratum", "package_group", "module_stream", "file"):
        tx.execute(
            insert(content_set_members).values(
                content_set_id=set_id, content_type=unit_type, units=unit.serialize()
            )
        )
    publication_id = made.add(tx, publications, content_set_id=set_id, options=made.name)
    repository_version_id = made.add(
        tx,
        repository_versions,
        repository_id=repository_id,
        number=1,
        cause="sync",
        content_set_id=set_id,
        publication_id=publication_id,
    )
    tx.execute(
        update(repositories)
        .where(repositories.c.id == repository_id)
        .values(latest_version_id=repository_version_id)
    )
    path = f"{made.name}.txt"
    file = {"digest": digest, "path": path, "checksum": digest, "size": 1}
    tx.execute(insert(file_units).values(id=made.unit_id, **file))
    version_id = made.add(
        tx,
        content_view_versions,
        content_view_id=view_id,
        major=1,
        minor=0,
        filters=[],
        inputs_digest=digest.hex(),
    )
    made.add(tx, content_view_components, composite_id=view_id, content_view_id=view_id)
    made.add(
        tx,
        distributions,
        base_path=f"{made.name}/Library/{made.name}",
        organization_id=made.organization_id,
        content_view_id=view_id,
        environment_id=made.ids[lifecycle_environments],
        version_id=version_id,
    )
    filter_id = made.add(
        tx, content_view_filters, content_view_id=view_id, name="filter", type="rpm"
    )
    made.add(tx, content_view_filter_rules, filter_id=filter_id, name="reed")


def _add_people(tx: Transaction, made: Tenant, password_hash: str | None) -> None:
    user_id = made.add(tx, users, login=made.name, password_hash=password_hash)
    tx.execute(
        insert(user_organizations).values(user_id=user_id, organization_id=made.organization_id)
    )
    made.add(tx, http_proxies, name=made.name, url="http://proxy.example.org:3128")
    tx.execute(
        insert(http_proxy_organizations).values(
            http_proxy_id=made.ids[http_proxies], organization_id=made.organization_id
        )
    )
    place = made.add(tx, locations, name=made.name, title=made.name)
    owner = {"organization_id": made.organization_id}
    tx.execute(insert(location_organizations).values(location_id=place, **owner))
    url = f"https://{made.name}.example.org"
    near = made.add(tx, smart_proxies, name=made.name, url=url, download_policy="inherit")
    tx.execute(insert(smart_proxy_organizations).values(smart_proxy_id=near, **owner))
    made.add(tx, personal_access_tokens, user_id=user_id, name="token", token_hash=uuid4().hex * 2)
    search = {"controller": "products", "name": "mine", "query": "name = x"}
    made.add(tx, bookmarks, user_id=user_id, **search)
    role_id = made.add(tx, roles, name=made.name)
    tx.execute(insert(role_organizations).values(role_id=role_id, **owner))
    made.add(tx, role_filters, role_id=role_id, resource_type="Katello::Product")
    group_id = made.add(tx, usergroups, name=made.name)
    made.add(tx, external_usergroups, usergroup_id=group_id, name=made.name, auth_source_id=2)
    tx.execute(insert(usergroup_users).values(usergroup_id=group_id, user_id=user_id))
    for table, values in _things_of(made):
        made.ids[table] = str(uuid4())
        row = {"id": made.ids[table], "user_id": user_id, "created_at": _NOW}
        tx.execute(insert(table).values(row | values))


def _things_of(made: Tenant) -> list[tuple[Table, dict[str, Any]]]:
    upload = {"repository_id": made.ids[repositories], "content_type": "rpm", "size": 1}
    task: dict[str, Any] = {
        "number": made.organization_id,
        "label": "Actions::Katello::Trial",
        "workflow": "trial",
        "action": "Try",
        "organization_id": made.organization_id,
        "state": "planned",
        "result": "pending",
        "input": {},
        "output": {},
        "errors": [],
        "progress": {},
    }
    return [(content_uploads, upload), (tasks, task)]
