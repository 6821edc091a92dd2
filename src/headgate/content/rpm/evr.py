"""Comparing versions as rpm does, also against bounds that leave out epoch or release."""

from dataclasses import dataclass
from typing import Self, cast

import rpm_version


def sort_key(text: str) -> bytes:
    """Return bytes that order a version or a release as rpmvercmp does."""
    return cast("bytes", rpm_version.version_sortkey(text))  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue] # the wheel has no stubs


@dataclass(frozen=True, slots=True)
class Bound:
    """`[epoch:]version[-release]` of a filter rule; a part that is not given is not compared.

    A missing epoch is 0, as in Katello's package filters.
    """

    epoch: int
    version: bytes
    release: bytes | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a rule; an epoch that is no number counts as part of the version."""
        epoch, colon, rest = text.partition(":")
        if not colon or not epoch.isdigit():
            epoch, rest = "0", text
        version, dash, release = rest.rpartition("-")
        if not dash:
            version, release = rest, ""
        return cls(int(epoch), sort_key(version), sort_key(release) if release else None)

    def compare(self, epoch: str, version: str, release: str) -> int:
        """Return -1, 0 or 1 as the package's version is below, at or above the bound."""
        theirs: tuple[object, ...] = (int(epoch or 0), sort_key(version))
        ours: tuple[object, ...] = (self.epoch, self.version)
        if self.release is not None:
            theirs, ours = (*theirs, sort_key(release)), (*ours, self.release)
        return (theirs > ours) - (theirs < ours)  # pyright: ignore[reportOperatorIssue] # same shapes
