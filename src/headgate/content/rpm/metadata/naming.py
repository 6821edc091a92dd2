"""What clients are not told as upstream says it: weak checksums, and other servers."""

import re
from typing import Final

from headgate.content.rpm.metadata.packages import Fragments, pkgid_of, read_header
from headgate.domain.errors import InvalidContentError

_ATTRIBUTE: Final = rb"\s+[\w:.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*')"
_CHECKSUM: Final = re.compile(rb"<checksum(?:%b)*\s*>[^<]*</checksum\s*>" % _ATTRIBUTE)
_PKGID: Final = re.compile(rb"(<package(?:%b)*?\s+pkgid\s*=\s*)(?:\"[^\"]*\"|'[^']*')" % _ATTRIBUTE)
_BASE: Final = re.compile(
    rb"(<location(?:%b)*?)\s+xml:base\s*=\s*(?:\"[^\"]*\"|'[^']*')" % _ATTRIBUTE
)


def named_by_sha256(fragments: Fragments, sha256: str) -> Fragments:
    """Return the fragments with this SHA-256 (hex digits) as the package's name in all three.

    Nothing else of them changes. InvalidContentError when they name the package in more places
    than the one where it belongs.
    """
    digits = sha256.encode()
    checksum = b'<checksum type="sha256" pkgid="YES">%b</checksum>' % digits
    primary, count = _CHECKSUM.subn(checksum, fragments.primary)
    sides = (_named(side, digits) for side in (fragments.filelists, fragments.other))
    named = Fragments(primary, *sides)
    if count != 1 or any(pkgid_of(each) != digits for each in named):
        raise InvalidContentError(
            f"The package {pkgid_of(fragments.primary).decode()} is named in more than one place,"
            " so it cannot be named by SHA-256"
        )
    return named


def without_base(primary: bytes) -> bytes:
    """Return a fragment of primary that sends clients to no other server.

    InvalidContentError when it says so in a form that is not known.
    """
    stripped = _BASE.sub(rb"\1", primary)
    header = read_header(stripped)
    if header.location_base is not None:
        raise InvalidContentError(f"The package {header.name} lies on two servers")
    return stripped


def _named(side: bytes, digits: bytes) -> bytes:
    return _PKGID.sub(rb'\g<1>"%b"' % digits, side, count=1)
