"""Moments as people write them: `2026-01-31`, `Jan 31, 2026`, `today`, `monday`, `3 days ago`.

As in Foreman, what is counted in days or more is whole days of the calendar: `3 months ago` is the
day with the same number three months before. Hours and minutes count from this very moment.
"""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from headgate.search.errors import SearchError
from headgate.search.tree import Text

_RELATIVE = re.compile(
    r"(?P<count>\d{1,6}|an?)\s+"
    r"(?P<unit>second|minute|hour|day|week|month|year)s?\s+(?P<way>ago|from\s+now)",
    re.IGNORECASE | re.ASCII,
)
_NUMBERS = re.compile(
    r"(?P<year>\d{4})(?P<mark>[-/])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})", re.ASCII
)
_MONTH_FIRST = re.compile(
    r"(?P<name>[a-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:,?\s+(?P<year>\d{4}))?",
    re.IGNORECASE | re.ASCII,
)
_DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})\.?\s+(?P<name>[a-z]{3,9})\.?,?(?:\s+(?P<year>\d{4}))?",
    re.IGNORECASE | re.ASCII,
)
_TIME = re.compile(
    r"(?:^|[T\s]\s*)(?P<clock>\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)\s*"
    r"(?P<zone>Z|UTC|GMT|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?$",
    re.IGNORECASE | re.ASCII,
)
_MOMENTS: Final = {"second": 1, "minute": 60, "hour": 3600}
_DAYS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_WEEKDAYS: Final = (
    *("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"),
)
_SHORTEST_NAME: Final = 3


def moment_of(value: Text, now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of what is meant: the same for a moment, a day apart for a day."""
    text = value.text.strip()
    try:
        return _moment_of(text, now.astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise SearchError(f"'{text[:100]}' is not a time", position=value.position) from error


def _moment_of(text: str, now: datetime) -> tuple[datetime, datetime]:
    if text.lower() == "now":
        return now, now
    if relative := _RELATIVE.fullmatch(text):
        return _shifted(relative, now)
    if clock := _TIME.search(text):
        day = text[: clock.start()].strip()
        moment = _at(_day_of(day, now.date()) if day else now.date(), clock)
        return moment, moment
    return _whole(_day_of(text, now.date()))


def _shifted(relative: re.Match[str], now: datetime) -> tuple[datetime, datetime]:
    count = 1 if relative["count"].lower().startswith("a") else int(relative["count"])
    count = -count if relative["way"].lower() == "ago" else count
    unit = relative["unit"].lower()
    if unit in _MOMENTS:
        moment = now + timedelta(seconds=count * _MOMENTS[unit])
        return moment, moment
    if unit in ("day", "week"):
        return _whole(now.date() + timedelta(days=count * (7 if unit == "week" else 1)))
    return _whole(_months_later(now.date(), count * (12 if unit == "year" else 1)))


def _months_later(day: date, count: int) -> date:
    """Return the same day of another month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    month += 1
    if not 1 <= year <= 9999:
        raise ValueError(year)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _day_of(text: str, today: date) -> date:
    named = text.lower()
    if named in _DAYS:
        return today + timedelta(days=_DAYS[named])
    if (weekday := _position(named, _WEEKDAYS)) is not None:
        # A day of the week that holds today; weeks begin on Sunday, as they do for Foreman.
        return today + timedelta(days=weekday - today.isoweekday() % 7)
    if numbers := _NUMBERS.fullmatch(text):
        return date(int(numbers["year"]), int(numbers["month"]), int(numbers["day"]))
    found = _MONTH_FIRST.fullmatch(text) or _DAY_FIRST.fullmatch(text)
    month = None if found is None else _position(found["name"].lower(), _MONTHS)
    if found is None or month is None:
        raise ValueError(text)
    return date(int(found["year"] or today.year), month + 1, int(found["day"]))


def _position(name: str, names: tuple[str, ...]) -> int | None:
    """Return which of the names is meant: it, or its beginning of three letters or more."""
    if len(name) < _SHORTEST_NAME:
        return None
    return next((at for at, whole in enumerate(names) if whole.startswith(name)), None)


def _at(day: date, clock: re.Match[str]) -> datetime:
    hour, _, rest = clock["clock"].partition(":")
    moment = datetime.combine(day, time.fromisoformat(f"{hour:0>2}:{rest}"), UTC)
    zone = clock["zone"] or "Z"
    if zone[0] not in "+-":
        return moment
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return moment - offset if zone[0] == "+" else moment + offset


def _whole(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)
