"""Moments as people write them: `2026-01-31`, `today`, `3 days ago`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from headgate.search.errors import SearchError
from headgate.search.tree import Text

_RELATIVE = re.compile(
    r"(?P<count>\d{1,6}|an?)\s+"
    r"(?P<unit>second|minute|hour|day|week|month|year)s?\s+(?P<way>ago|from\s+now)",
    re.IGNORECASE,
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECONDS: Final = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 7 * 86_400,
    "month": 30 * 86_400,
    "year": 365 * 86_400,
}
_DAYS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}


def moment_of(value: Text, now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of what is meant: the same for a moment, a day apart for a day."""
    text = value.text.strip()
    try:
        return _moment_of(text, now)
    except (ValueError, OverflowError) as error:
        raise SearchError(f"'{text[:100]}' is not a time", position=value.position) from error


def _moment_of(text: str, now: datetime) -> tuple[datetime, datetime]:
    if text.lower() == "now":
        return now, now
    if text.lower() in _DAYS:
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return _whole_day(midnight + timedelta(days=_DAYS[text.lower()]))
    if relative := _RELATIVE.fullmatch(text):
        return _shifted(relative, now)
    moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return _whole_day(moment) if _DAY.fullmatch(text) else (moment, moment)


def _shifted(relative: re.Match[str], now: datetime) -> tuple[datetime, datetime]:
    count = 1 if relative["count"].lower().startswith("a") else int(relative["count"])
    shift = timedelta(seconds=count * _SECONDS[relative["unit"].lower()])
    moment = now - shift if relative["way"].lower() == "ago" else now + shift
    return moment, moment


def _whole_day(start: datetime) -> tuple[datetime, datetime]:
    return start, start + timedelta(days=1)
