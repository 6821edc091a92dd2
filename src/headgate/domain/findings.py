"""What `headgate doctor` finds: one thing that is not as it should be, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # something does not work, or is lost
    WARNING = "warning"  # it works, but will not for long, or not well


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `code` is for machines; `fixable` ones are mended by `headgate doctor --fix`."""

    code: str
    level: Level
    message: str
    fix: str
    fixable: bool = False


def several(things: Iterable[object], *, most: int = 5) -> str:
    """Return the first of many things in words."""
    listed = [str(each) for each in things]
    rest = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + rest
