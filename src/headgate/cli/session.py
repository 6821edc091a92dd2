"""Which server is meant, who asks, and whose certificate is believed."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from headgate.cli import config
from headgate.cli.errors import NO_INPUT, NOT_LOGGED_IN, CliError, UsageError

DEFAULT_URL: Final = "https://localhost:8443"
_LOOPBACK: Final = ("http://localhost", "http://127.0.0.1", "http://[::1]")


class Session(NamedTuple):
    """A server and how to speak with it; `secret` is a password or a token."""

    url: str
    username: str | None = None
    secret: str | None = None
    ca_file: str | None = None
    ca: str | None = None  # as PEM


def session_of(given: Mapping[str, Any], *, public: bool = False) -> Session:
    """Return the session that options, environment and logins make, in this order.

    CliError if nothing says who asks, unless everybody may (`public`).
    """
    logins = config.read(config.LOGINS)
    url = url_of(given, logins)
    login: Mapping[str, Any] = logins.get("logins", {}).get(url, {})
    username = given.get("username") or os.environ.get("HEADGATE_USERNAME")
    secret = _secret(given)
    if login and username in (None, login["username"]) and secret is None:
        username, secret = login["username"], login["token"]
    if username is None and secret is not None and not public:
        raise CliError("HEADGATE_USERNAME or --username must say whose it is", NOT_LOGGED_IN)
    if secret is None and not public:
        secret = _asked_for(username, url)
    ca_file = _ca_file(given)
    return Session(url, username, secret, ca_file, None if ca_file else login.get("ca"))


def url_of(given: Mapping[str, Any], logins: Mapping[str, Any]) -> str:
    """Return the server's address, without a slash at the end."""
    url: str = (
        given.get("server_url")
        or os.environ.get("HEADGATE_SERVER_URL")
        or _url_of_home(given.get("home"))
        or logins.get("current")
        or DEFAULT_URL
    )
    url = url.rstrip("/")
    if "://" not in url:
        url = f"https://{url}"
    if not url.startswith(("https://", *_LOOPBACK)):
        raise UsageError(f"{url} would send the password in clear; use https://")
    return url


def _url_of_home(home: str | None) -> str | None:
    """Return where the server of a home folder was last started; it notes that there."""
    if home is None:
        return None
    try:
        return (Path(home) / "run" / "url").read_text().strip()
    except OSError:
        return None


def _ca_file(given: Mapping[str, Any]) -> str | None:
    named = given.get("ca_file") or os.environ.get("HEADGATE_CA_FILE")
    if named is None and given.get("home"):
        named = str(Path(given["home"]) / "ca" / "ca.crt")
    if named is not None and not Path(named).is_file():
        raise CliError(f"{named} is not there: no authority to trust", NO_INPUT)
    return named


def _secret(given: Mapping[str, Any]) -> str | None:
    if given.get("password"):
        return given["password"]
    if given.get("password_file"):
        return read_password(given["password_file"])
    return os.environ.get("HEADGATE_PASSWORD") or os.environ.get("HEADGATE_TOKEN")


def read_password(path: str) -> str:
    """Return the first line of a file, of standard input for `-`."""
    try:
        text = sys.stdin.readline() if path == "-" else Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"{path} cannot be read: {error}", NO_INPUT) from error
    return text.partition("\n")[0]


def _asked_for(username: str | None, url: str) -> str:
    if username is None or not sys.stdin.isatty():
        raise CliError(
            f"not logged in to {url}: run `headgate login`, or set HEADGATE_USERNAME and "
            "HEADGATE_PASSWORD",
            NOT_LOGGED_IN,
        )
    from getpass import getpass  # noqa: PLC0415 - only for those who are asked

    return getpass(f"Password of {username}: ")
