"""Which things have sheets: their columns, where the API shows them, where it takes them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

Kind = Literal["text", "texts", "limit", "yes", "time", "flag", "one", "many", "secret"]


class Column(NamedTuple):
    """One column.

    `shown` is where an object of the API has it, `sent` the parameter that sets it, a dot between
    objects. `one` and `many` are things `of` another kind, named in the cell and sent as ids;
    `limit` is a number, or none for no limit; `flag` is 1 or 0, or another text. `fixed` ones are
    said when a thing is made, and never changed. What is `only_if` counts for things of which this
    is true alone.
    """

    title: str
    shown: str
    sent: str
    kind: Kind = "text"
    of: str = ""
    fixed: bool = False
    only_if: str = ""


class Noun(NamedTuple):
    """One kind of thing: `path` lists and makes it; `key` are the titles that tell it from others.

    `within` says that it is of an organization. `details` are shown one by one, for the list leaves
    out what columns need. `kept_as` is the kind as which other lines of the sheet may name it.
    `parts` are told to the server in a way of their own, and have all of their columns.
    """

    title: str
    path: str
    columns: Sequence[Column]
    key: Sequence[str] = ("Name",)
    within: bool = True
    details: bool = False
    kept_as: str = ""
    inside: str = ""  # the object in which it is sent, its organization too
    parts: str = ""  # one of `parts.PARTS`


ORGANIZATION: Final = "Organization"

_NAME: Final = Column("Name", "name", "name", fixed=True)
_LABEL: Final = Column("Label", "label", "label", fixed=True)
_DESCRIPTION: Final = Column("Description", "description", "description")


def _credential(title: str, name: str) -> Column:
    return Column(title, name, name, "one", "credential")


_CREDENTIALS: Final = (
    _credential("GPG Key", "gpg_key_id"),
    _credential("SSL CA Cert", "ssl_ca_cert_id"),
    _credential("SSL Client Cert", "ssl_client_cert_id"),
    _credential("SSL Client Key", "ssl_client_key_id"),
)
_PURPOSE: Final = (
    ("Service Level", "service_level"),
    ("Purpose Usage", "purpose_usage"),
    ("Purpose Role", "purpose_role"),
    ("Release Version", "release_version"),
)


def _of_organization(name: str, kind: Kind = "text", title: str = "", **more: Any) -> Column:
    spelled = title or name.replace("_", " ").title()
    return Column(spelled, name, f"organization.{name}", kind, **more)


def _of_user(title: str, name: str, kind: Kind = "text", **more: Any) -> Column:
    return Column(title, name, f"user.{name}", kind, **more)


def _of_facet(title: str, name: str) -> Column:
    where = f"subscription_facet_attributes.{name}"
    return Column(title, where, f"host.{where}")


def _overrides(title: str, owner: str, kind: str) -> Noun:
    return Noun(
        title,
        "",
        (
            Column(owner, "owner_id", "owner_id", "one", kind, fixed=True),
            Column("Repository", "repository_id", "repository_id", "one", "repository", fixed=True),
            Column("Name", "name", "name", fixed=True),
            Column("Value", "value", "value", "flag"),
        ),
        key=(owner, "Repository", "Name"),
        parts=f"{kind} override",
    )


NOUNS: Final[Mapping[str, Noun]] = {
    "organizations": Noun(
        "Organizations",
        "/katello/api/organizations",
        (
            _of_organization("name", fixed=True),
            _of_organization("label", fixed=True),
            _of_organization("description"),
        ),
        within=False,
    ),
    "lifecycle-environments": Noun(
        "Lifecycle environments",
        "/katello/api/environments",
        (
            _NAME,
            _LABEL,
            _DESCRIPTION,
            Column("Prior", "prior.id", "prior_id", "one", "environment", fixed=True),
            Column("Registry Name Pattern", "registry_name_pattern", "registry_name_pattern"),
            Column(
                "Unauthenticated Pull",
                "registry_unauthenticated_pull",
                "registry_unauthenticated_pull",
                "yes",
            ),
        ),
        kept_as="environment",
    ),
    "content-credentials": Noun(
        "Content credentials",
        "/katello/api/content_credentials",
        (
            _NAME,
            Column("Type", "content_type", "content_type", fixed=True),
            Column("Content", "content", "content"),
        ),
        details=True,
    ),
    "sync-plans": Noun(
        "Sync plans",
        "/katello/api/sync_plans",
        (
            _NAME,
            _DESCRIPTION,
            Column("Interval", "interval", "interval"),
            Column("Cron Expression", "cron_expression", "cron_expression"),
            Column("Sync Date", "sync_date", "sync_date", "time"),
            Column("Enabled", "enabled", "enabled", "yes"),
        ),
    ),
    "products": Noun(
        "Products",
        "/katello/api/products",
        (
            _NAME,
            _LABEL,
            _DESCRIPTION,
            *_CREDENTIALS,
            Column("Sync Plan", "sync_plan_id", "sync_plan_id", "one", "plan"),
        ),
    ),
    "repositories": Noun(
        "Repositories",
        "/katello/api/repositories",
        (
            Column("Product", "product.id", "product_id", "one", "product", fixed=True),
            _NAME,
            _LABEL,
            _DESCRIPTION,
            Column("Content Type", "content_type", "content_type", fixed=True),
            Column("URL", "url", "url"),
            Column("Architecture", "arch", "arch"),
            Column("Download Policy", "download_policy", "download_policy"),
            Column("Mirroring Policy", "mirroring_policy", "mirroring_policy"),
            Column("Checksum Type", "checksum_type", "checksum_type"),
            Column("Unprotected", "unprotected", "unprotected", "yes"),
            Column("Verify SSL", "verify_ssl_on_sync", "verify_ssl_on_sync", "yes"),
            Column("Upstream Username", "upstream_username", "upstream_username"),
            Column("Upstream Password", "", "upstream_password", "secret"),
            *_CREDENTIALS,
        ),
        key=("Product", "Name"),
        details=True,
    ),
    "content-views": Noun(
        "Content views",
        "/katello/api/content_views",
        (
            _NAME,
            _LABEL,
            _DESCRIPTION,
            Column("Composite", "composite", "composite", "yes", fixed=True),
            Column("Rolling", "rolling", "rolling", "yes", fixed=True),
            Column("Repositories", "repository_ids", "repository_ids", "many", "repository"),
            Column(
                *("Environments", "environments", "environment_ids", "many", "environment"),
                only_if="rolling",
            ),
            Column("Solve Dependencies", "solve_dependencies", "solve_dependencies", "yes"),
            Column("Auto Publish", "auto_publish", "auto_publish", "yes", only_if="composite"),
        ),
    ),
    "content-view-components": Noun(
        "Content view components",
        "",
        (
            Column("Content View", "composite_id", "composite_id", "one", "view", fixed=True),
            Column("Component", "view_id", "view_id", "one", "view", fixed=True),
            Column("Version", "version", "version"),
        ),
        key=("Content View", "Component"),
        parts="component",
    ),
    "content-view-filters": Noun(
        "Content view filters",
        "/katello/api/content_view_filters",
        (
            Column("Content View", "content_view.id", "content_view_id", "one", "view", fixed=True),
            _NAME,
            Column("Type", "type", "type", fixed=True),
            Column("Inclusion", "inclusion", "inclusion", "yes"),
            _DESCRIPTION,
            Column("Repositories", "repository_ids", "repository_ids", "many", "repository"),
            Column("Original Packages", "original_packages", "original_packages", "yes"),
        ),
        key=("Content View", "Name"),
    ),
    "content-view-filter-rules": Noun(
        "Content view filter rules",
        "/katello/api/content_view_filters/{content_view_filter_id}/rules",
        (
            Column("Filter", "content_view_filter_id", "content_view_filter_id", "one", "filter"),
            Column("Name", "name", "name"),
            Column("Version", "version", "version"),
            Column("Min Version", "min_version", "min_version"),
            Column("Max Version", "max_version", "max_version"),
            Column("Architecture", "architecture", "architecture"),
            Column("Errata ID", "errata_id", "errata_id"),
            Column("Start Date", "start_date", "start_date"),
            Column("End Date", "end_date", "end_date"),
            Column("Types", "types", "types", "texts"),
            Column("Date Type", "date_type", "date_type"),
        ),
        key=(
            *("Filter", "Name", "Version", "Min Version", "Max Version", "Architecture"),
            *("Errata ID", "Start Date", "End Date", "Types", "Date Type"),
        ),
    ),
    "host-collections": Noun(
        "Host collections",
        "/katello/api/host_collections",
        (_NAME, _DESCRIPTION, Column("Max Hosts", "max_hosts", "max_hosts", "limit")),
    ),
    "activation-keys": Noun(
        "Activation keys",
        "/katello/api/activation_keys",
        (
            _NAME,
            _DESCRIPTION,
            Column("Max Hosts", "max_hosts", "max_hosts", "limit"),
            Column(
                *("Content View Environments", "content_view_environment_labels"),
                *("content_view_environments", "texts"),
            ),
            *(Column(title, name, name) for title, name in _PURPOSE),
            Column("Purpose Addons", "purpose_addons", "purpose_addons", "texts"),
        ),
        details=True,
    ),
    "hosts": Noun(
        "Hosts",
        "/api/hosts",
        (
            Column("Name", "name", "host.name", fixed=True),
            Column("Location", "location_id", "host.location_id", "one", "location"),
            Column("Comment", "comment", "host.comment"),
            Column(
                "Content View Environments",
                "content_facet_attributes.content_view_environment_labels",
                "host.content_facet_attributes.content_view_environments",
                "texts",
            ),
            *(_of_facet(title, name) for title, name in _PURPOSE),
        ),
        details=True,
        inside="host",
    ),
    "host-collection-members": Noun(
        "Host collection members",
        "",
        (
            Column(
                *("Host Collection", "host_collection_id", "host_collection_id"),
                *("one", "collection"),
                fixed=True,
            ),
            Column("Host", "host_id", "host_id", "one", "host", fixed=True),
        ),
        key=("Host Collection", "Host"),
        parts="member",
    ),
    "activation-key-overrides": _overrides(
        "Content overrides of activation keys", "Activation Key", "key"
    ),
    "host-overrides": _overrides("Content overrides of hosts", "Host", "host"),
    "users": Noun(
        "Users",
        "/api/users",
        (
            _of_user("Login", "login", fixed=True),
            _of_user("First Name", "firstname"),
            _of_user("Last Name", "lastname"),
            _of_user("Email", "mail"),
            _of_user("Admin", "admin", "yes"),
            _of_user("Disabled", "disabled", "yes"),
            Column(
                "Organizations", "organizations", "user.organization_ids", "many", "organization"
            ),
            Column("Roles", "roles", "user.role_ids", "many", "role"),
            Column("Password", "", "user.password", "secret"),
        ),
        key=("Login",),
        within=False,
        details=True,
    ),
}
