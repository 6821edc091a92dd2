"""Users: who may log in, to which organizations they belong and what they may do there."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import (
    BadRequestError,
    ConflictError,
    PermissionDeniedError,
    ValidationError,
)
from headgate.domain.ids import LocationId, OrganizationId, RoleId, UserId
from headgate.services.access import Actor, load
from headgate.services.accounts.actors import actor_of
from headgate.services.accounts.authentication import EXTERNAL, INTERNAL, hash_password
from headgate.services.accounts.roles import require_may_give
from headgate.services.organizations.taxonomies import set_links
from headgate.services.uniqueness import require_unique
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    locations,
    organizations,
    roles,
    sessions,
    user_locations,
    user_organizations,
    user_roles,
    users,
)

FIRST_LOGIN: Final = "admin"
_LOGIN = re.compile(r"[A-Za-z0-9_.@+-]{1,100}")
_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
_PASSWORD_LENGTH: Final = range(8, 1025)
_NAME_LENGTH: Final = 50

# What users may change of themselves without any permission.
_OWN: Final = frozenset(
    {
        "firstname",
        "lastname",
        "mail",
        "password_hash",
        "default_organization_id",
        "default_location_id",
    }
)
# Where users begin to work, with the tables that are meant.
_DEFAULTS: Final = {"default_organization_id": organizations, "default_location_id": locations}
_ORGANIZATION_LINKS: Final = user_organizations.c.user_id


def login_of(tx: Transaction, user_id: UserId | None) -> str | None:
    """Return a user's login; None if there is no user, or no longer."""
    return tx.scalar(select(users.c.login).where(users.c.id == user_id))


def checked_password_hash(password: str) -> str:
    """Return the hash of a new password; ValidationError if it is too short or too long.

    Slow on purpose: to be called before a transaction is open.
    """
    if len(password) < _PASSWORD_LENGTH.start:
        raise ValidationError({"password": ["is too short (minimum is 8 characters)"]})
    if len(password) not in _PASSWORD_LENGTH:
        raise ValidationError({"password": ["is too long (maximum is 1024 characters)"]})
    return hash_password(password)


def make_first_admin(tx: Transaction, *, clock: Clock, password_hash: str) -> bool:
    """Make the administrator of a new installation; False if there are users already."""
    if tx.scalar(select(func.count()).select_from(users)):
        return False
    now = clock()
    tx.execute(
        insert(users).values(
            login=FIRST_LOGIN,
            password_hash=password_hash,
            admin=True,
            created_at=now,
            updated_at=now,
        )
    )
    return True


def create_user(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    login: str,
    password_hash: str | None,
    admin: bool = False,
    disabled: bool = False,
    profile: Mapping[str, Any],
    organization_ids: Sequence[OrganizationId] = (),
    location_ids: Sequence[LocationId] = (),
    role_ids: Sequence[RoleId] = (),
    auth_source_id: int = INTERNAL,
) -> UserId:
    """Make a user; nobody gives more than they have.

    `profile` holds any of firstname, lastname, mail, description, default_organization_id,
    default_location_id. Without a password the user cannot log in.
    """
    actor.require("create_users")
    if not _LOGIN.fullmatch(login):
        raise ValidationError(
            {"login": ["must be 1 to 100 ASCII letters, digits or any of _ . @ + -"]}
        )
    require_unique(tx, users, login=login)
    _check_source(auth_source_id, password_hash)
    if admin:
        actor.require_admin()
    if not (actor.admin or organization_ids):
        raise ValidationError({"organization_ids": ["can't be blank"]})
    now = clock()
    user_id = insert_row(
        tx,
        users,
        {
            "login": login,
            "password_hash": password_hash,
            "auth_source_id": auth_source_id,
            "admin": admin,
            "disabled": disabled,
            **_checked_profile(tx, actor, profile),
            "created_at": now,
            "updated_at": now,
        },
    )
    set_links(tx, actor, _ORGANIZATION_LINKS, user_id, organizations, organization_ids)
    set_links(tx, actor, user_locations.c.user_id, user_id, locations, location_ids)
    _set_roles(tx, actor, user_id, role_ids)
    return UserId(user_id)


def update_user(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    user_id: UserId,
    changes: Mapping[str, Any],
    organization_ids: Sequence[OrganizationId] | None = None,
    location_ids: Sequence[LocationId] | None = None,
    role_ids: Sequence[RoleId] | None = None,
) -> None:
    """Change a user; a new password or `disabled` ends the user's sessions.

    Without `edit_users`, users change only their own names, mail and password; nobody changes a
    user who may do more than they may. `changes` are columns: login, password_hash, admin,
    disabled, auth_source_id, and those of a profile.
    """
    row = load(tx, actor, users, user_id)
    links = (organization_ids, location_ids, role_ids)
    beyond_own = changes.keys() - _OWN or any(each is not None for each in links)
    if user_id != actor.user_id or beyond_own:
        actor.require("edit_users")
        _require_not_above(tx, actor, row)
    if changes.get("admin", row.admin) != row.admin:
        actor.require_admin()
    if row.admin and (changes.get("admin") is False or changes.get("disabled")):
        _require_another_admin(tx, row)
    values = dict(changes) | _checked_profile(tx, actor, changes)
    if "login" in values and values["login"] != row.login:
        raise ValidationError({"login": ["cannot be changed"]})
    source = values.get("auth_source_id", row.auth_source_id)
    _check_source(source, values.get("password_hash"))
    moves = source != row.auth_source_id
    if moves:  # the proof from before is good no more
        values = {"password_hash": None} | values | {"external_subject": None}
    tx.execute(update(users).where(users.c.id == row.id).values(**values, updated_at=clock()))
    if "password_hash" in values or values.get("disabled"):
        tx.execute(delete(sessions).where(sessions.c.user_id == row.id))
    if organization_ids is not None:
        set_links(tx, actor, _ORGANIZATION_LINKS, row.id, organizations, organization_ids)
    if location_ids is not None:
        set_links(tx, actor, user_locations.c.user_id, row.id, locations, location_ids)
    if role_ids is not None:
        _set_roles(tx, actor, row.id, role_ids)


def delete_user(tx: Transaction, *, actor: Actor, user_id: UserId) -> None:
    """Delete a user; tasks keep running and lose their owner."""
    row = load(tx, actor, users, user_id)
    actor.require("destroy_users")
    if row.id == actor.user_id:
        raise BadRequestError("You cannot delete the user that you are logged in as")
    _require_not_above(tx, actor, row)
    if row.admin:
        _require_another_admin(tx, row)
    tx.execute(delete(users).where(users.c.id == row.id))


def _check_source(auth_source_id: int, password_hash: str | None) -> None:
    if auth_source_id not in (INTERNAL, EXTERNAL):
        raise ValidationError({"auth_source_id": ["must be 1 (Internal) or 2 (External)"]})
    if auth_source_id == EXTERNAL and password_hash is not None:
        words = "cannot be set: users of the external source log in by the provider"
        raise ValidationError({"password": [words]})


def _require_not_above(tx: Transaction, actor: Actor, row: Row[Any]) -> None:
    """Refuse to touch whoever may do more: their password would be a way up."""
    if actor.admin or row.id == actor.user_id:
        return
    other = actor_of(tx, row)
    if not actor.is_above(other):
        raise PermissionDeniedError(f"Access denied: {row.login} may do more than you")


def _require_another_admin(tx: Transaction, row: Row[Any]) -> None:
    others = select(func.count()).where(users.c.admin, ~users.c.disabled, users.c.id != row.id)
    if not tx.scalar(others):
        raise ConflictError(f"{row.login} is the last administrator who can log in")


def _set_roles(tx: Transaction, actor: Actor, user_id: int, role_ids: Sequence[RoleId]) -> None:
    """Replace the roles given to a user; those that the actor does not see stay as they are."""
    set_links(tx, actor, user_roles.c.user_id, user_id, roles, role_ids)
    require_may_give(tx, actor, role_ids)


def _checked_profile(tx: Transaction, actor: Actor, profile: Mapping[str, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for name in ("firstname", "lastname"):
        if name in profile:
            checked[name] = profile[name] or None
            if len(checked[name] or "") > _NAME_LENGTH:
                raise ValidationError({name: ["is too long (maximum is 50 characters)"]})
    if "mail" in profile:
        checked["mail"] = profile["mail"] or None
        if checked["mail"] and not _MAIL.fullmatch(checked["mail"]):
            raise ValidationError({"mail": ["is not a valid address"]})
    if "description" in profile:
        checked["description"] = profile["description"] or None
    for name, table in _DEFAULTS.items():
        if name in profile:
            checked[name] = profile[name]
            if profile[name] is not None:
                load(tx, actor, table, profile[name])
    return checked
