"""`/katello/api/repositories/:repository_id/content_uploads`: files that come in chunks."""

from typing import Any

from headgate.apis.actions import FORM, JSON, MULTIPART, BodyRules, Call, Params, Resource, doc
from headgate.domain.ids import RepositoryId, UploadId
from headgate.services.organizations.quotas import require_room
from headgate.services.repositories.uploads import (
    MOST_CHUNK,
    checked_checksum,
    create_upload,
    delete_upload,
    known_unit,
    load_target,
    load_upload,
    unit_type_for,
    write_chunk,
)

content_uploads = Resource("content_uploads", "Content Uploads")

_PATH = "/katello/api/repositories/{repository_id}/content_uploads"
# Percent-encoding makes three bytes of one.
_CHUNK = BodyRules(media_types=frozenset({FORM, JSON, MULTIPART}), limit=3 * MOST_CHUNK + 4096)


class Create(Params):
    """Create an upload request."""

    repository_id: RepositoryId = doc("Repository ID")
    size: int = doc("Size of file to upload, in bytes; of no account for a docker_tag")
    checksum: str | None = doc("SHA-256 of the file to upload", default=None)
    content_type: str | None = doc("Content type: rpm, srpm, file or docker_tag", default=None)


@content_uploads.action("create", "POST", _PATH, status=200)
def create(call: Call, params: Create) -> dict[str, Any]:
    """Begin an upload, or name the unit that the file would become if it is here already."""
    repository = load_target(call.tx, call.actor, params.repository_id)
    unit_type = unit_type_for(repository, params.content_type)
    known = known_unit(
        call.tx,
        call.actor,
        params.repository_id,
        checked_checksum(params.checksum),
        unit_type=unit_type,
        content_types=call.services.content_types,
    )
    if known is not None:
        return {"upload_id": None, "content_unit_href": f"{unit_type}:{known}"}
    services = call.services
    types = services.content_types.values()
    require_room(services.database, types, repository.organization_id, more=params.size)
    upload_id = create_upload(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        repository_id=params.repository_id,
        size=params.size,
        checksum=params.checksum,
        content_type=params.content_type,
    )
    return {"upload_id": upload_id}


class Update(Params):
    """Upload a chunk of the file's content."""

    repository_id: RepositoryId = doc("Repository ID")
    id: UploadId = doc("Upload request ID")
    offset: int = doc("The offset in the file where the content starts")
    size: int | None = doc("Size of the whole file", default=None)
    content: bytes = doc("The bytes of this chunk")


# Reads the database only, so that nobody waits for the disk's writing of the chunk.
@content_uploads.action("update", "PUT", f"{_PATH}/{{id}}", status=204, writes=False, body=_CHUNK)
def update(call: Call, params: Update) -> None:
    """Write the chunk where it belongs."""
    upload = load_upload(call.tx, call.actor, params.repository_id, params.id)
    write_chunk(call.services.uploads, upload, offset=params.offset, content=params.content)


class Destroy(Params):
    """Delete an upload request."""

    repository_id: RepositoryId = doc("Repository ID")
    id: UploadId = doc("Upload request ID")


@content_uploads.action("destroy", "DELETE", f"{_PATH}/{{id}}", status=204)
def destroy(call: Call, params: Destroy) -> None:
    """Give it up; one that was imported is only forgotten."""
    upload = load_upload(call.tx, call.actor, params.repository_id, params.id, imported=True)
    delete_upload(call.tx, call.services.uploads, upload)
