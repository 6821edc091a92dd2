"""Parameters of hosts, and of organizations and locations, from which hosts inherit them."""

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

from headgate.stores.db.auditing.declarations import SECRET
from headgate.stores.db.types import metadata


def _parameters(name: str, owner: str, owners: str) -> Table:
    return Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column(owner, Integer, ForeignKey(f"{owners}.id", ondelete="CASCADE"), nullable=False),
        Column("name", String(255), nullable=False),
        Column("value", Text, nullable=False, info=SECRET),
        Column("parameter_type", String(16), nullable=False),
        Column("hidden_value", Boolean, nullable=False, default=False),
        UniqueConstraint(owner, "name"),
    )


organization_parameters = _parameters("organization_parameters", "organization_id", "organizations")
location_parameters = _parameters("location_parameters", "location_id", "locations")
host_parameters = _parameters("host_parameters", "host_id", "hosts")
