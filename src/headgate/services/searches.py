"""What the searches of role filters find: the same fields by which lists are searched.

A search means the same whenever it is asked, so times relative to now are refused.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, select

from headgate.domain.errors import ValidationError
from headgate.search import SearchError, condition
from headgate.services.actor import Actor

if TYPE_CHECKING:
    from headgate.services.listing import Catalog

# Resource type -> the module that reads its things, its catalog and its query there. Named and
# not imported: these modules ask who may see what, which is where this one is asked.
_READ_BY: Final[Mapping[str, tuple[str, str, str]]] = {
    "Katello::Product": ("repositories.product_records", "PRODUCTS", "query"),
    "Katello::ContentView": ("views.content_view_records", "CONTENT_VIEWS", "query"),
    "Katello::KTEnvironment": ("organizations.environment_records", "ENVIRONMENTS", "query"),
    "Katello::ContentCredential": ("organizations.credential_records", "CREDENTIALS", "query"),
    "Katello::SyncPlan": ("work.sync_plan_records", "SYNC_PLANS", "query"),
    "Katello::FlatpakRemote": ("containers.flatpak_remotes", "FLATPAK_REMOTES", "query"),
    "Katello::ActivationKey": ("hosts.activation_key_records", "ACTIVATION_KEYS", "query"),
    "Katello::HostCollection": ("hosts.host_collection_records", "HOST_COLLECTIONS", "query"),
    "Host": ("hosts.host_records", "HOST_CATALOG", "query"),
    "HttpProxy": ("organizations.http_proxies", "HTTP_PROXIES", "query"),
    "SmartProxy": ("organizations.smart_proxies", "SMART_PROXIES", "query"),
    "User": ("accounts.user_records", "USERS", "query"),
    "Usergroup": ("accounts.usergroup_records", "USERGROUPS", "query"),
}
_EVERYTHING: Final = Actor(user_id=None, login="", admin=True)
_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATER: Final = timedelta(days=800)


def check_search(resource_type: str, search: str) -> str:
    """Return a search of a filter; ValidationError if it cannot be read, or depends on the time."""
    if resource_type not in _READ_BY:
        raise ValidationError({"search": [f"cannot limit permissions about {resource_type}"]})
    fields = _reader(resource_type)[0].fields
    try:
        now, later = (
            condition(search, fields, now=moment).compile().params
            for moment in (_MOMENT, _MOMENT + _LATER)
        )
    except SearchError as error:
        raise ValidationError({"search": [error.message]}) from error
    if now != later:
        raise ValidationError({"search": ["must not depend on the present time"]})
    return search


@lru_cache(maxsize=256)
def ids_found(resource_type: str, search: str) -> Select[Any] | None:
    """Return a select of the ids of all things that a search finds, whoever may see them.

    None if it finds nothing for sure: it was valid once, and its fields are gone.
    """
    catalog, query = _reader(resource_type)
    try:
        found = query.where(condition(search, catalog.fields, now=_MOMENT))
    except SearchError:
        return None
    key = catalog.key.table.c.id
    # From a subquery: none of its tables is taken for one of the statement around it.
    return select(found.with_only_columns(key).order_by(None).subquery().c.id)


def _reader(resource_type: str) -> tuple["Catalog", Select[Any]]:
    module_name, catalog, query = _READ_BY[resource_type]
    module = import_module(f"headgate.services.{module_name}")
    return getattr(module, catalog), getattr(module, query)(_EVERYTHING)
