"""Whether the certificate that a client presents is believed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.apis.scope import presented_certificate
from headgate.domain.clock import Clock
from headgate.pki.clients import ClientCertificate, ClientCertificates
from headgate.stores.db.changes import Stamp


@dataclass(frozen=True, slots=True)
class Denied:
    """Why not, in words for who asks."""

    reason: str


class CertificateCheck:
    """Judges presented certificates on the event loop.

    `is_revoked` asks the database about a serial; its answer is kept until the database changes.
    """

    def __init__(
        self,
        certificates: ClientCertificates,
        *,
        is_revoked: Callable[[str], bool],
        clock: Clock,
    ) -> None:
        self._certificates = certificates
        self._is_revoked = is_revoked
        self._clock = clock
        self._stamp: Stamp = None
        self._revoked: dict[str, bool] = {}

    def __call__(self, scope: Mapping[str, Any], stamp: Stamp) -> ClientCertificate | Denied | None:
        """Return the certificate, why it is not believed, or None if there is none."""
        der = presented_certificate(scope)
        if der is None:
            return None
        certificate = self._certificates.read(der)
        if certificate is None:
            return Denied("the client certificate is not of this server's authority")
        if not certificate.is_current(self._clock()):
            return Denied("the client certificate has expired or is not valid yet")
        if self._is_revoked_now(certificate.serial, stamp):
            return Denied("the client certificate is revoked")
        return certificate

    def _is_revoked_now(self, serial: str, stamp: Stamp) -> bool:
        if stamp != self._stamp:
            self._revoked.clear()
            self._stamp = stamp
        known = self._revoked.get(serial)
        if known is None:
            known = self._revoked[serial] = self._is_revoked(serial)
        return known
