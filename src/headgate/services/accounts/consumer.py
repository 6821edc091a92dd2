"""Two-legged OAuth 1 (RFC 5849): a trusted program signs its requests and names the user.

Only what the server's settings name as the consumer is believed. A request is good once, and for
minutes: its nonce is kept by all processes together as long as its time would be taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from importlib import import_module
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from headgate.domain.clock import Clock
from headgate.domain.errors import UnauthenticatedError
from headgate.domain.identity import ConsumerRules
from headgate.services.access import Actor
from headgate.services.accounts.actors import actor_of
from headgate.services.accounts.authentication import REFUSED
from headgate.stores.db import Database
from headgate.stores.db.tables import oauth_nonces, users

_METHODS: Final = frozenset({"HMAC-SHA1", "HMAC-SHA256"})
_WINDOW: Final = timedelta(minutes=5)
_LONGEST_NONCE: Final = 256
_REQUIRED: Final = (
    *("oauth_consumer_key", "oauth_nonce", "oauth_signature", "oauth_signature_method"),
    "oauth_timestamp",
)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it was signed; `url` is whole, without the query.

    `form` are the names and values of a form in the body, which are signed, too (RFC 5849,
    3.4.1.3.1); other bodies are not.
    """

    method: str
    url: str
    query: str
    authorization: str
    login: str  # of the user that the consumer speaks for
    is_form: bool = False
    form: Sequence[tuple[bytes, bytes]] = ()


class Consumer:
    """Believes the requests of one consumer."""

    def __init__(self, rules: ConsumerRules, *, database: Database, clock: Clock) -> None:
        self._rules = rules
        self._database = database
        self._clock = clock

    def actor_of(self, request: SignedRequest) -> Actor:
        """Return the user that the consumer speaks for; UnauthenticatedError if not believed."""
        nonce = self._verified_nonce(request)
        now = self._clock()
        try:
            with self._database.begin() as tx:
                old = delete(oauth_nonces).where(oauth_nonces.c.seen_at < now - 3 * _WINDOW)
                tx.execute(old)
                tx.execute(insert(oauth_nonces).values(key=nonce, seen_at=now))
        except IntegrityError as error:
            raise UnauthenticatedError(REFUSED) from error  # it was here before
        with self._database.read() as tx:
            row = tx.execute(
                select(users).where(users.c.login == request.login, ~users.c.disabled)
            ).one_or_none()
            if row is None:
                raise UnauthenticatedError(REFUSED)
            return actor_of(tx, row)

    def _verified_nonce(self, request: SignedRequest) -> str:
        """Return under what the request is remembered, if its signature and time are right."""
        # For those alone who are asked in this way; its types are not all told.
        oauth: Any = import_module("oauthlib.oauth1.rfc5849.signature")

        try:
            parameters = oauth.collect_parameters(
                uri_query=request.query,
                headers={"Authorization": request.authorization},
                exclude_oauth_signature=False,
            )
            parameters = [(key.encode(), value.encode()) for key, value in parameters]
            parameters += request.form
            said = _said(parameters)
            signed = oauth.signature_base_string(
                request.method, oauth.base_string_uri(request.url), _normalized(parameters)
            )
        except ValueError as error:
            raise UnauthenticatedError(REFUSED) from error
        secret = self._rules.secret.reveal()
        sign = (
            oauth.sign_hmac_sha256_with_client
            if said["oauth_signature_method"] == "HMAC-SHA256"
            else oauth.sign_hmac_sha1_with_client
        )
        expected: str = sign(signed, _Client(secret))
        if not (
            compare_digest(said["oauth_consumer_key"].encode(), self._rules.key.encode())
            and compare_digest(said["oauth_signature"].encode(), expected.encode())
            and self._is_timely(said["oauth_timestamp"])
            and "\0" not in request.login
        ):
            raise UnauthenticatedError(REFUSED)
        return sha256(f"{said['oauth_timestamp']}\0{said['oauth_nonce']}".encode()).hexdigest()

    def _is_timely(self, timestamp: str) -> bool:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return False
        return abs(self._clock().timestamp() - int(timestamp)) <= _WINDOW.total_seconds()


@dataclass(frozen=True, slots=True)
class _Client:
    """What the library signs with: no user has a secret of its own (two legs)."""

    client_secret: str
    resource_owner_secret: str = ""


def _normalized(parameters: Sequence[tuple[bytes, bytes]]) -> str:
    """Return the parameters as they are signed (RFC 5849, 3.4.1.3.2), any bytes among them.

    oauthlib's own way knows texts alone, and the piece of an upload is none.
    """
    signed = [each for each in parameters if each[0] != b"oauth_signature"]
    escaped = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in signed)
    return "&".join(f"{name}={value}" for name, value in escaped)


def _said(parameters: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the parameters of the protocol; ValueError if one is missing, double or odd."""
    ours = [
        (name.decode(), value.decode()) for name, value in parameters if name.startswith(b"oauth_")
    ]
    said = dict(ours)
    if len(said) != len(ours) or any(not said.get(name) for name in _REQUIRED):
        raise ValueError("a parameter of OAuth is missing or comes twice")
    known = said["oauth_signature_method"] in _METHODS and not said.get("oauth_token")
    if not known or said.get("oauth_version", "1.0") != "1.0":
        raise ValueError("another version or way of signing")
    if len(said["oauth_nonce"]) > _LONGEST_NONCE:
        raise ValueError("the nonce is too long")
    return said
