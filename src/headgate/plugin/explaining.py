"""Why a version holds a package, or does not: what a content type is asked and what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headgate.domain.content import Content
from headgate.plugin.filters import Filter
from headgate.plugin.trust import NOTHING_ASKED, TrustRules


@dataclass(frozen=True, slots=True)
class MissingUnit:
    """Why clients cannot have a unit that the version names."""

    code: str
    reason: str
    url: str | None


@dataclass(frozen=True, slots=True)
class HeldPart:
    """One repository in a version: what it had before filters, the filters, and what stayed.

    `source_is_of_now`: what it had is no longer kept, what it has now stands in for that.
    `trust` returns what the repository asks of signatures now.
    """

    source: Content
    content: Content
    filters: Sequence[Filter] = ()
    missing: Mapping[tuple[str, int], MissingUnit] = field(
        default_factory=dict[tuple[str, int], MissingUnit]
    )
    source_is_of_now: bool = False
    trust: Callable[[], TrustRules] = lambda: NOTHING_ASKED


@dataclass(frozen=True, slots=True)
class Ground:
    """One thing that decides; `code` for machines, `details` has what it names."""

    code: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is true of one unit, and why; the reasons that decide come first."""

    unit_type: str
    unit_id: int
    name: str  # as people call it: a NEVRA, a path
    present: bool
    reasons: Sequence[Ground]


@dataclass(frozen=True, slots=True)
class Explained:
    """What a repository says to a question.

    `near` names what it has that is not what was asked for, but nearly: other versions and
    architectures.
    """

    units: Sequence[Explanation] = ()
    near: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class NamedUnit:
    """A unit that a text may mean, of whatever repository."""

    unit_types: Sequence[str]  # those that it may be held as
    unit_id: int
    name: str
