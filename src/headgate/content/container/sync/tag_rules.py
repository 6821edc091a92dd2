"""Which of upstream's tags are mirrored.

Rules are shell globs, include first, then exclude, as in container.md, section 2. A limit counts
the tags that are named like versions, `1.25.3` or `v2-rc1`: the newest of them stay. Others, such
as `latest`, are not versions of anything; they stay, and are not counted.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from headgate.content.container.digests import is_digest

# What cosign and clients of registries without the referrers API call what belongs to an image.
_COMPANION: Final = re.compile(r"(sha256|sha512)-[0-9a-f]{64,128}(\.[a-z0-9]{1,16})?")
_FALLBACK_DIGITS: Final = 64  # distribution-spec 1.1, "Referrers Tag Schema"
_VERSION: Final = re.compile(r"[vV]?\d")
_PART: Final = re.compile(r"\d+|[A-Za-z]+")

# Numbers stand above the end of a name, and that above words: 1.2.1 > 1.2 > 1.2-rc1.
_WORD, _END, _NUMBER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class TagRules:
    """Globs, digests that are wanted without a tag, and how many versions stay (None: all)."""

    include: Sequence[str] = ()  # none: every tag
    exclude: Sequence[str] = ()
    digests: Sequence[str] = ()
    limit: int | None = None

    @classmethod
    def of(
        cls, include: Sequence[str] | None, exclude: Sequence[str] | None, limit: int | None
    ) -> "TagRules":
        """Read a repository's settings; `include` holds globs and digests."""
        given = include or ()
        return cls(
            include=[each for each in given if not is_digest(each)],
            exclude=list(exclude or ()),
            digests=[each for each in given if is_digest(each)],
            limit=limit,
        )

    def chosen(self, names: Iterable[str]) -> list[str]:
        """Return the tags that the rules choose, but none that belongs to another image."""
        if self.digests and not self.include:
            return []
        matching = [
            name
            for name in names
            if not is_companion(name) and self._includes(name) and not self.excludes(name)
        ]
        versions = [name for name in matching if _VERSION.match(name)]
        if self.limit is None or len(versions) <= self.limit:
            return matching
        newest = set(sorted(versions, key=_order, reverse=True)[: self.limit])
        return [name for name in matching if name in newest or not _VERSION.match(name)]

    def excludes(self, name: str) -> bool:
        """Say whether the tag must not come, whatever it belongs to."""
        return any(fnmatchcase(name, glob) for glob in self.exclude)

    def names_companion(self, name: str) -> bool:
        """Say whether a glob asks for such tags by name, whether their image is here or not."""
        return any(
            glob.startswith(("sha256-", "sha512-")) and fnmatchcase(name, glob)
            for glob in self.include
        )

    def _includes(self, name: str) -> bool:
        return not self.include or any(fnmatchcase(name, glob) for glob in self.include)


def is_companion(name: str) -> bool:
    """Say whether the tag is named after the digest of an image that it belongs to."""
    return _COMPANION.fullmatch(name) is not None


def companions_of(digests: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return those of the tags that belong to one of the images."""
    stems = {stem for digest in digests for stem in stems_of(digest)}
    return [name for name in names if is_companion(name) and stem_of(name) in stems]


def stems_of(digest: str) -> set[str]:
    """Return how the tags begin that are named after an image."""
    algorithm, _, digits = digest.partition(":")
    return {f"{algorithm}-{digits}", f"{algorithm}-{digits[:_FALLBACK_DIGITS]}"}


def stem_of(name: str) -> str:
    """Return how a tag begins that is named after an image: all but what it is to that."""
    return name.partition(".")[0]


def _order(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    parts = _PART.findall(name.lstrip("vV"))
    ranked = [
        (_NUMBER, int(part), "") if part.isdecimal() else (_WORD, 0, part.lower()) for part in parts
    ]
    return (*ranked, (_END, 0, "")), name
