"""Telling people what an upstream's failure means and what to do about it."""

import os
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from headgate.domain.errors import UpstreamError
from headgate.upstream.addresses import AddressRefusedError
from headgate.upstream.errors import (
    FailedAttempt,
    UpstreamAbsentError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)

_BUSY = {408, 425, 429}
_ADVICE = {
    401: "asks for credentials: set or correct the repository's upstream username and password",
    403: "refuses access: check the upstream credentials and the client certificate",
    404: "has no such file: check the URL of the repository",
    407: "cannot be reached: the HTTP proxy asks for credentials",
    410: "has it no longer: check the URL of the repository",
}


def explain_status(status: int, url: str, wait: float | None) -> FailedAttempt:
    """Explain an answer that is no success."""
    if status >= 500 or status in _BUSY:
        message = f"upstream answers {status}: it is busy or broken, try again later"
        return FailedAttempt(
            UpstreamUnreachableError(message, url=url),
            again=True,
            wait=wait,
            everywhere=status == 429,
        )
    message = f"upstream {_ADVICE.get(status, 'gives no file')} (it answers {status})"
    kind = UpstreamAbsentError if status in (404, 410) else UpstreamError
    return FailedAttempt(kind(message, url=url), again=False)


def explain_failure(error: Exception, url: str, *, by_proxy: bool) -> FailedAttempt:
    """Explain a connection that came to no answer, or to no end."""
    causes = list(_causes(error))
    if any(isinstance(cause, AddressRefusedError) for cause in causes):
        message = (
            "its address is of this machine, the local network link or a metadata service;"
            " an administrator may allow the network in the server's settings"
        )
        return FailedAttempt(UpstreamError(message, url=url), again=False)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        message = (
            "its TLS certificate cannot be verified: set the CA that signed it as the"
            f" repository's SSL CA certificate ({_words(error)})"
        )
        return FailedAttempt(UpstreamError(message, url=url), again=False)
    return _explain_connection(error, url, by_proxy=by_proxy)


def retry_after(text: str | None) -> float | None:
    """Read Retry-After (RFC 9110, section 10.2.3): seconds or a date; None if it is neither."""
    if not text:
        return None
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _explain_connection(error: Exception, url: str, *, by_proxy: bool) -> FailedAttempt:
    import aiohttp  # noqa: PLC0415 - imported by the first download, see `downloader.py`

    again = True
    kind: type[UpstreamError] = UpstreamUnreachableError
    if isinstance(error, aiohttp.ClientHttpProxyError):
        again = error.status >= 500
        advice = _ADVICE[407] if error.status == 407 else f"the HTTP proxy answers {error.status}"
        message = f"upstream {advice}: check the proxy's address, user and password"
    elif isinstance(error, aiohttp.ClientProxyConnectionError):
        message = f"the HTTP proxy cannot be reached: check its address ({_words(error)})"
    elif isinstance(error, aiohttp.ClientConnectorDNSError):
        message = f"the name of its host cannot be resolved: check the URL ({_words(error)})"
    elif isinstance(error, TimeoutError):
        kind, message = UpstreamTimeoutError, "it does not answer in time; try again later"
    elif isinstance(error, aiohttp.InvalidURL):
        again = False
        message = f"this is no URL that can be fetched: {_words(error)}"
    elif isinstance(error, ssl.SSLError):
        again = False
        message = f"no TLS connection comes about: check the certificates ({_words(error)})"
    elif isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
        message = f"the connection broke off before the end ({_words(error)})"
    else:
        through = " through the proxy" if by_proxy else ""
        message = f"it cannot be reached{through} ({_words(error)})"
    return FailedAttempt(kind(message, url=url), again=again)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        inner = getattr(error, "os_error", None) or getattr(error, "certificate_error", None)
        if isinstance(inner, BaseException):
            yield inner
        error = error.__cause__ or error.__context__


def _words(error: Exception) -> str:
    import aiohttp  # noqa: PLC0415 - imported by the first download, see `downloader.py`

    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno:
        return os.strerror(error.os_error.errno)  # aiohttp's own words show its objects
    return str(error)[:300] or type(error).__name__
