"""Proving who asks: passwords, personal access tokens, sessions; slow for whoever guesses."""

import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from threading import BoundedSemaphore, Lock
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row, delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import UnauthenticatedError
from headgate.domain.ids import PersonalAccessTokenId
from headgate.services.access import Actor
from headgate.services.accounts.actors import actor_of
from headgate.stores.db import Database, Transaction
from headgate.stores.db.tables import (
    personal_access_tokens,
    sessions,
    users,
)

# OWASP's choice for argon2id with little memory: many logins at once must not starve a server
# that idles below 150 MB.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE: Final = BoundedSemaphore(2)
# Verified against when a login is unknown, so that the answer takes as long as for a known one.
_NOBODYS_HASH: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$RoV8lKFgAPLDe1BKJksp8A"
    "$52/vx9zURDsxGlfCGidRvW1e562GyxefEtbN+sbVJcA"
)
# Tells a personal access token from a password, so that a password costs no look-up of tokens.
_TOKEN_PREFIX: Final = "hgt_"  # noqa: S105 - public

_CACHED_FOR: Final = timedelta(minutes=5)
_CACHED_AT_MOST: Final = 1_000
_SESSION_LASTS: Final = timedelta(hours=8)
_TOKEN_USE_NOTED_EVERY: Final = timedelta(minutes=1)

_FREE_FAILURES: Final = 10
_FIRST_WAIT: Final = 5.0  # seconds, doubled by every further failure
_LONGEST_WAIT: Final = 300.0
_FORGOTTEN_AFTER: Final = timedelta(minutes=15)
_FAILURES_AT_MOST: Final = 10_000

_REFUSED: Final = "Unable to authenticate user: wrong login or password"
_REFUSED_TOKEN: Final = "Unable to authenticate user: the token is unknown, revoked or expired"  # noqa: S105


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What basic authentication carries; `password` may be a personal access token."""

    login: str
    password: str


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """Who asks and by what it was proven: a personal access token, or the password."""

    actor: Actor
    password_hash: str | None  # as it is stored; None: it was a token
    token_id: PersonalAccessTokenId | None = None
    expires_at: datetime | None = None  # of the token


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password; takes some 20 ms and 19 MB."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is the hashed one; takes as long when there is no hash."""
    try:
        with _AT_ONCE:
            matches = _HASHER.verify(password_hash or _NOBODYS_HASH, password)
    except (VerificationError, InvalidHashError):
        return False
    return matches and password_hash is not None


def token_hash(token: str) -> str:
    """Return the SHA-256 under which a random token is stored (it needs no slow hash)."""
    return sha256(token.encode()).hexdigest()


def new_token() -> str:
    """Return a fresh personal access token."""
    return _TOKEN_PREFIX + secrets.token_urlsafe(32)


def open_session(tx: Transaction, actor: Actor, *, now: datetime) -> str:
    """Start a session and return the cookie's value; expired ones of the user are dropped."""
    user_id = actor.user_id
    tx.execute(update(users).where(users.c.id == user_id).values(last_login_on=now))
    tx.execute(delete(sessions).where(sessions.c.user_id == user_id, sessions.c.expires_at <= now))
    token = secrets.token_urlsafe(32)
    tx.execute(
        insert(sessions).values(
            token_hash=token_hash(token),
            user_id=user_id,
            created_at=now,
            expires_at=now + _SESSION_LASTS,
        )
    )
    return token


def close_session(tx: Transaction, token: str) -> None:
    """End a session; one that is over already is no error."""
    tx.execute(delete(sessions).where(sessions.c.token_hash == token_hash(token)))


def actor_of_session(tx: Transaction, token: str, *, now: datetime) -> Actor | None:
    """Return who a session's cookie stands for; None if it is unknown, over or its user is."""
    row = tx.execute(
        select(users)
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(sessions.c.token_hash == token_hash(token), sessions.c.expires_at > now)
    ).one_or_none()
    return None if row is None or row.disabled else actor_of(tx, row)


@dataclass(frozen=True, slots=True)
class _Verified:
    """A password that was right: for this state of the user's row, until then."""

    password_hash: str
    until: datetime


class SignIn:
    """Checks credentials for one process.

    A right password is remembered for minutes as a keyed hash, so that argon2 is not paid on
    every request; the user's row is read every time, and another password hash in it, or
    `disabled`, ends the memory at once. Failures from one address for one login wait longer
    and longer.
    """

    def __init__(self, database: Database, *, clock: Clock, secret: bytes) -> None:
        self._database = database
        self._clock = clock
        self._key = blake2b(secret, person=b"credentials").digest()
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
        self._failures = Failures()
        self._lock = Lock()

    def actor_of(self, credentials: Credentials, *, address: str) -> Actor:
        """Return who the credentials belong to; UnauthenticatedError for all other cases."""
        return self.prove(credentials, address=address).actor

    def prove(self, credentials: Credentials, *, address: str) -> Proof:
        """As `actor_of`, and say which credential it was."""
        if "\0" in credentials.login:  # PostgreSQL would not even look
            raise UnauthenticatedError(_REFUSED)
        now = self._clock()
        self._failures.require_patience(address, credentials.login, now=now)
        with self._database.read() as tx:
            row = tx.execute(
                select(users).where(users.c.login == credentials.login, ~users.c.disabled)
            ).one_or_none()
            actor = None if row is None else actor_of(tx, row)
            token = None if row is None else _token_row(tx, row, credentials.password, now=now)
        # No transaction is open while argon2 runs.
        if token is not None:
            self._note_use(token, now=now)
        elif not self._password_is_right(row, credentials, now=now):
            self._failures.note(address, credentials.login, now=now)
            raise UnauthenticatedError(_REFUSED)
        self._failures.forget(address, credentials.login)
        if actor is None or row is None:
            raise UnauthenticatedError(_REFUSED)
        return Proof(actor, row.password_hash) if token is None else _by_token(actor, token)

    def prove_token(self, token: str) -> Proof:
        """Return whom a personal access token stands for that comes without a login.

        UnauthenticatedError for all other cases. Nobody is made to wait: 256 bits are not guessed.
        """
        now = self._clock()
        with self._database.read() as tx:
            row = tx.execute(
                select(users)
                .join(personal_access_tokens, personal_access_tokens.c.user_id == users.c.id)
                .where(personal_access_tokens.c.token_hash == token_hash(token), ~users.c.disabled)
            ).one_or_none()
            found = None if row is None else _token_row(tx, row, token, now=now)
            if row is None or found is None:
                raise UnauthenticatedError(_REFUSED_TOKEN)
            proof = _by_token(actor_of(tx, row), found)
        self._note_use(found, now=now)
        return proof

    def confirms(self, actor: Actor, password: str) -> bool:
        """Whether this is the actor's password; slow, for the hash is computed."""
        with self._database.read() as tx:
            stored = tx.scalar(select(users.c.password_hash).where(users.c.id == actor.user_id))
        return password_matches(stored, password)

    def _password_is_right(
        self, row: Row[Any] | None, credentials: Credentials, *, now: datetime
    ) -> bool:
        stored: str | None = None if row is None else row.password_hash
        text = f"{credentials.login}\0{credentials.password}".encode()
        key = hmac.digest(self._key, text, "sha256")
        with self._lock:
            known = self._verified.get(key)
        if known is not None and known.until > now and known.password_hash == stored:
            return True
        if not password_matches(stored, credentials.password) or stored is None:
            return False
        with self._lock:
            self._verified[key] = _Verified(stored, now + _CACHED_FOR)
            while len(self._verified) > _CACHED_AT_MOST:
                self._verified.popitem(last=False)
        return True

    def _note_use(self, token: Row[Any], *, now: datetime) -> None:
        if token.last_used_at is not None and now - token.last_used_at < _TOKEN_USE_NOTED_EVERY:
            return
        with self._database.begin() as tx:
            tx.execute(
                update(personal_access_tokens)
                .where(personal_access_tokens.c.id == token.id)
                .values(last_used_at=now)
            )


@dataclass(slots=True)
class _Failed:
    count: int
    last: datetime


class Failures:
    """Failed logins of late, by address and login; bounded, for strangers fill it."""

    def __init__(self) -> None:
        self._failed: OrderedDict[tuple[str, str], _Failed] = OrderedDict()
        self._lock = Lock()

    def require_patience(self, address: str, login: str, *, now: datetime) -> None:
        """Raise UnauthenticatedError while the wait after the last failure lasts."""
        with self._lock:
            waits = [self._wait(key, now) for key in _keys(address, login)]
        if max(waits) > 0:
            raise UnauthenticatedError(
                f"Too many failed logins; wait {max(waits):.0f} seconds and try again"
            )

    def note(self, address: str, login: str, *, now: datetime) -> None:
        """Count a failure."""
        with self._lock:
            for key in _keys(address, login):
                failed = self._failed.pop(key, None)
                if failed is None or now - failed.last > _FORGOTTEN_AFTER:
                    failed = _Failed(0, now)
                self._failed[key] = _Failed(failed.count + 1, now)
            while len(self._failed) > _FAILURES_AT_MOST:
                self._failed.popitem(last=False)

    def forget(self, address: str, login: str) -> None:
        """Start over for a login that succeeded; the address's other failures stay."""
        with self._lock:
            self._failed.pop((address, login), None)

    def _wait(self, key: tuple[str, str], now: datetime) -> float:
        failed = self._failed.get(key)
        if failed is None or failed.count < _FREE_FAILURES * (1 if key[1] else 5):
            return 0.0
        free = _FREE_FAILURES * (1 if key[1] else 5)
        wait = min(_FIRST_WAIT * 2 ** min(failed.count - free, 16), _LONGEST_WAIT)
        return wait - (now - failed.last).total_seconds()


def _keys(address: str, login: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the login at the address, and the address whatever the login."""
    return (address, login), (address, "")


def _by_token(actor: Actor, token: Row[Any]) -> Proof:
    return Proof(actor, None, PersonalAccessTokenId(token.id), token.expires_at)


def _token_row(tx: Transaction, user: Row[Any], token: str, *, now: datetime) -> Row[Any] | None:
    if not token.startswith(_TOKEN_PREFIX):
        return None
    table = personal_access_tokens
    row = tx.execute(
        select(table).where(
            table.c.token_hash == token_hash(token), table.c.user_id == user.id, ~table.c.revoked
        )
    ).one_or_none()
    expired = row is not None and row.expires_at is not None and row.expires_at <= now
    return None if expired else row
