"""What a repository takes from its upstream, by which way and how fast (katello.md 1.3)."""

from collections.abc import Mapping
from typing import Any

from headgate.apis.actions import Params, doc
from headgate.domain.ids import HttpProxyId
from headgate.domain.repositories import HTTP_PROXY_POLICIES
from headgate.services.related import AnyRow

# An empty list or 0 says the same as null.
_EMPTY_IS_NONE = frozenset(
    {
        "download_concurrency",
        "download_rate_limit",
        "ignorable_content",
        "os_versions",
        "retain_package_versions_count",
    }
)
_COLUMNS = ("http_proxy_policy", "http_proxy_id", "metadata_expire", *_EMPTY_IS_NONE)


class SourceSettings(Params):
    """How upstream is reached, and how much of it is taken."""

    http_proxy_policy: str | None = doc(
        "Policies for HTTP proxies", default=None, enum=HTTP_PROXY_POLICIES
    )
    http_proxy_id: HttpProxyId | None = doc("ID of an HTTP proxy", default=None)
    download_concurrency: int | None = doc(
        "How many files are downloaded at once", default=None, minimum=0, maximum=100
    )
    download_rate_limit: int | None = doc(
        "Kilobytes (1,000 bytes) a second that downloads of this repository take at most",
        default=None,
        minimum=0,
        maximum=2_000_000,
    )
    ignorable_content: list[str] | None = doc(
        "Content that is not taken from upstream: srpm, treeinfo", default=None, max_length=10
    )
    retain_package_versions_count: int | None = doc(
        "How many versions of each package an additive repository keeps; 0 keeps all", default=None
    )
    metadata_expire: int | None = doc("Seconds that clients keep metadata", default=None)
    os_versions: list[str] | None = doc(
        "Hosts of which release get the repository: one of rhel-6 to rhel-10",
        default=None,
        max_length=10,
    )

    def source(self) -> dict[str, Any]:
        """Return the columns that were given."""
        given = self.changes(*_COLUMNS)
        for name in _EMPTY_IS_NONE & given.keys():
            given[name] = given[name] or None
        if "download_rate_limit" in given:
            limit = given.pop("download_rate_limit")
            given["download_rate"] = None if limit is None else limit * 1000
        if given.get("http_proxy_policy", "") is None:
            del given["http_proxy_policy"]
        return given


def source_shown(row: AnyRow, proxy_name: str | None) -> dict[str, Any]:
    """Return what `show` shows of these settings."""
    proxy = {"id": row.http_proxy_id, "name": proxy_name, "policy": row.http_proxy_policy}
    state: Mapping[str, Any] = row.upstream_state or {}
    return {
        "http_proxy": proxy,
        "http_proxy_policy": row.http_proxy_policy,
        "http_proxy_id": row.http_proxy_id,
        "http_proxy_name": proxy_name,
        "download_concurrency": row.download_concurrency,
        "download_rate_limit": row.download_rate and row.download_rate // 1000,
        "ignorable_content": row.ignorable_content or [],
        "retain_package_versions_count": row.retain_package_versions_count,
        "metadata_expire": row.metadata_expire,
        "mirrors": row.mirrors or [],
        "weak_checksums": state.get("weak", []),
    }
