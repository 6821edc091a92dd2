"""Speaking with the server: one kept-alive connection, JSON both ways, errors as exit codes."""

import base64
import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from headgate.cli.errors import (
    FORBIDDEN,
    NOT_FOUND,
    NOT_LOGGED_IN,
    PROTOCOL,
    REFUSED,
    SERVER_FAILED,
    UNAVAILABLE,
    CliError,
)
from headgate.cli.plain import fields_of, members_of
from headgate.cli.session import Session

_SECONDS_TO_CONNECT: Final = 20.0
_SECONDS_TO_ANSWER: Final = 300.0
_READING: Final = frozenset({"GET", "HEAD"})


class Answer(NamedTuple):
    """What the server answered."""

    status: int
    media_type: str
    content: bytes

    @property
    def is_json(self) -> bool:
        """Whether it is an object of the API rather than a file."""
        return self.media_type.startswith("application/json")

    def json(self) -> Any:
        """Return the content; CliError if the server is not ours."""
        if not self.content:
            return {}
        try:
            return json.loads(self.content)
        except ValueError:
            raise CliError(
                f"the server's answer is not JSON but {self.media_type or 'nothing known'}: "
                "is this the address of a Headgate?",
                PROTOCOL,
            ) from None


class RefusedError(CliError):
    """The server did not do it; `status` is that of HTTP, `blamed` the parameters that it names."""

    def __init__(self, message: str, status: int, blamed: Sequence[str] = ()) -> None:
        super().__init__(message, _exit_code(status))
        self.status = status
        self.blamed = blamed


class Api:
    """The server's API, for one command."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._connection: http.client.HTTPConnection | None = None
        self._headers = {"Accept": "application/json", "User-Agent": "headgate"}
        if session.username is not None and session.secret is not None:
            pair = f"{session.username}:{session.secret}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"

    @property
    def url(self) -> str:
        """The server's address."""
        return self._session.url

    def get(self, path: str, **query: Any) -> Any:
        """Return what the server says at a path."""
        return self.request("GET", path, query=query).json()

    def post(self, path: str, body: Any) -> Any:
        """POST an object and return the answer."""
        return self.request("POST", path, body=body).json()

    def put(self, path: str, body: Any) -> Any:
        """PUT an object and return the answer."""
        return self.request("PUT", path, body=body).json()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: bytes | None = None,
        media_type: str = "application/json",
    ) -> Answer:
        """Send one request; RefusedError if the server says no.

        `body` is sent as JSON; `content` as it is, as `media_type`.
        """
        told = {name: _told(value) for name, value in (query or {}).items() if value is not None}
        target = f"{path}?{urlencode(told, doseq=True)}" if told else path
        headers = dict(self._headers)
        if content is None and body is not None:
            content = json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = media_type
        answer = self._exchange(method, target, content, headers)
        if answer.status >= 400:
            raise RefusedError(_message(answer, self._session), answer.status, _blamed(answer))
        if answer.status >= 300:
            raise CliError(
                f"the server points elsewhere ({answer.status}): is {self.url} its address?",
                PROTOCOL,
            )
        return answer

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(
        self, method: str, target: str, content: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        fresh = self._connection is None
        try:
            return self._once(method, target, content, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            self.close()
            if fresh or method not in _READING:
                raise _unreachable(self.url, error) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise _unreachable(self.url, error) from error
        # A connection that was kept open may have been closed meanwhile; reading may be repeated.
        try:
            return self._once(method, target, content, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise _unreachable(self.url, error) from error

    def _once(
        self, method: str, target: str, content: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        if self._connection is None:
            self._connection = connect(self._session)
            self._connection.connect()
            self._connection.sock.settimeout(_SECONDS_TO_ANSWER)
        self._connection.request(method, target, body=content, headers=dict(headers))
        reply = self._connection.getresponse()
        return Answer(reply.status, reply.getheader("Content-Type", ""), reply.read())


def connect(session: Session) -> http.client.HTTPConnection:
    """Return a connection that believes the session's authority, else those of the system."""
    parts = urlsplit(session.url)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise CliError(f"{session.url} is no address: {error}", UNAVAILABLE) from error
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=_SECONDS_TO_CONNECT)
    return http.client.HTTPSConnection(
        host, port, timeout=_SECONDS_TO_CONNECT, context=_context(session)
    )


def connect_unverified(session: Session) -> http.client.HTTPConnection:
    """Return a connection that believes everybody: to ask a server for its authority, only."""
    parts = urlsplit(session.url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(
        parts.hostname or "", parts.port, timeout=_SECONDS_TO_CONNECT, context=context
    )


def _context(session: Session) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if session.ca_file is None and session.ca is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cafile=session.ca_file, cadata=session.ca)
    except (OSError, ssl.SSLError) as error:
        where = session.ca_file or "the authority kept at login"
        raise CliError(
            f"{where} is no certificate that can be trusted: {error}", UNAVAILABLE
        ) from (error)
    return context


def _told(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    members = members_of(value)
    return value if members is None else [_told(member) for member in members]


def _exit_code(status: int) -> int:
    known = {401: NOT_LOGGED_IN, 403: FORBIDDEN, 404: NOT_FOUND}
    return known.get(status, SERVER_FAILED if status >= 500 else REFUSED)


def _message(answer: Answer, session: Session) -> str:
    """Return what the server says went wrong, in its words."""
    said = (fields_of(answer.json()) if answer.is_json else None) or {}
    message = said.get("displayMessage") or said.get("message")
    if not message:
        return f"{session.url} answered {answer.status} {http.client.responses.get(answer.status)}"
    if answer.status == 401 and session.username is None:
        return f"{message}; run `headgate login`"
    return message


def _blamed(answer: Answer) -> Sequence[str]:
    said = (fields_of(answer.json()) if answer.is_json else None) or {}
    return tuple(fields_of(said.get("errors")) or ())


def _unreachable(url: str, error: Exception) -> CliError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return CliError(
            f"the certificate of {url} is not trusted ({error.verify_message}): run `headgate "
            f"login --server-url {url}`, or name its authority with --ca-file",
            UNAVAILABLE,
        )
    if isinstance(error, ConnectionRefusedError):
        return CliError(f"nothing answers at {url}: is the server running?", UNAVAILABLE)
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return CliError(f"{url} cannot be reached: {why}", UNAVAILABLE)
