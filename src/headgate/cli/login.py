"""`headgate login` and `headgate logout`: a token kept in place of the password.

The token is a personal access token of the user, made for this machine. With it the server's
authority is kept, so that later commands believe nobody else: it is named by `--ca-file`, or
asked for and shown by its fingerprint before it is trusted.
"""

import hashlib
import ssl
import sys
from typing import Any
from urllib.parse import quote

from headgate.cli import config
from headgate.cli.client import Api, RefusedError
from headgate.cli.errors import NOT_LOGGED_IN, OK, UNAVAILABLE, CliError
from headgate.cli.run import Job
from headgate.cli.session import DEFAULT_URL, Session, session_of, url_of

_AUTHORITY = "/pub/katello-server-ca.crt"


def login(job: Job) -> int:
    """Ask for what is not given, make a token and keep it."""
    given = job.given.globals
    logins = config.read(config.LOGINS)
    if not _says_where(given) and sys.stdin.isatty():
        known = logins.get("current", DEFAULT_URL)
        given["server_url"] = input(f"Server [{known}]: ").strip() or known
    url = url_of(given, logins)
    ca = _authority(job, session_of(given, public=True)._replace(url=url, ca=None))
    session = _credentials(job, url, ca)
    api = Api(session)
    me = api.get("/api/current_user")
    token = api.post(f"/api/users/{me['id']}/personal_access_tokens", _wanted(job))
    _forget(logins, url, ca)
    kept: dict[str, Any] = {
        "username": me["login"],
        "user_id": me["id"],
        "token": token["token_value"],
        "token_id": token["id"],
        "ca": ca,
    }
    logins["current"] = url
    logins.setdefault("logins", {})[url] = kept
    path = config.write(config.LOGINS, logins)
    job.output.line(f"Logged in to {url} as {me['login']}; the token is in {path}")
    return OK


def logout(job: Job) -> int:
    """Revoke the token and forget it."""
    logins = config.read(config.LOGINS)
    url = url_of(job.given.globals, logins)
    login = logins.get("logins", {}).get(url)
    if login is None:
        raise CliError(f"not logged in to {url}", NOT_LOGGED_IN)
    told = _forget(logins, url, login["ca"])
    if logins.get("current") == url:
        del logins["current"]
    config.write(config.LOGINS, logins)
    job.output.line(f"Logged out of {url}{told}")
    return OK


def _says_where(given: dict[str, Any]) -> bool:
    import os  # noqa: PLC0415 - read when it is needed, not when it is imported

    return bool(given.get("server_url") or given.get("home")) or "HEADGATE_SERVER_URL" in os.environ


def _credentials(job: Job, url: str, ca: str | None) -> Session:
    """Return a session with name and password, asked for if there is somebody to ask."""
    session = session_of({**job.given.globals, "server_url": url}, public=True)
    username, secret = session.username, session.secret
    if _is_kept(url, secret):
        username = secret = None  # what is kept already is no reason to keep it again
    if (username is None or secret is None) and not sys.stdin.isatty():
        raise CliError(
            "HEADGATE_USERNAME and HEADGATE_PASSWORD, or --username and --password-file, must "
            "say who logs in",
            NOT_LOGGED_IN,
        )
    if username is None:
        username = job.given.globals.get("username") or input("Username: ").strip()
    if secret is None:
        from getpass import getpass  # noqa: PLC0415 - only for those who are asked

        secret = getpass(f"Password of {username}: ")
    return Session(url, username, secret, None, ca)


def _is_kept(url: str, secret: str | None) -> bool:
    kept = config.read(config.LOGINS).get("logins", {}).get(url, {})
    return secret is not None and kept.get("token") == secret


def _authority(job: Job, session: Session) -> str | None:
    """Return the authority to trust, as PEM; None if the system's are enough."""
    if session.url.startswith("http://"):
        return None
    if session.ca_file is not None:
        with open(session.ca_file) as file:  # noqa: PTH123 - a path that the session has checked
            return file.read()
    try:
        Api(session).get("/katello/api/status")
    except CliError as error:
        if not isinstance(error.__cause__, ssl.SSLCertVerificationError):
            raise
    else:
        return None
    offered = _offered(session)
    _believe(job, session.url, offered)
    return offered


def _offered(session: Session) -> str:
    """Return the authority that the server itself offers, believed by nobody so far."""
    from headgate.cli.client import connect_unverified  # noqa: PLC0415 - here and nowhere else

    connection = connect_unverified(session)
    try:
        connection.request("GET", _AUTHORITY)
        reply = connection.getresponse()
        text = reply.read(65536).decode("ascii", "replace")
    except OSError as error:
        raise CliError(f"{session.url} cannot be reached: {error}", UNAVAILABLE) from error
    finally:
        connection.close()
    if reply.status != 200 or "-----BEGIN CERTIFICATE-----" not in text:
        raise CliError(
            f"{session.url} has no certificate that is trusted here, and offers no authority: "
            "name it with --ca-file",
            UNAVAILABLE,
        )
    return text


def _believe(job: Job, url: str, authority: str) -> None:
    """Let the user compare the fingerprint; CliError unless it is believed."""
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(authority)).hexdigest()
    expected = job.given.values.get("fingerprint")
    if expected is not None:
        if expected.replace(":", "").lower() != fingerprint:
            raise CliError(
                f"{url} offers an authority with the fingerprint {fingerprint}: not the one that "
                "is to be trusted",
                UNAVAILABLE,
            )
        return
    shown = ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    question = f"{url} is signed by an authority that nobody vouches for here.\nSHA-256 {shown}\n"
    if not sys.stdin.isatty():
        raise CliError(
            f"{question}Trust it with --fingerprint {fingerprint}, or name it with --ca-file",
            UNAVAILABLE,
        )
    sys.stderr.write(f"{question}It is HOME/ca/ca.crt on the server. ")
    if input("Trust it from now on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise CliError("not trusted, not logged in", UNAVAILABLE)


def _wanted(job: Job) -> dict[str, Any]:
    from platform import node  # noqa: PLC0415 - only here
    from secrets import token_hex  # noqa: PLC0415 - only here

    # Names of tokens are unique, and one machine may have several clients.
    name = job.given.values.get("token_name") or f"headgate on {node()} {token_hex(3)}"
    wanted = {"name": name}
    if job.given.values.get("expires_at"):
        wanted["expires_at"] = job.given.values["expires_at"]
    return {"personal_access_token": wanted}


def _forget(logins: dict[str, Any], url: str, ca: str | None) -> str:
    """Revoke the token that is kept for a server, if there is one; say so if that fails."""
    login = logins.get("logins", {}).pop(url, None)
    if login is None:
        return ""
    api = Api(Session(url, login["username"], login["token"], None, ca))
    user, token = quote(str(login["user_id"])), quote(str(login["token_id"]))
    try:
        api.request("DELETE", f"/api/users/{user}/personal_access_tokens/{token}")
    except RefusedError as error:
        return f"; the server did not revoke the token: {error.message}"
    except CliError as error:
        return f"; the token could not be revoked: {error.message}"
    return ""
