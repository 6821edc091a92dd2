"""Where a container repository's upstream is, and what a token is asked for there."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from yarl import URL

from headgate.domain.errors import BadRequestError
from headgate.upstream import Remote

# The registry of Docker Hub is at none of the names by which people call it.
_HUB: Final = "registry-1.docker.io"
_HUB_NAMES: Final = frozenset({_HUB, "docker.io", "index.docker.io", "hub.docker.com"})
_API: Final = "/v2"


def registry_remote(remote: Remote, settings: Mapping[str, Any]) -> Remote:
    """Return the remote of the one repository upstream: `manifests/...` and `blobs/...` below it.

    `settings` are those of `container_repositories`. BadRequestError when upstream's name of the
    repository is not set, or the URL is that of no registry.
    """
    name: str | None = settings.get("docker_upstream_name")
    if not name:
        raise BadRequestError(
            "The repository has no docker_upstream_name; set the name that upstream knows it by"
        )
    base = URL(remote.url)
    if base.scheme not in ("http", "https"):
        raise BadRequestError("The upstream of a container repository is at an http or https URL")
    if base.host in _HUB_NAMES:
        base = base.with_host(_HUB)
        name = name if "/" in name else f"library/{name}"
    folder = base.path.rstrip("/").removesuffix(_API)
    return replace(
        remote,
        url=str(base.with_path(f"{folder}{_API}/{name}")),
        token_scope=f"repository:{name}:pull",
        authentication_hosts=tuple(settings.get("authentication_hosts") or ()),
    )
