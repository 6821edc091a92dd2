"""What a package's fragments say: its header for the database, its details for people."""

import re
import struct
from collections.abc import Callable
from typing import Final, NamedTuple, cast
from xml.etree import ElementTree as ET

import rpm_version
from blake3 import blake3

from headgate.content.rpm.metadata.markup import parse_fragment
from headgate.content.rpm.metadata.shapes import RPM
from headgate.domain.errors import InvalidContentError
from headgate.domain.paths import safe_relpath

# Hex digits of the checksums that repositories use; `sha` is createrepo's old name of sha1.
CHECKSUM_BYTES: Final = {
    "md5": 16,
    "sha1": 20,
    "sha224": 28,
    "sha256": 32,
    "sha384": 48,
    "sha512": 64,
}
# Still met upstream. They keep out accidents only, so nothing is vouched for by them, and they are
# never written here.
WEAK_CHECKSUMS: Final = frozenset({"md5", "sha1"})
_WEAK_DIGITS: Final = frozenset(2 * CHECKSUM_BYTES[kind] for kind in WEAK_CHECKSUMS)
# The widths of the columns that hold them.
_LONGEST: Final = {"name": 255, "arch": 32, "epoch": 10, "version": 255, "release": 255}
_MAX_BASE: Final = 1024
_MAX_SOURCE: Final = 512
_MAX_SIZE: Final = (1 << 63) - 1

_XML_BASE: Final = "{http://www.w3.org/XML/1998/namespace}base"


class Fragments(NamedTuple):
    """The `<package>` elements of one package in the three files."""

    primary: bytes
    filelists: bytes
    other: bytes


_sort_key = cast(
    Callable[[str, str, str], bytes],
    getattr(rpm_version, "EvrSortKey").from_values,  # noqa: B009  # the library has no types
)


class PackageHeader(NamedTuple):
    """What the database keeps of a package, checked and within the columns' widths.

    `location` has passed `safe_relpath` and is not decoded. `location_base` is as upstream gave
    it: whoever fetches from it checks its scheme. `evr` sorts and compares as rpm does.
    """

    name: str
    epoch: str
    version: str
    release: str
    arch: str
    evr: bytes
    checksum_type: str
    checksum: bytes
    size: int
    location: str
    location_base: str | None
    summary: str
    sourcerpm: str | None

    @property
    def nevra(self) -> str:
        """`name-epoch:version-release.arch`, the epoch always there, as modules write it."""
        return f"{self.name}-{self.epoch}:{self.version}-{self.release}.{self.arch}"


def evr_key(epoch: str, version: str, release: str) -> bytes:
    """Return the bytes that sort and compare as rpm compares epoch, version and release."""
    return _sort_key(epoch, version, release)


def digest_of(fragments: Fragments) -> bytes:
    """Return the package's identity: BLAKE3 over the three lengths and the fragments.

    A re-sync of unchanged content does little else than this: BLAKE3 is three times as fast here
    as BLAKE2b, and twice as fast as the decompression beside it.
    """
    lengths = struct.pack("<QQQ", *map(len, fragments))
    return blake3(b"".join((lengths, *fragments))).digest()


def is_of(entry: bytes, pkgid: bytes) -> bool:
    """Whether an element of filelists or other is the package's (`pkgid_of` tells its pkgid)."""
    return entry.startswith(b'<package pkgid="%b"' % pkgid) or pkgid_of(entry) == pkgid


def pkgid_of(fragment: bytes) -> bytes:
    """Return the lower-case hex checksum by which the three files name a package."""
    found = _PKGID.search(fragment)
    if found is not None and len(pkgid := found[1] or found[2]) % 2 == 0:
        return pkgid.lower()
    package = parse_fragment(fragment, "A package")
    pkgid = package.get("pkgid") or _text(package, "checksum")
    if not re.fullmatch("(?:[0-9a-fA-F]{2}){1,64}", pkgid):
        raise InvalidContentError(f"A package has no usable pkgid, but {pkgid[:80]!r}")
    return pkgid.encode().lower()


def is_weak(pkgid: bytes) -> bool:
    """Whether hex digits are of one of the weak checksums: no other is as short."""
    return len(pkgid) in _WEAK_DIGITS


def read_header(primary: bytes) -> PackageHeader:
    """Read the header of a fragment of primary.

    InvalidContentError when something is missing, too long for its column, or not what it
    should be.
    """
    plain = _PLAIN.match(primary)
    if plain is None or not primary.endswith(_PLAIN_ENDS):
        return _parsed_header(primary)
    # Decoded at once, then split: NUL is in no XML.
    text = b"\0".join(plain.groups(b"")).decode("utf-8", "replace")
    fields = text.split("\0")
    if len(fields) != len(_Raw._fields):
        raise InvalidContentError("A package of primary holds a NUL character")
    if "&" in text:
        fields = [_unescaped(field) if "&" in field else field for field in fields]
    return _checked(_Raw._make(fields))


_PKGID = re.compile(
    rb'<package\s(?:[^<>]*\s)??pkgid="([0-9a-fA-F]+)"'
    rb'|<checksum type="[^"<]*" pkgid="YES">([0-9a-fA-F]+)</checksum>'
)
# createrepo_c's order of elements, from the first byte to the middle of <format>. Nothing that
# matches can say anything twice.
_PLAIN = re.compile(
    rb'<package type="rpm"\s*>\s*<name>([^<]*)</name>\s*<arch>([^<]*)</arch>'
    rb'\s*<version epoch="([^"<]*)" ver="([^"<]*)" rel="([^"<]*)"\s*/>'
    rb'\s*<checksum type="([^"<]*)" pkgid="YES">([^<]*)</checksum>'
    rb"\s*<summary(?:/>|>([^<]*)</summary>)"
    rb"\s*<description(?:/>|>[^<]*</description>)"
    rb"(?:\s*<packager(?:/>|>[^<]*</packager>))?"
    rb"(?:\s*<url(?:/>|>[^<]*</url>))?"
    rb"(?:\s*<time [^<>]*/>)?"
    rb'\s*<size package="([^"<]*)"[^<>]*/>'
    rb'\s*<location(?: xml:base="([^"<]*)")? href="([^"<]*)"\s*/>'
    rb"\s*<format>"
    rb"(?:\s*<rpm:(?:license|vendor|group|buildhost)(?:/>|>[^<]*</rpm:\w+>))*"
    rb"(?:\s*<rpm:sourcerpm(?:/>|>([^<]*)</rpm:sourcerpm>))?"
)
_PLAIN_ENDS = (b"</format>\n</package>", b"</format>\n  </package>", b"</format></package>")


class _Raw(NamedTuple):
    """What a header is made of, in the order of the groups of `_PLAIN`; missing is empty."""

    name: str
    arch: str
    epoch: str
    version: str
    release: str
    checksum_type: str
    checksum: str
    summary: str
    size: str
    base: str
    href: str
    source: str


def _unescaped(value: str) -> str:
    return parse_fragment(f"<a>{value}</a>".encode(), "A package").text or ""


def _parsed_header(primary: bytes) -> PackageHeader:
    package = parse_fragment(primary, "A package of primary")
    found: dict[str, ET.Element] = {}
    for tag in ("name", "arch", "version", "checksum", "size", "location"):
        elements = package.findall(tag)
        if len(elements) != 1:
            raise InvalidContentError(f"A package of primary has not exactly one <{tag}>")
        found[tag] = elements[0]
    raw = _Raw(
        name=_text(package, "name"),
        epoch=found["version"].get("epoch", ""),
        version=found["version"].get("ver", ""),
        release=found["version"].get("rel", ""),
        arch=_text(package, "arch"),
        checksum_type=found["checksum"].get("type", ""),
        checksum=_text(package, "checksum"),
        size=found["size"].get("package", ""),
        href=found["location"].get("href", ""),
        base=found["location"].get(_XML_BASE, ""),
        summary=package.findtext("summary") or "",
        source=package.findtext(f"format/{{{RPM}}}sourcerpm") or "",
    )
    return _checked(raw)


def _checked(raw: _Raw) -> PackageHeader:
    name, arch, epoch, version, release = raw[:5]
    epoch = epoch or "0"
    if not (
        (name + arch + version + release).isprintable()
        and 0 < len(name) <= _LONGEST["name"]
        and 0 < len(arch) <= _LONGEST["arch"]
        and 0 < len(version) <= _LONGEST["version"]
        and 0 < len(release) <= _LONGEST["release"]
    ):
        raise _bad_word(raw)
    if not (epoch.isascii() and epoch.isdigit() and len(epoch) <= _LONGEST["epoch"]):
        raise InvalidContentError(f"The package {name} has the epoch {_shown(epoch)}")
    kind, checksum = read_checksum(raw.checksum_type, raw.checksum, f"The package {name}")
    size, base = raw.size, raw.base
    if not (size.isascii() and size.isdigit()) or int(size[:20]) > _MAX_SIZE:
        raise InvalidContentError(f"The package {name} has the size {_shown(size)}")
    if base and (len(base) > _MAX_BASE or not base.isprintable()):
        raise InvalidContentError(f"The package {name} has the base {_shown(base)}")
    return PackageHeader(
        name=name,
        epoch=epoch,
        version=version,
        release=release,
        arch=arch,
        evr=evr_key(epoch, version, release),
        checksum_type=kind,
        checksum=checksum,
        size=int(size),
        location=safe_relpath(raw.href),
        location_base=base or None,
        summary=raw.summary,
        sourcerpm=raw.source[:_MAX_SOURCE] or None,
    )


def _bad_word(raw: _Raw) -> InvalidContentError:
    """Name the first word that is missing, too long or not printable."""
    for word in ("name", "arch", "version", "release"):
        value = getattr(raw, word)
        if not value or len(value) > _LONGEST[word] or not value.isprintable():
            return InvalidContentError(f"A package of primary has the {word} {_shown(value)}")
    raise AssertionError("one of the words is bad")


def read_checksum(kind: str, digits: str, whose: str) -> tuple[str, bytes]:
    """Return a checksum's type, by its usual name, and its raw bytes.

    InvalidContentError, which begins with `whose`, when the type is unknown or the length wrong.
    """
    kind = kind.lower()
    kind = "sha1" if kind == "sha" else kind
    try:
        raw = bytes.fromhex(digits)
    except ValueError:
        raw = b""
    if kind not in CHECKSUM_BYTES or len(raw) != CHECKSUM_BYTES[kind]:
        raise InvalidContentError(f"{whose} has the checksum {_shown(kind)} {_shown(digits)}")
    return kind, raw


def _text(parent: ET.Element, tag: str) -> str:
    return (parent.findtext(tag) or "").strip()


def _shown(value: str) -> str:
    return repr(value[:80]) if value else "(none)"
