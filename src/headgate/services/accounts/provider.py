"""Logging in by a token of an OpenID Connect provider: who signed it, for whom, and until when.

A user is known by issuer and subject, which the provider never gives to another person. The login
counts once, when a user of the external source comes for the first time; a user of the internal
source is never taken over by somebody of the same name.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, cast

from sqlalchemy import Row, delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import UnauthenticatedError
from headgate.domain.identity import ProviderRules
from headgate.services.access import Actor
from headgate.services.accounts.actors import actor_of
from headgate.services.accounts.authentication import EXTERNAL, REFUSED
from headgate.services.accounts.provider_keys import Key, ProviderKeys
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import external_usergroups, usergroup_users, users

_LOGIN: Final = re.compile(r"[A-Za-z0-9_.@+-]{1,100}")
_LEAST_RSA_BITS: Final = 2048
_MOST_GROUPS: Final = 1_000


class Provider:
    """Believes the tokens of one provider; one for each process."""

    def __init__(
        self, rules: ProviderRules, *, keys: ProviderKeys, database: Database, clock: Clock
    ) -> None:
        self._rules = rules
        self._keys = keys
        self._database = database
        self._clock = clock

    def actor_of(self, token: str) -> Actor:
        """Return whom a token (a signed JWT) stands for.

        UnauthenticatedError for a token that is not believed and for somebody who is no user.
        """
        claims = self._claims(token)
        subject = sha256(f"{self._rules.issuer}\0{claims['sub']}".encode()).hexdigest()
        groups = self._groups(claims)
        with self._database.read() as tx:
            row = _user_of(tx, subject)
            if row is not None and not _moves(tx, row.id, groups):
                return _let_in(tx, row)
        with self._database.begin() as tx:
            row = _user_of(tx, subject) or self._welcome(tx, claims, subject)
            _move(tx, row.id, groups)
            return _let_in(tx, row)

    def _claims(self, token: str) -> Mapping[str, Any]:
        """Return what a token says, once everything about it is as it must be."""
        # A thirtieth of a second and 3 MB, for those who log in this way.
        import jwt  # noqa: PLC0415

        rules = self._rules
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in rules.algorithms or "crit" in header:
                raise UnauthenticatedError(REFUSED)
            key = self._keys.named(header.get("kid"))
            if key is None:
                raise UnauthenticatedError(REFUSED)
            claims: Mapping[str, Any] = jwt.decode(
                token,
                _public_key(key, algorithm),
                algorithms=[algorithm],
                audience=list(rules.audiences),
                issuer=rules.issuer,
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    # Looked at below, by the clock that everything here goes by.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise UnauthenticatedError(REFUSED) from error
        if not (_holds_now(claims, self._clock(), rules.leeway) and claims["sub"]):
            raise UnauthenticatedError(REFUSED)
        return claims

    def _groups(self, claims: Mapping[str, Any]) -> frozenset[str]:
        told: Any = claims.get(self._rules.groups_claim)
        if not isinstance(told, list):
            return frozenset()
        listed = cast("list[Any]", told)[:_MOST_GROUPS]
        return frozenset(each for each in listed if isinstance(each, str))

    def _welcome(self, tx: Transaction, claims: Mapping[str, Any], subject: str) -> Row[Any]:
        """Return the user who comes for the first time, made if that is allowed."""
        login: Any = claims.get(self._rules.login_claim)
        if not isinstance(login, str) or not _LOGIN.fullmatch(login):
            raise UnauthenticatedError(REFUSED)
        named = select(users).where(users.c.login == login)
        row = tx.execute(named).one_or_none()
        now = self._clock()
        if row is None:
            if not self._rules.creates_users:
                raise UnauthenticatedError(REFUSED)
            made = {"login": login, "auth_source_id": EXTERNAL, "external_subject": subject}
            insert_row(tx, users, {**made, "created_at": now, "updated_at": now})
        elif row.auth_source_id != EXTERNAL or row.external_subject is not None:
            raise UnauthenticatedError(REFUSED)
        else:
            known = update(users).where(users.c.id == row.id)
            tx.execute(known.values(external_subject=subject, updated_at=now))
        return tx.execute(named).one()


def _public_key(key: Key, algorithm: str) -> Any:
    """Return the key that a JWK is, for this algorithm; ValueError if it is none, or weak."""
    import jwt  # noqa: PLC0415 - as above

    if key.get("alg", algorithm) != algorithm:
        raise ValueError("the key is for another algorithm")
    public: Any = jwt.PyJWK(dict(key), algorithm).key
    if key["kty"] == "RSA" and public.key_size < _LEAST_RSA_BITS:
        raise ValueError("the key is too short")
    return public


def _holds_now(claims: Mapping[str, Any], now: datetime, leeway: int) -> bool:
    seconds = now.timestamp()
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            return False
    starts = max(claims.get("nbf", 0), claims.get("iat", 0))
    return starts - leeway <= seconds < claims["exp"] + leeway


def _user_of(tx: Transaction, subject: str) -> Row[Any] | None:
    return tx.execute(
        select(users).where(users.c.external_subject == subject, users.c.auth_source_id == EXTERNAL)
    ).one_or_none()


def _let_in(tx: Transaction, row: Row[Any]) -> Actor:
    if row.disabled:
        raise UnauthenticatedError(REFUSED)
    return actor_of(tx, row)


def _moves(tx: Transaction, user_id: int, groups: Collection[str]) -> bool:
    due, present = _memberships(tx, user_id, groups)
    return due != present


def _move(tx: Transaction, user_id: int, groups: Collection[str]) -> None:
    """Let the user be in those groups that the provider's groups stand for, and in no others.

    Groups that no group of the provider stands for are left as they are.
    """
    due, present = _memberships(tx, user_id, groups)
    of = usergroup_users.c
    for usergroup_id in sorted(present - due):
        gone = delete(usergroup_users).where(of.usergroup_id == usergroup_id)
        tx.execute(gone.where(of.user_id == user_id))
    for usergroup_id in sorted(due - present):
        row = {"usergroup_id": usergroup_id, "user_id": user_id}
        tx.execute(insert(usergroup_users).values(row))


def _memberships(
    tx: Transaction, user_id: int, groups: Collection[str]
) -> tuple[set[int], set[int]]:
    """Return the mapped groups that the user is to be in, and those that the user is in."""
    mapped = external_usergroups.c
    rows = tx.execute(
        select(mapped.usergroup_id, mapped.name, usergroup_users.c.user_id).outerjoin(
            usergroup_users,
            (usergroup_users.c.usergroup_id == mapped.usergroup_id)
            & (usergroup_users.c.user_id == user_id),
        )
    ).all()
    due = {row.usergroup_id for row in rows if row.name in groups}
    return due, {row.usergroup_id for row in rows if row.user_id is not None}
