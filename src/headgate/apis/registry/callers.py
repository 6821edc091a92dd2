"""Who asks the registry: tokens, passwords, personal access tokens, client certificates.

Nothing that a client merely claims is believed: neither `HostUUID`, which Katello's gateway sends,
nor a certificate in a header of a public listener. What was found out holds for one stamp of the
database, so a manifest that is asked for a thousand times costs one look at the user, and whatever
is revoked is refused from the next request on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, TypeVar

from headgate.apis.authentication import read_basic
from headgate.apis.certificates import CertificateCheck, Denied
from headgate.apis.flights import Flights
from headgate.apis.registry.addresses import host_of, service_of
from headgate.apis.scope import presented_certificate
from headgate.domain.clock import Clock
from headgate.domain.errors import UnauthenticatedError
from headgate.services.access import Actor
from headgate.services.accounts.authentication import REFUSED, Credentials, Proof, SignIn
from headgate.services.containers.permissions import NOBODY, Caller
from headgate.services.containers.tokens import (
    PREFIX,
    Claims,
    RegistryTokens,
    require_audience,
    require_current,
)
from headgate.stores.db import Database
from headgate.stores.db.changes import Stamp

__all__ = ["Caller", "Callers", "Upload"]

T = TypeVar("T")
Scope = Mapping[str, Any]

_LONGEST: Final = 8_192  # bytes of a header
_KNOWN_AT_MOST: Final = 10_000
# Time passes without a commit: what expires is looked at again after this.
_KNOWN_FOR: Final = timedelta(seconds=60)
_LOOKING: Final = 4
_PROVING: Final = 4


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that is going on: whose it is, and since when."""

    user_id: int
    began_at: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Caller
    stamp: Stamp
    until: datetime


class Callers:
    """Identifies callers; one for each process and event loop. Close it at the end.

    `secret` keys the hashes under which headers are remembered.
    """

    def __init__(
        self,
        database: Database,
        *,
        sign_in: SignIn,
        tokens: RegistryTokens,
        certificates: CertificateCheck,
        clock: Clock,
        secret: bytes,
    ) -> None:
        self._database = database
        self._sign_in = sign_in
        self._tokens = tokens
        self._certificates = certificates
        self._clock = clock
        self._key = secret[:64]
        self._known: dict[bytes, _Known] = {}
        self._looking = Flights("callers", threads=_LOOKING)
        # Passwords take their time: whoever guesses holds up only others who bring one.
        self._proving = Flights("passwords", threads=_PROVING)

    async def identify(self, scope: Scope, stamp: Stamp, *, upload: Upload | None = None) -> Caller:
        """Return who asks; UnauthenticatedError when what is claimed is not believed.

        A token that has expired since still counts for the `upload` that its user began: it may
        take hours, and a client cannot send what it streams a second time.
        """
        authorization = _authorization(scope)
        der = presented_certificate(scope)
        if authorization is None and der is None:
            return NOBODY
        key = self._key_of(scope, authorization, der)
        known, now = self._known.get(key), self._clock()
        if known is not None and known.stamp == stamp and known.until > now:
            return known.caller
        caller, until = NOBODY, now + _KNOWN_FOR
        if authorization is not None:
            caller, until = await self._authorized(scope, authorization, stamp, upload)
        certificate = self._certificates(scope, stamp)
        if isinstance(certificate, Denied):
            caller = replace(caller, fault=certificate.reason)
        elif certificate is not None:
            caller = replace(caller, certificate=certificate, admitted=True)
            until = min(until, certificate.not_after)
        self._remember(key, _Known(caller, stamp, until))
        return caller

    async def prove(self, scope: Scope) -> Proof | None:
        """Return what the request proves by a password or a personal access token.

        None if it brings neither; UnauthenticatedError if it is wrong, or if it is a token of the
        registry: these do not beget each other.
        """
        authorization = _authorization(scope)
        if authorization is None:
            return None
        if _bearer(authorization).startswith(PREFIX):
            raise UnauthenticatedError("A token of the registry gives no other one: log in again")
        return await self._proving.in_thread(self._prover(scope, authorization))

    async def prove_password(self, scope: Scope, login: str, password: str) -> Proof:
        """As `prove`, for credentials that come in a form."""
        credentials = Credentials(login, password)
        return await self._proving.in_thread(
            lambda: self._sign_in.prove(credentials, address=_address(scope))
        )

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Run what reads the database beside the event loop."""
        return await self._looking.in_thread(function)

    def close(self) -> None:
        """End the threads."""
        self._looking.close()
        self._proving.close()

    async def _authorized(
        self, scope: Scope, authorization: str, stamp: Stamp, upload: Upload | None
    ) -> tuple[Caller, datetime]:
        """Return who a header stands for, and how long that may be remembered."""
        now = self._clock()
        until = now + _KNOWN_FOR
        token = _bearer(authorization)
        if not token.startswith(PREFIX):
            asked = (authorization, _address(scope), stamp)
            proof = await self._proving.once(asked, self._prover(scope, authorization))
            return Caller(actor=proof.actor, admitted=True), min(until, proof.expires_at or until)
        claims = self._tokens.read(token)
        require_audience(claims, service_of(scope))
        begun = upload is not None and upload.user_id == claims.user_id
        require_current(claims, at=upload.began_at if upload and begun else now)
        actor = await self._looking.once((token, stamp), lambda: self._holder(claims, now))
        caller = Caller(actor=actor, bounds=claims.bounds, admitted=True)
        return caller, min(until, claims.expires_at)

    def _holder(self, claims: Claims, now: datetime) -> Actor | None:
        with self._database.read() as tx:
            return self._tokens.holder(tx, claims, now=now)

    def _prover(self, scope: Scope, authorization: str) -> Callable[[], Proof]:
        token, address = _bearer(authorization), _address(scope)
        if token:
            return lambda: self._sign_in.prove_token(token)
        credentials = read_basic(authorization)
        return lambda: self._sign_in.prove(credentials, address=address)

    def _key_of(self, scope: Scope, authorization: str | None, der: bytes | None) -> bytes:
        parts = ((authorization or "").encode(), host_of(scope), scope["scheme"].encode(), der)
        return blake2b(b"\0".join(part or b"" for part in parts), key=self._key).digest()

    def _remember(self, key: bytes, known: _Known) -> None:
        if len(self._known) >= _KNOWN_AT_MOST:
            del self._known[next(iter(self._known))]  # the oldest
        self._known[key] = known


def _authorization(scope: Scope) -> str | None:
    """Return the header; UnauthenticatedError if it is too long or comes twice."""
    found: list[bytes] = [value for name, value in scope["headers"] if name == b"authorization"]
    if not found:
        return None
    if len(found) > 1 or len(found[0]) > _LONGEST:
        raise UnauthenticatedError(REFUSED)
    return found[0].decode("latin-1")


def _bearer(authorization: str) -> str:
    """Return the token; empty for other schemes."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
