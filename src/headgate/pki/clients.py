"""Certificates that clients present: parsed and checked once each, then kept by fingerprint."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from headgate.domain.errors import InvalidContentError
from headgate.pki.paths import PathTree
from headgate.pki.profile import path_tree

_KEPT = 20_000  # a host has one certificate


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What a certificate of our own authority says; whether it is revoked, the database says."""

    fingerprint: bytes  # SHA-256 of the DER
    serial: str  # lower-case hex, as in `revoked_certificates`
    not_before: datetime
    not_after: datetime
    organization: str | None  # the O of the subject: a label
    name: str | None  # the CN of the subject
    paths: PathTree | None  # None: opens no content

    def is_current(self, now: datetime) -> bool:
        """Tell whether `now` lies within the dates of the certificate."""
        return self.not_before <= now <= self.not_after

    def opens(self, path: str) -> bool:
        """Tell whether the path tree covers `path` (below `/pulp/content`: `/ORG/ENV/CV/...`)."""
        return self.paths is not None and self.paths.opens(path)


class ClientCertificates:
    """Reads client certificates of one authority.

    TLS has proven that the client holds the private key; who signed the certificate is checked
    here and not in the handshake, so that a foreign or expired one gets an HTTP answer. Only our
    own certificates are kept: a flood of foreign ones pushes none out.
    """

    def __init__(self, authority: x509.Certificate) -> None:
        self._authority = authority
        self._known: dict[bytes, ClientCertificate] = {}

    def read(self, der: bytes) -> ClientCertificate | None:
        """Return what the certificate says, None unless our authority signed it for a client.

        Dates and revocation are the caller's to check: they change, the certificate does not.
        """
        fingerprint = sha256(der).digest()
        known = self._known.get(fingerprint)
        if known is None:
            known = self._parse(der, fingerprint)
            if known is not None:
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[fingerprint] = known
        return known

    def _parse(self, der: bytes, fingerprint: bytes) -> ClientCertificate | None:
        try:
            certificate = x509.load_der_x509_certificate(der)
            certificate.verify_directly_issued_by(self._authority)
            if not _is_for_clients(certificate):
                return None
            paths = path_tree(certificate)
        except (ValueError, TypeError, InvalidSignature, x509.DuplicateExtension):
            return None
        except InvalidContentError:
            return None
        return ClientCertificate(
            fingerprint=fingerprint,
            serial=f"{certificate.serial_number:x}",
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            organization=_attribute(certificate, NameOID.ORGANIZATION_NAME),
            name=_attribute(certificate, NameOID.COMMON_NAME),
            paths=paths,
        )


def _is_for_clients(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage.value


def _attribute(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str | None:
    values = certificate.subject.get_attributes_for_oid(oid)
    return str(values[0].value) if values else None
