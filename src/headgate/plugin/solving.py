"""What packages require: what a content type is asked for and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from headgate.domain.content import Content
from headgate.plugin.filters import Filter

_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class SolvingLimits:
    """What the solving process may use before it is ended."""

    memory_bytes: int = 2 * _GIB  # of address space
    seconds: int = 600  # of processor time; three times as much on the clock


DEFAULT_LIMITS: Final = SolvingLimits()


@dataclass(frozen=True, slots=True)
class SolvePart:
    """One repository of what is solved."""

    repository_id: int
    source: Content  # all that may be taken from
    kept: Content  # what is there already
    filters: Sequence[Filter] = ()  # by which it was kept


@dataclass(frozen=True, slots=True)
class Reason:
    """A requirement of a package, as rpm writes it."""

    package: str  # name-epoch:version-release.arch
    requirement: str


@dataclass(frozen=True, slots=True)
class AddedPackage:
    """A package that something requires."""

    unit_type: str
    unit_id: int
    package: str
    repository_id: int
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True)
class Unresolved:
    """What stays open: `kind` is missing, conflict or module.

    `candidates` would meet the requirement if a machine saw them: they are of a module stream that
    is not there, or of another architecture.
    """

    kind: str
    package: str
    requirement: str
    candidates: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Solution:
    """What must be added for everything to be installable, and what stays open."""

    checked: int = 0  # packages looked at
    # Repository -> what to add, dependents included.
    additions: Mapping[int, Content] = field(default_factory=dict[int, Content])
    added: Sequence[AddedPackage] = ()
    streams: Sequence[str] = ()  # module streams that came along, name:stream
    unresolved: Sequence[Unresolved] = ()
    unresolved_total: int = 0  # may be more than are listed
