"""An upstream: its address, and what it wants to see of us."""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote

from yarl import URL

from headgate.domain.errors import InvalidContentError, UpstreamError
from headgate.domain.paths import safe_relpath

_WHOLE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# What RFC 3986 allows in a path; `?`, `#` and the like are part of a file's name here.
_PATH_SAFE = "/%~+!$&'()*,;=:@"


@dataclass(frozen=True, slots=True)
class Remote:
    """An upstream URL with its credentials; certificates and keys are PEM texts.

    Credentials and the client certificate are shown to the origin of `url` alone. Without `ca`
    the system's authorities count; `verify=False` is the only way to switch verification off.
    With `mirrors` (http or https, best first) files come from them instead: `url` is then a list
    of mirrors.
    """

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    client_certificate: str | None = field(default=None, repr=False)
    client_key: str | None = field(default=None, repr=False)
    ca: str | None = field(default=None, repr=False)
    verify: bool = True
    proxy: str | None = field(default=None, repr=False)  # may carry user and password
    mirrors: tuple[str, ...] = ()
    concurrency: int | None = None  # transfers at once; None: as the server's limits say
    total_timeout: float | None = None  # seconds that one request may take
    rate: int | None = None  # bytes a second, over all transfers of one process
    # What a token is asked for that upstream wants to see: repository:NAME:pull.
    token_scope: str | None = None
    # Token services elsewhere that may see the credentials: host, or host:port.
    authentication_hosts: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The URL for people: without credentials."""
        return shown(URL(self.url))

    def resolve(self, path: str) -> URL:
        """Return the address of `path`: below this remote, or a whole URL (`xml:base`)."""
        return self._resolved(self.url, path)

    def addresses(self, path: str) -> list[URL]:
        """Return every address at which `path` may be found, best first."""
        if not path or not self.mirrors or _WHOLE.match(path):
            return [self.resolve(path)]
        return [self._resolved(mirror, path) for mirror in self.mirrors]

    def _resolved(self, url: str, path: str) -> URL:
        base = self._parsed(url)
        if not path:
            return without_user(base)
        if _WHOLE.match(path):
            whole = without_user(self._parsed(path))
            if whole.scheme == "file" != base.scheme:
                raise UpstreamError("metadata may not refer to local files", url=str(whole))
            return whole
        try:
            path = safe_relpath(path)
        except InvalidContentError as error:
            raise UpstreamError(
                f"{error.message}; upstream's metadata is broken or hostile", url=shown(base)
            ) from error
        quoted = quote(_PERCENT.sub("%25", path), safe=_PATH_SAFE)
        folder = base.raw_path if base.raw_path.endswith("/") else f"{base.raw_path}/"
        # `update_query` would decode tokens in the query of the base: they are kept as they are.
        query = f"?{base.raw_query_string}" if base.raw_query_string else ""
        origin = "file://" if base.scheme == "file" else str(base.origin())
        return URL(f"{origin}{folder}{quoted}{query}", encoded=True)

    @property
    def credentials(self) -> tuple[str, str | None] | None:
        """User and password, also those that stand in the URL; None without."""
        base = self._parsed(self.url)
        user = self.username or base.user
        if user is None:
            return None
        return user, self.password if self.username else base.password

    def authorization(self) -> str | None:
        """Return the value of the header that shows our credentials."""
        credentials = self.credentials
        return None if credentials is None else basic_authorization(*credentials)

    def trusts(self, url: URL) -> bool:
        """Say whether the address is of the origin that may see our credentials.

        The change from http to https on one host and the usual ports is no change of origin.
        """
        base = self._parsed(self.url)
        if (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port):
            return True
        upgraded = base.scheme == "http" and url.scheme == "https"
        return upgraded and url.host == base.host and base.port == 80 and url.port == 443

    def trusts_realm(self, url: URL) -> bool:
        """Say whether a token service may see our credentials: ours by origin, or listed.

        A listed host without a port means the usual one of the scheme.
        """
        if self.trusts(url):
            return True
        usual = {"https": 443, "http": 80}.get(url.scheme)
        host = url.host_subcomponent or ""
        names = {f"{host}:{url.port}", host if url.port == usual else ""}
        return any(listed.lower() in names for listed in self.authentication_hosts)

    def _parsed(self, text: str) -> URL:
        try:
            url = URL(text)
            _ = url.port
        except ValueError as error:
            raise UpstreamError(f"this is no URL: {error}", url=text[:200]) from error
        if url.scheme == "file":
            return url
        if url.scheme not in ("http", "https") or not url.host:
            raise UpstreamError("only http, https and file URLs can be fetched", url=shown(url))
        return url


def with_credentials(url: str, user: str | None, password: str | None) -> str:
    """Return the address with user and password in it, as `Remote.proxy` takes them."""
    return str(URL(url).with_user(user).with_password(password)) if user else url


def without_user(url: URL) -> URL:
    """Return the address without the credentials that it may carry."""
    return url.with_user(None) if url.host else url


def shown(url: URL) -> str:
    """Return an address for people: without credentials, also those that queries carry."""
    if not url.host:
        return str(url)
    text = str(url.with_user(None).with_query(None).with_fragment(None))
    return f"{text}?..." if url.raw_query_string else text


def basic_authorization(user: str, password: str | None) -> str:
    """Return the header value of RFC 7617, in UTF-8."""
    pair = f"{user}:{password or ''}".encode()
    return f"Basic {b64encode(pair).decode()}"
