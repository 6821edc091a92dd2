"""Everything that a package's fragments say, for people who look at one package."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from headgate.content.rpm.metadata.markup import parse_fragment
from headgate.content.rpm.metadata.packages import Fragments
from headgate.content.rpm.metadata.shapes import RPM

_FORMAT: Final = f"format/{{{RPM}}}"
_FLAGS: Final = {"EQ": "=", "LT": "<", "GT": ">", "LE": "<=", "GE": ">="}


@dataclass(frozen=True, slots=True)
class Dependency:
    """A capability with, perhaps, a condition on its version."""

    name: str
    flags: str
    epoch: str
    version: str
    release: str

    def __str__(self) -> str:
        """As rpm writes it: `name >= 1:2.0-3`."""
        if not self.flags or not self.version:
            return self.name
        epoch = f"{self.epoch}:" if self.epoch not in {"", "0"} else ""
        release = f"-{self.release}" if self.release else ""
        return f"{self.name} {_FLAGS.get(self.flags, self.flags)} {epoch}{self.version}{release}"


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A path of the package; kind is file, dir or ghost."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class Changelog:
    """One entry of the changelog, as the author wrote it."""

    author: str
    date: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class PackageDetails:
    """What is not kept in columns."""

    summary: str
    description: str
    license: str
    group: str
    vendor: str
    packager: str
    url: str
    buildhost: str
    build_time: datetime | None
    file_time: datetime | None
    size_installed: int
    size_archive: int
    header_start: int
    header_end: int
    provides: tuple[Dependency, ...]
    requires: tuple[Dependency, ...]
    conflicts: tuple[Dependency, ...]
    obsoletes: tuple[Dependency, ...]
    recommends: tuple[Dependency, ...]
    suggests: tuple[Dependency, ...]
    supplements: tuple[Dependency, ...]
    enhances: tuple[Dependency, ...]
    files: tuple[ListedFile, ...]
    changelogs: tuple[Changelog, ...]


def read_details(fragments: Fragments) -> PackageDetails:
    """Parse the fragments in full; what is missing is empty.

    InvalidContentError when a fragment is not well-formed.
    """
    package = parse_fragment(fragments.primary, "A package of primary")
    files = parse_fragment(fragments.filelists, "A package of filelists")
    other = parse_fragment(fragments.other, "A package of other")
    time, size = _attributes(package, "time"), _attributes(package, "size")
    header = _attributes(package, _FORMAT + "header-range")
    return PackageDetails(
        summary=_text(package, "summary"),
        description=_text(package, "description"),
        license=_text(package, _FORMAT + "license"),
        group=_text(package, _FORMAT + "group"),
        vendor=_text(package, _FORMAT + "vendor"),
        packager=_text(package, "packager"),
        url=_text(package, "url"),
        buildhost=_text(package, _FORMAT + "buildhost"),
        build_time=_moment(time.get("build")),
        file_time=_moment(time.get("file")),
        size_installed=_number(size.get("installed")),
        size_archive=_number(size.get("archive")),
        header_start=_number(header.get("start")),
        header_end=_number(header.get("end")),
        provides=_dependencies(package, "provides"),
        requires=_dependencies(package, "requires"),
        conflicts=_dependencies(package, "conflicts"),
        obsoletes=_dependencies(package, "obsoletes"),
        recommends=_dependencies(package, "recommends"),
        suggests=_dependencies(package, "suggests"),
        supplements=_dependencies(package, "supplements"),
        enhances=_dependencies(package, "enhances"),
        files=tuple(
            ListedFile(file.text or "", file.get("type", "file")) for file in files.findall("file")
        ),
        changelogs=tuple(
            Changelog(entry.get("author", ""), _moment(entry.get("date")), entry.text or "")
            for entry in other.findall("changelog")
        ),
    )


def _dependencies(package: ET.Element, kind: str) -> tuple[Dependency, ...]:
    return tuple(
        Dependency(*(entry.get(name, "") for name in ("name", "flags", "epoch", "ver", "rel")))
        for entry in package.findall(f"{_FORMAT}{kind}/{{{RPM}}}entry")
    )


def _attributes(package: ET.Element, path: str) -> dict[str, str]:
    element = package.find(path)
    return {} if element is None else element.attrib


def _text(package: ET.Element, path: str) -> str:
    return (package.findtext(path) or "").strip()


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else 0


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(text or ""), UTC)
    except (ValueError, OverflowError, OSError):
        return None
