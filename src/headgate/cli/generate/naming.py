"""Hammer's nouns and verbs: one rule, and the exceptions from it.

The rule: a resource is its singular with dashes, an action keeps its name with dashes, a
parameter `product_id` is the option `--product-id` and, because products can be found by their
names, `--product`. What differs is listed here and nowhere else.
"""

from collections.abc import Mapping
from typing import Final

# Resource -> words of the noun. The empty noun puts its verbs at the top.
NOUNS: Final[Mapping[str, str]] = {
    "content_credentials": "content-credentials",
    "content_view_versions": "content-view version",
    "content_view_components": "content-view component",
    "content_view_filters": "content-view filter",
    "content_view_filter_rules": "content-view filter rule",
    "content_view_histories": "content-view",
    "docker_manifest_lists": "docker manifest-list",
    "docker_manifests": "docker manifest",
    "docker_tags": "docker tag",
    "errata": "erratum",
    "file_units": "file",
    "flatpak_remote_repositories": "flatpak-remote remote-repository",
    "foreman_tasks": "task",
    "permissions": "filter",
    "host_debs": "host deb-package",
    "host_errata": "host errata",
    "host_module_streams": "host module-stream",
    "host_packages": "host package",
    "host_subscriptions": "host subscription",
    "host_tracer": "host traces",
    "hosts_bulk_actions": "host bulk",
    "auth_sources": "auth-source",
    "external_usergroups": "user-group external",
    "personal_access_tokens": "user access-token",
    "products_bulk_actions": "product bulk",
    "repositories_bulk_actions": "repository bulk",
    "smart_proxies": "proxy",
    "capsules": "capsule",
    "capsule_content": "capsule content",
    "usergroups": "user-group",
    "ping": "",
    "home": "",
}

# Action -> verb, whatever the resource.
VERBS: Final[Mapping[str, str]] = {
    "index": "list",
    "show": "info",
    "destroy": "delete",
    "sync": "synchronize",
}

# Resource and action -> verb.
SPECIAL_VERBS: Final[Mapping[tuple[str, str], str]] = {
    ("activation_keys", "add_host_collections"): "add-host-collection",
    ("activation_keys", "available_host_collections"): "available-host-collections",
    ("activation_keys", "remove_host_collections"): "remove-host-collection",
    ("hosts", "get_status"): "status",
    ("hosts_bulk_actions", "bulk_add_host_collections"): "add-host-collections",
    ("hosts_bulk_actions", "bulk_remove_host_collections"): "remove-host-collections",
    ("hosts_bulk_actions", "destroy_hosts"): "destroy",
    ("host_subscriptions", "create"): "register",
    ("host_subscriptions", "destroy"): "unregister",
    ("host_subscriptions", "available_release_versions"): "release-versions",
    ("hosts", "host_collections"): "set-host-collections",
    ("hosts", "facts"): "import-facts",
    ("host_collections", "add_hosts"): "add-host",
    ("host_collections", "remove_hosts"): "remove-host",
    ("capsule_content", "cancel_sync"): "cancel-synchronization",
    ("capsule_content", "sync_status"): "synchronization-status",
    ("content_view_histories", "index"): "history",
    ("content_views", "history"): "history",
    ("content_view_components", "remove_components"): "remove",
    ("ping", "server_status"): "status",
    ("permissions", "index"): "available-permissions",
    ("permissions", "resource_types"): "available-resources",
    ("personal_access_tokens", "destroy"): "revoke",
    ("ping", "index"): "ping",
    ("products_bulk_actions", "destroy_products"): "destroy",
    ("products_bulk_actions", "sync_products"): "synchronize",
    ("products_bulk_actions", "update_sync_plans"): "set-sync-plan",
    ("recurring_logics", "bulk_destroy"): "delete",
    ("repositories_bulk_actions", "destroy_repositories"): "destroy",
    ("repositories_bulk_actions", "sync_repositories"): "synchronize",
    ("repositories", "repository_types"): "types",
    ("settings", "update"): "set",
    ("users", "show_current"): "current",
}

# What has no command, and why.
LEFT_OUT: Final[Mapping[tuple[str, str], str]] = {
    ("activation_keys", "add_subscriptions"): "there are no subscriptions to add",
    ("activation_keys", "remove_subscriptions"): "there are no subscriptions to remove",
    ("content_uploads", "*"): "`repository upload-content` uses it",
    ("repositories", "import_uploads"): "`repository upload-content` uses it",
    ("repositories", "upload_content"): "`repository upload-content` sends files of any size",
    ("content_view_components", "add_components"): "`content-view component add` uses it",
    ("content_view_filters", "add_filter_rules"): "`content-view filter rule create` adds them",
    ("content_view_filters", "remove_filter_rules"): "`content-view filter rule delete` does it",
    ("content_view_versions", "explain"): "`explain` shows it",
    ("content_view_versions", "incremental_update"): (
        "`content-view version incremental-update` takes its parts as options"
    ),
    ("content_views", "preview"): "`content-view preview` shows it",
    ("content_views", "preview_dependencies"): "`content-view preview --dependencies yes` asks it",
    ("foreman_tasks", "bulk_search"): "`task list --search` finds them",
    ("foreman_tasks", "bulk_stop"): "does the same as `task bulk-cancel`",
    ("host_subscriptions", "index"): "there are no subscriptions to list",
    ("host_subscriptions", "add_subscriptions"): "there are no subscriptions to add",
    ("host_subscriptions", "remove_subscriptions"): "there are no subscriptions to remove",
    ("hosts_bulk_actions", "add_subscriptions"): "there are no subscriptions to add",
    ("hosts_bulk_actions", "remove_subscriptions"): "there are no subscriptions to remove",
    ("hosts_bulk_actions", "bulk_destroy"): "`host bulk destroy` does it in a task",
    ("hosts", "forget_status"): "no status is kept that could be forgotten",
    ("home", "index"): "for programs that explore the API",
    ("home", "status"): "Foreman's form of what `status` shows",
    ("ping", "statuses"): "Foreman's form of what `status` and `ping` show",
    ("permissions", "current_permissions"): "for programs that hide what their user may not do",
    ("permissions", "show"): "`filter available-permissions` shows all there is to them",
    ("ping", "ping"): "Foreman's form of what `ping` shows",
    ("sync", "*"): "`repository info` shows the last one",
    **{
        (name, "*"): "nothing is provisioned here"
        for name in (
            *("hostgroups", "domains", "media", "subnets", "compute_resources"),
            *("provisioning_templates", "operatingsystems", "architectures", "ptables"),
        )
    },
    ("sessions", "*"): "cookies are for browsers; `login` keeps a token",
}

# Hidden from the commands because another option says the same.
HIDDEN_PARAMETERS: Final = frozenset({"sort_by", "sort_order"})

# Parameter without its `_id` -> words of its option, with further spellings after the first.
OPTION_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "environment": ("lifecycle-environment", "environment"),
    "prior": ("prior", "prior-lifecycle-environment"),
}

# Resource, action and parameter -> words of its option.
SPECIAL_OPTIONS: Final[Mapping[tuple[str, str, str], tuple[str, ...]]] = {
    ("content_view_versions", "promote", "environment_ids"): (
        "to-lifecycle-environment",
        "lifecycle-environment",
    ),
    ("content_credentials", "create", "content"): ("path",),
    ("content_credentials", "update", "content"): ("path",),
    ("content_credentials", "set_content", "content"): ("path",),
    ("products_bulk_actions", "destroy_products", "ids"): ("product",),
    ("products_bulk_actions", "sync_products", "ids"): ("product",),
    ("products_bulk_actions", "update_sync_plans", "ids"): ("product",),
    ("products_bulk_actions", "update_sync_plans", "plan_id"): ("sync-plan",),
    ("products_bulk_actions", "verify_checksum_products", "ids"): ("product",),
    ("repositories_bulk_actions", "destroy_repositories", "ids"): ("repository",),
    ("repositories_bulk_actions", "reclaim_space_from_repositories", "ids"): ("repository",),
    ("repositories_bulk_actions", "sync_repositories", "ids"): ("repository",),
    ("settings", "show", "id"): ("name", "id"),
    ("settings", "update", "id"): ("name", "id"),
    ("signing_keys", "create", "secret"): ("path",),
    ("signing_keys", "create", "passphrase"): ("passphrase-file",),
    ("signing_keys", "rotate", "secret"): ("path",),
    ("signing_keys", "rotate", "passphrase"): ("passphrase-file",),
}

# Parameters that take a label where others take an id: what the label is of.
LABELS: Final[Mapping[tuple[str, str, str], str]] = {
    ("organizations", "download_debug_certificate", "label"): "OrganizationId",
    ("organizations", "revoke_debug_certificate", "label"): "OrganizationId",
}

# Options whose value is the path of a text file, the content of which is sent.
TEXT_FILES: Final = frozenset(
    {
        ("content_credentials", "create", "content"),
        ("content_credentials", "update", "content"),
        ("content_credentials", "set_content", "content"),
        ("signing_keys", "create", "secret"),
        ("signing_keys", "create", "passphrase"),
        ("signing_keys", "rotate", "secret"),
        ("signing_keys", "rotate", "passphrase"),
    }
)

NOUN_HELP: Final[Mapping[str, str]] = {
    "bookmark": "Searches that users keep",
    "capsule": "Smart proxies as Katello calls them",
    "capsule content": "What smart proxies are to mirror",
    "content-credentials": "GPG keys and certificates of upstreams",
    "content-view": "Content views: what is frozen in versions",
    "content-view component": "What a composite content view is made of",
    "content-view filter": "What a content view leaves out or keeps",
    "content-view filter rule": "Rules of a content view's filter",
    "content-view version": "Versions of content views, and where they are",
    "docker": "What container repositories hold",
    "docker manifest": "Container images and artifacts",
    "docker manifest-list": "Lists of container images, one for each platform",
    "docker tag": "Tags of container images",
    "erratum": "Errata",
    "file": "Files",
    "flatpak-remote": "Flatpak remotes: where others offer flatpaks",
    "flatpak-remote remote-repository": "What flatpak remotes offer",
    "lifecycle-environment": "Steps of the paths that versions are promoted along",
    "location": "Locations: where things stand",
    "module-stream": "Module streams",
    "organization": "Organizations: tenants of this server",
    "package": "RPM packages",
    "package-group": "Package groups",
    "parameter": "Parameters: named values of hosts, organizations and locations",
    "product": "Products: what repositories are sorted into",
    "product bulk": "One action on many products",
    "proxy": "Smart proxies: records of servers near hosts",
    "audit": "The log of every change",
    "recurring-logic": "What the server does again and again",
    "repository": "Repositories: mirror, upload, remove content",
    "setting": "Settings of the running server",
    "repository-set": "What hosts know as content: one for each custom repository",
    "signing-key": "Keys that sign published metadata",
    "repository bulk": "One action on many repositories",
    "space": "Whose bytes lie in the blob store",
    "srpm": "Source packages",
    "sync-plan": "Sync plans: when products are synchronized",
    "task": "What the server is doing and has done",
    "user": "Users",
    "user access-token": "Personal access tokens",
}

# Resource, or resource and action -> columns of its tables, as `path` or `path:Title`. What a list
# in a cell is joined by follows a second colon.
COLUMNS: Final[Mapping[str, str]] = {
    "content_credentials": "id name content_type",
    "signing_keys": "id name fingerprint",
    "activation_keys": (
        "id name content_view_environment_labels:Content_view_environments usage_count max_hosts"
    ),
    "activation_keys.available_host_collections": "id name total_hosts:Hosts max_hosts description",
    "activation_keys.product_content": (
        "content.label:Content_label content.name:Name product.name:Product enabled override"
    ),
    "hosts": (
        "id name content_facet_attributes.content_view_environment_labels:Content_view_environments"
        " location_name:Location owner_name:Owner"
    ),
    "hosts.bootc_images": "bootc_booted_image:Image digests.bootc_booted_digest:Digests",
    "host_packages": "id nvra vendor",
    "host_packages.installed_packages": "name",
    "host_debs": "id name version arch",
    "host_module_streams": "id name stream status install_status:Installed installed_profiles",
    "host_subscriptions.product_content": (
        "content.label:Content_label content.name:Name product.name:Product enabled override"
    ),
    "host_tracer": "id application helper app_type:Type",
    "host_collections": "id name total_hosts:Hosts max_hosts description",
    "content_view_components": (
        "id content_view.name:View content_view_version.version:Version latest"
    ),
    "content_view_environments": "id label name content_view.name lifecycle_environment.name",
    "content_view_filter_rules": "id name version min_version max_version architecture",
    "content_view_filters": "id name description type inclusion",
    "content_view_histories": "version action environment.name user created_at:When",
    "content_view_versions": "id content_view.name:View version description environments",
    "content_views": "id name label composite repository_ids last_published",
    "docker_manifest_lists": (
        "id digest tags.name:Tags platforms:Platforms is_bootable:Bootable"
        " environments.label:Environments"
    ),
    "docker_manifests": (
        "id digest type tags.name:Tags platforms:Platforms compressed_size:Bytes"
        " is_bootable:Bootable environments.label:Environments"
    ),
    "docker_tags": "id name digest environments.label:Environments",
    "docker_tags.compare": "id name digest comparison:Versions",
    "docker_tags.repositories": "id name product.name:Product content_type:Type url",
    "errata": "id errata_id type title issued",
    "file_units": "id name path",
    "flatpak_remote_repositories": "id name label runtimes last_mirrored.repository.name:Mirror",
    "flatpak_remotes": "id name url description username registry_url scanned_at",
    "foreman_tasks": "id action state result started_at:Started duration username:User",
    "foreman_tasks.summary": "state result count",
    "lifecycle_environments": "id name prior.name:Prior",
    "lifecycle_environments.paths": "environments:Lifecycle_path:_>_",
    "locations": "id title name description",
    "smart_proxies": "id name url download_policy",
    "module_streams": "id name stream version context arch",
    "organizations": "id name label description",
    "package_groups": "id name repository.name:Repository",
    "packages": "id filename summary",
    "personal_access_tokens": "id name active?:Active expires_at last_used_at",
    "products": "id name description repository_count:Repositories sync_state",
    "audits": (
        "id created_at:At username:User remote_address:From action "
        "auditable_type:Type auditable_name:Name"
    ),
    "recurring_logics": "id cron_line action iteration next_occurrence:Next state",
    "repositories": "id name product.name:Product content_type:Type url",
    "repositories.tag_history": "moved_at:When name digest:Points_to cause user",
    "capsules": "id name url download_policy",
    "capsule_content": "id name organization.name:Organization",
    "repository_sets": "id name type product.name:Product contentUrl:Path",
    "bookmarks": "id name controller query public owner",
    "settings": "name value default description",
    "srpms": "id filename summary",
    "sync_plans": "id name sync_date:Start_date interval enabled cron_expression next_sync",
    "users": "id login firstname lastname mail admin",
}
DEFAULT_COLUMNS: Final = "id name label"


def singular(word: str) -> str:
    """Return the singular of a resource's name."""
    if word.endswith("ies"):
        return word.removesuffix("ies") + "y"
    return word.removesuffix("s")


def plural(word: str) -> str:
    """Return the plural of an option's word."""
    if word.endswith("y"):
        return word.removesuffix("y") + "ies"
    return word + "s"


def noun_of(resource: str) -> str:
    """Return the words before the verb."""
    return NOUNS.get(resource, singular(resource).replace("_", "-"))


def verb_of(resource: str, action: str) -> str:
    """Return the last word of the command."""
    plain = VERBS.get(action, action.replace("_", "-"))
    return SPECIAL_VERBS.get((resource, action), plain)


def reason_left_out(resource: str, action: str) -> str | None:
    """Return why an action has no command; None if it has one."""
    return LEFT_OUT.get((resource, action)) or LEFT_OUT.get((resource, "*"))


def columns_of(resource: str, action: str) -> list[list[str]]:
    """Return title, path and joining words of each column."""
    text = COLUMNS.get(f"{resource}.{action}") or COLUMNS.get(resource, DEFAULT_COLUMNS)
    columns: list[list[str]] = []
    for entry in text.split():
        path, _, rest = entry.partition(":")
        title, _, joined = rest.partition(":")
        words = title or path.removesuffix(".name").rpartition(".")[2]
        words = words.replace("_", " ")
        columns.append([words[:1].upper() + words[1:], path, joined.replace("_", " ") or ", "])
    return columns
