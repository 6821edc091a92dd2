"""Which versions' metadata stays written though nothing serves them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class DormancyRules:
    """When a publication falls dormant: it lets go of metadata that can be written again."""

    newest: int = 3  # of each content view stay awake
    awake_for: timedelta = timedelta(hours=24)  # since somebody asked for it
    # Of the publications that are awake only because somebody asked; whoever may read old versions
    # does not decide how full the disk gets.
    most_woken: int = 100
    least_bytes: int = 64 << 10  # for less it is not worth the writing


DEFAULT_DORMANCY: Final = DormancyRules()
