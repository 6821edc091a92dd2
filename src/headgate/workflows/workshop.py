"""What every workflow is handed by `server/`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from headgate.domain.authors import Author
from headgate.domain.dormancy import DEFAULT_DORMANCY, DormancyRules
from headgate.plugin import ContentType, Ports


@dataclass(frozen=True, slots=True)
class Workshop:
    """The ports, the content types by name, and the key to sealed columns."""

    ports: Ports
    content_types: Mapping[str, ContentType]
    unseal: Callable[[bytes], bytes]
    uploads: Path  # the folder of uploads in progress
    dormancy: DormancyRules = DEFAULT_DORMANCY

    def by(self, author: Author) -> Self:
        """Return the same workshop, in which the author changes the database."""
        return replace(self, ports=replace(self.ports, database=self.ports.database.by(author)))
