"""How long a login lasts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class SessionRules:
    """A session ends when nobody used it for `idle`, and after `lasts` whatever happens."""

    idle: timedelta = timedelta(hours=1)
    lasts: timedelta = timedelta(hours=8)


DEFAULT_SESSIONS: Final = SessionRules()
