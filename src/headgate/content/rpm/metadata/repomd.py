"""repomd.xml: the index of a repository's metadata files, read and written."""

from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from headgate.content.rpm.metadata.markup import escape, parse_document
from headgate.content.rpm.metadata.packages import WEAK_CHECKSUMS, read_checksum
from headgate.content.rpm.metadata.shapes import RPM
from headgate.domain.errors import InvalidContentError
from headgate.domain.paths import safe_relpath

REPO: Final = "http://linux.duke.edu/metadata/repo"

# Known ones have some 20 entries of 500 bytes.
MAX_BYTES: Final = 2 << 20
MAX_FILES: Final = 500

_XML_BASE: Final = "{http://www.w3.org/XML/1998/namespace}base"
_MAX_TYPE: Final = 64
_MAX_NUMBER: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Checksum:
    """A checksum by its usual name (`sha256`, never `sha`) and raw bytes."""

    type: str
    raw: bytes

    @property
    def weak(self) -> bool:
        """Whether it keeps out accidents only."""
        return self.type in WEAK_CHECKSUMS


@dataclass(frozen=True, slots=True)
class MetadataFile:
    """One `<data>`: a metadata file. `location` has passed `safe_relpath`; sizes are in bytes."""

    type: str
    location: str
    checksum: Checksum
    size: int | None = None
    open_checksum: Checksum | None = None
    open_size: int | None = None
    timestamp: int | None = None
    location_base: str | None = None
    database_version: int | None = None


@dataclass(frozen=True, slots=True)
class DistroTag:
    """A `<distro>` tag: the distribution's name and CPE identifier."""

    name: str
    cpeid: str | None = None


@dataclass(frozen=True, slots=True)
class Repomd:
    """The whole index; `files` in the order of the document."""

    files: tuple[MetadataFile, ...]
    revision: str = ""
    content_tags: tuple[str, ...] = ()
    repo_tags: tuple[str, ...] = ()
    distro_tags: tuple[DistroTag, ...] = ()

    def find(self, kind: str) -> MetadataFile | None:
        """Return the file of type `kind`; the first, should there be several."""
        return next((file for file in self.files if file.type == kind), None)


def parse_repomd(data: bytes) -> Repomd:
    """Read a repomd.xml; InvalidContentError says what is wrong with it."""
    if len(data) > MAX_BYTES:
        raise InvalidContentError(f"repomd.xml is larger than {MAX_BYTES} bytes")
    root = parse_document(data, "repomd.xml")
    if _local(root) != "repomd":
        raise InvalidContentError(f"repomd.xml has the root <{_local(root)}>")
    entries = [child for child in root if _local(child) == "data"]
    if len(entries) > MAX_FILES:
        raise InvalidContentError(f"repomd.xml lists more than {MAX_FILES} files")
    tags = [tag for group in root if _local(group) == "tags" for tag in group]
    return Repomd(
        files=tuple(_read_file(entry) for entry in entries),
        revision=_text(_child(root, "revision")),
        content_tags=tuple(_text(tag) for tag in tags if _local(tag) == "content"),
        repo_tags=tuple(_text(tag) for tag in tags if _local(tag) == "repo"),
        distro_tags=tuple(
            DistroTag(_text(tag), tag.get("cpeid")) for tag in tags if _local(tag) == "distro"
        ),
    )


def render_repomd(repomd: Repomd) -> bytes:
    """Write a repomd.xml that `parse_repomd` reads back as it was."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<repomd xmlns="{REPO}" xmlns:rpm="{RPM}">',
    ]
    if repomd.revision:
        lines.append(f"  <revision>{escape(repomd.revision)}</revision>")
    tags = [f"    <content>{escape(tag)}</content>" for tag in repomd.content_tags]
    tags += [f"    <repo>{escape(tag)}</repo>" for tag in repomd.repo_tags]
    tags += [
        f"    <distro{_attribute('cpeid', tag.cpeid)}>{escape(tag.name)}</distro>"
        for tag in repomd.distro_tags
    ]
    if tags:
        lines += ["  <tags>", *tags, "  </tags>"]
    for file in repomd.files:
        lines += _render_file(file)
    return "\n".join([*lines, "</repomd>", ""]).encode()


def _read_file(entry: ET.Element) -> MetadataFile:
    kind = entry.get("type") or ""
    if not kind or len(kind) > _MAX_TYPE or not kind.isprintable():
        raise InvalidContentError(f"repomd.xml lists a file of the type {kind[:80]!r}")
    whose = f"The {kind} file in repomd.xml"
    location = _child(entry, "location")
    if location is None:
        raise InvalidContentError(f"{whose} has no location")
    checksum = _read_checksum(_child(entry, "checksum"), whose)
    if checksum is None:
        raise InvalidContentError(f"{whose} has no checksum")
    return MetadataFile(
        type=kind,
        location=safe_relpath(location.get("href") or ""),
        checksum=checksum,
        size=_number(entry, "size"),
        open_checksum=_read_checksum(_child(entry, "open-checksum"), whose),
        open_size=_number(entry, "open-size"),
        timestamp=_number(entry, "timestamp"),
        location_base=location.get(_XML_BASE) or None,
        database_version=_number(entry, "database_version"),
    )


def _read_checksum(element: ET.Element | None, whose: str) -> Checksum | None:
    if element is None:
        return None
    return Checksum(*read_checksum(element.get("type", ""), _text(element), whose))


def _number(entry: ET.Element, tag: str) -> int | None:
    """Read a whole number; some generators write timestamps with a fraction."""
    digits = _text(_child(entry, tag)).partition(".")[0]
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit()) or int(digits[:20]) > _MAX_NUMBER:
        raise InvalidContentError(f"repomd.xml has the {tag} {digits[:80]!r}")
    return int(digits)


def _render_file(file: MetadataFile) -> list[str]:
    numbers = {
        "timestamp": file.timestamp,
        "size": file.size,
        "open-size": file.open_size,
        "database_version": file.database_version,
    }
    checksums = {"checksum": file.checksum, "open-checksum": file.open_checksum}
    href = _attribute("xml:base", file.location_base) + _attribute("href", file.location)
    return [
        f'  <data type="{escape(file.type)}">',
        *(
            f'    <{tag} type="{checksum.type}">{checksum.raw.hex()}</{tag}>'
            for tag, checksum in checksums.items()
            if checksum is not None
        ),
        f"    <location{href}/>",
        *(f"    <{tag}>{value}</{tag}>" for tag, value in numbers.items() if value is not None),
        "  </data>",
    ]


def _attribute(name: str, value: str | None) -> str:
    return "" if value is None else f' {name}="{escape(value)}"'


def _child(parent: ET.Element, tag: str) -> ET.Element | None:
    return next((child for child in parent if _local(child) == tag), None)


def _text(element: ET.Element | None) -> str:
    return ("" if element is None else element.text or "").strip()


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
