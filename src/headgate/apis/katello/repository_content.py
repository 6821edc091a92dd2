"""`/katello/api/repositories/:id`: what goes into repositories by hand, and out of them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from headgate.apis.actions import MULTIPART, BodyRules, Call, Params, Reply, UploadedFile, doc
from headgate.apis.katello.repositories import repositories
from headgate.apis.task_objects import task_object
from headgate.content.container.digests import is_digest, is_tag
from headgate.content.container.units import LISTING, MANIFEST
from headgate.domain.container_repositories import CONTAINER
from headgate.domain.errors import BadRequestError, NotFoundError, ValidationError
from headgate.domain.ids import RepositoryId, TaskId, UnitId, UploadId
from headgate.engine import enqueue
from headgate.services.organizations.quotas import require_room
from headgate.services.repositories.uploads import (
    MOST_BYTES,
    TAG,
    checked_checksum,
    load_target,
    load_upload,
    require_complete,
    save_whole,
    unit_type_for,
)
from headgate.services.storage.collection import pin_units
from headgate.services.units.held_units import require_held
from headgate.services.units.units import UnitScope, units_by_type
from headgate.workflows.content_requests import import_uploads_task, remove_content_task

_ONE = "/katello/api/repositories/{id}"
_KNOWN_UNIT = re.compile(r"(rpm|srpm):([0-9]{1,10})")
_NAME_LENGTH = 1024
_MANIFESTS = (MANIFEST, LISTING)
# What ids are of that are to be removed, unless clients say otherwise.
_USUAL_TYPES = {"yum": "rpm", "file": "file", CONTAINER: MANIFEST}


class UploadContent(Params):
    """Upload content into the repository."""

    id: RepositoryId = doc("Repository ID")
    content: UploadedFile = doc("Content file to upload")
    content_type: str | None = doc("Content type: rpm, srpm or file", default=None)
    name: str | None = doc("Name, if it is not the file's", default=None, max_length=_NAME_LENGTH)


@repositories.action(
    "upload_content",
    "POST",
    f"{_ONE}/upload_content",
    async_task=True,
    writes=False,  # nobody waits for the copying of the file
    body=BodyRules(
        media_types=frozenset({MULTIPART}), limit=MOST_BYTES, files=frozenset({"content"})
    ),
)
def upload_content(call: Call, params: UploadContent) -> Reply:
    """Take a whole file at once; a task adds it."""
    repository = load_target(call.tx, call.actor, params.id)
    unit_type = unit_type_for(repository, params.content_type)
    if unit_type == TAG:
        raise BadRequestError("A tag has no file: give its name and digest to import_uploads")
    services, size = call.services, params.content.spool.size
    types = services.content_types.values()
    require_room(services.database, types, repository.organization_id, more=size)
    upload = {
        "id": save_whole(call.services.uploads, params.content.spool.read()),
        "name": params.name or params.content.filename,
        "content_type": unit_type,
        "checksum": None,
    }
    task = import_uploads_task(repository, [upload], user_id=call.actor.user_id)
    with call.database.begin() as tx:
        return Reply(task_object(tx, call.actor, enqueue(tx, task)))


class Uploaded(Params):
    """A finished upload."""

    id: UploadId | None = doc("Content upload ID", default=None)
    content_unit_id: str | None = doc("What creating the upload called a known unit", default=None)
    name: str | None = doc("Name of the file", default=None, max_length=_NAME_LENGTH)
    size: int | None = doc("Size of the file in bytes", default=None)
    checksum: str | None = doc("SHA-256 of the file", default=None)
    digest: str | None = doc("docker_tag: the digest of the manifest to point to", default=None)


class ImportUploads(Params):
    """Import uploads into a repository."""

    id: RepositoryId = doc("Repository ID")
    uploads: list[Uploaded] = doc("Uploads to import", max_length=1000)
    content_type: str | None = doc("Content type: rpm, srpm, file or docker_tag", default=None)
    publish_repository: bool = doc("Only here for old clients", default=True, hidden=True)
    sync_capsule: bool = doc(
        "Only here for old clients: smart proxies follow by themselves", default=True
    )


@repositories.action("import_uploads", "PUT", f"{_ONE}/import_uploads", async_task=True)
def import_uploads(call: Call, params: ImportUploads) -> TaskId:
    """Add what was uploaded in chunks."""
    repository = load_target(call.tx, call.actor, params.id)
    if not params.uploads:
        raise ValidationError({"uploads": ["can't be blank"]})
    units: dict[str, list[int]] = {}
    files: list[dict[str, Any]] = []
    for position, each in enumerate(params.uploads):
        known = _KNOWN_UNIT.fullmatch(each.content_unit_id or "")
        if known is not None:
            units.setdefault(known[1], []).append(int(known[2]))
        elif each.id is not None:
            files.append(_file(call, params, each, each.id))
        else:
            raise ValidationError({f"uploads[{position}]": ["must have an id"]})
    _require_distinct_tags(files)
    for unit_type, ids in units.items():
        unit_type_for(repository, unit_type)
        scope = UnitScope(organization_id=repository.organization_id)
        require_held(call.tx, call.actor, unit_type, ids, scope)
    task_id = enqueue(
        call.tx,
        import_uploads_task(repository, files, units=units, user_id=call.actor.user_id),
    )
    pin_units(call.tx, holder=task_id, units=units)
    return task_id


class RemoveContent(Params):
    """Remove content from a repository."""

    id: RepositoryId = doc("Repository ID")
    ids: list[UnitId] = doc("IDs of the content to remove")
    content_type: str | None = doc("Kind of the content, such as rpm or file", default=None)
    sync_capsule: bool = doc(
        "Only here for old clients: smart proxies follow by themselves", default=True
    )


@repositories.action(
    "remove_content",
    "PUT",
    f"{_ONE}/remove_content",
    also=[f"{_ONE}/remove_packages", f"{_ONE}/remove_docker_manifests"],
    async_task=True,
)
def remove_content(call: Call, params: RemoveContent) -> TaskId:
    """Take units out of it."""
    repository = load_target(call.tx, call.actor, params.id)
    if not params.ids:
        raise ValidationError({"ids": ["can't be blank"]})
    known = call.services.content_types[repository.content_type].unit_types
    unit_type = params.content_type or _USUAL_TYPES[repository.content_type]
    if unit_type not in known:
        raise ValidationError({"content_type": [f"must be one of: {', '.join(known)}"]})
    scope = UnitScope(repository_id=repository.id)
    units: dict[str, list[int]] = {unit_type: [*params.ids]}
    if unit_type in _MANIFESTS:
        units = _manifests(call, params.ids, scope)
    else:
        require_held(call.tx, call.actor, unit_type, params.ids, scope)
    return enqueue(call.tx, remove_content_task(repository, units, user_id=call.actor.user_id))


def _manifests(call: Call, ids: Sequence[int], scope: UnitScope) -> dict[str, list[int]]:
    """Tell manifests from lists, as Katello's clients do not; NotFoundError for the first other."""
    held = units_by_type(call.tx, call.actor, _MANIFESTS, scope)
    found: dict[str, list[int]] = {}
    for each in ids:
        kind = next((name for name, units in held.items() if _is_id(each) and each in units), None)
        if kind is None:
            raise NotFoundError(f"Could not find docker manifest with id {each}")
        found.setdefault(kind, []).append(each)
    return found


def _is_id(number: int) -> bool:
    return 0 < number < 2**31


def _require_distinct_tags(files: Sequence[Mapping[str, Any]]) -> None:
    names = [each["name"] for each in files if each["content_type"] == TAG]
    if len(set(names)) < len(names):
        raise ValidationError({"uploads": ["name a tag twice"]})


def _tag(each: Uploaded) -> dict[str, Any]:
    """Return what is to be kept of a tag's name and digest."""
    errors: dict[str, list[str]] = {}
    if not is_tag(each.name or ""):
        errors["name"] = ["must be a tag: up to 128 letters, digits, '_', '.' and '-'"]
    if not is_digest(each.digest or ""):
        errors["digest"] = ["must be the digest of a manifest: sha256: and 64 hexadecimal digits"]
    if errors:
        raise ValidationError(errors)
    return {"name": each.name, "digest": each.digest}


def _file(call: Call, params: ImportUploads, each: Uploaded, upload_id: UploadId) -> dict[str, Any]:
    upload = load_upload(call.tx, call.actor, params.id, upload_id)
    repository = load_target(call.tx, call.actor, params.id)
    asked = params.content_type or upload.content_type
    if upload.content_type == TAG:
        unit_type_for(repository, asked)
        return {"id": upload.id, "content_type": TAG, "checksum": None, **_tag(each)}
    require_complete(call.services.uploads, upload)
    return {
        "id": upload.id,
        "name": each.name or upload.id,
        "content_type": unit_type_for(repository, asked),
        "checksum": checked_checksum(each.checksum) or upload.checksum,
    }
