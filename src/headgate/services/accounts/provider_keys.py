"""The keys by which an OpenID Connect provider signs: fetched, kept, and fetched again.

They are fetched by the guarded client of upstreams. A key that is not among them is looked for
again, for providers change keys, but not more often than every ten seconds: anybody can name a key.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final, cast

from headgate.domain.clock import Clock
from headgate.domain.errors import UnavailableError, UpstreamError
from headgate.domain.identity import ProviderRules
from headgate.upstream import (
    Downloader,
    DownloadRules,
    Expected,
    MemorySink,
    Remote,
    run_downloads,
)

Key = Mapping[str, Any]

_KEPT_FOR: Final = timedelta(hours=1)
_ASKED_EVERY: Final = timedelta(seconds=10)
# A provider that is away is believed for so long by the keys it had.
_OUTLIVES_PROVIDER: Final = timedelta(hours=24)
_MOST_BYTES: Final = 1 << 20
_MOST_KEYS: Final = 100
_SECONDS: Final = 10.0
_DISCOVERY: Final = "/.well-known/openid-configuration"
_KINDS: Final = frozenset({"RSA", "EC", "OKP"})
_log = logging.getLogger(__name__)


class ProviderKeys:
    """The keys of one provider, for one process."""

    def __init__(self, rules: ProviderRules, *, downloads: DownloadRules, clock: Clock) -> None:
        self._rules = rules
        limits = replace(
            downloads.limits, attempts=1, connect_timeout=_SECONDS, read_timeout=_SECONDS
        )
        self._downloads = replace(downloads, limits=limits, file_roots=(), pace=None)
        self._clock = clock
        self._lock = Lock()
        self._keys: Sequence[Key] = ()
        self._fetched_at: datetime | None = None
        self._asked_at: datetime | None = None

    def named(self, name: str | None) -> Key | None:
        """Return the key (a JWK) with this name; None if there is none.

        Without a name, the only key there is. UnavailableError if nothing is known of the
        provider's keys and it cannot be asked.
        """
        with self._lock:  # one asks, the others wait for what comes
            found = _among(self._keys, name)
            if self._is_due(found):
                self._fetch()
                found = _among(self._keys, name)
            return found

    def _is_due(self, found: Key | None) -> bool:
        now = self._clock()
        if self._asked_at is not None and now - self._asked_at < _ASKED_EVERY:
            if self._fetched_at is None:
                raise _unavailable()
            return False
        return found is None or self._fetched_at is None or now - self._fetched_at > _KEPT_FOR

    def _fetch(self) -> None:
        now = self._asked_at = self._clock()
        try:
            self._keys = run_downloads(self._downloads, self._load)
        except UpstreamError as error:
            _log.warning(
                "The keys of the OpenID Connect provider cannot be fetched: %s", error.message
            )
            if self._fetched_at is None or now - self._fetched_at > _OUTLIVES_PROVIDER:
                self._keys, self._fetched_at = (), None
                raise _unavailable() from error
        else:
            self._fetched_at = now

    async def _load(self, downloader: Downloader) -> Sequence[Key]:
        url = self._rules.jwks_url
        if not url:
            where = self._rules.issuer.rstrip("/") + _DISCOVERY
            told = await self._document(downloader, where)
            url = str(told.get("jwks_uri", ""))
            if told.get("issuer") != self._rules.issuer or not url.startswith("https://"):
                raise UpstreamError("it describes another issuer than it is asked for", url=where)
        keys: Any = (await self._document(downloader, url)).get("keys")
        if not isinstance(keys, list):
            raise UpstreamError("it answers without any keys", url=url)
        listed = cast("list[Any]", keys)[:_MOST_KEYS]
        return [cast("Key", key) for key in listed if _signs(key)]

    async def _document(self, downloader: Downloader, url: str) -> Mapping[str, Any]:
        sink = MemorySink()
        remote = Remote(url, ca=self._rules.authority)
        await downloader.fetch(remote, "", sink, expected=Expected(most_bytes=_MOST_BYTES))
        try:
            document: Any = json.loads(bytes(sink.data))
        except (ValueError, RecursionError) as error:
            raise UpstreamError("it answers with what is no JSON", url=url) from error
        if not isinstance(document, dict):
            raise UpstreamError("it answers with what is no object", url=url)
        return cast("Mapping[str, Any]", document)


def _among(keys: Sequence[Key], name: str | None) -> Key | None:
    fitting = [key for key in keys if name is None or key.get("kid") == name]
    return fitting[0] if len(fitting) == 1 else None


def _signs(key: Any) -> bool:
    """Whether a JWK is a public key that signatures are checked with."""
    if not isinstance(key, dict):
        return False
    jwk = cast("Key", key)
    return jwk.get("kty") in _KINDS and jwk.get("use", "sig") == "sig"


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "The OpenID Connect provider does not answer, so nobody can log in by it; try again later"
    )
