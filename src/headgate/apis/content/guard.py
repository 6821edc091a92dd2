"""Who may fetch the content of a repository that is not unprotected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from headgate.apis.scope import presented_certificate
from headgate.domain.clock import Clock
from headgate.pki.clients import ClientCertificates
from headgate.stores.db.changes import Stamp

Scope = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Denied:
    """Why not, in words for who asks."""

    reason: str


class Guard(Protocol):
    """Decides for each request; called on the event loop, so it must be quick."""

    def __call__(self, scope: Scope, path: str, stamp: Stamp, /) -> Denied | None:
        """Return None if the client may fetch `path` (`/ORG/ENV/CV/...`).

        What the guard remembers of the database holds for this `stamp` only.
        """
        ...


class CertificateGuard:
    """Opens paths that the path tree of the client's certificate covers.

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

    def __call__(self, scope: Scope, path: str, stamp: Stamp, /) -> Denied | None:
        """Return None if the client's certificate opens the path."""
        der = presented_certificate(scope)
        if der is None:
            return Denied("this repository is served to clients with a certificate only")
        certificate = self._certificates.read(der)
        if certificate is None:
            return Denied("the client certificate is not of this server's authority")
        if not certificate.is_current(self._clock()):
            return Denied("the client certificate has expired or is not valid yet")
        if self._is_revoked_now(certificate.serial, stamp):
            return Denied("the client certificate is revoked")
        if not certificate.opens(path):
            return Denied("the client certificate does not cover this path")
        return None

    def _is_revoked_now(self, serial: str, stamp: Stamp) -> bool:
        if stamp != self._stamp:
            self._revoked.clear()
            self._stamp = stamp
        known = self._revoked.get(serial)
        if known is None:
            known = self._revoked[serial] = self._is_revoked(serial)
        return known
