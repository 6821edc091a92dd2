"""What certificates for clients carry: the object identifiers and the extensions of Candlepin.

Every value is DER in an extension that is not critical. The numbers are below Red Hat's arc for
entitlement certificates; python-rhsm, Pulp's certificate guard and `rct` read the same.
"""

from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from headgate.domain.errors import InvalidContentError
from headgate.pki.paths import PathTree

_ARC = "1.3.6.1.4.1.2312.9"
VERSION = ObjectIdentifier(f"{_ARC}.6")  # absent: version 1, which knows no path tree
PATHS = ObjectIdentifier(f"{_ARC}.7")
KIND = ObjectIdentifier(f"{_ARC}.8")

_NETSCAPE_TYPE = ObjectIdentifier("2.16.840.1.113730.1.1")
_SSL_CLIENT_AND_SMIME = bytes.fromhex("030205a0")

_UTF8_STRING = 0x0C
_OCTET_STRING = 0x04


def extensions(tree: PathTree, *, kind: str | None) -> list[x509.ExtensionType]:
    """Return the extensions that make a certificate open the paths of `tree`.

    `kind` is `OrgLevel` for certificates of Simple Content Access, else None.
    """
    values = [
        x509.UnrecognizedExtension(_NETSCAPE_TYPE, _SSL_CLIENT_AND_SMIME),
        x509.UnrecognizedExtension(VERSION, _der(_UTF8_STRING, b"3.4")),
        x509.UnrecognizedExtension(PATHS, _der(_OCTET_STRING, tree.encode())),
    ]
    if kind is not None:
        values.append(x509.UnrecognizedExtension(KIND, _der(_UTF8_STRING, kind.encode())))
    return list(values)


def path_tree(certificate: x509.Certificate) -> PathTree | None:
    """Return the certificate's path tree, None if it has none (an identity certificate)."""
    try:
        extension = certificate.extensions.get_extension_for_oid(PATHS)
    except x509.ExtensionNotFound:
        return None
    if not isinstance(extension.value, x509.UnrecognizedExtension):
        raise InvalidContentError("The path tree is not an extension of its own")
    return PathTree.decode(_content(extension.value.value, _OCTET_STRING))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    width = (size.bit_length() + 7) // 8
    return bytes([tag, 128 + width]) + size.to_bytes(width, "big") + content


def _content(der: bytes, tag: int) -> bytes:
    """Return what a DER value of this tag and of definite length holds."""
    if len(der) < 2 or der[0] != tag:
        raise InvalidContentError(f"The extension is not a DER value of tag {tag}")
    width = der[1] - 128 if der[1] > 127 else 0
    start = 2 + width
    size = int.from_bytes(der[2:start], "big") if width else der[1]
    if der[1] == 128 or width > 4 or len(der) != start + size:
        raise InvalidContentError("The extension has a wrong DER length")
    return der[start:]
