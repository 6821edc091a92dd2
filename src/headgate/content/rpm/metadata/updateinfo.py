"""updateinfo.xml: advisories, as raw `<update>` elements and what they say.

Advisories are written by many hands and tools, so a reader that insists would refuse most of the
world's repositories: what is missing is empty, what is odd is left out.
"""

import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

from headgate.content.rpm.metadata.compression import STREAM, Limits
from headgate.content.rpm.metadata.markup import parse_fragment
from headgate.content.rpm.metadata.shapes import UPDATEINFO
from headgate.content.rpm.metadata.stream import Source, read_elements

# The widths of the columns.
_MAX_ID: Final = 255
_MAX_WORD: Final = 64

_DATE: Final = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)(?:[ T]+(\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?)?\s*([+-]\d\d:?\d\d)?"
)


class Reference(NamedTuple):
    """A link to the cause: type is `bugzilla`, `cve`, `self` ..."""

    type: str
    id: str
    href: str
    title: str


class ErratumPackage(NamedTuple):
    """A package that the advisory brings."""

    filename: str
    name: str
    epoch: str
    version: str
    release: str
    arch: str


class ErratumModule(NamedTuple):
    """A module stream that the advisory brings."""

    name: str
    stream: str
    version: str
    context: str
    arch: str


@dataclass(frozen=True, slots=True)
class Erratum:
    """One advisory; packages and modules over all its collections, each once."""

    fragment: bytes
    errata_id: str
    title: str
    type: str
    severity: str
    issued: datetime | None
    updated: datetime | None
    version: str
    release: str
    status: str
    issued_by: str
    summary: str
    description: str
    solution: str
    rights: str
    reboot_suggested: bool
    references: tuple[Reference, ...]
    packages: tuple[ErratumPackage, ...]
    modules: tuple[ErratumModule, ...]

    @property
    def is_named(self) -> bool:
        """Whether it has a usable id; nobody could ask for it without."""
        return 0 < len(self.errata_id) <= _MAX_ID and self.errata_id.isprintable()


def read_updateinfo(source: Source, *, limits: Limits = STREAM) -> Generator[bytes]:
    """Yield the advisories of an updateinfo.xml as raw elements, one in memory at a time.

    InvalidContentError when the file is broken or hostile.
    """
    with closing(read_elements(source, UPDATEINFO, limits)) as fragments:
        yield from fragments


def parse_erratum(fragment: bytes) -> Erratum:
    """Read one `<update>` element."""
    update = parse_fragment(fragment, "An advisory")
    collections = update.findall("pkglist/collection")
    packages = [package for part in collections for package in part.findall("package")]
    modules = [module for part in collections for module in part.findall("module")]
    return Erratum(
        fragment=fragment,
        errata_id=_text(update, "id"),
        title=_text(update, "title"),
        type=update.get("type", "")[:_MAX_WORD],
        severity=_text(update, "severity")[:_MAX_WORD],
        issued=_date(update, "issued"),
        updated=_date(update, "updated"),
        version=update.get("version", "")[:_MAX_WORD],
        release=_text(update, "release"),
        status=update.get("status", ""),
        issued_by=update.get("from", ""),
        summary=_text(update, "summary"),
        description=_text(update, "description"),
        solution=_text(update, "solution"),
        rights=_text(update, "rights"),
        reboot_suggested=any(_claims_reboot(element) for element in (update, *packages)),
        references=tuple(
            Reference(*(element.get(name, "") for name in Reference._fields))
            for element in update.findall("references/reference")
        ),
        packages=tuple(dict.fromkeys(map(_package, packages))),
        modules=tuple(dict.fromkeys(map(_module, modules))),
    )


def packages_by_module(fragment: bytes) -> dict[ErratumModule, list[ErratumPackage]]:
    """Return which packages an `<update>` element brings with each of its module streams."""
    found: dict[ErratumModule, dict[ErratumPackage, None]] = {}
    for part in parse_fragment(fragment, "An advisory").findall("pkglist/collection"):
        packages = dict.fromkeys(map(_package, part.findall("package")))
        for module in map(_module, part.findall("module")):
            found.setdefault(module, {}).update(packages)
    return {module: list(packages) for module, packages in found.items()}


def render_updateinfo(fragments: Iterable[bytes]) -> Iterator[bytes]:
    """Yield an updateinfo.xml of these fragments in pieces."""
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<updates>\n'
    for fragment in fragments:
        yield fragment + b"\n"
    yield b"</updates>\n"


def _module(element: ET.Element) -> ErratumModule:
    return ErratumModule(*(element.get(name, "") for name in ErratumModule._fields))


def _package(element: ET.Element) -> ErratumPackage:
    """An advisory without a file name means the package that its attributes name."""
    name, version = element.get("name", ""), element.get("version", "")
    release, arch = element.get("release", ""), element.get("arch", "")
    filename = _text(element, "filename").rpartition("/")[2]
    return ErratumPackage(
        filename=filename or f"{name}-{version}-{release}.{arch}.rpm",
        name=name,
        epoch=element.get("epoch") or "0",
        version=version,
        release=release,
        arch=arch,
    )


def _claims_reboot(element: ET.Element) -> bool:
    """An empty element means yes, as in yum; some tools write the word False."""
    found = element.find("reboot_suggested")
    return found is not None and (found.text or "").strip().lower() not in {"false", "0", "no"}


def _date(update: ET.Element, tag: str) -> datetime | None:
    element = update.find(tag)
    text = "" if element is None else element.get("date") or element.text or ""
    try:
        if text.strip().isdecimal():
            return datetime.fromtimestamp(int(text), UTC)
        found = _DATE.match(text)
        if found is None:
            return None
        *numbers, offset = found.groups(default="0")
        moment = datetime(*map(int, numbers), tzinfo=UTC)  # type: ignore[misc]
        if offset == "0":
            return moment
        zone = datetime.strptime(offset.replace(":", ""), "%z").tzinfo
        return moment.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _text(element: ET.Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()
