"""Tokens of the registry: nothing is stored, what they say is signed.

A token is opaque to clients. It says whose it is, by which credential it was had, for which name
of this server, for what, and how long; it gives nothing by itself: who holds it may do what its
user may at that moment (`holder`). User and credential are looked up again whenever the database
has changed, so a disabled user, another password, a revoked personal access token or a permission
taken away count at once.
"""

import hmac
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from headgate.domain.errors import UnauthenticatedError
from headgate.domain.ids import UserId
from headgate.domain.registry_scopes import Scopes
from headgate.services.access import Actor
from headgate.services.accounts.actors import actor_of
from headgate.services.accounts.authentication import Proof
from headgate.stores.db import Transaction
from headgate.stores.db.tables import personal_access_tokens, users

# Tells these tokens from personal access tokens.
PREFIX: Final = "hgr_"
LONGEST_LIFE: Final = timedelta(minutes=15)

_MAC: Final = 32  # bytes
_VERSION: Final = 1
_LONGEST: Final = 8_000
_OF_TOKEN: Final = "token "  # noqa: S105 - what stands before the id of a personal access token

_REFUSED: Final = "The registry's token is not valid here: log in again"
_EXPIRED: Final = "The registry's token has expired: ask for another one"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says."""

    user_id: int | None  # None: nobody's
    credential: str  # by which it was had, as `RegistryTokens.credential_of` words it
    audience: str  # host[:port] of the registry that gave it
    bounds: Scopes | None  # None: whatever its user may
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A token and what it says."""

    token: str
    claims: Claims


class RegistryTokens:
    """Makes and reads tokens with a key of this installation.

    `life` is asked for each token, and is 15 minutes at most.
    """

    def __init__(self, key: bytes, *, life: Callable[[], timedelta]) -> None:
        self._key = key
        self._life = life

    def issue(
        self, proof: Proof | None, *, audience: str, bounds: Scopes | None, now: datetime
    ) -> Issued:
        """Return a token for who has proven to ask; without a proof it is nobody's."""
        issued_at = now.replace(microsecond=0)
        claims = Claims(
            user_id=None if proof is None else proof.actor.user_id,
            credential="" if proof is None else self.credential_of(proof),
            audience=audience,
            bounds=bounds,
            issued_at=issued_at,
            expires_at=issued_at + min(self._life(), LONGEST_LIFE),
        )
        body = json.dumps(_written(claims), separators=(",", ":")).encode()
        text = urlsafe_b64encode(self._mac(body) + body).rstrip(b"=").decode()
        return Issued(PREFIX + text, claims)

    def read(self, token: str) -> Claims:
        """Return what a token of ours says; UnauthenticatedError for anything else."""
        text = token.removeprefix(PREFIX)
        if len(token) > _LONGEST or text == token:
            raise UnauthenticatedError(_REFUSED)
        try:
            signed = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise UnauthenticatedError(_REFUSED) from error
        body = signed[_MAC:]
        if not hmac.compare_digest(signed[:_MAC], self._mac(body)):
            raise UnauthenticatedError(_REFUSED)
        return _read(json.loads(body))

    def credential_of(self, proof: Proof) -> str:
        """Return what names a credential, and changes when the password does."""
        if proof.token_id is not None:
            return f"{_OF_TOKEN}{proof.token_id}"
        return self._password(proof.password_hash or "")

    def holder(self, tx: Transaction, claims: Claims, *, now: datetime) -> Actor | None:
        """Return the user whose token it is, as it is now; None for nobody's.

        UnauthenticatedError when the user or the credential is no longer good. Whether the token
        itself has expired is the caller's to decide (`require_current`).
        """
        if claims.user_id is None:
            return None
        row = tx.execute(
            select(users).where(users.c.id == claims.user_id, ~users.c.disabled)
        ).one_or_none()
        if row is None:
            raise UnauthenticatedError(_REFUSED)
        if claims.credential.startswith(_OF_TOKEN):
            token_id = int(claims.credential.removeprefix(_OF_TOKEN))
            good = _is_good(tx, token_id, UserId(row.id), now=now)
        else:
            stored: str = row.password_hash or ""
            good = hmac.compare_digest(self._password(stored), claims.credential)
        if not good:
            raise UnauthenticatedError(_REFUSED)
        return actor_of(tx, row)

    def _password(self, password_hash: str) -> str:
        return "password " + hmac.digest(self._key, password_hash.encode(), "sha256").hex()[:32]

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


def require_current(claims: Claims, *, at: datetime) -> None:
    """Raise UnauthenticatedError if the token was no longer valid at this time."""
    if claims.expires_at <= at:
        raise UnauthenticatedError(_EXPIRED)


def require_audience(claims: Claims, audience: str) -> None:
    """Raise UnauthenticatedError if the token was given for another name of this server."""
    if claims.audience != audience:
        raise UnauthenticatedError(_REFUSED)


def _is_good(tx: Transaction, token_id: int, user_id: UserId, *, now: datetime) -> bool:
    table = personal_access_tokens
    row = tx.execute(
        select(table.c.expires_at).where(
            table.c.id == token_id, table.c.user_id == user_id, ~table.c.revoked
        )
    ).one_or_none()
    return row is not None and (row.expires_at is None or row.expires_at > now)


def _written(claims: Claims) -> list[Any]:
    bounds = claims.bounds
    limited: Mapping[str, Any] | None = None
    if bounds is not None:
        actions = {name: sorted(actions) for name, actions in bounds.actions.items()}
        limited = {"actions": actions, "catalog": bounds.catalog}
    return [
        _VERSION,
        claims.user_id,
        claims.credential,
        claims.audience,
        limited,
        int(claims.issued_at.timestamp()),
        int(claims.expires_at.timestamp()),
    ]


def _read(written: list[Any]) -> Claims:
    """Return the claims; they are of our own making, as the signature has shown."""
    if written[0] != _VERSION:
        raise UnauthenticatedError(_REFUSED)
    _, user_id, credential, audience, limited, issued, expires = written
    bounds = None
    if limited is not None:
        actions = {name: frozenset(actions) for name, actions in limited["actions"].items()}
        bounds = Scopes(actions, limited["catalog"])
    return Claims(
        user_id=user_id,
        credential=credential,
        audience=audience,
        bounds=bounds,
        issued_at=datetime.fromtimestamp(issued, UTC),
        expires_at=datetime.fromtimestamp(expires, UTC),
    )
