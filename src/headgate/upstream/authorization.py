"""What upstreams want to see of us, as they say themselves: Basic, or a token of their service.

A remote with a `token_scope` is asked without credentials first. Its challenge (RFC 9110, section
11.6.1) says what it wants; for `Bearer` that is a token which a service elsewhere gives: the
*realm* of the challenge, asked as the container registries' token specification describes it.

The realm is upstream's word, so it is where an upstream would have credentials sent that are not
meant for it. They go to the origin of the remote and to its `authentication_hosts`; any other
realm is asked as by somebody unknown.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import msgspec
from yarl import URL

from headgate.domain.errors import UpstreamError
from headgate.upstream.challenges import Challenge
from headgate.upstream.errors import UpstreamUnreachableError
from headgate.upstream.remote import Remote, shown

_BASIC: Final = "basic"
_BEARER: Final = "bearer"
# What the token specification says of an answer that does not name its time.
_DEFAULT_SECONDS: Final = 60.0
_MOST_SECONDS: Final = 3_600.0
# A token is renewed so long before its end: it is still good when the request arrives.
_MARGIN_SECONDS: Final = 5.0
_MOST_TOKEN: Final = 32_768  # characters
# So many remotes are remembered; what is forgotten is learned again.
_MOST_KNOWN: Final = 1_000

# Asks a realm for a token; gets the remote with what it may see, and the whole address.
AskRealm = Callable[[Remote, str], Awaitable[bytes]]


@dataclass(slots=True)
class _Standing:
    """What is known of one remote."""

    renewing: asyncio.Lock = field(default_factory=asyncio.Lock)
    challenge: Challenge | None = None
    header: str | None = None
    until: float = 0.0


class Authorizations:
    """The authorizations of one downloader; what one remote got is never shown to another."""

    def __init__(self, ask_realm: AskRealm) -> None:
        self._ask_realm = ask_realm
        self._standings: dict[Remote, _Standing] = {}

    async def header(self, remote: Remote) -> str | None:
        """Return what to send to the remote's origin; None to ask without.

        Renews a token that has ended: one for all who wait for it.
        """
        if remote.token_scope is None:
            return remote.authorization()
        standing = self._standings.get(remote)
        if standing is None or standing.challenge is None:
            return None
        if standing.until <= _now():
            async with standing.renewing:
                if standing.until <= _now():
                    await self._renew(remote, standing, standing.challenge)
        return standing.header

    async def answer(
        self, remote: Remote, challenges: Sequence[Challenge], shown_before: str | None
    ) -> None:
        """Get what the remote asks for, unless somebody got it while `shown_before` was under way.

        UpstreamError says why it cannot be had and what to do.
        """
        if len(self._standings) >= _MOST_KNOWN:
            self._forget_ended()
        standing = self._standings.setdefault(remote, _Standing())
        async with standing.renewing:
            if standing.header != shown_before and standing.until > _now():
                return
            await self._renew(remote, standing, _chosen(remote, challenges))

    def refusal(self, remote: Remote, url: str) -> UpstreamError:
        """Return the error for a remote that still refuses although its challenge was answered."""
        standing = self._standings.get(remote)
        challenge = None if standing is None else standing.challenge
        if remote.credentials is None:
            message = (
                "upstream asks for credentials: set the repository's upstream username and password"
            )
        elif challenge is not None and challenge.scheme == _BEARER:
            realm = URL(challenge.parameters["realm"])
            message = f"upstream refuses the token that its service gave{_unlisted(remote, realm)}"
        else:
            message = "upstream refuses the repository's upstream username and password"
        return UpstreamError(message, url=url)

    async def _renew(self, remote: Remote, standing: _Standing, challenge: Challenge) -> None:
        if challenge.scheme == _BASIC:
            standing.header, standing.until = remote.authorization(), float("inf")
        else:
            token, seconds = await self._token(remote, challenge)
            standing.header, standing.until = f"Bearer {token}", _now() + seconds
        standing.challenge = challenge

    async def _token(self, remote: Remote, challenge: Challenge) -> tuple[str, float]:
        realm = _realm(remote, challenge)
        query = [("scope", remote.token_scope or "")]
        if "service" in challenge.parameters:
            query.insert(0, ("service", challenge.parameters["service"]))
        address = realm.update_query(query)
        asking = replace(_seen_by(remote, realm), url=str(realm), token_scope=None)
        try:
            answer = await self._ask_realm(asking, str(address))
        except UpstreamError as error:
            message = f"its token service gives no token: {error.message}"
            if not isinstance(error, UpstreamUnreachableError):
                message += _unlisted(remote, realm)
            raise type(error)(message, url=error.url) from error
        return _read(answer, shown(realm))

    def _forget_ended(self) -> None:
        now = _now()
        self._standings = {
            remote: standing
            for remote, standing in self._standings.items()
            if standing.renewing.locked() or standing.until > now
        }
        while len(self._standings) >= _MOST_KNOWN:
            del self._standings[next(iter(self._standings))]


def _now() -> float:
    return asyncio.get_running_loop().time()


def _chosen(remote: Remote, challenges: Sequence[Challenge]) -> Challenge:
    by_scheme = {challenge.scheme: challenge for challenge in reversed(challenges)}
    if _BEARER in by_scheme:
        return by_scheme[_BEARER]
    if _BASIC not in by_scheme:
        offered = ", ".join(sorted(by_scheme))[:200] or "nothing"
        message = f"upstream asks for an authentication that is not known here: {offered}"
        raise UpstreamError(message, url=remote.shown)
    if remote.credentials is None:
        message = (
            "upstream asks for credentials: set the repository's upstream username and password"
        )
        raise UpstreamError(message, url=remote.shown)
    return by_scheme[_BASIC]


def _realm(remote: Remote, challenge: Challenge) -> URL:
    """Return the address of the token service, if it is one that may be asked."""
    text = challenge.parameters.get("realm", "")
    try:
        realm = URL(text).with_fragment(None)
        _ = realm.port
    except ValueError:
        realm = URL()
    if realm.scheme not in ("http", "https") or not realm.host:
        message = f"upstream's token service is at no http or https URL: {text[:200]!r}"
        raise UpstreamError(message, url=remote.shown)
    if realm.scheme == "http" and URL(remote.url).scheme != "http":
        message = (
            f"upstream is https, but its token service is not ({shown(realm)}): tokens and"
            " credentials would travel readable"
        )
        raise UpstreamError(message, url=remote.shown)
    return realm.with_user(None)


def _seen_by(remote: Remote, realm: URL) -> Remote:
    """Return the remote with what the realm may see of it."""
    if remote.trusts_realm(realm):
        user, password = remote.credentials or (None, None)
        return replace(remote, username=user, password=password)
    return replace(remote, username=None, password=None, client_certificate=None, client_key=None)


def _unlisted(remote: Remote, realm: URL) -> str:
    """Return the advice for credentials that were withheld; nothing if none were."""
    if remote.credentials is None or remote.trusts_realm(realm):
        return ""
    return (
        "; the credentials were not sent, because the token service is on another host: if that"
        f" host may see them, list {realm.authority!r} in the repository's"
        " upstream_authentication_hosts"
    )


def _read(answer: bytes, url: str) -> tuple[str, float]:
    """Return token and seconds for which it may be used."""
    try:
        decoded: object = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        decoded = None
    values = cast("dict[str, Any]", decoded) if isinstance(decoded, dict) else {}
    token = values.get("token") or values.get("access_token")
    if not isinstance(token, str) or not _sendable(token):
        message = "its token service answers with what is no token; check the URL of the repository"
        raise UpstreamError(message, url=url)
    seconds = values.get("expires_in")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        seconds = _DEFAULT_SECONDS
    return token, max(min(seconds, _MOST_SECONDS) - _MARGIN_SECONDS, 1.0)


def _sendable(token: str) -> bool:
    return len(token) <= _MOST_TOKEN and all("!" <= character <= "~" for character in token)
