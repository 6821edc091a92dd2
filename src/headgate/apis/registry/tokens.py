"""`/v2/token`: where clients of the registry turn a login into a token.

GET is docker's token authentication (podman, skopeo, flatpak), POST its OAuth2 form (docker,
containerd). A caller without a login gets a token for what everybody may pull, or what the client
certificate of the connection opens, and for nothing else.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from sqlalchemy.exc import DBAPIError

from headgate.apis.actions.body import FORM, TooLargeError, UnsupportedMediaTypeError
from headgate.apis.content.answers import Headers, reply
from headgate.apis.errors import status_of
from headgate.apis.registry.addresses import service_of
from headgate.apis.registry.callers import Callers
from headgate.domain.clock import Clock
from headgate.domain.errors import BadRequestError, HeadgateError, UnauthenticatedError
from headgate.domain.registry_scopes import PULL, Scopes
from headgate.services.accounts.authentication import Proof
from headgate.services.containers.names import find_named
from headgate.services.containers.permissions import Caller
from headgate.services.containers.tokens import Issued, RegistryTokens
from headgate.stores.db import Database
from headgate.stores.db.changes import Stamp

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Form = Mapping[str, Sequence[str]]

_LONGEST_BODY: Final = 16 * 1024  # bytes
_FIELDS: Final = 200
_LOGIN: Final = [(b"www-authenticate", b'Basic realm="Headgate"')]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a token is asked for."""

    service: str
    account: str
    bounds: Scopes | None


class TokenEndpoint:
    """Answers `/v2/token`; one for each process and event loop, beside its `Callers`."""

    def __init__(
        self, database: Database, *, callers: Callers, tokens: RegistryTokens, clock: Clock
    ) -> None:
        self._database = database
        self._callers = callers
        self._tokens = tokens
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send, stamp: Stamp) -> None:
        """Answer one request."""
        head = scope["method"] == "HEAD"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            allow = [(b"allow", b"GET, HEAD, POST")]
            words = "tokens are had by GET and POST"
            await _refuse(send, 405, "UNSUPPORTED", words, head=False, extra=allow)
            return
        try:
            issued = await self._issued(scope, receive, stamp)
        except HeadgateError as error:
            code = "UNAUTHORIZED" if isinstance(error, UnauthenticatedError) else "UNSUPPORTED"
            extra = _LOGIN if isinstance(error, UnauthenticatedError) else None
            await _refuse(send, status_of(error), code, error.message, head=head, extra=extra)
        except DBAPIError:
            _log.exception("The database does not answer")
            words = "the database does not answer, try again later"
            await _refuse(send, 503, "UNAVAILABLE", words, head=head)
        else:
            await _send_json(send, 200, token_answer(issued), head=head)

    async def _issued(self, scope: Scope, receive: Receive, stamp: Stamp) -> Issued:
        if scope["method"] == "POST":
            form = await _read_form(scope, receive)
            proof = await self._proof_of(scope, form)
        else:
            form = _fields(scope["query_string"])
            proof = await self._callers.prove(scope)
        asked = _Asked(
            service=_checked_service(scope, form),
            account=_one(form, "account"),
            bounds=Scopes.read(form.get("scope", ())),
        )
        if proof is None:
            caller = await self._callers.identify(scope, stamp)
            await self._callers.in_thread(lambda: self._require_public(caller, asked, form))
        return await self._callers.in_thread(
            lambda: self._tokens.issue(
                proof, audience=asked.service, bounds=asked.bounds, now=self._clock()
            )
        )

    async def _proof_of(self, scope: Scope, form: Form) -> Proof | None:
        """Return what a form of OAuth2 proves; a header counts where the form says nothing."""
        grant = _one(form, "grant_type") or "password"
        if grant != "password":
            raise BadRequestError(
                f"grant_type '{grant[:50]}' is not supported here; send password, with username"
                " and password"
            )
        login, password = _one(form, "username"), _one(form, "password")
        if not (login or password):
            return await self._callers.prove(scope)
        return await self._callers.prove_password(scope, login, password)

    def _require_public(self, caller: Caller, asked: _Asked, form: Form) -> None:
        """Raise UnauthenticatedError if a token of nobody would not do for what is asked."""
        if asked.account:
            raise UnauthenticatedError("Log in: no password came with the account")
        if asked.bounds is None:
            if any(form.get("scope", ())):
                raise UnauthenticatedError("Log in: the scope is more than pulling")
            return
        with self._database.read() as tx:
            for name, actions in asked.bounds.actions.items():
                named = find_named(tx, name) if actions == frozenset({PULL}) else None
                if named is None or not caller.may_pull(named):
                    raise UnauthenticatedError(
                        f"Log in: '{name[:255]}' is not for everybody to pull, or does not exist"
                    )


def token_answer(issued: Issued) -> dict[str, Any]:
    """Return what clients read: `token` (podman, skopeo), `access_token` (OAuth2), the times."""
    claims = issued.claims
    return {
        "token": issued.token,
        "access_token": issued.token,
        "expires_in": int((claims.expires_at - claims.issued_at).total_seconds()),
        "issued_at": claims.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "expires_at": claims.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _checked_service(scope: Scope, form: Form) -> str:
    """Return this registry's name; BadRequestError if the client thinks of another one."""
    service = service_of(scope)
    wanted = _one(form, "service")
    if wanted and wanted.lower() not in (service, service.rpartition(":")[0]):
        raise BadRequestError(
            f"This registry is '{service}': it gives no tokens for '{wanted[:255]}'"
        )
    return service


async def _read_form(scope: Scope, receive: Receive) -> Form:
    declared = next((v for name, v in scope["headers"] if name == b"content-type"), b"")
    if declared.partition(b";")[0].strip().lower() != FORM.encode():
        raise UnsupportedMediaTypeError(f"Send {FORM}")
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _LONGEST_BODY:
            raise TooLargeError(f"The form is larger than {_LONGEST_BODY} bytes")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return _fields(body)


def _fields(encoded: bytes) -> Form:
    try:
        return parse_qs(encoded.decode("ascii"), max_num_fields=_FIELDS, errors="strict")
    except ValueError as error:
        raise BadRequestError("The parameters are not a valid form in UTF-8") from error


def _one(form: Form, name: str) -> str:
    values = form.get(name, ())
    return values[0] if values else ""


async def _refuse(
    send: Send,
    status: int,
    code: str,
    message: str,
    *,
    head: bool,
    extra: Headers | None = None,
) -> None:
    body = {"errors": [{"code": code, "message": message, "detail": None}]}
    await _send_json(send, status, body, head=head, extra=extra)


async def _send_json(
    send: Send, status: int, body: Mapping[str, Any], *, head: bool, extra: Headers | None = None
) -> None:
    headers: Headers = [(b"docker-distribution-api-version", b"registry/2.0"), *(extra or ())]
    await reply(
        send,
        status,
        json.dumps(body).encode(),
        b"application/json",
        head=head,
        extra=headers,
    )
