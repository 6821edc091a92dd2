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
from sqlalchemy import (
    ColumnElement,
    Row,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from headgate.domain.clock import Clock
from headgate.domain.errors import UnauthenticatedError
from headgate.domain.ids import PersonalAccessTokenId
from headgate.domain.sessions import DEFAULT_SESSIONS, SessionRules
from headgate.services.access import Actor
from headgate.services.accounts.actors import actor_of
from headgate.services.accounts.failures import (
    Attempt,
    Past,
    forget_failures,
    note_failure,
    past_of,
)
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
# The use of sessions and tokens is written down so often at most.
_USE_NOTED_EVERY: Final = timedelta(minutes=1)
_last_seen: Final = func.coalesce(sessions.c.last_seen_at, sessions.c.created_at)

# Where a user's proof comes from: the password here, or an OpenID Connect provider.
INTERNAL: Final = 1
EXTERNAL: Final = 2


# The same whatever the cause: nobody learns which part was wrong, or that they are made to wait.
REFUSED: Final = (
    "Unable to authenticate user: wrong or expired credentials, or too many failures; "
    "wait a little and log in again"
)


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


def open_session(
    tx: Transaction,
    actor: Actor,
    *,
    now: datetime,
    instead_of: str | None = None,
    rules: SessionRules = DEFAULT_SESSIONS,
) -> str:
    """Start a session and return the cookie's value, which nobody can have known before.

    `instead_of` is what the browser had until now; that session ends. Ones of the user that are
    over are dropped.
    """
    user_id = actor.user_id
    if instead_of is not None:
        close_session(tx, instead_of)
    tx.execute(update(users).where(users.c.id == user_id).values(last_login_on=now))
    over = or_(sessions.c.expires_at <= now, ~_in_use(now, rules))
    tx.execute(delete(sessions).where(sessions.c.user_id == user_id, over))
    token = secrets.token_urlsafe(32)
    tx.execute(
        insert(sessions).values(
            token_hash=token_hash(token),
            user_id=user_id,
            created_at=now,
            expires_at=now + rules.lasts,
        )
    )
    return token


def close_session(tx: Transaction, token: str) -> None:
    """End a session; one that is over already is no error."""
    tx.execute(delete(sessions).where(sessions.c.token_hash == token_hash(token)))


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session's user, and whether its use is to be noted: it was not for a minute."""

    actor: Actor
    is_stale: bool


def find_session(
    tx: Transaction, token: str, *, now: datetime, rules: SessionRules = DEFAULT_SESSIONS
) -> LiveSession | None:
    """Return what a session's cookie stands for; None if it is unknown, over or its user is."""
    row = tx.execute(
        select(users, _last_seen.label("last_seen"))
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(
            sessions.c.token_hash == token_hash(token),
            sessions.c.expires_at > now,
            _in_use(now, rules),
        )
    ).one_or_none()
    if row is None or row.disabled:
        return None
    return LiveSession(actor_of(tx, row), now - row.last_seen >= _USE_NOTED_EVERY)


def note_session_use(tx: Transaction, token: str, *, now: datetime) -> None:
    """Let the time start anew after which an unused session ends."""
    key = token_hash(token)
    tx.execute(update(sessions).where(sessions.c.token_hash == key).values(last_seen_at=now))


def _in_use(now: datetime, rules: SessionRules) -> ColumnElement[bool]:
    return _last_seen > now - rules.idle


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
        self._lock = Lock()

    def actor_of(self, credentials: Credentials, *, address: str) -> Actor:
        """Return who the credentials belong to; UnauthenticatedError for all other cases."""
        return self.prove(credentials, address=address).actor

    def prove(self, credentials: Credentials, *, address: str) -> Proof:
        """As `actor_of`, and say which credential it was."""
        if "\0" in credentials.login:  # PostgreSQL would not even look
            raise UnauthenticatedError(REFUSED)
        now = self._clock()
        attempt = Attempt(address, credentials.login, self._key[:64])
        past = Past()
        with self._database.read() as tx:
            row = tx.execute(
                select(users).where(users.c.login == credentials.login, ~users.c.disabled)
            ).one_or_none()
            actor = None if row is None else actor_of(tx, row)
            token = None if row is None else _token_row(tx, row, credentials.password, now=now)
            remembered = token is None and self._is_remembered(row, credentials, now=now)
            if token is None and not remembered:
                past = past_of(tx, attempt, now=now)
        # No transaction is open while argon2 runs.
        if token is not None:
            self._note_use(token, now=now)
        elif not remembered:
            self._check(row, credentials, attempt, past)
        if actor is None or row is None:
            raise UnauthenticatedError(REFUSED)
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
                raise UnauthenticatedError(REFUSED)
            proof = _by_token(actor_of(tx, row), found)
        self._note_use(found, now=now)
        return proof

    def confirms(self, actor: Actor, password: str) -> bool:
        """Whether this is the actor's password; slow, for the hash is computed."""
        with self._database.read() as tx:
            stored = tx.scalar(select(users.c.password_hash).where(users.c.id == actor.user_id))
        return password_matches(stored, password)

    def _check(
        self, row: Row[Any] | None, credentials: Credentials, attempt: Attempt, past: Past
    ) -> None:
        """Raise UnauthenticatedError unless the password is right and nothing is to be waited for.

        Right passwords are remembered, wrong ones counted.
        """
        now = self._clock()
        stored: str | None = None
        if row is not None and row.auth_source_id == INTERNAL:
            stored = row.password_hash
        if past.wait > 0:
            raise UnauthenticatedError(REFUSED)
        if not password_matches(stored, credentials.password) or stored is None:
            with self._database.begin() as tx:
                note_failure(tx, attempt, now=now)
            raise UnauthenticatedError(REFUSED)
        if past.has_failed:
            with self._database.begin() as tx:
                forget_failures(tx, attempt)
        with self._lock:
            self._verified[self._key_of(credentials)] = _Verified(stored, now + _CACHED_FOR)
            while len(self._verified) > _CACHED_AT_MOST:
                self._verified.popitem(last=False)

    def _is_remembered(
        self, row: Row[Any] | None, credentials: Credentials, *, now: datetime
    ) -> bool:
        if row is None or row.auth_source_id != INTERNAL:
            return False
        with self._lock:
            known = self._verified.get(self._key_of(credentials))
        return known is not None and known.until > now and known.password_hash == row.password_hash

    def _key_of(self, credentials: Credentials) -> bytes:
        text = f"{credentials.login}\0{credentials.password}".encode()
        return hmac.digest(self._key, text, "sha256")

    def _note_use(self, token: Row[Any], *, now: datetime) -> None:
        if token.last_used_at is not None and now - token.last_used_at < _USE_NOTED_EVERY:
            return
        with self._database.begin() as tx:
            tx.execute(
                update(personal_access_tokens)
                .where(personal_access_tokens.c.id == token.id)
                .values(last_used_at=now)
            )


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
