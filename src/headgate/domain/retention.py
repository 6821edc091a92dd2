"""Which versions of a content view a retention policy lets go of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from headgate.domain.errors import ValidationError

MOST_VERSIONS = 100_000
MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class RetainedVersion:
    """A published version as a policy sees it; `used` by an environment or a composite view."""

    id: int
    number: tuple[int, int]
    created_at: datetime
    pinned: bool = False
    used: bool = False


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How many of the newest versions stay, and how long each one does; None: no such rule.

    A version stays as long as one of the rules keeps it, so two rules keep more than either.
    Without any rule everything stays.
    """

    keep_versions: int | None = None
    keep_days: int | None = None

    def check(self) -> None:
        """Raise ValidationError for numbers that make no policy."""
        errors: dict[str, list[str]] = {}
        for field, value, most in (
            ("keep_versions", self.keep_versions, MOST_VERSIONS),
            ("keep_days", self.keep_days, MOST_DAYS),
        ):
            if value is not None and not 1 <= value <= most:
                errors[field] = [f"must be between 1 and {most}"]
        if errors:
            raise ValidationError(errors)

    def expendable(self, versions: Iterable[RetainedVersion], now: datetime) -> list[int]:
        """Return the ids of the versions of a view to delete, the oldest first.

        Never the newest one, a pinned one, or one that is used. Unused ones count among the
        newest as the others do.
        """
        if self.keep_versions is None and self.keep_days is None:
            return []
        newest_first = sorted(versions, key=lambda each: each.number, reverse=True)
        kept = max(self.keep_versions or 0, 1)
        return [
            each.id
            for each in reversed(newest_first[kept:])
            if not (each.pinned or each.used or self._is_young(each, now))
        ]

    def _is_young(self, version: RetainedVersion, now: datetime) -> bool:
        if self.keep_days is None:
            return False
        return now - version.created_at < timedelta(days=self.keep_days)
