"""What users may do: permissions, roles made of filters, and groups that share roles."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from headgate.stores.db.auditing.declarations import unaudited
from headgate.stores.db.types import UtcDateTime, link_table, metadata

# Filled at every start from what the code knows, so that ids stay as they are.
permissions = Table(
    "permissions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("resource_type", String(64), nullable=False),
    info=unaudited("They are the same on every server"),
)

roles = Table(
    "roles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("description", Text),
    # Came with Headgate, which keeps it as it should be; nobody else changes it.
    Column("locked", Boolean, nullable=False, default=False),
    # Not limited to organizations. False and none of them: they are gone, and it gives nothing.
    Column("for_all", Boolean, nullable=False, default=False),
    # Held by every user without being given.
    Column("for_everyone", Boolean, nullable=False, default=False),
    Column("cloned_from_id", Integer, ForeignKey("roles.id", ondelete="SET NULL")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

role_organizations = link_table(
    "role_organizations", role_id="roles", organization_id="organizations"
)
role_locations = link_table("role_locations", role_id="roles", location_id="locations")

role_filters = Table(
    "role_filters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "role_id", Integer, ForeignKey("roles.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("resource_type", String(64), nullable=False),  # of all its permissions
    Column("search", Text),  # null: not limited by one
    # Whether the filter has organizations of its own, or all of them, instead of the role's.
    Column("override", Boolean, nullable=False, default=False),
    Column("for_all", Boolean, nullable=False, default=False),  # as of roles, where it overrides
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

role_filter_permissions = link_table(
    "role_filter_permissions", filter_id="role_filters", permission_id="permissions"
)
role_filter_organizations = link_table(
    "role_filter_organizations", filter_id="role_filters", organization_id="organizations"
)

usergroups = Table(
    "usergroups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("admin", Boolean, nullable=False, default=False),  # its users are administrators
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

user_roles = link_table("user_roles", user_id="users", role_id="roles")
usergroup_roles = link_table("usergroup_roles", usergroup_id="usergroups", role_id="roles")
usergroup_users = link_table("usergroup_users", usergroup_id="usergroups", user_id="users")
# The users of a member group are users of the group.
usergroup_members = link_table(
    "usergroup_members", usergroup_id="usergroups", member_id="usergroups"
)

# Groups of the OpenID Connect provider: whoever logs in as one of theirs is in the user group.
external_usergroups = Table(
    "external_usergroups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "usergroup_id", Integer, ForeignKey("usergroups.id", ondelete="CASCADE"), nullable=False
    ),
    Column("name", String(255), nullable=False),
    Column("auth_source_id", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("usergroup_id", "name"),
)
