"""Mirrored container repositories: made, synchronized, and looked into."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from headgate.content.container.tables import (
    container_manifest_blobs,
    container_manifests,
    container_signatures,
    container_tags,
)
from headgate.content.container.units import LISTING, MANIFEST, SIGNATURE, TAG
from headgate.domain.content import Content
from headgate.domain.ids import ContentSetId, RepositoryId
from headgate.services.repositories.repository_versions import latest_version_of
from headgate.services.units.content_sets import load_content
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import rows_of
from headgate.upstream import AddressRules, DownloadLimits, DownloadRules
from support.world import Json, World

NAME = "nests/robin"
DOWNLOADS = DownloadRules(
    limits=DownloadLimits(attempts=2, first_pause=0.001, read_timeout=5),
    addresses=AddressRules.allowing(["127.0.0.0/8"]),
)


class MirrorScene:
    """An organization that mirrors one registry."""

    def __init__(self, world: World, database: Database, url: str) -> None:
        self.world = world
        self.url = url
        self._database = database

    def repository(self, label: str = "robin", *, upstream_name: str = NAME, **fields: Any) -> int:
        """Make a repository that excludes nothing unless told."""
        fields = {"exclude_tags": [], "docker_upstream_name": upstream_name, **fields}
        return self.world.repository(label, url=self.url, content_type="docker", **fields)

    def change(self, repository: int, **fields: Any) -> None:
        """Change settings of a repository."""
        self.world.put(f"repositories/{repository}", **fields)

    def mirror(self, label: str = "robin", **fields: Any) -> int:
        """Make a repository and synchronize it."""
        made = self.repository(label, **fields)
        self.world.sync(made)
        return made

    def of(self, url: str) -> "MirrorScene":
        """Return the same organization mirroring another registry."""
        return MirrorScene(self.world, self._database, url)

    def name(self, label: str) -> str:
        """Return the name by which the registry serves a repository from Library."""
        return f"{self.world.organization_label.lower()}/birds/{label}"

    def sync(self, repository: int, **options: Any) -> Json:
        """Synchronize, and return the task however it ended."""
        return self.world.ended(self.world.post(f"repositories/{repository}/sync", **options))

    def tags(self, repository: int) -> dict[str, str]:
        """Return where the tags point."""
        with self._held(repository) as (tx, content):
            columns = [container_tags.c.name, container_tags.c.manifest]
            rows = rows_of(tx, columns, container_tags.c.id, content[TAG])
            return {row.name: row.manifest for row in rows}

    def manifests(self, repository: int) -> set[str]:
        """Return the digests of manifests and lists."""
        with self._held(repository) as (tx, content):
            held = content[MANIFEST] | content[LISTING]
            rows = rows_of(tx, [container_manifests.c.name], container_manifests.c.id, held)
            return {row.name for row in rows}

    def signatures(self, repository: int) -> set[tuple[str, bytes]]:
        """Return simple signatures, each with the digest of what it signs."""
        with self._held(repository) as (tx, content):
            columns = [container_signatures.c.manifest, container_signatures.c.content]
            rows = rows_of(tx, columns, container_signatures.c.id, content[SIGNATURE])
            return {(row.manifest, row.content) for row in rows}

    def bytes_here(self, repository: int) -> set[str]:
        """Return the digests of the blobs whose bytes are here."""
        named = container_manifest_blobs.c
        with self._held(repository) as (tx, content):
            query = select(named.digest).where(
                named.manifest_id.in_(content[MANIFEST]), named.blob_id.is_not(None)
            )
            return set(tx.scalars(query))

    @contextmanager
    def _held(self, repository: int) -> Generator[tuple[Transaction, Content]]:
        with self._database.read() as tx:
            latest = latest_version_of(tx, RepositoryId(repository))
            content = Content()
            if latest is not None:
                content = load_content(tx, ContentSetId(latest.content_set_id))
            yield tx, content


def warnings_of(task: Json) -> list[str]:
    """Return what a task says that went wrong."""
    return list(task["humanized"]["errors"])
