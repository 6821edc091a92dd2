"""Users and the ways they prove who they are."""

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

from headgate.stores.db.auditing.declarations import SECRET, UNAUDITED, unaudited
from headgate.stores.db.types import UtcDateTime, link_table, metadata

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("login", String(100), nullable=False, unique=True),
    Column("firstname", String(50)),
    Column("lastname", String(50)),
    Column("mail", String(254)),
    Column("description", Text),
    Column("default_organization_id", Integer, ForeignKey("organizations.id", ondelete="SET NULL")),
    Column("default_location_id", Integer, ForeignKey("locations.id", ondelete="SET NULL")),
    Column("password_hash", String(255), info=SECRET),  # argon2id; null: cannot log in by password
    # 1: Internal, by the password here; 2: External, by an OpenID Connect provider.
    Column("auth_source_id", Integer, nullable=False, default=1, server_default="1"),
    # What the provider calls the user for good; null until the first login.
    Column("external_subject", String(255), unique=True),
    Column("admin", Boolean, nullable=False, default=False),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("last_login_on", UtcDateTime, info=UNAUDITED),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

user_organizations = link_table(
    "user_organizations", user_id="users", organization_id="organizations"
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # SHA-256 hex of the cookie's value
    Column(
        "user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime),  # by the minute; null: not since it began
    info=unaudited("Who logged in when, users say themselves"),
)

personal_access_tokens = Table(
    "personal_access_tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True, info=SECRET),  # SHA-256 hex
    Column("expires_at", UtcDateTime),
    Column("revoked", Boolean, nullable=False, default=False),
    Column("last_used_at", UtcDateTime, info=UNAUDITED),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("user_id", "name"),
)

revoked_certificates = Table(
    "revoked_certificates",
    metadata,
    Column("serial", String(40), primary_key=True),  # hex
    Column("reason", String(255), nullable=False),
    Column("revoked_at", UtcDateTime, nullable=False),
    info=unaudited("Follows from what was deleted, which is audited"),
)

# Failed logins of late; whom of and from where is kept as a keyed hash, for people type their
# password where the login belongs.
login_failures = Table(
    "login_failures",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
    info=unaudited("Forgotten after minutes; no change to anything"),
)

# Signed requests of late: each is good once.
oauth_nonces = Table(
    "oauth_nonces",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False, index=True),
    info=unaudited("Forgotten after minutes; no change to anything"),
)
