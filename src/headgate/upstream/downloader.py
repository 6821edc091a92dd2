"""Fetching files over HTTP: patiently, verified, and only from where it is allowed.

aiohttp is imported by the first download of a process: a tenth of a second of every start and
8 MB of each process that downloads nothing.
"""

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from yarl import URL

from headgate.domain.errors import UpstreamError
from headgate.upstream.authorization import Authorizations
from headgate.upstream.challenges import challenges_of
from headgate.upstream.errors import (
    ChallengedAttempt,
    FailedAttempt,
    UpstreamAbsentError,
    WrongBytesError,
)
from headgate.upstream.exchange import Asking, begin, next_hop
from headgate.upstream.explain import explain_failure, explain_status, retry_after
from headgate.upstream.limits import DownloadRules
from headgate.upstream.local import open_local
from headgate.upstream.mirrors import MirrorHealth, none_gave
from headgate.upstream.pace import Pace
from headgate.upstream.remote import Remote, basic_authorization, shown, without_user
from headgate.upstream.restraint import Restraint
from headgate.upstream.tls import make_context
from headgate.upstream.transfer import Expected, MemorySink, Sink, Transfer, Validators

if TYPE_CHECKING:
    import aiohttp

Sleep = Callable[[float], Awaitable[None]]

_CHUNK = 256 * 1024
_REDIRECTS = {301, 302, 303, 307, 308}
_NO_EXPECTATION = Expected()
# What a token service may answer.
_MOST_OF_REALM: Final = Expected(most_bytes=1 << 20)


_PLAINLY: Final = Asking()


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that has come whole and verified, or has not changed (then nothing has come)."""

    url: str  # after redirects, without credentials
    size: int  # bytes
    validators: Validators
    modified: bool = True
    mirror: str | None = None  # which of the remote's mirrors gave it
    headers: Mapping[str, str] = field(default_factory=dict[str, str])  # names in any case


@dataclass(frozen=True, slots=True)
class _Asked:
    """What several mirrors are asked for."""

    path: str
    urls: Sequence[URL]
    told: Callable[[str], None]
    check: Callable[[], None]
    optional: bool


class Downloader:
    """Fetches for one event loop; close it, or use it as an async context manager."""

    def __init__(self, rules: DownloadRules, *, sleep: Sleep = asyncio.sleep) -> None:
        self._rules = rules
        self._limits = rules.limits
        self._sleep = sleep
        # Instance state: what one run learns of a tenant's remote is unknown to the next.
        self._contexts: dict[tuple[object, ...], ssl.SSLContext] = {}
        self._restraint = Restraint(rules)
        self._authorizations = Authorizations(self._ask_realm)
        self._mirrors = MirrorHealth(self._limits.aside_seconds)
        self._open_session: aiohttp.ClientSession | None = None

    async def fetch(
        self,
        remote: Remote,
        path: str,
        sink: Sink,
        *,
        expected: Expected = _NO_EXPECTATION,
        unless: Validators | None = None,
        accept: Sequence[str] = (),
        progress: Callable[[int], None] | None = None,
        trying: Callable[[str], None] | None = None,
        check: Callable[[], None] | None = None,
        optional: bool = False,
    ) -> Fetched:
        """Write the file at `path` (below the remote, or a whole URL) into the sink.

        Return only when all of it has come and has the size and checksums expected; with
        `unless`, upstream may also answer that the file is still in that state; `accept` names the
        media types wanted. `progress` gets
        the number of bytes of each piece (negative when a transfer begins again); what it raises
        ends the transfer. `trying` gets the address that is asked, without credentials. Of several
        mirrors one after another is asked until one gives what `check` raises no UpstreamError
        over; that a file is `optional` means that the first to have none is believed.
        UpstreamError says what failed, where, and what to do; the sink then holds rubbish.
        """
        asking = Asking(accept, unless=unless)
        urls = remote.addresses(path)
        where = shown(urls[0])
        transfer = Transfer(sink, expected, self._limits, progress, where=where)
        told, check = trying or _tell_nobody, check or _find_no_fault
        if urls[0].scheme == "file":
            told(where)
            return await self._copy(urls[0], transfer)
        await self._prepare()
        if len(urls) == 1:
            told(where)
            attempts = self._limits.attempts
            fetched = await self._persist(remote, urls[0], transfer, asking, attempts)
            check()
            return replace(fetched, mirror=next(iter(remote.mirrors), None))
        asked = _Asked(path, urls, told, check, optional)
        return await self._fail_over(remote, asked, transfer)

    async def head(
        self,
        remote: Remote,
        path: str,
        *,
        expected: Expected = _NO_EXPECTATION,
        accept: Sequence[str] = (),
    ) -> Fetched:
        """Return what upstream says of a file without its bytes; http and https only.

        A size that is not the expected one, or more than `most_bytes`, is an UpstreamError.
        """
        url = remote.resolve(path)
        transfer = Transfer(MemorySink(), expected, self._limits, None, where=shown(url))
        await self._prepare()
        asking = Asking(accept, head=True)
        return await self._persist(remote, url, transfer, asking, self._limits.attempts)

    async def close(self) -> None:
        """Close all connections."""
        if self._open_session:
            await self._open_session.close()
            self._open_session = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _prepare(self) -> None:
        """Import what is large beside the event loop, which goes on serving."""
        if self._open_session is None:
            await asyncio.to_thread(import_module, "aiohttp")

    async def _ask_realm(self, remote: Remote, address: str) -> bytes:
        sink = MemorySink()
        await self.fetch(remote, address, sink, expected=_MOST_OF_REALM)
        return bytes(sink.data)

    async def _fail_over(self, remote: Remote, asked: "_Asked", transfer: Transfer) -> Fetched:
        """Ask mirrors in turn; validators of one mean nothing to the next."""
        keys = [(remote.url, remote.username, remote.proxy, mirror) for mirror in remote.mirrors]
        order = self._mirrors.order(keys)[: self._limits.mirrors]
        failures: list[UpstreamError] = []
        for position in order:
            transfer.restart()
            url = asked.urls[position]
            asked.told(shown(url))
            try:
                attempts = self._limits.attempts_per_mirror
                fetched = await self._persist(remote, url, transfer, _PLAINLY, attempts)
                asked.check()
            except UpstreamError as error:
                if asked.optional and isinstance(error, UpstreamAbsentError):
                    raise
                self._mirrors.failed(keys[position], error)
                failures.append(error)
            else:
                self._mirrors.gave(keys[position])
                return replace(fetched, mirror=remote.mirrors[position])
        untried = len(asked.urls) - len(order)
        raise none_gave(failures, untried=untried, what=asked.path) from failures[-1]

    async def _persist(
        self, remote: Remote, url: URL, transfer: Transfer, asking: Asking, attempts: int
    ) -> Fetched:
        """Ask one server until it gives the file or nothing more is to be hoped for."""
        attempt = 1
        answered = False
        while True:
            # Before a slot is taken: a token service on the same server needs one, too.
            authorization = await self._authorizations.header(remote)
            try:
                async with self._restraint.own_slot(remote), self._restraint.slot(url):
                    await self._let_rest(remote, url)
                    return await self._attempt(remote, url, transfer, asking, authorization)
            except ChallengedAttempt as challenged:
                if answered:
                    raise self._authorizations.refusal(remote, shown(url)) from None
                await self._authorizations.answer(remote, challenged.challenges, authorization)
                answered = True
            except FailedAttempt as failed:
                if not failed.again or attempt >= attempts:
                    raise failed.error from failed
                pause = self._restraint.pause(attempt, failed.wait)
                if failed.everywhere:
                    self._restraint.rest(remote, url, pause)
                else:
                    await self._sleep(pause)
                attempt += 1
                answered = False

    async def _let_rest(self, remote: Remote, url: URL) -> None:
        rest = self._restraint.rest_left(remote, url)
        if rest:
            await self._sleep(rest)

    async def _attempt(
        self,
        remote: Remote,
        url: URL,
        transfer: Transfer,
        asking: Asking,
        authorization: str | None,
    ) -> Fetched:
        """Ask once, following redirects by hand: each hop is checked, none inherits secrets."""
        import aiohttp  # noqa: PLC0415 - see above

        for _ in range(self._limits.redirects + 1):
            trusted = remote.trusts(url)
            shown_now = authorization if trusted else None
            try:
                async with self._request(remote, url, transfer, asking, shown_now) as response:
                    if response.status == 401 and trusted and remote.token_scope is not None:
                        fields = response.headers.getall("WWW-Authenticate", [])
                        raise ChallengedAttempt(challenges_of(fields))
                    if response.status not in _REDIRECTS:
                        paces = self._restraint.paces(remote)
                        return await self._receive(response, url, transfer, paces)
                    url = next_hop(url, response)
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                raise explain_failure(error, shown(url), by_proxy=bool(remote.proxy)) from error
        message = "it redirects in a circle; check the URL of the repository"
        raise FailedAttempt(UpstreamError(message, url=shown(url)), again=False)

    def _request(
        self,
        remote: Remote,
        url: URL,
        transfer: Transfer,
        asking: Asking,
        authorization: str | None,
    ) -> "AbstractAsyncContextManager[aiohttp.ClientResponse]":
        headers = asking.headers(transfer)
        if authorization:
            headers["Authorization"] = authorization
        proxy = URL(remote.proxy) if remote.proxy else None
        for_proxy: dict[str, str] = {}
        if proxy and proxy.user:
            for_proxy["Proxy-Authorization"] = basic_authorization(proxy.user, proxy.password)
        if url.scheme == "http":  # without TLS there is no CONNECT: the proxy reads the request
            headers |= for_proxy
        tls = url.scheme == "https" or (proxy is not None and proxy.scheme == "https")
        return self._session().request(
            "HEAD" if asking.head else "GET",
            url,
            headers=headers,
            allow_redirects=False,
            # Reading the system's authorities takes 70 ms: not for a connection without TLS.
            ssl=self._context(remote, with_client=remote.trusts(url)) if tls else True,
            proxy=without_user(proxy) if proxy else None,
            proxy_headers=for_proxy if url.scheme == "https" else None,
            timeout=self._patience(remote),
        )

    def _patience(self, remote: Remote) -> "aiohttp.ClientTimeout":
        import aiohttp  # noqa: PLC0415 - see above

        limits = self._limits
        return aiohttp.ClientTimeout(
            total=remote.total_timeout,
            sock_connect=limits.connect_timeout,
            sock_read=limits.read_timeout,
        )

    async def _receive(
        self,
        response: "aiohttp.ClientResponse",
        url: URL,
        transfer: Transfer,
        paces: Sequence[Pace],
    ) -> Fetched:
        where = shown(url)
        found = Validators(response.headers.get("ETag"), response.headers.get("Last-Modified"))
        if response.status == 304:
            return Fetched(where, 0, found, modified=False, headers=response.headers)
        if response.status == 416:
            transfer.restart()
            message = "it refuses to go on where the transfer broke off"
            raise FailedAttempt(UpstreamError(message, url=where), again=True)
        if response.status not in (200, 206):
            wait = retry_after(response.headers.get("Retry-After"))
            raise explain_status(response.status, where, wait)
        begin(response, transfer, where)
        transfer.validators = found
        try:
            await self._take_all(response, transfer, where, paces)
            transfer.finish(where)
        except FailedAttempt as failed:
            if isinstance(failed.error, WrongBytesError):
                transfer.restart()
            raise
        return Fetched(where, transfer.received, found, headers=response.headers)

    async def _take_all(
        self,
        response: "aiohttp.ClientResponse",
        transfer: Transfer,
        where: str,
        paces: Sequence[Pace],
    ) -> None:
        clock = asyncio.get_running_loop().time
        began, before = clock(), transfer.received
        async for chunk in response.content.iter_any():
            transfer.take(chunk, where)
            wait = max((pace.reserve(len(chunk)) for pace in paces), default=0.0)
            if wait:
                await asyncio.sleep(wait)
                began += wait  # that it was slow was our wish
            passed = clock() - began
            if passed >= self._limits.slow_window:
                transfer.check_pace(transfer.received - before, passed, where)
                began, before = clock(), transfer.received

    async def _copy(self, url: URL, transfer: Transfer) -> Fetched:
        fd = open_local(url, self._rules.file_roots)
        where = str(url)
        try:
            transfer.announce(os.fstat(fd).st_size, where)
            while chunk := await asyncio.to_thread(os.read, fd, _CHUNK):
                transfer.take(chunk, where)
            transfer.finish(where)
        except FailedAttempt as failed:
            raise failed.error from None
        finally:
            os.close(fd)
        return Fetched(where, transfer.received, Validators())

    def _context(self, remote: Remote, *, with_client: bool) -> ssl.SSLContext:
        client = (remote.client_certificate, remote.client_key) if with_client else None
        key = (remote.ca, remote.verify, client)
        if key not in self._contexts:
            self._contexts[key] = make_context(remote, with_client=with_client)
        return self._contexts[key]

    def _session(self) -> "aiohttp.ClientSession":
        import aiohttp  # noqa: PLC0415 - see above

        if self._open_session is None:
            self._open_session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0, socket_factory=self._rules.addresses.open_socket
                ),
                headers={"User-Agent": self._rules.user_agent},
                # No cookie of one remote is ever shown to another.
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                read_bufsize=_CHUNK,
            )
        return self._open_session


def _tell_nobody(_url: str) -> None:
    pass


def _find_no_fault() -> None:
    pass
