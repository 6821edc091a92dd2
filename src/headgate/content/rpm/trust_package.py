"""The signatures of an RPM package, found by a reader of our own.

The file is from anybody, so nothing in it is believed: every length is bounded before it is
used, and only the few entries that a signature needs are looked at. What rpm is strict about, it
is strict about as well (`hdrblobInit` and `rpmpkgRead` of rpm 4.18): the main header must be one
immutable region from its first to its last byte, for what is outside would not be signed.

Format: lead (96 bytes), signature header, padding to 8 bytes, main header, payload. A header is
its magic, the number of index entries, the size of its store, the index, the store.
"""

import binascii
import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from headgate.domain.errors import InvalidContentError

_LEAD: Final = 96
_LEAD_MAGIC: Final = b"\xed\xab\xee\xdb"
_HEADER_MAGIC: Final = b"\x8e\xad\xe8\x01\0\0\0\0"
_ENTRY: Final = struct.Struct(">IIII")
_ENTRIES: Final = 0xFFFF
_STORE_BYTES: Final = 64 << 20  # the largest real ones have 20 MB
_SIGNATURE_ENTRIES: Final = 64
_SIGNATURES: Final = 16
_TEXT: Final = 4096
_CHUNK: Final = 1 << 20

_INT32, _STRING, _BIN, _STRING_ARRAY, _I18N = 4, 6, 7, 8, 9
_IMMUTABLE: Final = 63
# Of the signature header: over the main header, and over main header and payload.
_OVER_HEADER: Final = (267, 268)  # DSAHEADER (EdDSA, too), RSAHEADER
_OVER_ALL: Final = (1002, 1005)  # PGP, GPG
_OPENPGP: Final = 278  # any number of signatures over the header, in base64
_NAME, _VERSION, _RELEASE, _EPOCH, _ARCH = 1000, 1001, 1002, 1003, 1022
_SOURCE_RPM, _SOURCE_PACKAGE = 1044, 1106
_PAYLOAD_DIGEST, _PAYLOAD_ALGORITHM = 5092, 5093
_ALGORITHMS: Final = {8: "sha256", 9: "sha384", 10: "sha512"}


class Readable(Protocol):
    """A file that is read from its start; `seek` goes to an absolute offset."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes; nothing at the end."""
        ...

    def seek(self, offset: int, /) -> int:
        """Go on from `offset`."""
        ...


@dataclass(frozen=True, slots=True)
class PackageName:
    """Which package the header says that it is."""

    name: str
    epoch: str
    version: str
    release: str
    arch: str  # src for a source package

    def __str__(self) -> str:
        epoch = "" if self.epoch in ("", "0") else f"{self.epoch}:"
        return f"{self.name}-{epoch}{self.version}-{self.release}.{self.arch}"


@dataclass(frozen=True, slots=True)
class SignedPackage:
    """What of a package is signed, and by what; nothing of it is checked yet."""

    name: PackageName
    header: bytes  # all that a signature of the header is over
    header_at: int  # where that begins in the file
    over_header: Sequence[bytes]
    over_all: Sequence[bytes]  # over the file from `header_at` to its end
    payload_digest: tuple[str, str] | None  # hash and hex digits, as the header says

    @property
    def payload_at(self) -> int:
        """Where the payload begins in the file."""
        return self.header_at + len(self.header)

    def has_its_payload(self, file: Readable) -> bool:
        """Whether the header names the digest of the payload, and the payload is that one."""
        if self.payload_digest is None:
            return False
        kind, digits = self.payload_digest
        hashed = hashlib.new(kind)
        for chunk in read_from(file, self.payload_at):
            hashed.update(chunk)
        return hashed.hexdigest() == digits


def read_package(file: Readable) -> SignedPackage:
    """Read lead and headers of a package; InvalidContentError says what is wrong with it."""
    lead = _exactly(file, _LEAD)
    if not lead.startswith(_LEAD_MAGIC):
        raise InvalidContentError("It is no RPM package")
    signatures = _read_header(file, _SIGNATURE_ENTRIES, "signature header")
    padding = -len(signatures.raw) % 8
    _exactly(file, padding)
    header = _read_header(file, _ENTRIES, "header")
    header.require_immutable()
    return SignedPackage(
        name=_name_of(header),
        header=header.raw,
        header_at=_LEAD + len(signatures.raw) + padding,
        over_header=[*_found(signatures, _OVER_HEADER), *_openpgp(signatures)],
        over_all=_found(signatures, _OVER_ALL),
        payload_digest=_payload_digest(header),
    )


def read_from(file: Readable, offset: int) -> Iterator[bytes]:
    """Yield the file from an offset to its end."""
    file.seek(offset)
    while chunk := file.read(_CHUNK):
        yield chunk


@dataclass(frozen=True, slots=True)
class _Header:
    """A header's bytes and its index: tag -> type, offset in the store, count."""

    raw: bytes
    index: dict[int, tuple[int, int, int]]
    store: int  # where the store begins in `raw`
    name: str

    def require_immutable(self) -> None:
        """Raise unless one region spans the whole header."""
        count = (self.store - 16) // _ENTRY.size
        tag, kind, offset, length = _ENTRY.unpack_from(self.raw, 16) if count else (0, 0, 0, 0)
        if (tag, kind, length) != (_IMMUTABLE, _BIN, _ENTRY.size):
            raise InvalidContentError("Its header has no immutable region")
        at = self.store + offset
        if at + _ENTRY.size != len(self.raw):
            raise InvalidContentError("Its header has entries outside of the immutable region")
        trailer = struct.unpack_from(">IIiI", self.raw, at)
        if trailer != (_IMMUTABLE, _BIN, -count * _ENTRY.size, _ENTRY.size):
            raise InvalidContentError("The immutable region of its header is not the whole header")

    def binary(self, tag: int) -> bytes | None:
        """Return the bytes of an entry."""
        kind, offset, count = self.index.get(tag, (_BIN, 0, 0))
        start = self.store + offset
        if kind != _BIN or start + count > len(self.raw):
            raise InvalidContentError(f"Entry {tag} of its {self.name} is damaged")
        return self.raw[start : start + count] or None

    def texts(self, tag: int, most: int = 1) -> list[str]:
        """Return the first texts of an entry."""
        kind, offset, count = self.index.get(tag, (_STRING, 0, 0))
        if kind not in (_STRING, _STRING_ARRAY, _I18N):
            raise InvalidContentError(f"Entry {tag} of its {self.name} is no text")
        found: list[str] = []
        at = self.store + offset
        for _ in range(min(count, most)):
            end = self.raw.find(b"\0", at, at + _TEXT)
            if end < 0:
                raise InvalidContentError(f"Entry {tag} of its {self.name} has no end")
            found.append(self.raw[at:end].decode("utf-8", "surrogateescape"))
            at = end + 1
        return found

    def number(self, tag: int) -> int | None:
        """Return the first number of an entry."""
        kind, offset, count = self.index.get(tag, (_INT32, 0, 0))
        if not count:
            return None
        start = self.store + offset
        if kind != _INT32 or start + 4 > len(self.raw):
            raise InvalidContentError(f"Entry {tag} of its {self.name} is no number")
        return int.from_bytes(self.raw[start : start + 4], "big")


def _read_header(file: Readable, most_entries: int, name: str) -> _Header:
    intro = _exactly(file, 16)
    if intro[:8] != _HEADER_MAGIC:
        raise InvalidContentError(f"Its {name} does not begin as one")
    entries, size = struct.unpack(">II", intro[8:])
    if not entries or entries > most_entries or size > _STORE_BYTES:
        raise InvalidContentError(f"Its {name} has {entries} entries and {size} bytes")
    body = _exactly(file, entries * _ENTRY.size + size)
    index: dict[int, tuple[int, int, int]] = {}
    for tag, kind, offset, count in _ENTRY.iter_unpack(body[: entries * _ENTRY.size]):
        if tag in index:
            raise InvalidContentError(f"Its {name} has the entry {tag} twice")
        if offset > size:
            raise InvalidContentError(f"Entry {tag} of its {name} lies outside of it")
        index[tag] = (kind, offset, count)
    return _Header(intro + body, index, 16 + entries * _ENTRY.size, name)


def _exactly(file: Readable, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = file.read(min(size, _CHUNK))
        if not part:
            raise InvalidContentError("It is cut short")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _found(header: _Header, tags: Sequence[int]) -> list[bytes]:
    values = [header.binary(tag) for tag in tags if tag in header.index]
    return [value for value in values if value]


def _openpgp(header: _Header) -> list[bytes]:
    try:
        return [
            binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
            for text in header.texts(_OPENPGP, _SIGNATURES)
        ]
    except (ValueError, binascii.Error) as error:
        raise InvalidContentError("A signature of its signature header is damaged") from error


def _payload_digest(header: _Header) -> tuple[str, str] | None:
    """Return what the header says of the payload; None if it says nothing that counts."""
    digests = header.texts(_PAYLOAD_DIGEST)
    algorithm = _ALGORITHMS.get(header.number(_PAYLOAD_ALGORITHM) or 8)
    return (algorithm, digests[0].lower()) if digests and algorithm else None


def _name_of(header: _Header) -> PackageName:
    name, version, release, arch = (
        (header.texts(tag) or [""])[0] for tag in (_NAME, _VERSION, _RELEASE, _ARCH)
    )
    # A source package says so by an entry of its own, or by not naming the one it came from.
    is_source = _SOURCE_PACKAGE in header.index or _SOURCE_RPM not in header.index
    if not (name + version + release + arch).isprintable():
        raise InvalidContentError("Its header does not name a package")
    epoch = header.number(_EPOCH)
    return PackageName(
        name=name,
        epoch=str(epoch or 0),
        version=version,
        release=release,
        arch="src" if is_source else arch,
    )
