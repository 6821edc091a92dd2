"""`/api/users` and `/api/current_user`."""

from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import (
    Call,
    Listing,
    ListParams,
    Params,
    Reply,
    Resource,
    doc,
    wrapped,
)
from headgate.apis.authentication import session_cookie
from headgate.apis.katello.auth_sources import shown_source
from headgate.apis.katello.shapes import named_all
from headgate.domain.errors import UnauthenticatedError, ValidationError
from headgate.domain.ids import LocationId, OrganizationId, RoleId, UsergroupId, UserId
from headgate.services.access import Actor, AnyRow
from headgate.services.accounts.auth_sources import SOURCES
from headgate.services.accounts.authentication import REFUSED
from headgate.services.accounts.user_records import (
    USERS,
    administrators_by_group,
    load_user,
    locations_of,
    organizations_of,
    query,
    roles_of,
    usergroups_of,
)
from headgate.services.accounts.usergroup_records import roles_of as roles_of_groups
from headgate.services.accounts.users import (
    checked_password_hash,
    create_user,
    delete_user,
    update_user,
)
from headgate.services.listing import page

users = Resource("users", "Users", dialect="foreman")

_PATH = "/api/users"
_ONE = f"{_PATH}/{{id}}"
_PROFILE = (
    "firstname",
    "lastname",
    "mail",
    "description",
    "default_organization_id",
    "default_location_id",
)


class Index(ListParams):
    """List all users."""

    organization_id: OrganizationId | None = doc("Scope by organizations", default=None)
    location_id: LocationId | None = doc("Scope by locations", default=None)
    role_id: RoleId | None = doc("Role ID", default=None)
    usergroup_id: UsergroupId | None = doc("User group ID", default=None)


@users.action(
    "index",
    "GET",
    _PATH,
    also=[
        "/api/organizations/{organization_id}/users",
        "/api/locations/{location_id}/users",
        "/api/roles/{role_id}/users",
        "/api/usergroups/{usergroup_id}/users",
    ],
    permission="view_users",
)
def index(call: Call, params: Index) -> Listing:
    """List users with their organizations and what groups make of them, in two statements more."""
    found = query(
        call.actor,
        organization_id=params.organization_id,
        location_id=params.location_id,
        role_id=params.role_id,
        usergroup_id=params.usergroup_id,
    )
    listed = page(
        call.tx,
        found,
        catalog=USERS,
        window=params.window,
        clock=call.services.clock,
        strict=True,
    )
    ids = [row.id for row in listed.rows]
    memberships = organizations_of(call.tx, call.actor, ids)
    by_group = administrators_by_group(call.tx, ids)
    return Listing.of(listed, lambda row: _summary(row, memberships[row.id], by_group))


class Show(Params):
    """Show a user."""

    id: UserId = doc("User ID")


@users.action("show", "GET", _ONE)
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one."""
    return _full(call, params.id)


class ShowCurrent(Params):
    """Show the currently logged-in user."""


@users.action("show_current", "GET", "/api/current_user")
def show_current(call: Call, params: ShowCurrent) -> dict[str, Any]:
    """Show who asks."""
    del params
    return _full(call, _self_of(call.actor))


class ExternalLogin(Params):
    """Log in by an external source and start a session."""


@users.action("extlogin", "GET", f"{_PATH}/extlogin", writes=True)
def extlogin(call: Call, params: ExternalLogin) -> Reply:
    """Start a session for whoever came with a token of the provider; show who it is.

    `hammer auth login oauth` calls this and keeps the cookie.
    """
    del params
    if not call.caller.by_provider:
        raise UnauthenticatedError(REFUSED)
    token = call.authenticator.new_session(call.tx, call.caller, call.actor)
    shown = _full(call, _self_of(call.actor))
    return Reply(shown, headers={"set-cookie": session_cookie(token)})


class CreateFields(Params):
    """What a user is made of."""

    login: str = doc("Login")
    password: str | None = doc("Password; without one the user cannot log in by it", default=None)
    firstname: str | None = doc("First name", default=None)
    lastname: str | None = doc("Last name", default=None)
    mail: str | None = doc("Mail address", default=None)
    admin: bool = doc("Is an admin account", default=False)
    disabled: bool = doc("Disabled accounts cannot log in", default=False)
    auth_source_id: int = doc("Authentication source: 1 Internal, 2 External", default=1)
    organization_ids: list[OrganizationId] = doc("Organizations of the user", default=[])
    description: str | None = doc("Description", default=None)
    default_organization_id: OrganizationId | None = doc("Default organization ID", default=None)
    default_location_id: LocationId | None = doc("Default location ID", default=None)
    location_ids: list[LocationId] = doc("Locations of the user", default=[])
    role_ids: list[RoleId] = doc("Roles given to the user", default=[])
    permissions: Any = doc("Refused: roles give permissions", default=None, hidden=True)


class Create(Params):
    """Create a user."""

    user: CreateFields = wrapped("User")


@users.action("create", "POST", _PATH, permission="create_users")
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    fields = params.user
    _refuse_permissions(fields)
    password_hash = None if fields.password is None else checked_password_hash(fields.password)
    user_id = create_user(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        login=fields.login,
        password_hash=password_hash,
        admin=fields.admin,
        disabled=fields.disabled,
        profile=fields.changes(*_PROFILE),
        organization_ids=fields.organization_ids,
        location_ids=fields.location_ids,
        role_ids=fields.role_ids,
        auth_source_id=fields.auth_source_id,
    )
    return _full(call, user_id)


class UpdateFields(Params):
    """What can be changed of a user."""

    login: str | None = doc("Login, only as it is already", default=None)
    password: str | None = doc("New password", default=None)
    current_password: str | None = doc(
        "Required when users change their own password", default=None
    )
    firstname: str | None = doc("First name", default=None)
    lastname: str | None = doc("Last name", default=None)
    mail: str | None = doc("Mail address", default=None)
    admin: bool = doc("Is an admin account", default=False)
    disabled: bool = doc("Disabled accounts cannot log in", default=False)
    auth_source_id: int = doc("Authentication source: 1 Internal, 2 External", default=1)
    organization_ids: list[OrganizationId] = doc("Organizations of the user", default=[])
    description: str | None = doc("Description", default=None)
    default_organization_id: OrganizationId | None = doc("Default organization ID", default=None)
    default_location_id: LocationId | None = doc("Default location ID", default=None)
    location_ids: list[LocationId] = doc("Locations of the user", default=[])
    role_ids: list[RoleId] = doc("Roles given to the user", default=[])
    permissions: Any = doc("Refused: roles give permissions", default=None, hidden=True)


class Update(Params):
    """Update a user."""

    id: UserId = doc("User ID")
    user: UpdateFields = wrapped("User")


@users.action("update", "PUT", _ONE)
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    fields = params.user
    _refuse_permissions(fields)
    changes = fields.changes("login", "admin", "disabled", "auth_source_id", *_PROFILE)
    if fields.password is not None:
        _confirm_own_password(call, params)
        changes["password_hash"] = checked_password_hash(fields.password)
    update_user(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        user_id=params.id,
        changes=changes,
        organization_ids=fields.changes("organization_ids").get("organization_ids"),
        location_ids=fields.changes("location_ids").get("location_ids"),
        role_ids=fields.changes("role_ids").get("role_ids"),
    )
    return _full(call, params.id)


class Destroy(Params):
    """Delete a user."""

    id: UserId = doc("User ID")


@users.action("destroy", "DELETE", _ONE)
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete one and show it a last time."""
    shown = _full(call, params.id)
    delete_user(call.tx, actor=call.actor, user_id=params.id)
    return shown


def _refuse_permissions(fields: Params) -> None:
    """Say it to programs of before there were roles: what they ask for would not happen."""
    if "permissions" in fields.given:
        words = "are given by roles: put them into a role's filters and name it in role_ids"
        raise ValidationError({"permissions": [words]})


def _confirm_own_password(call: Call, params: Update) -> None:
    """Ask for the present password: a session left open must not be enough to take an account."""
    if params.id != call.actor.user_id:
        return
    sign_in = call.authenticator.sign_in
    if not sign_in.confirms(call.actor, params.user.current_password or ""):
        raise ValidationError({"current_password": ["is incorrect"]})


def _self_of(actor: Actor) -> UserId:
    if actor.user_id is None:
        raise UnauthenticatedError("Nobody is logged in")
    return actor.user_id


def _full(call: Call, user_id: UserId) -> dict[str, Any]:
    tx, actor = call.tx, call.actor
    row = load_user(tx, actor, user_id)
    memberships = organizations_of(tx, actor, [row.id])[row.id]
    places = locations_of(tx, actor, [row.id]).get(row.id, [])
    groups = usergroups_of(tx, actor, [row.id]).get(row.id, [])
    held = roles_of_groups(tx, actor, [each.id for each in groups])
    return {
        **_summary(row, memberships, administrators_by_group(tx, [row.id])),
        "default_organization": _among(memberships, row.default_organization_id),
        "default_location": _among(places, row.default_location_id),
        "locations": [{"id": each.id, "name": each.name, "title": each.title} for each in places],
        "roles": named_all(roles_of(tx, actor, [row.id]).get(row.id, [])),
        "usergroups": [
            {"id": each.id, "name": each.name, "roles": named_all(held.get(each.id, []))}
            for each in groups
        ],
    }


def _among(rows: list[AnyRow], key: int | None) -> dict[str, Any] | None:
    return next(({"id": row.id, "name": row.name} for row in rows if row.id == key), None)


def _summary(
    row: Row[Any], memberships: list[AnyRow], administrators: frozenset[int]
) -> dict[str, Any]:
    return {
        "id": row.id,
        "login": row.login,
        "firstname": row.firstname,
        "lastname": row.lastname,
        "mail": row.mail,
        "admin": row.admin,
        "effective_admin": row.admin or row.id in administrators,
        "disabled": row.disabled,
        "description": row.description,
        "last_login_on": row.last_login_on,
        "auth_source_id": row.auth_source_id,
        "auth_source_name": SOURCES[row.auth_source_id],
        f"auth_source_{SOURCES[row.auth_source_id].lower()}": shown_source(row.auth_source_id),
        "mail_enabled": True,
        "locale": None,
        "timezone": None,
        "default_organization_id": row.default_organization_id,
        "default_location_id": row.default_location_id,
        "organizations": [
            {"id": organization.id, "name": organization.name, "title": organization.name}
            for organization in memberships
        ],
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
