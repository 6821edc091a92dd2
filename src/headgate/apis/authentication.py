"""How a request proves who asks: basic authentication, or the session's cookie.

Passwords and personal access tokens both come as basic authentication. Writes are taken from our
own pages only: a browser that sends a cookie, or a password that it remembers, from elsewhere says
so in `Origin` or `Sec-Fetch-Site`; programs such as hammer send neither (katello.md 2.6).
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie
from typing import Final, Self
from urllib.parse import urlsplit

from starlette.requests import Request

from headgate.apis.ports import Services
from headgate.domain.authors import Author
from headgate.domain.errors import PermissionDeniedError, UnauthenticatedError
from headgate.services.access import Actor
from headgate.services.accounts.authentication import (
    REFUSED,
    Credentials,
    SignIn,
    find_session,
    note_session_use,
    open_session,
)
from headgate.services.accounts.consumer import Consumer, SignedRequest
from headgate.services.accounts.provider import Provider
from headgate.services.accounts.provider_keys import ProviderKeys
from headgate.stores.db import Transaction

SESSION_COOKIE: Final = "_session_id"
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST: Final = 16_384
# How our own command line and hammer name themselves.
_COMMAND_LINES: Final = ("headgate", "hammer")

_ANONYMOUS: Final = Actor(user_id=None, login="anonymous")


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request says of who asks and, once believed, the actor."""

    address: str
    method: str
    authorization: str
    session_token: str | None
    origin: str | None
    fetch_site: str | None
    host: str
    scheme: str = "https"
    agent: str = ""
    actor: Actor | None = None
    authenticated: bool = False
    by_password: bool = False
    by_provider: bool = False
    signed: SignedRequest | None = None

    @classmethod
    def of(cls, request: Request) -> Self:
        """Read the request's headers."""
        headers = request.headers
        return cls(
            address=request.client.host if request.client else "",
            method=request.method,
            authorization=headers.get("authorization", "")[:_LONGEST],
            session_token=_session_token(headers.get("cookie", "")[:_LONGEST]),
            origin=headers.get("origin"),
            fetch_site=headers.get("sec-fetch-site"),
            host=headers.get("host", ""),
            scheme=request.url.scheme,
            agent=headers.get("user-agent", ""),
            signed=_signed(request),
        )

    def with_form(self, form: Sequence[tuple[bytes, bytes]]) -> Self:
        """Return the caller with the form that was signed with the request."""
        return replace(self, signed=self.signed and replace(self.signed, form=form))

    @property
    def actor_or_anonymous(self) -> Actor:
        """The actor, or one who may do nothing."""
        return self.actor or _ANONYMOUS

    def author(self, actor: Actor, request_id: str) -> Author:
        """Return who the audit log names for what this request changes."""
        return Author(
            user_id=actor.user_id,
            way="cli" if self.agent.startswith(_COMMAND_LINES) else "api",
            address=self.address or None,
            request_id=request_id,
        )

    @property
    def from_elsewhere(self) -> bool:
        """Whether a browser says that another site's page made this request."""
        if self.origin is not None:
            origin = urlsplit(self.origin)
            own = (self.scheme, self.host.lower())
            return (origin.scheme, origin.netloc.lower()) != own
        return self.fetch_site not in (None, "same-origin", "none")


class Authenticator:
    """Admits callers; keeps the process's cache of credentials and record of failures."""

    def __init__(self, services: Services, sign_in: SignIn | None = None) -> None:
        """Without `sign_in`, which other planes may share, it keeps one of its own."""
        self._database = services.database
        self._clock = services.clock
        self._sessions = services.sessions
        self._provider = _provider(services)
        self._consumer = _consumer(services)
        self.sign_in = sign_in or SignIn(
            services.database, clock=services.clock, secret=services.secret
        )

    def authenticate(self, caller: Caller, *, optional: bool = False) -> Caller:
        """Return the caller with its actor; UnauthenticatedError if it is not believed.

        With `optional` a caller who claims nothing is let in as nobody.
        """
        if caller.method not in _READING and caller.from_elsewhere:
            # Browsers add passwords that they remember as readily as cookies.
            raise PermissionDeniedError("A page of another site may not change anything here")
        if caller.authorization:
            return self._proven(caller)
        if caller.session_token is not None:
            actor = self._of_session(caller.session_token)
            if actor is not None:
                return replace(caller, actor=actor, authenticated=True)
        if optional:
            return replace(caller, authenticated=True)
        raise UnauthenticatedError(REFUSED)

    def _proven(self, caller: Caller) -> Caller:
        """Return the caller as the authorization that came proves it."""
        scheme, _, proof = caller.authorization.partition(" ")
        if scheme.lower() == "bearer" and self._provider is not None:
            actor = self._provider.actor_of(proof.strip())
            return replace(caller, actor=actor, authenticated=True, by_provider=True)
        if scheme.lower() == "oauth" and self._consumer is not None:
            if caller.signed is None:
                raise UnauthenticatedError(REFUSED)
            actor = self._consumer.actor_of(caller.signed)
            return replace(caller, actor=actor, authenticated=True)
        actor = self.sign_in.actor_of(read_basic(caller.authorization), address=caller.address)
        return replace(caller, actor=actor, authenticated=True, by_password=True)

    def needs_form(self, caller: Caller) -> bool:
        """Whether the body, a form, is a part of what a consumer says that it signed."""
        return self._consumer is not None and caller.signed is not None and caller.signed.is_form

    def new_session(self, tx: Transaction, caller: Caller, actor: Actor) -> str:
        """Start a session for a login and return its cookie's value; one from before ends."""
        return open_session(
            tx, actor, now=self._clock(), instead_of=caller.session_token, rules=self._sessions
        )

    def _of_session(self, token: str) -> Actor | None:
        now = self._clock()
        with self._database.read() as tx:
            found = find_session(tx, token, now=now, rules=self._sessions)
        if found is not None and found.is_stale:
            with self._database.begin() as tx:
                note_session_use(tx, token, now=now)
        return None if found is None else found.actor


def _provider(services: Services) -> Provider | None:
    rules = services.provider
    if rules is None:
        return None
    clock = services.clock
    keys = ProviderKeys(rules, downloads=services.downloads, clock=clock)
    return Provider(rules, keys=keys, database=services.database, clock=clock)


def _consumer(services: Services) -> Consumer | None:
    rules = services.consumer
    if rules is None:
        return None
    return Consumer(rules, database=services.database, clock=services.clock)


def _signed(request: Request) -> SignedRequest | None:
    """Return the request as a consumer signs it, but for a form; None if it says not once who asks.

    What a reading request would send as a form is read by nobody, so counts for nothing.
    """
    headers, scope = request.headers, request.scope
    authorization = headers.get("authorization", "")
    users = headers.getlist("foreman-user")
    if authorization[:6].lower() != "oauth " or len(users) != 1:
        return None
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return SignedRequest(
        method=request.method,
        url=f"{request.url.scheme}://{headers.get('host', '')}{path.decode('latin-1')}",
        query=query.decode("latin-1"),
        authorization=authorization[:_LONGEST],
        login=users[0],
        is_form=media_type == "application/x-www-form-urlencoded",
    )


def read_basic(authorization: str) -> Credentials:
    """Return what basic authentication carries; UnauthenticatedError for any other header."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise UnauthenticatedError(REFUSED)
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UnauthenticatedError(REFUSED) from error
    login, _, password = text.partition(":")
    return Credentials(login, password)


def session_cookie(token: str) -> str:
    """Return the header that gives a browser or hammer its session."""
    return f"{SESSION_COOKIE}={token}; Path=/; HttpOnly; Secure; SameSite=Lax"


def cleared_cookie() -> str:
    """Return the header that takes it back."""
    return f"{SESSION_COOKIE}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"


def _session_token(header: str) -> str | None:
    try:
        cookie = SimpleCookie(header).get(SESSION_COOKIE)
    except CookieError:
        return None
    return None if cookie is None else cookie.value
