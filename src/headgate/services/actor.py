"""Who asks, and what they may do where."""

from dataclasses import dataclass
from typing import Final

from headgate.domain.errors import PermissionDeniedError
from headgate.domain.ids import UserId


@dataclass(frozen=True, slots=True)
class Grant:
    """What one filter of a role gives: permissions, in some organizations or all of the holder.

    With a search they hold for what it finds alone.
    """

    permissions: frozenset[str]
    organization_ids: frozenset[int] | None = None  # None: all of the holder
    search: str | None = None

    def reaches(self, organization_id: int | None) -> bool:
        """Whether all things of the organization are meant; of None, whether any may be."""
        if organization_id is None:
            return True
        within = self.organization_ids
        return self.search is None and (within is None or organization_id in within)

    def includes(self, permission: str, other: "Grant") -> bool:
        """Whether it gives the permission wherever the other one does."""
        return (
            permission in self.permissions
            and self.search in (None, other.search)
            and (
                self.organization_ids is None
                or (
                    other.organization_ids is not None
                    and other.organization_ids <= self.organization_ids
                )
            )
        )


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a user as of this request, with the organizations and permissions held.

    Permissions carry Katello's names (`view_products`). `permissions` hold for everything in each
    of the organizations; `limited` ones in some of them, or for what a search finds.
    """

    user_id: UserId | None
    login: str
    admin: bool = False
    organization_ids: frozenset[int] = frozenset()
    permissions: frozenset[str] = frozenset()
    limited: tuple[Grant, ...] = ()

    def sees(self, organization_id: int) -> bool:
        """Whether things of this organization exist for the actor."""
        return self.admin or organization_id in self.organization_ids

    def may(self, permission: str, *, organization_id: int | None = None) -> bool:
        """Whether the actor holds the permission (for all things of that organization).

        Without an organization: whether there may be anything for which the actor holds it.
        """
        if self.admin:
            return True
        if organization_id is not None and organization_id not in self.organization_ids:
            return False
        return permission in self.permissions or any(
            permission in grant.permissions and grant.reaches(organization_id)
            for grant in self.limited
        )

    def organizations_with(self, permission: str) -> frozenset[int]:
        """Return the organizations in all whose things the permission holds.

        Administrators belong to none of them: they need no permission.
        """
        if permission in self.permissions:
            return self.organization_ids
        held = [each for each in self.limited if permission in each.permissions]
        return frozenset(
            organization_id
            for organization_id in self.organization_ids
            if any(each.reaches(organization_id) for each in held)
        )

    def searching(self, permission: str) -> tuple[Grant, ...]:
        """Return the grants by which the permission holds for what a search finds."""
        return tuple(
            each
            for each in self.limited
            if each.search is not None and permission in each.permissions
        )

    def require(self, permission: str, *, organization_id: int | None = None) -> None:
        """Raise PermissionDeniedError unless the actor holds the permission, as `may` says."""
        if not self.may(permission, organization_id=organization_id):
            raise lacking(permission)

    def require_admin(self) -> None:
        """Raise PermissionDeniedError unless the actor is an administrator."""
        if not self.admin:
            raise PermissionDeniedError("Access denied: only administrators may do this")

    def has_all_of(self, grant: Grant) -> bool:
        """Whether the actor holds whatever the grant gives, so may give it to others."""
        own = (Grant(self.permissions), *self.limited)
        return self.admin or all(
            any(held.includes(permission, grant) for held in own)
            for permission in grant.permissions
        )

    def is_above(self, other: "Actor") -> bool:
        """Whether the actor may do whatever the other may, where the other may do it."""
        if self.admin or other.admin:
            return self.admin
        grants = (Grant(other.permissions), *other.limited)
        return other.organization_ids <= self.organization_ids and all(map(self.has_all_of, grants))


def lacking(permission: str) -> PermissionDeniedError:
    """Return the error for a permission that the actor does not hold."""
    return PermissionDeniedError(
        f"Access denied: missing one of the required permissions: {permission}",
        missing=[permission],
    )


# What nothing of one organization can be: grants limited to organizations do not give it.
OF_NO_ORGANIZATION: Final = frozenset(
    {
        "create_organizations",
        "edit_settings",
        "create_authenticators",
        "edit_authenticators",
        "destroy_authenticators",
    }
)
