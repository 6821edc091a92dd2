"""What goes before the bytes: how a file is asked for, where to go on, and from which byte."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yarl import URL

from headgate.domain.errors import UpstreamError
from headgate.upstream.errors import FailedAttempt
from headgate.upstream.remote import shown
from headgate.upstream.transfer import Transfer, Validators

if TYPE_CHECKING:
    import aiohttp


@dataclass(frozen=True, slots=True)
class Asking:
    """How a file is asked for, beyond where it is."""

    accept: Sequence[str] = ()  # media types; none: whatever upstream has
    head: bool = False  # only what upstream says of it; no bytes come
    unless: Validators | None = None

    def headers(self, transfer: Transfer) -> dict[str, str]:
        """Return the headers that say so, for what has not come yet."""
        # Identity: a length, a range and a checksum are all of the bytes as they are stored.
        wanted = {"Accept-Encoding": "identity", **transfer.resume_headers()}
        if self.accept:
            wanted["Accept"] = ", ".join(self.accept)
        if self.unless and not transfer.received:
            wanted |= _conditions(self.unless)
        return wanted


def next_hop(url: URL, response: "aiohttp.ClientResponse") -> URL:
    """Return where a redirect leads; FailedAttempt where none may lead."""
    location = response.headers.get("Location", "")
    try:
        target = url.join(URL(location)).with_fragment(None)
        _ = target.port
    except ValueError:
        target = URL()
    if not location or target.scheme not in ("http", "https") or not target.host:
        message = "it redirects to what is no http or https URL"
    elif url.scheme == "https" and target.scheme == "http":
        message = f"it redirects from https to http ({shown(target)}), which would not be safe"
    else:
        return target.with_user(None)
    raise FailedAttempt(UpstreamError(message, url=shown(url)), again=False)


def begin(response: "aiohttp.ClientResponse", transfer: Transfer, where: str) -> None:
    """Check that the answer begins where we are; a whole file makes us begin again."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        message = "it sends an encoding that was not asked for; check for a meddling proxy"
        raise FailedAttempt(UpstreamError(message, url=where), again=False)
    if response.status == 200:
        transfer.restart()
        transfer.announce(response.content_length, where)
        return
    start = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    if start != str(transfer.received):
        transfer.restart()
        message = "it sends another part than the one asked for"
        raise FailedAttempt(UpstreamError(message, url=where), again=True)


def _conditions(unless: Validators) -> dict[str, str]:
    """Return the headers that ask for a file only if it has changed."""
    wanted = {"If-None-Match": unless.etag, "If-Modified-Since": unless.last_modified}
    return {name: value for name, value in wanted.items() if value}
