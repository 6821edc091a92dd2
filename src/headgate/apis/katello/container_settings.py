"""What of a repository is for containers alone: as it is set, and as it is shown."""

from typing import Any

from headgate.apis.actions import Params, doc
from headgate.domain.container_repositories import CONTAINER, MOST_DAYS, MOST_RULES, MOST_TAGS
from headgate.services.containers.repository_settings import COLUMNS
from headgate.services.related import AnyRow


class ContainerSettings(Params):
    """What a mirrored container repository takes, and which tags stay where they are."""

    docker_upstream_name: str | None = doc(
        "Name of the upstream container repository, such as library/busybox",
        default=None,
        max_length=255,
    )
    include_tags: list[str] | None = doc(
        "Tags to mirror, with * ? [...] as wildcards, and digests; all tags if none are given",
        default=None,
        max_length=MOST_RULES,
    )
    exclude_tags: list[str] | None = doc(
        'Tags to leave out, with wildcards; "*-source" for new mirrors if not given',
        default=None,
        max_length=MOST_RULES,
    )
    container_platforms: list[str] | None = doc(
        "Platforms to mirror, such as linux/amd64 or linux/arm64/v8; all if none are given",
        default=None,
        max_length=MOST_RULES,
    )
    tag_limit_count: int | None = doc(
        "How many tags that are versions are mirrored, the newest; 0 for all",
        default=None,
        minimum=0,
        maximum=MOST_TAGS,
    )
    tag_limit_days: int | None = doc(
        "How many days ago images may have been made to be mirrored; 0 for any age",
        default=None,
        minimum=0,
        maximum=MOST_DAYS,
    )
    upstream_authentication_hosts: list[str] | None = doc(
        "Hosts, besides the upstream's own, whose token services may see its credentials",
        default=None,
        max_length=MOST_RULES,
    )
    sigstore_url: str | None = doc(
        "Where simple signatures of the images are kept", default=None, max_length=2048
    )
    immutable_tags: list[str] | None = doc(
        "Tags that no push, upload or removal moves or takes away, with * ? [...] as wildcards",
        default=None,
        max_length=MOST_RULES,
    )

    def container(self) -> dict[str, Any]:
        """Return what was given; empty lists and texts and 0 say the same as null."""
        return {name: value or None for name, value in self.changes(*COLUMNS).items()}


def container_shown(row: AnyRow) -> dict[str, Any]:
    """Return what a list shows of these settings; nothing for repositories of other kinds."""
    if row.content_type != CONTAINER:
        return {}
    return {
        "docker_upstream_name": row.docker_upstream_name,
        "include_tags": row.include_tags or [],
        "exclude_tags": row.exclude_tags or [],
        "container_platforms": row.platforms or [],
        "tag_limit_count": row.tag_limit_count,
        "tag_limit_days": row.tag_limit_days,
        "upstream_authentication_hosts": row.authentication_hosts or [],
        "sigstore_url": row.sigstore_url,
        "immutable_tags": row.immutable_tags or [],
        "container_push_name": row.push_name,
        "container_push_name_format": row.push_name_format,
    }
