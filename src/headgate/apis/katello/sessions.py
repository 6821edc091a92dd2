"""`/api/session`: logging in and out by the session's cookie.

Programs need no session of their own: hammer gets one from `GET /api/status` (home.py).
"""

from typing import Any

from headgate.apis.actions import Call, Params, Reply, Resource, doc
from headgate.apis.authentication import cleared_cookie, session_cookie
from headgate.domain.errors import PermissionDeniedError
from headgate.services.accounts.authentication import Credentials, close_session

sessions = Resource("sessions", "Sessions", dialect="foreman")

_PATH = "/api/session"


class Create(Params):
    """Log in and start a session."""

    login: str = doc("Login", max_length=100)
    password: str = doc("Password", max_length=1024)


@sessions.action("create", "POST", _PATH, public=True)
def create(call: Call, params: Create) -> Reply:
    """Check the password and answer with the session's cookie."""
    if call.caller.from_elsewhere:
        raise PermissionDeniedError("A page of another site may not log anybody in here")
    actor = call.authenticator.sign_in.actor_of(
        Credentials(params.login, params.password), address=call.caller.address
    )
    token = call.authenticator.new_session(call.tx, call.caller, actor)
    return Reply({"login": actor.login}, headers={"set-cookie": session_cookie(token)})


class Destroy(Params):
    """Log out: end the session."""


@sessions.action("destroy", "DELETE", _PATH)
def destroy(call: Call, params: Destroy) -> Reply:
    """End the session that the cookie names, if any."""
    del params
    if call.caller.session_token is not None:
        close_session(call.tx, call.caller.session_token)
    body: dict[str, Any] = {}
    return Reply(body, headers={"set-cookie": cleared_cookie()})
