"""What every workflow is handed by `server/`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

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
