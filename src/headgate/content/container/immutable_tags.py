"""Tags that stay where they point, as the rules of their repository say."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import select

from headgate.domain.registry_errors import TagImmutableError
from headgate.stores.db import Transaction
from headgate.stores.db.tables import container_repositories


def require_movable(tx: Transaction, repository_id: int, tags: Iterable[str]) -> None:
    """Raise TagImmutableError for the first of the tags that must neither move nor go."""
    own = container_repositories.c
    globs: Any = tx.scalar(select(own.immutable_tags).where(own.repository_id == repository_id))
    for name in tags if globs else ():
        rule = next((each for each in globs if fnmatchcase(name, each)), None)
        if rule is not None:
            raise TagImmutableError(
                f"The tag '{name}' stays where it points: the repository's rule '{rule}' makes it"
                " immutable. Choose another tag, or change immutable_tags of the repository"
            )
