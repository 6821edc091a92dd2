"""Changing what a repository holds by hand: uploads come in, units go out."""

from collections.abc import Mapping
from typing import Any

from headgate.domain.content import Content
from headgate.domain.ids import RepositoryId
from headgate.engine.port import Run
from headgate.plugin import Synced, Upload
from headgate.services.uploads import forget_uploads, path_of, require_checksum
from headgate.workflows.repository_version import load_repository, make_version
from headgate.workflows.workshop import Workshop


def import_uploads(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Add the files of `uploads` to `repository_id`: [{id, name, content_type, checksum}].

    A package or file takes the place of another one at the same path. `units` ({unit type: [ids]})
    are added, too: packages that were here before. The upload itself is forgotten in the
    transaction that makes the version.
    """
    repository_id = RepositoryId(run.input["repository_id"])
    with workshop.ports.database.read() as tx:
        repository, previous = load_repository(tx, repository_id)
    content_type = workshop.content_types[repository.content_type]
    uploads = [
        Upload(
            path=path_of(workshop.uploads, each["id"]),
            name=each["name"],
            unit_type=each["content_type"],
        )
        for each in run.input["uploads"]
    ]

    def take() -> dict[str, Any]:
        for each, upload in zip(run.input["uploads"], uploads, strict=True):
            if each.get("checksum"):
                require_checksum(upload.path, each["checksum"], name=upload.name)
        taken = content_type.upload(workshop.ports, run, uploads) | known
        with workshop.ports.database.read() as tx:
            content = content_type.with_units(tx, previous or Content(), taken)
        return {"content": content.dumped(), "taken": taken.dumped()}

    known = Content.of(run.input.get("units", {}))
    taken = run.step("read uploads", take)
    found = Synced(Content.loaded(taken["content"]), {})
    ids = [each["id"] for each in run.input["uploads"]]
    make_version(
        workshop,
        run,
        repository,
        found,
        cause="upload",
        also=lambda tx: forget_uploads(tx, ids),
    )
    for upload in uploads:
        upload.path.unlink(missing_ok=True)
    added = Content.loaded(taken["taken"])
    return {
        "upload_results": [
            {"type": unit_type, "id": unit_id}
            for unit_type, units in added.units.items()
            for unit_id in units
        ]
    }


def remove_content(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Take the units of `units` ({unit type: [ids]}) out of `repository_id`."""
    repository_id = RepositoryId(run.input["repository_id"])
    with workshop.ports.database.read() as tx:
        repository, previous = load_repository(tx, repository_id)
    going = Content.of(run.input["units"])
    held = previous or Content()
    changed = make_version(workshop, run, repository, Synced(held - going, {}), cause="remove")
    return {"changed": changed, "removed": (held & going).counts}
