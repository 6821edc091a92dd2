"""What upstream did not give as it should: the first of it ends a sync, or is noted until too much.

What is noted is told as warnings, and is tried again by the next sync.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from headgate.domain.errors import HeadgateError, MissingFileError, UpstreamError
from headgate.services.units.unit_files import FEW, MOST_SHARE
from headgate.upstream import UpstreamUnreachableError

# So many in a row without an answer, and the upstream is taken to be down.
_MOST_UNREACHABLE: Final = 24


class Faults:
    """The faults of one sync, by the tag or the digest that could not be had."""

    def __init__(self, *, keep_good: bool) -> None:
        self._keep_good = keep_good
        self._errors: dict[str, HeadgateError] = {}
        self._unreachable = 0
        self._good = 0

    def note(self, name: str, error: HeadgateError) -> None:
        """Note that this could not be had; raise the error when the rest is not to be kept."""
        self._errors[name] = error
        self._unreachable += isinstance(error, UpstreamUnreachableError)
        many = len(self._errors) > max(FEW, (self._good + len(self._errors)) * MOST_SHARE)
        if not self._keep_good or many or self._unreachable > _MOST_UNREACHABLE:
            raise error

    def came(self) -> None:
        """Note that something came."""
        self._good += 1
        self._unreachable = 0

    def has(self, name: str) -> bool:
        """Say whether this could not be had."""
        return name in self._errors

    def require_some(self, kept: Collection[str]) -> None:
        """Raise the first error if nothing good is kept."""
        if self._errors and not kept:
            raise next(iter(self._errors.values()))

    def told(self) -> list[dict[str, Any]]:
        """Return them as JSON, in the order of their names."""
        return [
            {
                "name": name,
                "reason": error.message,
                "url": error.url if isinstance(error, UpstreamError) else "",
            }
            for name, error in sorted(self._errors.items())
        ]


def warning_of(fault: Mapping[str, Any]) -> MissingFileError:
    """Return what a task says of a fault that was told."""
    return MissingFileError(f"{fault['name']} is left out: {fault['reason']}", url=fault["url"])
