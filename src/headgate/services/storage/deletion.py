"""What deletions would give back, counted by the ledger before and after."""

from collections.abc import Sequence

from headgate.domain.clock import Clock
from headgate.domain.ids import ContentViewVersionId, RepositoryId
from headgate.plugin import ContentType
from headgate.services.access import Actor
from headgate.services.repositories.repositories import delete_repository
from headgate.services.storage.space import freed_by
from headgate.services.views.version_removal import delete_versions, require_deletable_version
from headgate.stores.db import Transaction


def freed_by_deleting_repository(
    tx: Transaction,
    content_types: Sequence[ContentType],
    *,
    actor: Actor,
    clock: Clock,
    repository_id: RepositoryId,
    remove_from_versions: bool,
) -> int:
    """Return the bytes that the disk would get back; errors as of the deletion itself."""

    def change(inner: Transaction) -> None:
        delete_repository(
            inner,
            actor=actor,
            clock=clock,
            repository_id=repository_id,
            remove_from_versions=remove_from_versions,
            delete_filters=True,
        )

    return freed_by(tx, content_types, change)


def freed_by_deleting_version(
    tx: Transaction,
    content_types: Sequence[ContentType],
    *,
    actor: Actor,
    clock: Clock,
    version_id: ContentViewVersionId,
) -> int:
    """Return the bytes that the disk would get back; errors as of the deletion itself."""
    require_deletable_version(tx, actor=actor, version_id=version_id)

    def change(inner: Transaction) -> None:
        delete_versions(inner, clock=clock, version_ids=[version_id], user=actor.login)

    return freed_by(tx, content_types, change)
