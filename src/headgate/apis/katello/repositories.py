"""`/katello/api/repositories`; what they are made of and filled with is in modules beside."""

from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Raw, Resource, doc
from headgate.apis.katello.repository_settings import Settings
from headgate.apis.katello.repository_shapes import full, summary
from headgate.content.rpm.related_fields import tree_fields, tree_of
from headgate.domain.errors import NotFoundError
from headgate.domain.ids import (
    ContentViewId,
    ContentViewVersionId,
    EnvironmentId,
    OrganizationId,
    ProductId,
    RepositoryId,
    UnitId,
)
from headgate.domain.repositories import CONTENT_TYPES, DOWNLOAD_POLICIES
from headgate.engine import enqueue
from headgate.services.accounts.user_records import actor_named
from headgate.services.containers.repository_settings import (
    begin_container_settings,
    set_container_settings,
)
from headgate.services.listing import page
from headgate.services.organizations.signing_keys import served_keys
from headgate.services.organizations.trust import set_trust
from headgate.services.repositories.repositories import (
    create_repository,
    delete_repository,
    update_repository,
)
from headgate.services.repositories.repository_records import (
    REPOSITORIES,
    Place,
    holding,
    last_syncs,
    load_repository,
    only,
    outside_view,
    query,
    seen_by,
    versions_holding,
)
from headgate.services.repositories.repository_sources import set_source
from headgate.services.storage.deletion import freed_by_deleting_repository
from headgate.services.units.units import require_unit
from headgate.workflows.repair_requests import sign_anew_task

repositories = Resource("repositories", "Repositories")

_PATH = "/katello/api/repositories"
_ORGANIZATION = "/katello/api/organizations/{organization_id}"
_ELSEWHERE = (
    f"{_ORGANIZATION}/repositories",
    f"{_ORGANIZATION}/environments/{{environment_id}}/repositories",
    "/katello/api/content_views/{content_view_id}/repositories",
    "/katello/api/products/{product_id}/repositories",
    "/katello/api/environments/{environment_id}/products/{product_id}/repositories",
)


class Index(ListParams):
    """List of enabled repositories."""

    organization_id: OrganizationId | None = doc("ID of an organization", default=None)
    product_id: ProductId | None = doc("ID of a product", default=None)
    environment_id: EnvironmentId | None = doc("ID of an environment", default=None)
    content_view_id: ContentViewId | None = doc("ID of a content view", default=None)
    content_view_version_id: ContentViewVersionId | None = doc(
        "ID of a content view version", default=None
    )
    id: RepositoryId | None = doc("ID of the repository", default=None)
    rpm_id: UnitId | None = doc("Show repositories that hold this package", default=None)
    erratum_id: UnitId | None = doc("Show repositories that hold this erratum", default=None)
    file_id: UnitId | None = doc("Show repositories that hold this file", default=None)
    library: bool | None = doc("Show repositories in Library and the default view", default=None)
    archived: bool | None = doc("Show archived repositories", default=None)
    content_type: str | None = doc("Limit to content of this type", default=None)
    with_content: str | None = doc("Limit to repositories with such content", default=None)
    name: str | None = doc("Name of the repository", default=None)
    label: str | None = doc("Label of the repository", default=None)
    description: str | None = doc("Description of the repository", default=None)
    download_policy: str | None = doc(
        "Limit to repositories with this download policy", default=None, enum=DOWNLOAD_POLICIES
    )
    available_for: str | None = doc(
        "'content_view': show what could be added to content_view_id", default=None
    )
    username: str | None = doc(
        "Only what this user, too, may see; for who may view users", default=None, max_length=100
    )


@repositories.action("index", "GET", _PATH, also=_ELSEWHERE, permission="view_products")
def index(call: Call, params: Index) -> Listing:
    """List them."""
    available = params.available_for == "content_view"
    place = Place(
        organization_id=params.organization_id,
        product_id=params.product_id,
        environment_id=params.environment_id,
        content_view_id=None if available else params.content_view_id,
        content_view_version_id=params.content_view_version_id,
    )
    names = ("id", "name", "label", "description", "download_policy", "content_type")
    found = query(call.actor, place, **{name: getattr(params, name) for name in names})
    if params.username is not None:
        found = seen_by(found, actor_named(call.tx, call.actor, params.username))
    if available and params.content_view_id is not None:
        found = outside_view(found, params.content_view_id)
    if params.with_content is not None:
        kinds = [
            name
            for name, known in call.services.content_types.items()
            if params.with_content in known.unit_types
        ]
        found = found.where(REPOSITORIES.fields.by_name["content_type"].column.in_(kinds))
    for unit_type, unit_id in (
        ("rpm", params.rpm_id),
        ("erratum", params.erratum_id),
        ("file", params.file_id),
    ):
        if unit_id is not None:
            require_unit(call.tx, call.actor, unit_type, unit_id)
            found = only(found, call.tx, holding(call.tx, call.actor, unit_type, unit_id))
    catalog = REPOSITORIES.with_further(tree_fields(call.tx, call.actor))
    listed = page(call.tx, found, catalog=catalog, window=params.window, clock=call.services.clock)
    syncs = last_syncs(call.tx, listed.rows)
    return Listing.of(listed, lambda row: summary(call, row, syncs.get(row.id)))


class One(Params):
    """Show a repository."""

    id: RepositoryId = doc("Repository ID")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)


@repositories.action("show", "GET", f"{_PATH}/{{id}}", permission="view_products")
def show(call: Call, params: One) -> dict[str, Any]:
    """Show one."""
    return _one(call, params.id, organization_id=params.organization_id)


class Create(Settings):
    """Create a custom repository."""

    product_id: ProductId = doc("Product the repository belongs to")
    name: str = doc("Name of the repository")
    label: str | None = doc("Label, made from the name unless given", default=None)
    content_type: str = doc("Type of repository", enum=CONTENT_TYPES)


@repositories.action("create", "POST", _PATH)
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    values = {
        **params.values(),
        "name": params.name,
        "label": params.label,
        "content_type": params.content_type,
    }
    repository_id = create_repository(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        seal=call.services.seal,
        product_id=params.product_id,
        values=values,
    )
    set_trust(
        call.tx,
        actor=call.actor,
        repository_id=repository_id,
        changes=params.trust(),
        permission="create_products",
    )
    set_source(
        call.tx,
        actor=call.actor,
        repository_id=repository_id,
        changes=params.source(),
        permission="create_products",
    )
    begin_container_settings(
        call.tx, actor=call.actor, repository_id=repository_id, given=params.container()
    )
    return _one(call, repository_id)


class Update(Settings):
    """Update a repository."""

    id: RepositoryId = doc("Repository ID")
    name: str | None = doc("Name of the repository", default=None)


@repositories.action("update", "PUT", f"{_PATH}/{{id}}")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    changes = params.values()
    if params.name is not None:
        changes["name"] = params.name
    signed_otherwise = set_trust(
        call.tx,
        actor=call.actor,
        repository_id=params.id,
        changes={**changes, **params.trust()},
    )
    update_repository(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        seal=call.services.seal,
        repository_id=params.id,
        changes=changes,
    )
    set_source(call.tx, actor=call.actor, repository_id=params.id, changes=params.source())
    set_container_settings(
        call.tx, actor=call.actor, repository_id=params.id, changes=params.container()
    )
    if signed_otherwise:
        row = load_repository(call.tx, call.actor, params.id)
        enqueue(call.tx, sign_anew_task(row, user_id=call.actor.user_id))
    return _one(call, params.id)


class Destroy(Params):
    """Destroy a custom repository."""

    id: RepositoryId = doc("Repository ID")
    remove_from_content_view_versions: bool = doc(
        "Remove it from published content view versions, too, whatever the setting"
        " delete_repo_across_cv (true by default)",
        default=False,
    )
    delete_empty_repo_filters: bool = doc(
        "Delete content view filters that apply to this repository alone", default=False
    )


@repositories.action("destroy", "DELETE", f"{_PATH}/{{id}}")
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it; return it as it was."""
    shown = _one(call, params.id)
    delete_repository(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        repository_id=params.id,
        remove_from_versions=params.remove_from_content_view_versions
        or call.setting("delete_repo_across_cv"),
        delete_filters=params.delete_empty_repo_filters,
    )
    return shown


class Deletion(Params):
    """Show how many bytes deleting a repository would free."""

    id: RepositoryId = doc("Repository ID")


@repositories.action("deletion", "GET", f"{_PATH}/{{id}}/deletion", writes=True)
def deletion(call: Call, params: Deletion) -> dict[str, Any]:
    """Find out by doing it and undoing it: the number is what the disk would then show."""
    freed = freed_by_deleting_repository(
        call.tx,
        list(call.services.content_types.values()),
        actor=call.actor,
        clock=call.services.clock,
        repository_id=params.id,
        remove_from_versions=call.setting("delete_repo_across_cv"),
    )
    return {"freed_bytes": freed}


class GpgKeyContent(Params):
    """Return the content of a repository's gpg key, used directly by yum."""

    id: int = doc("Repository ID")


@repositories.action("gpg_key_content", "GET", f"{_PATH}/{{id}}/gpg_key_content", public=True)
def gpg_key_content(call: Call, params: GpgKeyContent) -> Raw:
    """Return the public key; hosts ask for it without proving who they are."""
    text = served_keys(call.tx, RepositoryId(params.id), call.services.unseal)
    if text is None:
        raise NotFoundError(f"Could not find a gpg key of the repository with id {params.id}")
    return Raw(text.encode())


def _one(
    call: Call, repository_id: RepositoryId, *, organization_id: OrganizationId | None = None
) -> dict[str, Any]:
    row = load_repository(call.tx, call.actor, repository_id, organization_id=organization_id)
    sync_task = last_syncs(call.tx, [row]).get(row.id)
    shown = full(call, row, sync_task, versions_holding(call.tx, repository_id))
    return shown | tree_of(call.tx, repository_id)
