"""How things are found by the names that people give them.

Each kind of id that a declaration mentions has a finder: which list to ask, by what, and within
what. Whether the list takes the name as a plain parameter, as hammer sends it, or needs a search
is read from its declaration.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple


class Finder(NamedTuple):
    """One kind of thing: `by` maps what an option ends with to what the list calls it."""

    resource: str
    word: str
    by: Mapping[str, str]
    scopes: tuple[str, ...] = ()


_NAME: Final = {"": "name"}

# Type of the id -> finder.
FINDERS: Final[Mapping[str, Finder]] = {
    "OrganizationId": Finder("organizations", "organization", {"": "name", "label": "label"}),
    "EnvironmentId": Finder(
        "lifecycle_environments", "lifecycle-environment", _NAME, ("organization_id",)
    ),
    "ProductId": Finder("products", "product", _NAME, ("organization_id",)),
    "RepositoryId": Finder("repositories", "repository", _NAME, ("product_id", "organization_id")),
    "CredentialId": Finder(
        "content_credentials", "content-credential", _NAME, ("organization_id",)
    ),
    "SigningKeyId": Finder("signing_keys", "signing-key", _NAME, ("organization_id",)),
    "ContentViewId": Finder("content_views", "content-view", _NAME, ("organization_id",)),
    "ContentViewVersionId": Finder(
        "content_view_versions",
        "content-view-version",
        {"": "version"},
        ("content_view_id", "organization_id"),
    ),
    "FilterId": Finder("content_view_filters", "content-view-filter", _NAME, ("content_view_id",)),
    "FilterRuleId": Finder(
        "content_view_filter_rules", "content-view-filter-rule", _NAME, ("content_view_filter_id",)
    ),
    "FlatpakRemoteId": Finder("flatpak_remotes", "flatpak-remote", _NAME, ("organization_id",)),
    "FlatpakRemoteRepositoryId": Finder(
        "flatpak_remote_repositories", "remote-repository", _NAME, ("flatpak_remote_id",)
    ),
    "ActivationKeyId": Finder("activation_keys", "activation-key", _NAME, ("organization_id",)),
    "HostCollectionId": Finder("host_collections", "host-collection", _NAME, ("organization_id",)),
    "HostId": Finder("hosts", "host", _NAME, ("organization_id",)),
    "SyncPlanId": Finder("sync_plans", "sync-plan", _NAME, ("organization_id",)),
    "HttpProxyId": Finder("http_proxies", "http-proxy", _NAME),
    "LocationId": Finder("locations", "location", {"": "name", "title": "title"}),
    "SmartProxyId": Finder("smart_proxies", "proxy", _NAME),
    "RoleId": Finder("roles", "role", _NAME),
    "PermissionId": Finder("permissions", "permission", _NAME),
    "UsergroupId": Finder("usergroups", "user-group", _NAME),
    "UserId": Finder("users", "user", {"": "login"}),
    "PersonalAccessTokenId": Finder("personal_access_tokens", "access-token", _NAME, ("user_id",)),
}

# A parameter that names the id type of another one would, if declarations did not say so.
SCOPE_TYPES: Final[Mapping[str, str]] = {
    "organization_id": "OrganizationId",
    "product_id": "ProductId",
    "content_view_id": "ContentViewId",
    "content_view_filter_id": "FilterId",
    "flatpak_remote_id": "FlatpakRemoteId",
    "user_id": "UserId",
}


def described_finders(resources: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the finders whose lists are declared, as the client reads them."""
    lists = {
        resource["name"]: action
        for resource in resources
        for action in resource["actions"]
        if action["name"] == "index"
    }
    return {
        kind: _described(finder, lists[finder.resource])
        for kind, finder in FINDERS.items()
        if finder.resource in lists
    }


def _described(finder: Finder, listing: Mapping[str, Any]) -> dict[str, Any]:
    params = {param["name"]: param for param in listing["params"]}
    return {
        "noun": finder.word.replace("-", " "),
        "word": finder.word,
        "paths": listing["paths"],
        # A plain parameter where the list has one, else a search.
        "by": {name: "plain" if name in params else "search" for name in finder.by.values()},
        "scopes": list(finder.scopes),
        "needs": [scope for scope in finder.scopes if params.get(scope, {}).get("required", False)],
    }
