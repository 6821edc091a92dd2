"""`/api`, `/api/status` and `/api/ping`, `/katello/api/status` and `/katello/api/ping`."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from headgate.apis.actions import Call, Params, Reply, Resource, doc
from headgate.apis.authentication import session_cookie
from headgate.apis.ports import FOREMAN_VERSION, KATELLO_VERSION
from headgate.domain.ids import LocationId, OrganizationId
from headgate.services.access import AnyRow
from headgate.services.organizations.smart_proxies import query
from headgate.services.work.health import check_database, check_workers
from headgate.stores.db.tables import smart_proxies

home = Resource("home", "Home", dialect="foreman")
ping = Resource("ping", "Ping")

# What clients add to every request; health is the same for all.
_CONTEXT = "Only here for old clients: the answer is the same everywhere"

_log = logging.getLogger(__name__)


class HomeIndex(Params):
    """Show available API links."""


@home.action("index", "GET", "/api")
def index(call: Call, params: HomeIndex) -> dict[str, Any]:
    """Say where the API's parts are."""
    del call, params
    return {"links": {"organizations": "/api/organizations", "users": "/api/users"}}


class Status(Params):
    """Show status."""


@home.action("status", "GET", "/api/status", writes=True)
def status(call: Call, params: Status) -> Reply:
    """Show the version; start a session for whoever came with a password.

    `hammer auth login` calls this and keeps the cookie.
    """
    del params
    body = {"result": "ok", "status": 200, "version": FOREMAN_VERSION, "api_version": 2}
    if not call.caller.by_password:
        return Reply(body)
    token = call.authenticator.new_session(call.tx, call.caller, call.actor)
    return Reply(body, headers={"set-cookie": session_cookie(token)})


class Ping(Params):
    """Show status of the server and its parts."""


@ping.action("ping", "GET", "/api/ping", public=True)
def foreman_ping(call: Call, params: Ping) -> dict[str, Any]:
    """Show whether the parts answer, in Foreman's form."""
    del params
    health = _health(call)
    database = health["database"]
    return {
        "results": {
            "foreman": {
                "database": {
                    "active": database["status"] == "ok",
                    "duration_ms": database["duration_ms"],
                }
            },
            "katello": _katello_health(health),
        }
    }


class Statuses(Params):
    """Show status and version of the server, of its parts and of smart proxies."""


@ping.action("statuses", "GET", "/api/statuses")
def statuses(call: Call, params: Statuses) -> dict[str, Any]:
    """Show what a ping shows, the versions, and what is known of smart proxies: of this server."""
    del params
    health = _health(call)
    proxies: Sequence[AnyRow] = []
    if call.actor.may("view_smart_proxies"):
        proxies = call.tx.execute(query(call.actor).order_by(smart_proxies.c.name)).all()
    database = health["database"]
    return {
        "results": {
            "foreman": {
                "version": FOREMAN_VERSION,
                "api": {"version": "v2"},
                "plugins": [],
                "smart_proxies": [_proxy_status(row) for row in proxies],
                "compute_resources": [],
                "database": {
                    "active": database["status"] == "ok",
                    "duration_ms": database["duration_ms"],
                },
                "cache": {"servers": []},
            },
            "katello": {
                "version": KATELLO_VERSION,
                "timeUTC": call.services.clock().astimezone(UTC),
                **_katello_health(health),
            },
        }
    }


class KatelloPing(Params):
    """Show status of Katello system and its subcomponents."""

    organization_id: OrganizationId | None = doc(_CONTEXT, default=None)
    location_id: LocationId | None = doc(_CONTEXT, default=None)


@ping.action("index", "GET", "/katello/api/ping", public=True)
def katello_ping(call: Call, params: KatelloPing) -> dict[str, Any]:
    """Show whether the parts answer, in Katello's form."""
    del params
    return _katello_health(_health(call))


class ServerStatus(Params):
    """Show version information."""

    organization_id: OrganizationId | None = doc(_CONTEXT, default=None)
    location_id: LocationId | None = doc(_CONTEXT, default=None)


@ping.action("server_status", "GET", "/katello/api/status", public=True)
def server_status(call: Call, params: ServerStatus) -> dict[str, Any]:
    """Show the version and the server's time."""
    del params
    now = call.services.clock().astimezone(UTC)
    return {"version": KATELLO_VERSION, "timeUTC": now, "release": "Katello"}


def _proxy_status(row: AnyRow) -> dict[str, Any]:
    """Say that a proxy is this server, which answers; others are not asked."""
    return {
        "id": row.id,
        "name": row.name,
        "url": row.url,
        "status": "ok" if row.internal else "unknown",
        "version": FOREMAN_VERSION if row.internal else None,
        "features": {},
        "failed_features": {},
        "duration_ms": None,
    }


def _katello_health(health: dict[str, Any]) -> dict[str, Any]:
    """Name our parts as clients know them: the registry of consumers and the content server."""
    services = {
        "candlepin": health["database"],
        "candlepin_auth": health["database"],
        "foreman_tasks": health["workers"],
        "katello_events": health["workers"],
        "pulp3": health["database"],
        "pulp3_content": health["database"],
    }
    failed = any(service["status"] != "ok" for service in services.values())
    return {"status": "FAIL" if failed else "ok", "services": services}


def _health(call: Call) -> dict[str, Any]:
    now = call.services.clock()
    return {
        "database": _timed(lambda: check_database(call.tx)),
        "workers": _timed(lambda: check_workers(call.tx, now=now)),
    }


def _timed(check: Callable[[], str | None]) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        problem = check()
    except SQLAlchemyError:
        _log.exception("The database does not answer")
        problem = "The database does not answer"
    milliseconds = round((time.perf_counter() - started) * 1000)
    if problem is not None:
        return {"status": "FAIL", "message": problem, "duration_ms": str(milliseconds)}
    return {"status": "ok", "duration_ms": str(milliseconds)}
