"""Small universes of packages for the solving process, and an oracle that tries every subset."""

import gzip
import hashlib
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

_ROOT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<metadata xmlns="http://linux.duke.edu/metadata/common"'
    ' xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="{}">\n'
)
_MEETS: Mapping[str, Callable[[int, int], bool]] = {
    "": lambda have, want: have >= 0 and want >= 0,
    "EQ": operator.eq,
    "GE": operator.ge,
    "LT": operator.lt,
}


@dataclass(frozen=True, slots=True)
class Need:
    """A requirement or a conflict: a name or a path, with a condition on the version."""

    name: str
    flags: str = ""
    version: int = 0

    def __str__(self) -> str:
        words = {"EQ": " = ", "GE": " >= ", "LT": " < "}
        return f"{self.name}{words[self.flags]}{self.version}" if self.flags else self.name

    def met_by(self, package: "Package") -> bool:
        """Whether the package provides it."""
        if not self.flags and self.name in (*package.provides, *package.files):
            return True
        return package.name == self.name and bool(_MEETS[self.flags](package.version, self.version))


@dataclass(frozen=True, slots=True)
class Package:
    """What the solver is told of a package; its files are in filelists alone."""

    name: str
    version: int = 1
    requires: tuple[Need, ...] = ()
    conflicts: tuple[Need, ...] = ()
    provides: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    arch: str = "x86_64"

    @property
    def checksum(self) -> str:
        """What tells it from others."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    def primary(self) -> str:
        """Its part of primary.xml."""
        own = [Need(self.name, "EQ", self.version), *map(Need, self.provides)]
        deps = {"provides": own, "requires": self.requires, "conflicts": self.conflicts}
        listed = "".join(
            f"<rpm:{kind}>{''.join(map(_entry, needs))}</rpm:{kind}>"
            for kind, needs in deps.items()
        )
        return (
            f'<package type="rpm"><name>{self.name}</name><arch>{self.arch}</arch>'
            f'<version epoch="0" ver="{self.version}" rel="1"/>'
            f'<checksum type="sha256" pkgid="YES">{self.checksum}</checksum>'
            '<summary/><time file="1" build="1"/><size package="1" installed="1" archive="1"/>'
            f'<location href="{self.checksum}.rpm"/><format>{listed}</format></package>\n'
        )

    def filelist(self) -> str:
        """Its part of filelists.xml."""
        files = "".join(f"<file>{path}</file>" for path in self.files)
        return f"{self._head()}{files}</package>\n"

    def other(self) -> str:
        """Its part of other.xml."""
        return f"{self._head()}</package>\n"

    def _head(self) -> str:
        return (
            f'<package pkgid="{self.checksum}" name="{self.name}" arch="{self.arch}">'
            f'<version epoch="0" ver="{self.version}" rel="1"/>'
        )


def write_request(
    folder: Path, packages: Sequence[Package], kept: Iterable[int], **changes: Any
) -> dict[str, Any]:
    """Write what the solving process reads, one gzip member for each package; units count from 0.

    The request is also in `folder / "request"`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    members = {
        "primary": [_ROOT.format(len(packages)), *(each.primary() for each in packages)],
        "filelists": ["<filelists>", *(each.filelist() for each in packages)],
    }
    feet = {"primary": "</metadata>", "filelists": "</filelists>"}
    for name, parts in members.items():
        packed = [gzip.compress(part.encode(), 1) for part in (*parts, feet[name])]
        (folder / name).with_suffix(".xml.gz").write_bytes(b"".join(packed))
    chosen = set(kept)
    lines = [
        f"{unit} {2 if unit in chosen else 0} {each.checksum}\n"
        for unit, each in enumerate(packages)
    ]
    (folder / "packages").write_text("".join(lines))
    (folder / "streams").write_text("")
    request: dict[str, Any] = {
        "primary": str(folder / "primary.xml.gz"),
        "filelists": str(folder / "filelists.xml.gz"),
        "packages": str(folder / "packages"),
        "streams": str(folder / "streams"),
        **changes,
    }
    (folder / "request").write_text(json.dumps(request))
    return request


class Oracle:
    """Finds out what can be installed by trying every set of packages."""

    def __init__(self, packages: Sequence[Package]) -> None:
        self.packages = packages

    def missing(self, unit: int) -> list[Need]:
        """Return what the package requires and nothing provides."""
        return [need for need in self.packages[unit].requires if not self.providers(need)]

    def providers(self, need: Need) -> set[int]:
        """Return the packages that provide it."""
        return {unit for unit, each in enumerate(self.packages) if need.met_by(each)}

    def unmet_within(self, allowed: set[int]) -> list[tuple[int, Need]]:
        """Return what packages require of others that are not allowed."""
        return [
            (unit, need)
            for unit in allowed
            for need in self.packages[unit].requires
            if (found := self.providers(need)) and not found & allowed
        ]

    def installable(self, unit: int, allowed: set[int]) -> bool:
        """Whether some set of allowed packages with this one can be installed."""
        return any(unit in each and each <= allowed for each in self._installations())

    @cache  # noqa: B019 - an oracle lives as long as one example
    def _installations(self) -> list[set[int]]:
        units = range(len(self.packages))
        return [
            set(chosen)
            for size in range(1, len(self.packages) + 1)
            for chosen in combinations(units, size)
            if self._stands(set(chosen))
        ]

    def _stands(self, chosen: set[int]) -> bool:
        names = [self.packages[unit].name for unit in chosen]
        return (
            len(set(names)) == len(names)
            and not self.unmet_within(chosen)
            and not any(self._conflicting(chosen))
        )

    def _conflicting(self, chosen: set[int]) -> Iterator[bool]:
        for unit in chosen:
            for need in self.packages[unit].conflicts:
                yield any(need.met_by(self.packages[each]) for each in chosen - {unit})


def added_units(answer: Mapping[str, Any]) -> list[int]:
    """Return what an answer adds, in its order."""
    return [each["unit"] for each in answer["added"]]


def _entry(need: Need) -> str:
    if not need.flags:
        return f'<rpm:entry name="{need.name}"/>'
    return f'<rpm:entry name="{need.name}" flags="{need.flags}" epoch="0" ver="{need.version}"/>'
