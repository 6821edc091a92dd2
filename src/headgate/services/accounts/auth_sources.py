"""Where users prove who they are: here, or at an OpenID Connect provider."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import literal, select, union_all

from headgate.search import Field, Fields
from headgate.services.access import AnySelect
from headgate.services.accounts.authentication import EXTERNAL, INTERNAL
from headgate.services.listing import Catalog

SOURCES: Final[Mapping[int, str]] = {INTERNAL: "Internal", EXTERNAL: "External"}

_sources: Final = union_all(
    *(
        select(literal(key).label("id"), literal(name).label("name"))
        for key, name in SOURCES.items()
    )
).subquery("auth_sources")

AUTH_SOURCES: Final = Catalog(
    key=_sources.c.id,
    fields=Fields(
        {
            "id": Field(_sources.c.id, "integer"),
            "name": Field(_sources.c.name, default=True),
        }
    ),
    sorts={"id": _sources.c.id, "name": _sources.c.name},
    default_sort=("id", "asc"),
)


def query(*, external: bool) -> AnySelect:
    """Select the sources; the external one only where there is a provider."""
    found = select(_sources)
    return found if external else found.where(_sources.c.id == INTERNAL)
