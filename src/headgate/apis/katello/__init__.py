"""The resources of Katello's, Foreman's and foreman-tasks' APIs; one module each."""

from importlib import import_module
from typing import Final

from headgate.apis.actions import Resource
from headgate.apis.actions.completion import add_completion
from headgate.apis.katello.activation_keys import activation_keys
from headgate.apis.katello.alternate_content_sources import (
    alternate_content_sources,
    alternate_content_sources_bulk_actions,
)
from headgate.apis.katello.audits import audits
from headgate.apis.katello.auth_sources import auth_sources
from headgate.apis.katello.bookmarks import bookmarks
from headgate.apis.katello.capsules import capsule_content, capsules
from headgate.apis.katello.container_units import (
    docker_manifest_lists,
    docker_manifests,
    docker_tags,
)
from headgate.apis.katello.content_credentials import content_credentials
from headgate.apis.katello.content_exports import (
    content_export_incrementals,
    content_exports,
    content_imports,
)
from headgate.apis.katello.content_uploads import content_uploads
from headgate.apis.katello.content_view_components import content_view_components
from headgate.apis.katello.content_view_environments import content_view_environments
from headgate.apis.katello.content_view_filter_rules import content_view_filter_rules
from headgate.apis.katello.content_view_filters import content_view_filters
from headgate.apis.katello.content_view_histories import content_view_histories
from headgate.apis.katello.content_view_versions import content_view_versions
from headgate.apis.katello.content_views import content_views
from headgate.apis.katello.environments import environments
from headgate.apis.katello.errata import errata
from headgate.apis.katello.external_usergroups import external_usergroups
from headgate.apis.katello.files import files
from headgate.apis.katello.filters import filters
from headgate.apis.katello.flatpak_remote_repositories import flatpak_remote_repositories
from headgate.apis.katello.flatpak_remotes import flatpak_remotes
from headgate.apis.katello.home import home, ping
from headgate.apis.katello.host_collections import host_collections
from headgate.apis.katello.host_content import (
    host_debs,
    host_errata,
    host_module_streams,
    host_packages,
    host_tracer,
)
from headgate.apis.katello.host_subscriptions import host_subscriptions
from headgate.apis.katello.hosts import hosts
from headgate.apis.katello.hosts_bulk_actions import hosts_bulk_actions
from headgate.apis.katello.http_proxies import http_proxies
from headgate.apis.katello.later_content_types import (
    ansible_collections,
    debs,
    generic_content_units,
)
from headgate.apis.katello.locations import locations
from headgate.apis.katello.module_streams import module_streams
from headgate.apis.katello.organizations import organizations
from headgate.apis.katello.package_groups import package_groups
from headgate.apis.katello.packages import packages, srpms
from headgate.apis.katello.parameters import parameters
from headgate.apis.katello.permissions import permissions
from headgate.apis.katello.personal_access_tokens import personal_access_tokens
from headgate.apis.katello.products import products
from headgate.apis.katello.products_bulk_actions import products_bulk_actions
from headgate.apis.katello.provisioning import PROVISIONING
from headgate.apis.katello.recurring_logics import recurring_logics
from headgate.apis.katello.registration import registration, registration_commands
from headgate.apis.katello.repositories import repositories
from headgate.apis.katello.repositories_bulk_actions import repositories_bulk_actions
from headgate.apis.katello.repository_sets import repository_sets
from headgate.apis.katello.roles import roles
from headgate.apis.katello.sessions import sessions
from headgate.apis.katello.settings import settings
from headgate.apis.katello.signing_keys import signing_keys
from headgate.apis.katello.smart_proxies import smart_proxies
from headgate.apis.katello.space import space
from headgate.apis.katello.subscriptions import subscriptions, upstream_subscriptions
from headgate.apis.katello.sync import sync
from headgate.apis.katello.sync_plans import sync_plans
from headgate.apis.katello.tasks import tasks
from headgate.apis.katello.usergroups import usergroups
from headgate.apis.katello.users import users

# Modules that add actions to resources of others; a new one is added here and nowhere else.
EXTENSIONS: Final = (
    "activation_key_content",
    "content_view_comparisons",
    "content_view_dependencies",
    "content_view_explanations",
    "content_view_removals",
    "content_view_retention",
    "docker_tag_repositories",
    "host_details",
    "incremental_update",
    "missing_files",
    "redhat_content",
    "repairs",
    "repo_discovery",
    "repository_comparisons",
    "repository_content",
    "repository_sync",
    "repository_tag_history",
    "repository_types",
    "space",
)
for _extension in EXTENSIONS:
    import_module(f"{__name__}.{_extension}")

# A new resource is added here and nowhere else.
RESOURCES: Final[tuple[Resource, ...]] = (
    home,
    ping,
    organizations,
    environments,
    content_credentials,
    signing_keys,
    products,
    products_bulk_actions,
    repositories,
    repositories_bulk_actions,
    repository_sets,
    sync,
    sync_plans,
    space,
    content_uploads,
    content_views,
    content_view_versions,
    content_view_components,
    content_view_filters,
    content_view_filter_rules,
    content_view_histories,
    content_view_environments,
    packages,
    srpms,
    errata,
    package_groups,
    module_streams,
    files,
    docker_tags,
    docker_manifests,
    docker_manifest_lists,
    flatpak_remotes,
    flatpak_remote_repositories,
    content_exports,
    content_export_incrementals,
    content_imports,
    alternate_content_sources,
    alternate_content_sources_bulk_actions,
    subscriptions,
    upstream_subscriptions,
    debs,
    ansible_collections,
    generic_content_units,
    tasks,
    recurring_logics,
    users,
    usergroups,
    external_usergroups,
    auth_sources,
    roles,
    filters,
    permissions,
    audits,
    parameters,
    personal_access_tokens,
    http_proxies,
    locations,
    smart_proxies,
    capsules,
    capsule_content,
    settings,
    bookmarks,
    registration,
    registration_commands,
    sessions,
    activation_keys,
    host_collections,
    hosts,
    hosts_bulk_actions,
    host_subscriptions,
    host_packages,
    host_debs,
    host_module_streams,
    host_errata,
    host_tracer,
    *PROVISIONING,
)
add_completion(RESOURCES)
