"""Who may fetch the content of a repository that is not unprotected."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from headgate.apis.certificates import CertificateCheck, Denied
from headgate.domain.clock import Clock
from headgate.pki.clients import ClientCertificates
from headgate.stores.db.changes import Stamp

Scope = Mapping[str, Any]


class Guard(Protocol):
    """Decides for each request; called on the event loop, so it must be quick."""

    def __call__(self, scope: Scope, path: str, stamp: Stamp, /) -> Denied | None:
        """Return None if the client may fetch `path` (`/ORG/ENV/CV/...`).

        What the guard remembers of the database holds for this `stamp` only.
        """
        ...


class CertificateGuard:
    """Opens paths that the path tree of the client's certificate covers.

    `is_revoked` is as `CertificateCheck` takes it.
    """

    def __init__(
        self,
        certificates: ClientCertificates,
        *,
        is_revoked: Callable[[str], bool],
        clock: Clock,
    ) -> None:
        self._check = CertificateCheck(certificates, is_revoked=is_revoked, clock=clock)

    def __call__(self, scope: Scope, path: str, stamp: Stamp, /) -> Denied | None:
        """Return None if the client's certificate opens the path."""
        certificate = self._check(scope, stamp)
        if certificate is None:
            return Denied("this repository is served to clients with a certificate only")
        if isinstance(certificate, Denied):
            return certificate
        if not certificate.opens(path):
            return Denied("the client certificate does not cover this path")
        return None
