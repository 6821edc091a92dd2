"""The tables that every content type shares, by subject.

Tables of one content type stand beside it (`content/rpm/tables.py`) on the same metadata.
"""

from headgate.stores.db.tables.containers import (
    container_repositories,
    container_uploads,
    registry_names,
)
from headgate.stores.db.tables.content import (
    blob_pins,
    blobs,
    collection_requests,
    content_set_members,
    content_sets,
    dormant_files,
    publication_files,
    publications,
    unit_pins,
)
from headgate.stores.db.tables.flatpak import (
    flatpak_remote_manifests,
    flatpak_remote_repositories,
    flatpak_remotes,
)
from headgate.stores.db.tables.http_proxies import (
    http_proxies,
    http_proxy_locations,
    http_proxy_organizations,
)
from headgate.stores.db.tables.locations import (
    location_organizations,
    locations,
    user_locations,
)
from headgate.stores.db.tables.missing import missing_files, offered_units
from headgate.stores.db.tables.organizations import (
    content_credentials,
    lifecycle_environments,
    organizations,
    products,
    repositories,
    repository_versions,
)
from headgate.stores.db.tables.quotas import organization_quotas
from headgate.stores.db.tables.recurrence import recurring_logics, sync_plans
from headgate.stores.db.tables.roles import (
    permissions,
    role_filter_organizations,
    role_filter_permissions,
    role_filters,
    role_locations,
    role_organizations,
    roles,
    user_roles,
    usergroup_members,
    usergroup_roles,
    usergroup_users,
    usergroups,
)
from headgate.stores.db.tables.settings import setting_values
from headgate.stores.db.tables.smart_proxies import (
    smart_proxies,
    smart_proxy_locations,
    smart_proxy_organizations,
)
from headgate.stores.db.tables.tasks import (
    executors,
    task_locks,
    task_numbers,
    task_schedules,
    task_steps,
    tasks,
)
from headgate.stores.db.tables.trust import signing_keys
from headgate.stores.db.tables.uploads import content_uploads
from headgate.stores.db.tables.users import (
    personal_access_tokens,
    revoked_certificates,
    sessions,
    user_organizations,
    users,
)
from headgate.stores.db.tables.views import (
    content_view_components,
    content_view_filter_repositories,
    content_view_filter_rules,
    content_view_filters,
    content_view_histories,
    content_view_repositories,
    content_view_version_components,
    content_view_version_dependencies,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distribution_changes,
    distributions,
)

__all__ = [
    "blob_pins",
    "blobs",
    "collection_requests",
    "container_repositories",
    "container_uploads",
    "content_credentials",
    "content_set_members",
    "content_sets",
    "content_uploads",
    "content_view_components",
    "content_view_filter_repositories",
    "content_view_filter_rules",
    "content_view_filters",
    "content_view_histories",
    "content_view_repositories",
    "content_view_version_components",
    "content_view_version_dependencies",
    "content_view_version_repositories",
    "content_view_versions",
    "content_views",
    "distribution_changes",
    "distributions",
    "dormant_files",
    "executors",
    "flatpak_remote_manifests",
    "flatpak_remote_repositories",
    "flatpak_remotes",
    "http_proxies",
    "http_proxy_locations",
    "http_proxy_organizations",
    "lifecycle_environments",
    "location_organizations",
    "locations",
    "missing_files",
    "offered_units",
    "organization_quotas",
    "organizations",
    "permissions",
    "personal_access_tokens",
    "products",
    "publication_files",
    "publications",
    "recurring_logics",
    "registry_names",
    "repositories",
    "repository_versions",
    "revoked_certificates",
    "role_filter_organizations",
    "role_filter_permissions",
    "role_filters",
    "role_locations",
    "role_organizations",
    "roles",
    "sessions",
    "setting_values",
    "signing_keys",
    "smart_proxies",
    "smart_proxy_locations",
    "smart_proxy_organizations",
    "sync_plans",
    "task_locks",
    "task_numbers",
    "task_schedules",
    "task_steps",
    "tasks",
    "unit_pins",
    "user_locations",
    "user_organizations",
    "user_roles",
    "usergroup_members",
    "usergroup_roles",
    "usergroup_users",
    "usergroups",
    "users",
]
