"""One of everything that hammer lists and shows, made by the commands that hammer makes it with.

Things are made with what fills the fields that commands print: a repository with a key and a proxy,
a host with a key, a collection and a kickstart tree. Where a command prints what its own action
answers, the answer is kept.
"""

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any, Final

from support.feigned_registry import FeignedRegistry
from support.flatpak_remote import Remote
from support.hammer import Hammer
from support.server import PASSWORD

_numbers: Final = count(1)
# What says where to look, and the resource whose id it is.
_PLACES: Final = {
    "host_id": "hosts",
    "user_id": "users",
    "product_id": "products",
    "content_view_id": "content_views",
    "content_view_filter_id": "content_view_filters",
    "composite_content_view_id": "composite",
    "flatpak_remote_id": "flatpak_remotes",
}
_IMAGES: Final = "nests/robin"


class HammerScene:
    """An organization with one of everything; `answers` holds what each action said last."""

    def __init__(self, hammer: Hammer) -> None:
        self.hammer = hammer
        self.answers: dict[str, Any] = {}
        self.ids: dict[str, Any] = {}
        self.name = f"Hammered scene {next(_numbers)}"
        self.organization = self.make("organizations", name=self.name, description="of a test")

    @property
    def mine(self) -> dict[str, int]:
        """The organization as most actions take it."""
        return {"organization_id": self.organization}

    def placed(self, names: Iterable[str]) -> dict[str, Any]:
        """Return those of these parameters that say where to look, with the ids of this scene."""
        places = self.mine | {name: self.ids[of] for name, of in _PLACES.items()}
        return {name: places[name] for name in names if name in places}

    def call(self, action: str, **params: Any) -> Any:
        """Run `resource#action` and keep what it answers; a task is waited for."""
        resource, _, verb = action.partition("#")
        answer = self.hammer.call(resource, verb, **params)
        self.answers[action] = answer
        return self.hammer.done(answer) if _is_task(answer) else answer

    def make(self, resource: str, **params: Any) -> int:
        """Make a thing and remember its id as that of the resource."""
        made = self.call(f"{resource}#create", **params)
        self.ids.setdefault(resource, made["id"])
        return int(made["id"])

    def fill(self, aviary: Path, key: str, registry: FeignedRegistry) -> None:
        """Make the rest."""
        library = self.hammer.id_of("lifecycle_environments", "Library", **self.mine)
        self._settings(library)
        self._repositories(aviary, key, registry)
        self._views(library)
        self._flatpaks(Remote(registry))
        self._hosts()
        self._rights()
        self._change()
        self._copy_and_remove()

    def _settings(self, library: int) -> None:
        self.make("lifecycle_environments", name="Dev", prior_id=library, **self.mine)
        self.make("locations", name=f"{self.name} place", organization_ids=[self.organization])
        self.make(
            "http_proxies",
            name=f"{self.name} proxy",
            url="http://proxy.example.com:3128",
            organization_ids=[self.organization],
            location_ids=[self.ids["locations"]],
        )
        self.make(
            "smart_proxies",
            name=f"{self.name} near",
            url="https://near.example.com",
            organization_ids=[self.organization],
            location_ids=[self.ids["locations"]],
        )
        self.ids["capsules"] = self.ids["capsule_content"] = self.ids["smart_proxies"]
        dev = self.ids["lifecycle_environments"]
        place = {"id": self.ids["smart_proxies"], "environment_id": dev}
        self.call("capsule_content#add_lifecycle_environment", **place)
        setting = self.hammer.call("settings", "index", search="name = entries_per_page")
        self.ids["settings"] = setting["results"][0]["id"]
        self.make("bookmarks", name=self.name, controller="products", query="name = Birds")

    def _repositories(self, aviary: Path, key: str, registry: FeignedRegistry) -> None:
        daily = {"interval": "daily", "sync_date": "2030-01-01 02:00:00 UTC", "enabled": True}
        self.make("sync_plans", name="Nightly", **daily, **self.mine)
        shown = self.hammer.call("sync_plans", "show", id=self.ids["sync_plans"], **self.mine)
        self.ids["recurring_logics"] = shown["foreman_tasks_recurring_logic_id"]
        kind = {"content_type": "gpg_key", "content": key}
        self.make("content_credentials", name="Signing", **kind, **self.mine)
        keyed = {"gpg_key_id": self.ids["content_credentials"]}
        planned = {"sync_plan_id": self.ids["sync_plans"]}
        product = self.make("products", name="Birds", **planned, **self.mine)
        proxied = {"http_proxy_policy": "use_selected_http_proxy"}
        proxied["http_proxy_id"] = self.ids["http_proxies"]
        of = {"product_id": product}
        yum = {"content_type": "yum", "url": f"file://{aviary}", "download_policy": "immediate"}
        packages = self.make("repositories", name="aviary", **yum, **proxied, **of)
        files = self.make("repositories", name="eggs", content_type="file", **of)
        imported = self.hammer.upload(files, "egg.bin", b"an egg")
        self.answers["repositories#import_uploads"] = imported
        begun = self.call("content_uploads#create", repository_id=files, size=1)
        self.call("content_uploads#destroy", repository_id=files, id=begun["upload_id"])
        registry.repository(_IMAGES).image("latest")
        upstream = {"url": registry.url, "docker_upstream_name": _IMAGES}
        images = self.make("repositories", name="robin", content_type="docker", **upstream, **of)
        self.call("repositories#sync", id=images)
        self.call("products#sync", id=product)
        # Only now: its packages are not signed, so a sync with the key would be refused.
        self.call("repositories#update", id=packages, **keyed)
        self.call("products#update", id=product, **keyed)
        self.ids |= {"packages in": packages, "files in": files, "images in": images}
        listed = {"search": 'errata_id = "BIRD-2026:0003"', **self.mine}
        self.ids["errata"] = self.hammer.listed("errata", **listed)[0]["id"]
        self.ids["repository_sets"] = self.hammer.listed("repository_sets", **of, **self.mine)[0][
            "id"
        ]

    def _views(self, library: int) -> None:
        dev, packages = self.ids["lifecycle_environments"], self.ids["packages in"]
        view = self.make("content_views", name="All", repository_ids=[packages], **self.mine)
        chosen = {"content_view_id": view, "type": "rpm", "repository_ids": [packages]}
        found = self.make("content_view_filters", name="No owls", **chosen)
        rule = {"content_view_filter_id": found, "name": "owl", "version": "9"}
        self.make("content_view_filter_rules", **rule)
        published = self.call("content_views#publish", id=view, description="first")
        version = published["output"]["content_view_version_id"]
        self.ids["content_view_versions"] = version
        self.call("content_view_versions#promote", id=version, environment_ids=[dev], force=False)
        both = self.make("content_views", name="Both", composite=True, **self.mine)
        component = [{"content_view_id": view, "content_view_version_id": version}]
        of = {"composite_content_view_id": both}
        self.call("content_view_components#add_components", components=component, **of)
        self.ids |= {"composite": both, "library": library}

    def _flatpaks(self, remote: Remote) -> None:
        remote.offer("platform", "runtime/org.example.Platform/x86_64/1")
        held = self.make("flatpak_remotes", name="Hub", url=remote.url, **self.mine)
        self.call("flatpak_remotes#scan", id=held)
        offered = self.hammer.listed("flatpak_remote_repositories", flatpak_remote_id=held)
        self.ids["flatpak_remote_repositories"] = offered[0]["id"]

    def _hosts(self) -> None:
        dev, view = self.ids["lifecycle_environments"], self.ids["content_views"]
        collection = self.make("host_collections", name="Web", max_hosts=9, **self.mine)
        placed = {"content_view_id": view, "environment_id": dev}
        key = self.make("activation_keys", name="Key", max_hosts=9, **placed, **self.mine)
        self.call("activation_keys#add_host_collections", id=key, host_collection_ids=[collection])
        content = self.hammer.call("activation_keys", "product_content", id=key)["results"]
        label = content[0]["content"]["label"]
        override = {"content_label": label, "name": "enabled", "value": True}
        self.call("activation_keys#content_override", id=key, content_overrides=[override])
        facet = {"content_view_id": view, "lifecycle_environment_id": dev}
        facet |= {"content_source_id": self.ids["smart_proxies"]}
        facet |= {"kickstart_repository_id": self.ids["packages in"]}
        host = self.make(
            "hosts",
            name=f"web{self.organization}.example.com",
            location_id=self.ids["locations"],
            host_parameters_attributes=[{"name": "role", "value": "web"}],
            content_facet_attributes=facet,
            **self.mine,
        )
        self.call("host_collections#add_hosts", id=collection, host_ids=[host])
        heron = {"name": "heron", "epoch": "0", "version": "1.0", "release": "1", "arch": "noarch"}
        self.call("hosts#upload_profile", id=host, packages=[heron])
        overrides = [override]
        self.call("host_subscriptions#content_override", host_id=host, content_overrides=overrides)

    def _rights(self) -> None:
        of = {"organization_ids": [self.organization], "location_ids": [self.ids["locations"]]}
        role = self.make("roles", name=f"{self.name} keepers", **of)
        found = self.hammer.call("permissions", "index", search="name = view_products")["results"]
        allowed = {"permission_ids": [each["id"] for each in found], "search": "name = Birds"}
        self.make("filters", role_id=role, **allowed)
        user = self.make(
            "users",
            login=f"hammered{self.organization}",
            password=PASSWORD,
            mail="keeper@example.com",
            firstname="Robin",
            auth_source_id=1,
            default_organization_id=self.organization,
            role_ids=[role],
            **of,
        )
        group = {"user_ids": [user], "role_ids": [role]}
        self.make("usergroups", name=f"{self.name} staff", **group)
        self.make("personal_access_tokens", user_id=user, name="cron")
        self.call("organizations#update", id=self.organization, user_ids=[user])
        self.call("locations#update", id=self.ids["locations"], user_ids=[user])

    def _change(self) -> None:
        """Change a little of most things, as the commands named `update` do."""
        view, versions = self.ids["content_views"], self.ids["content_view_versions"]
        rule = {"content_view_filter_id": self.ids["content_view_filters"], "version": "8"}
        changed: dict[str, dict[str, Any]] = {
            "activation_keys": {"description": "of a test"},
            "content_credentials": {"name": "Signing"},
            "content_views": {"description": "of a test"},
            "content_view_filters": {"content_view_id": view, "description": "of a test"},
            "content_view_filter_rules": rule,
            "content_view_versions": {"description": "of a test"},
            "filters": {"search": "name ~ Birds"},
            "flatpak_remotes": {"description": "of a test"},
            "hosts": {"comment": "of a test"},
            "host_collections": {"description": "of a test"},
            "http_proxies": {"url": "http://proxy.example.com:8080"},
            "lifecycle_environments": {"description": "of a test"},
            "roles": {"description": "of a test"},
            "settings": {"value": "20"},
            "smart_proxies": {"url": "https://nearer.example.com"},
            "sync_plans": {"interval": "weekly", **self.mine},
            "usergroups": {"name": f"{self.name} crew"},
            "users": {"firstname": "Wren"},
        }
        for resource, fields in changed.items():
            self.call(f"{resource}#update", id=self.ids[resource], **fields)
        self.call("content_view_versions#republish_repositories", id=versions, force=True)
        self.call("repositories#republish", id=self.ids["packages in"], force=True)
        none = {"ids": [self.ids["products"]], "http_proxy_policy": "none"}
        self.call("products_bulk_actions#update_http_proxy", **none)
        self.call("products_bulk_actions#verify_checksum_products", ids=none["ids"])
        self.call("repositories#verify_checksum", id=self.ids["packages in"])
        self.call("content_view_versions#verify_checksum", id=versions)
        self.call("foreman_tasks#bulk_resume", search="state = paused and result = error")
        offered = {"id": self.ids["flatpak_remote_repositories"]}
        product = {"product_id": self.ids["products"]}
        self.call("flatpak_remote_repositories#mirror", **offered, **product)

    def _copy_and_remove(self) -> None:
        """Copy what can be copied, and remove the copies."""
        named = f"{self.name} again"
        host = {"id": self.ids["host_collections"], "host_ids": [self.ids["hosts"]]}
        self.call("host_collections#remove_hosts", **host)
        self.call("host_collections#add_hosts", **host)
        for action, field in (
            ("activation_keys#copy", "new_name"),
            ("content_views#copy", "name"),
            ("host_collections#copy", "name"),
            ("roles#clone", "name"),
        ):
            resource = action.partition("#")[0]
            given = {"id": self.ids[resource], field: named}
            made = self.call(action, **given)
            if resource == "content_views":
                self._serve_no_more(made["id"])
            self.call(f"{resource}#destroy", id=made["id"])
        token = self.make("personal_access_tokens", user_id=self.ids["users"], name="once")
        self.call("personal_access_tokens#destroy", user_id=self.ids["users"], id=token)
        for resource, fields in (
            ("http_proxies", {"url": "http://proxy.example.com"}),
            ("smart_proxies", {"url": "https://far.example.com"}),
            ("usergroups", {}),
            ("users", {"login": named.replace(" ", "-"), "mail": "a@example.com"}),
        ):
            given = {"name": named, **fields} if resource != "users" else fields
            made = self.make(resource, **given)
            self.call(f"{resource}#destroy", id=made)

    def _serve_no_more(self, view: int) -> None:
        """Publish two versions of a view and take both out of Library and away."""
        library = {"environment_ids": [self.ids["library"]]}
        for action in ("remove_from_environment", "remove"):
            published = self.call("content_views#publish", id=view)
            version = published["output"]["content_view_version_id"]
            if action == "remove":
                gone = {**library, "content_view_version_ids": [version]}
                self.call("content_views#remove", id=view, **gone)
                return
            place = {"environment_id": self.ids["library"]}
            self.call("content_views#remove_from_environment", id=view, **place)
            self.call("content_view_versions#destroy", id=version)


def _is_task(answer: object) -> bool:
    return isinstance(answer, dict) and "started_at" in answer
